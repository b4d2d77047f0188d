"""Updates of schedules: a field that is not given stays, so that no update loosens a limit that it does not name.

What became wider or narrower is told.
"""

from collections.abc import Collection
from datetime import time
from enum import StrEnum
from uuid import UUID

from domain.access.schedule import Schedule, Weekday
from domain.access.widening import compare
from domain.inputs.partial_updates import Fields
from domain.schedules.given import make_schedule


class AccessLimit(StrEnum):
    """What limits when and where a PIN or an access rule opens; the first four name fields of its schedule."""

    VALID_FROM = "VALID_FROM"
    VALID_UNTIL = "VALID_UNTIL"
    SLOT = "SLOT"
    WEEKDAYS = "WEEKDAYS"
    LOCKS = "LOCKS"


def changed_schedule(old: Schedule, fields: Fields) -> Schedule:
    """The old schedule with the given fields replaced; None clears a limit. Raises InvalidSchedule."""
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
) -> tuple[list[AccessLimit], list[AccessLimit]]:
    """What opens more than before, and what opens less, each in the order of the enum."""
    compared = compare(old, new)
    widened = {AccessLimit(each.upper()) for each in compared.widened}
    narrowed = {AccessLimit(each.upper()) for each in compared.narrowed}
    if locks_after - locks_before:
        widened.add(AccessLimit.LOCKS)
    if locks_before - locks_after:
        narrowed.add(AccessLimit.LOCKS)
    return _in_order(widened), _in_order(narrowed)


def _in_order(found: set[AccessLimit]) -> list[AccessLimit]:
    return [each for each in AccessLimit if each in found]
