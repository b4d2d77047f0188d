"""Which of a window's codes the next guest gets.

Two guests with the same window need different codes. If a used variant were handed out again, the
events of one guest would be told of the other, and a block would hit both; so a blocked code's
variant counts as used, for ever. A code that means something else in a neighbouring code epoch is
better left alone.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from smartpin.codec import Codec
from smartpin.errors import NoFreeWindow
from smartpin.locktime import LockTime
from smartpin.request import may_start
from smartpin.windows import Hourly, Reading, Window

# How many hours (or days) both edges together may move in the search for a free window.
SEARCH_LIMIT: Final = 200

Used = Mapping[Window, Collection[int]]


def choose_variant(
    codec: Codec, window: Window, used: Used, *, now: datetime, lock_time: LockTime
) -> Reading:
    """The reading to issue: the window with the lowest unused variant whose code is unambiguous.

    If each unused variant's code also decodes in an epoch beside its own, the lowest unused.

    Args:
        codec: the lock's codes.
        window: the effective window, see :func:`smartpin.fit`.
        used: the variants given out so far, by window, for this incarnation of the lock; blocked
            ones too. Windows of which none was given out may be left out.
        now, lock_time: for the nearest free window, which may not lie in the past.

    Raises NoFreeWindow (all variants are used; carries the nearest window with an unused one).
    """
    unused = list(_unused(window, used))
    if not unused:
        raise NoFreeWindow(window, nearest_free(window, used, now=now, lock_time=lock_time))
    return next((reading for reading in unused if codec.is_unambiguous(reading)), unused[0])


def nearest_free(
    window: Window, used: Used, *, now: datetime, lock_time: LockTime
) -> Window | None:
    """The nearest window of the same form that has an unused variant.

    Nearest: the two edges together move least; among equals one that covers the window asked for,
    then the earlier. ``None`` if there is none within 200 hours, or days, of movement.
    """
    for moved in range(SEARCH_LIMIT + 1):
        for candidate in _moved_by(window, moved):
            free = next(_unused(candidate, used), None) is not None
            if free and may_start(candidate, now=now, lock_time=lock_time):
                return candidate
    return None


def _unused(window: Window, used: Used) -> Iterator[Reading]:
    taken = used.get(window, ())
    return (Reading(window, variant) for variant in range(window.variants) if variant not in taken)


def _moved_by(window: Window, moved: int) -> Iterator[Window]:
    """The windows whose edges moved by ``moved`` together, those that cover ``window`` first."""
    shifts = {
        (start, end)
        for part in range(moved + 1)
        for start in (-part, part)
        for end in (part - moved, moved - part)
    }
    for start, end in sorted(shifts, key=lambda s: (s[0] > 0 or s[1] < 0, s)):
        try:
            if isinstance(window, Hourly):
                yield replace(window, start=window.start + start, hours=window.hours + end - start)
            else:
                yield replace(window, start=window.start + start, days=window.days + end - start)
        except ValueError:
            continue  # outside the format's limits: no window
