"""Updates of schedules: what is not mentioned stays, and what became wider or narrower is said.

The dangerous direction: a limit that an update loosens without having named it.
"""

from collections.abc import Collection
from datetime import time
from uuid import UUID

from domain.access.schedule import Schedule, Weekday
from domain.access.widening import compare
from domain.inputs.partial_updates import Fields
from domain.schedules.given import make_schedule


def changed_schedule(old: Schedule, fields: Fields) -> Schedule:
    """The old schedule with the mentioned fields replaced; None clears a limit. Raises InvalidSchedule."""
    slot_start: time | None = fields.get("slot_start", old.slot.start if old.slot else None)
    slot_end: time | None = fields.get("slot_end", old.slot.end if old.slot else None)
    weekdays: Collection[Weekday] | None = fields.get("weekdays", old.weekdays)
    return make_schedule(
        valid_from=fields.get("valid_from", old.valid_from),
        valid_until=fields.get("valid_until", old.valid_until),
        slot_start=slot_start,
        slot_end=slot_end,
        weekdays=weekdays,
    )


def difference(
    old: Schedule, new: Schedule, locks_before: set[UUID], locks_after: set[UUID]
) -> tuple[list[str], list[str]]:
    """The names of what opens more than before, and of what opens less; `locks` among them."""
    compared = compare(old, new)
    widened, narrowed = sorted(compared.widened), sorted(compared.narrowed)
    if locks_after - locks_before:
        widened.append("locks")
    if locks_before - locks_after:
        narrowed.append("locks")
    return widened, narrowed
