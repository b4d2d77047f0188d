"""Slots of an earlier version, which took times of day with parts of a second: as whole seconds, cut inwards, so that
nothing opens longer than it was allowed to. Server and lock cut alike.
"""

from datetime import time

_SECOND = 1_000_000


def whole(start: time, end: time) -> tuple[time, time]:
    """The whole seconds within a slot, over midnight too; one second where there is none."""
    begins, ends = _microseconds(start), _microseconds(end)
    if ends <= begins:
        ends += 86_400 * _SECOND
    first, last = -(-begins // _SECOND), ends // _SECOND
    if last <= first:
        first = begins // _SECOND
        last = first + 1
    return _wall(first), _wall(last)


def _microseconds(wall: time) -> int:
    return ((wall.hour * 60 + wall.minute) * 60 + wall.second) * _SECOND + wall.microsecond


def _wall(seconds: int) -> time:
    return time(seconds // 3600 % 24, seconds // 60 % 60, seconds % 60)
