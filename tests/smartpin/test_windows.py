"""The numbering: every reading has its own index, and the sums are the specification's."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartpin import Daily, Hourly, Reading, Window, reading_at
from smartpin.windows import HOURLY_TOTAL, MAX_CODE_EPOCH, TOTAL

hourly = st.builds(Hourly, st.integers(0, 10**6), st.integers(1, 768))
daily = st.builds(Daily, st.integers(0, 40_000), st.integers(33, 365))
readings = st.one_of(hourly, daily).flatmap(
    lambda window: st.builds(Reading, st.just(window), st.integers(0, window.variants - 1))
)


def test_the_totals_are_the_specifications() -> None:
    """45,931,536 hourly indexes, 46,204,572 in all: one numeral of ten digits in 216."""
    assert HOURLY_TOTAL == 45_931_536
    assert TOTAL == 46_204_572


@given(readings)
def test_reading_to_index_and_back(reading: Reading) -> None:
    """An index decodes, in its epoch, to the reading it was made from, whatever the reading."""
    assert 0 <= reading.index < TOTAL
    assert reading_at(reading.window.code_epoch, reading.index) == reading


def test_index_to_reading_and_back_sampled() -> None:
    """Every 4999th index (4999 is prime to both row lengths) comes back from its reading.

    All 46,204,572 are done in ``bench/smartpin_exhaustive.py``.
    """
    for index in (*range(0, TOTAL, 4999), HOURLY_TOTAL - 1, HOURLY_TOTAL, TOTAL - 1):
        reading = reading_at(6, index)
        assert reading is not None
        assert reading.index == index
        assert reading.window.code_epoch == 6


@given(index=st.integers(0, TOTAL - 1))
def test_the_plain_sums_agree(reference: Any, index: int) -> None:
    """The table look-up decodes as summing up the formula term by term does."""
    form, duration, variant, offset = reference.slot_of(index)
    window = Hourly(offset, duration) if form == "hourly" else Daily(offset, duration)
    assert reading_at(0, index) == Reading(window, variant)
    assert reference.index_of(form, duration, variant, offset) == index


@given(st.integers(TOTAL, 10**10 - 1))
def test_other_numbers_say_nothing(index: int) -> None:
    """Whatever is not one of the 46,204,572 is no reading, and no error."""
    assert reading_at(0, index) is None


@pytest.mark.parametrize(
    ("window", "variants"),
    [
        (Hourly(0, 1), 768),
        (Hourly(0, 2), 384),
        (Hourly(0, 384), 2),
        (Hourly(0, 385), 1),
        (Hourly(0, 768), 1),
        (Daily(0, 33), 11),
        (Daily(0, 182), 2),
        (Daily(0, 183), 1),
        (Daily(0, 365), 1),
    ],
)
def test_short_windows_have_many_codes(window: Hourly | Daily, variants: int) -> None:
    """floor(768 / hours) and floor(365 / days); the next variant does not exist."""
    assert window.variants == variants
    Reading(window, variants - 1)
    for beyond in (-1, variants):
        with pytest.raises(ValueError, match="variants"):
            Reading(window, beyond)


@pytest.mark.parametrize("hours", [-1, 0, 769, 8784])
def test_hours_have_limits(hours: int) -> None:
    """1 to 768 hours."""
    with pytest.raises(ValueError, match="hours"):
        Hourly(0, hours)


@pytest.mark.parametrize("days", [0, 32, 366])
def test_days_have_limits(days: int) -> None:
    """33 to 365 days."""
    with pytest.raises(ValueError, match="days"):
        Daily(0, days)


def test_nothing_starts_before_2020_or_after_the_last_epoch() -> None:
    """Epochs are unsigned 32-bit numbers."""
    with pytest.raises(ValueError, match="2020"):
        Hourly(-1, 1)
    with pytest.raises(ValueError, match="2020"):
        Daily(-1, 33)
    with pytest.raises(ValueError, match="2020"):
        Hourly((MAX_CODE_EPOCH + 1) * 8784, 1)
    with pytest.raises(ValueError, match="2020"):
        reading_at(-1, 0)
    with pytest.raises(ValueError, match="negative"):
        reading_at(0, -1)


def test_windows_of_both_forms_are_never_equal() -> None:
    """A mapping by window may hold both forms: an hourly one never hides a daily one."""
    both: list[Window] = [Hourly(40, 40), Daily(40, 40)]
    assert both[0] != both[1]
    assert len(set(both)) == 2
