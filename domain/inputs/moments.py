"""Moments as callers give them: with an offset, within the calendar, and from here on in UTC."""

from datetime import UTC, datetime

from domain.errors import InvalidInput


def in_utc(field: str, moment: datetime) -> datetime:
    """The moment in UTC. Raises InvalidInput, naming the field, without an offset and beyond the years 1 to 9999."""
    if moment.utcoffset() is None:
        raise InvalidInput(field, "Give the time with its offset from UTC.")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise InvalidInput(field, "There is no such time.") from None
