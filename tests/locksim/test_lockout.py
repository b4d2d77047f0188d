"""The two budgets of wrong entries."""

from hypothesis import given
from hypothesis import strategies as st

from locksim.lockout import BUCKET, CONSECUTIVE_LIMIT, REFILL_MS, KeypadTries

DAY_MS = 24 * 3600 * 1000


def wrong(tries: KeypadTries, times: int, now: int | None) -> KeypadTries:
    """After so many wrong entries at one moment."""
    for _ in range(times):
        tries = tries.charged(now)
    return tries


def test_the_tenth_wrong_entry_in_a_row_locks() -> None:
    """Nine do not."""
    assert not wrong(KeypadTries(), CONSECUTIVE_LIMIT - 1, 0).locked
    assert wrong(KeypadTries(), CONSECUTIVE_LIMIT, 0).locked


def test_a_right_entry_breaks_the_row_but_does_not_fill_the_bucket() -> None:
    """Nine wrong and one right, and again: the bucket is empty at twenty wrong ones."""
    tries = KeypadTries()
    for _ in range(2):
        tries = wrong(tries, 9, 0).after_opening()
    assert tries.left == 2
    assert not tries.charged(0).locked
    assert wrong(tries, 2, 0).locked


def test_the_bucket_gains_four_a_day() -> None:
    """One every six hours, not four at midnight, and not more than it holds."""
    spent = wrong(wrong(KeypadTries(), 9, 0).after_opening(), 9, 0).after_opening()
    assert spent.left == 2
    assert spent.charged(REFILL_MS - 1).left == 1
    assert spent.charged(REFILL_MS).left == 2
    assert spent.charged(DAY_MS).left == 5
    assert spent.charged(365 * DAY_MS).left == BUCKET - 1


def test_parts_of_a_refill_are_not_lost_between_entries() -> None:
    """Two entries within six hours do not start the six hours anew."""
    tries = wrong(KeypadTries(), 5, 0)
    later = tries.charged(REFILL_MS * 3 // 2)
    assert later.left == tries.left
    assert later.after_opening().charged(REFILL_MS * 2).left == later.left


def test_time_that_was_not_measured_refills_nothing() -> None:
    """Without time, after it, and when the clock goes back."""
    spent = wrong(KeypadTries(), 8, 1000 * DAY_MS).after_opening()
    assert wrong(spent, 1, None).left == spent.left - 1
    assert wrong(spent, 1, None).charged(2000 * DAY_MS).left == spent.left - 2
    assert spent.after_clock_set(2000 * DAY_MS).charged(2000 * DAY_MS).left == spent.left - 1
    back = spent.charged(10)
    assert back.left == spent.left - 1
    assert back.charged(10 + REFILL_MS).left == back.left


def test_a_release_makes_both_budgets_whole() -> None:
    """The row and the bucket."""
    tries = wrong(KeypadTries(), CONSECUTIVE_LIMIT, 0).released(5)
    assert (tries.streak, tries.left, tries.locked) == (0, BUCKET, False)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, DAY_MS)), max_size=120))
def test_nobody_gets_more_wrong_entries_than_the_bucket_and_its_refill(
    script: list[tuple[bool, int]],
) -> None:
    """However right entries and waits are mixed in, until the lockout."""
    tries, now, taken = KeypadTries(metered_at=0), 0, 0
    for right, pause in script:
        if tries.locked:
            break
        now += pause
        charged = tries.charged(now)
        taken += not right
        tries = tries.after_opening() if right else charged
        assert taken <= BUCKET + 1 + now // REFILL_MS
        assert tries.left <= BUCKET
