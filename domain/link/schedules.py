"""How a schedule is written on the wire: the same five fields as everywhere, each always present.

A bound that gets lost on the way would let somebody in at night. So an open end is written as null,
and an absent field is refused.
"""

from datetime import date, datetime

from domain.access.schedule import InvalidSchedule, Schedule, Slot, Weekday
from domain.link.wire import (
    Malformed,
    decode_date,
    decode_moment,
    decode_time,
    encode_moment,
    exact_fields,
    items,
    text,
)

_FIELDS = frozenset({"validFrom", "validUntil", "slotStart", "slotEnd", "weekdays"})
_WEEK = tuple(Weekday)
_MOMENT_MARK = "T"


def schedule_to_wire(schedule: Schedule) -> dict[str, object]:
    """Dates as `2026-12-01`, moments as `2026-12-01T14:00:00Z`, times as `06:00:00`, weekdays by
    name from Monday on."""
    return {
        "validFrom": _bound_to_wire(schedule.valid_from),
        "validUntil": _bound_to_wire(schedule.valid_until),
        "slotStart": schedule.slot.start.isoformat() if schedule.slot else None,
        "slotEnd": schedule.slot.end.isoformat() if schedule.slot else None,
        "weekdays": [day.value for day in _WEEK if day in schedule.weekdays],
    }


def schedule_from_wire(value: object, field: str) -> Schedule:
    """The schedule that was written. Raises Malformed."""
    fields = exact_fields(value, field, _FIELDS)
    try:
        return Schedule(
            valid_from=_bound(fields["validFrom"], f"{field}.validFrom"),
            valid_until=_bound(fields["validUntil"], f"{field}.validUntil"),
            slot=_slot(fields["slotStart"], fields["slotEnd"], field),
            weekdays=_weekdays(fields["weekdays"], f"{field}.weekdays"),
        )
    except InvalidSchedule as error:
        raise Malformed(f"{field}.{error.field}", error.message) from None


def _bound_to_wire(bound: date | datetime | None) -> str | None:
    if isinstance(bound, datetime):
        return encode_moment(bound)
    return None if bound is None else bound.isoformat()


def _bound(value: object, field: str) -> date | datetime | None:
    if value is None:
        return None
    if _MOMENT_MARK in text(value, field):
        return decode_moment(value, field)
    return decode_date(value, field)


def _slot(start: object, end: object, field: str) -> Slot | None:
    if start is None and end is None:
        return None
    return Slot(
        start=decode_time(start, f"{field}.slotStart"), end=decode_time(end, f"{field}.slotEnd")
    )


def _weekdays(value: object, field: str) -> frozenset[Weekday]:
    names = items(value, field, len(_WEEK))
    days = [day for day in _WEEK if day.value in names]
    if [day.value for day in days] != names:
        raise Malformed(field, "must be weekdays, in order, each once")
    return frozenset(days)
