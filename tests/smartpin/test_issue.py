"""Which code the next guest gets."""

from collections import defaultdict
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartpin import (
    Codec,
    Daily,
    Hourly,
    LockTime,
    NoFreeWindow,
    Reading,
    Window,
    choose_variant,
    may_start,
    nearest_free,
)

NOW = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
LOCK_TIME = LockTime(0, ZoneInfo("UTC"))
HOUR_NOW = LOCK_TIME.hour(NOW)
DAY_NOW = HOUR_NOW // 24

starts = st.integers(HOUR_NOW, HOUR_NOW + 5000)
windows = st.one_of(
    st.builds(Hourly, starts, st.integers(1, 768)),
    st.builds(Daily, starts.map(lambda hour: hour // 24), st.integers(33, 365)),
)


def choose(codec: Codec, window: Window, used: dict[Window, set[int]]) -> Reading:
    return choose_variant(codec, window, used, now=NOW, lock_time=LOCK_TIME)


def test_guests_with_one_window_get_different_codes(codec: Codec) -> None:
    """All 16 variants of 48 hours are given out, each once, and then there are none left."""
    window = Hourly(HOUR_NOW + 10, 48)
    used: dict[Window, set[int]] = {window: set()}
    codes = set()
    for _ in range(16):
        reading = choose(codec, window, used)
        assert reading.variant not in used[window]
        used[window].add(reading.variant)
        codes.add(codec.encode(reading))
    assert len(codes) == 16
    with pytest.raises(NoFreeWindow):
        choose(codec, window, used)


@given(window=windows, data=st.data())
def test_the_lowest_unused_unambiguous_variant_is_chosen(
    codec: Codec, window: Window, data: st.DataObject
) -> None:
    """Unambiguous ones first, and the lowest of them; if there is none, the lowest unused."""
    used = data.draw(st.sets(st.integers(0, window.variants - 1), max_size=window.variants - 1))
    unused = [Reading(window, v) for v in range(window.variants) if v not in used]
    good = [reading for reading in unused if codec.is_unambiguous(reading)]
    assert choose(codec, window, {window: used}) == (good or unused)[0]


def test_when_all_are_used_the_nearest_free_window_is_named(codec: Codec) -> None:
    """A stay of 400 hours has one code; for the second guest it begins an hour earlier."""
    window = Hourly(HOUR_NOW + 10, 400)
    with pytest.raises(NoFreeWindow) as refusal:
        choose(codec, window, {window: {0}})
    assert refusal.value.window == window
    assert refusal.value.nearest == Hourly(HOUR_NOW + 9, 401)


def test_the_nearest_free_window_is_not_in_the_past(codec: Codec) -> None:
    """From the current hour on it can only end later, or begin later."""
    window = Hourly(HOUR_NOW, 400)
    used: dict[Window, set[int]] = {window: {0}}
    assert nearest_free(window, used, now=NOW, lock_time=LOCK_TIME) == Hourly(HOUR_NOW, 401)


def test_the_nearest_free_window_keeps_within_the_limits() -> None:
    """768 hours cannot grow: they shrink, keeping the start; 365 days likewise."""
    hours, days = Hourly(HOUR_NOW, 768), Daily(DAY_NOW, 365)
    used: dict[Window, set[int]] = {hours: {0}, days: {0}}
    assert nearest_free(hours, used, now=NOW, lock_time=LOCK_TIME) == Hourly(HOUR_NOW, 767)
    assert nearest_free(days, used, now=NOW, lock_time=LOCK_TIME) == Daily(DAY_NOW, 364)


def moved(window: Window, other: Window) -> int:
    def edges(w: Window) -> tuple[int, int]:
        return w.start, w.start + (w.hours if isinstance(w, Hourly) else w.days)

    return sum(abs(a - b) for a, b in zip(edges(window), edges(other), strict=True))


@settings(max_examples=60)
@given(
    window=st.one_of(
        st.builds(Hourly, st.integers(HOUR_NOW, HOUR_NOW + 8), st.integers(385, 768)),
        st.builds(Daily, st.integers(DAY_NOW, DAY_NOW + 8), st.integers(183, 365)),
    ),
    taken=st.sets(st.tuples(st.integers(-4, 4), st.integers(-4, 4))),
)
def test_no_nearer_window_is_free(window: Window, taken: set[tuple[int, int]]) -> None:
    """Whatever else is taken round about: none with less movement has an unused variant."""
    used: dict[Window, set[int]] = defaultdict(set)
    nearby: list[Window] = []
    for start in range(-9, 10):
        for end in range(-9, 10):
            try:
                nearby.append(
                    Hourly(window.start + start, window.hours + end - start)
                    if isinstance(window, Hourly)
                    else Daily(window.start + start, window.days + end - start)
                )
            except ValueError:
                continue
            if (start, end) in taken or (start, end) == (0, 0):
                used[nearby[-1]] = set(range(nearby[-1].variants))
    found = nearest_free(window, used, now=NOW, lock_time=LOCK_TIME)
    assert found is not None
    assert len(used.get(found, ())) < found.variants
    assert may_start(found, now=NOW, lock_time=LOCK_TIME)
    for other in nearby:
        free = len(used.get(other, ())) < other.variants
        if free and may_start(other, now=NOW, lock_time=LOCK_TIME):
            assert moved(window, found) <= moved(window, other)


def test_the_search_for_a_free_window_ends() -> None:
    """Where everything for 200 hours around is taken there is no answer, and soon."""

    class Everything(dict[Window, set[int]]):
        def get(self, window: Window, _default: object = None) -> range:  # type: ignore[override]
            return range(window.variants)

    window = Hourly(HOUR_NOW + 10, 768)
    assert nearest_free(window, Everything(), now=NOW, lock_time=LOCK_TIME) is None


@pytest.mark.parametrize("window", [Hourly(HOUR_NOW + 10, 768), Daily(DAY_NOW + 10, 365)])
@pytest.mark.parametrize(("shorter", "found"), [(200, True), (201, False)])
def test_the_search_reaches_two_hundred_hours_or_days(
    window: Window, shorter: int, found: bool
) -> None:
    """The farthest one that is looked at, and the first that is not; the longest windows can only shrink."""
    free: Window = (
        Hourly(window.start, window.hours - shorter)
        if isinstance(window, Hourly)
        else Daily(window.start, window.days - shorter)
    )

    class AllButOne(dict[Window, set[int]]):
        def get(self, asked: Window, _default: object = None) -> range:  # type: ignore[override]
            return range(0 if asked == free else asked.variants)

    nearest = nearest_free(window, AllButOne(), now=NOW, lock_time=LOCK_TIME)
    assert nearest == (free if found else None)


@pytest.mark.parametrize("kind", [Hourly, Daily])
def test_of_equally_near_windows_one_that_covers_and_begins_earlier_is_named(
    kind: type[Hourly] | type[Daily],
) -> None:
    """Longer before shorter; among the longer the earlier start, then the later end; then the shorter ones."""
    begins, length = (HOUR_NOW if kind is Hourly else DAY_NOW) + 10, 300
    order = [
        kind(begins - 1, length + 1),
        kind(begins, length + 1),
        kind(begins, length - 1),
        kind(begins + 1, length - 1),
    ]
    window: Window = kind(begins, length)
    used: dict[Window, range] = {window: range(window.variants)}
    for expected in order:
        assert nearest_free(window, used, now=NOW, lock_time=LOCK_TIME) == expected
        used[expected] = range(expected.variants)


def test_windows_beyond_the_next_epoch_are_not_offered() -> None:
    """The last window of the next epoch is used: the nearest lies before it or is shorter."""
    window = Hourly(8 * 8784 - 1, 500)
    found = nearest_free(window, {window: {0}}, now=NOW, lock_time=LOCK_TIME)
    assert found == Hourly(8 * 8784 - 2, 501)
    assert not may_start(Hourly(8 * 8784, 500), now=NOW, lock_time=LOCK_TIME)
