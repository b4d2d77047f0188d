"""One PIN payload's parts, in Python and as they are written."""

from datetime import date, time

from domain.access.schedule import Schedule, Slot, Weekday
from domain.link.schedules import schedule_to_wire

DIGEST = bytes(range(32))
SPELLED = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
NIGHTS = Schedule(
    date(2026, 12, 1), None, Slot(time(22), time(6)), frozenset({Weekday.FRIDAY, Weekday.MONDAY})
)
WIRE: dict[str, object] = schedule_to_wire(NIGHTS)
