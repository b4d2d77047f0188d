"""Ten digits and back, and the check at the lock."""

import ast
import itertools
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import smartpin
from smartpin import Codec, Daily, Hourly, LockTime, MalformedCode, Reading, display, parse
from smartpin.codec import tweak

LockIn = Callable[[str], LockTime]
SECOND = timedelta(seconds=1)
EPOCH = timedelta(days=366)

hourly = st.builds(Hourly, st.integers(8784, 300_000), st.integers(1, 768))
daily = st.builds(Daily, st.integers(366, 12_000), st.integers(33, 365))
readings = st.one_of(hourly, daily).flatmap(
    lambda window: st.builds(Reading, st.just(window), st.integers(0, window.variants - 1))
)
codes = st.integers(0, 10**10 - 1).map(lambda n: f"{n:010d}")


@given(reading=readings)
def test_a_code_is_ten_digits_and_comes_back(codec: Codec, reading: Reading) -> None:
    """Encoding and decoding in the reading's epoch are inverse."""
    code = codec.encode(reading)
    assert parse(code) == code
    assert codec.decode(code, reading.window.code_epoch) == reading


@given(secret=st.binary(min_size=32, max_size=32), reading=readings)
def test_the_second_implementation_makes_the_same_code(
    reference: Any, secret: bytes, reading: Reading
) -> None:
    """Key derivation, tweak, index and FF1 together agree with other code for all of them."""
    lock = reference.ReferenceLock(secret, 0, "UTC")
    window = reading.window
    form, duration = (
        ("hourly", window.hours) if isinstance(window, Hourly) else ("daily", window.days)
    )
    assert Codec(secret).encode(reading) == lock.code(form, window.start, duration, reading.variant)


@given(
    reading=readings,
    zone=st.sampled_from(["Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"]),
)
def test_a_code_opens_in_its_window_and_is_blockable_until_its_end(
    codec: Codec, lock_in: LockIn, reading: Reading, zone: str
) -> None:
    """From the first instant to the last, across epochs; and a block sees it from then on back.

    Before and after, the same digits open only if they happen to say something else.
    """
    lock_time, code = lock_in(zone), codec.encode(reading)
    opens, closes = lock_time.opens(reading.window), lock_time.closes(reading.window)
    for inside in (opens, opens + (closes - opens) / 2, closes - SECOND):
        assert reading in codec.open_readings(code, inside, lock_time)
        assert reading in codec.unended_readings(code, inside, lock_time)
    for outside in (opens - SECOND, closes):
        assert reading not in codec.open_readings(code, outside, lock_time)
    assert reading in codec.unended_readings(code, opens - SECOND, lock_time)
    assert reading not in codec.unended_readings(code, closes, lock_time)


@given(reading=readings)
def test_a_code_does_not_come_back_in_a_year(codec: Codec, reading: Reading) -> None:
    """The same digits one epoch later or earlier do not say the same window there."""
    code = codec.encode(reading)
    for years in (-1, 1, 2):
        other = codec.decode(code, reading.window.code_epoch + years)
        assert other is None or other.index != reading.index


def test_digits_that_say_something_in_two_epochs_open_in_either(
    codec: Codec, lock_in: LockIn
) -> None:
    """Not the first that decodes: this code also decodes in epoch 6, to a window of months later,
    and must open by its window of epoch 5, which reaches into epoch 6. A block covers both."""
    lock_time = lock_in("UTC")
    reading = Reading(Hourly(6 * 8784 - 12, 22), 0)
    code = codec.encode(reading)
    other = codec.decode(code, 6)
    assert other is not None
    now = lock_time.closes(reading.window) - SECOND
    assert lock_time.code_epoch(now) == 6
    assert codec.open_readings(code, now, lock_time) == (reading,)
    assert set(codec.unended_readings(code, now, lock_time)) == {reading, other}
    assert codec.unended_readings(code, now + SECOND, lock_time) == (other,)
    assert not codec.is_unambiguous(reading)


def test_a_code_can_be_blocked_before_its_epoch(codec: Codec, lock_in: LockIn) -> None:
    """A code for the next epoch does not open now, but a block at the keypad finds it."""
    lock_time = lock_in("UTC")
    reading = Reading(Hourly(7 * 8784 + 100, 5), 0)
    now = lock_time.hour_begins(6 * 8784 + 5)
    code = codec.encode(reading)
    assert codec.open_readings(code, now, lock_time) == ()
    assert reading in codec.unended_readings(code, now, lock_time)
    assert reading not in codec.unended_readings(code, now - EPOCH, lock_time)


def test_a_clock_before_2020_opens_nothing(codec: Codec, lock_in: LockIn) -> None:
    """A lock whose clock has fallen back to 1970 refuses, and does not fail."""
    code = codec.encode(Reading(Hourly(0, 768), 0))
    for now in (datetime(1970, 1, 1, tzinfo=UTC), datetime(2019, 12, 31, tzinfo=UTC)):
        assert codec.open_readings(code, now, lock_in("UTC")) == ()
    assert codec.open_readings(code, datetime(2020, 1, 1, tzinfo=UTC), lock_in("UTC"))


@given(reading=readings)
def test_another_lock_or_another_life_reads_other_things(codec: Codec, reading: Reading) -> None:
    """Under a secret that differs in one bit the code does not say what it was made to say."""
    other = Codec(bytes([1, *range(1, 32)]))
    assert other.decode(codec.encode(reading), reading.window.code_epoch) != reading


def test_one_code_in_216_says_something(codec: Codec) -> None:
    """Of 20,000 numbers (every 500,000th), as many decode as 46,204,572 in 10**10 promises."""
    read = sum(codec.decode(f"{n * 500_000:010d}", 6) is not None for n in range(20_000))
    assert abs(read - 92.4) < 4 * 92.4**0.5


def test_one_code_in_108_says_something_beside_its_epoch(codec: Codec) -> None:
    """is_unambiguous fails for 1 - (1 - 0.00462)**2 of readings: 92 of 10,000, within 4 sigma."""
    starts = itertools.islice(itertools.count(9000, 7), 10_000)
    ambiguous = sum(not codec.is_unambiguous(Reading(Hourly(start, 50), 0)) for start in starts)
    assert abs(ambiguous - 92.2) < 4 * 92.2**0.5


@pytest.mark.parametrize("typed", ["2346930987", "234-693-0987", " 234 693 0987 "])
def test_hyphens_and_spaces_do_not_matter(typed: str) -> None:
    """Codes are pasted from e-mails."""
    assert parse(typed) == "2346930987"
    assert display(parse(typed)) == "234-693-0987"


@pytest.mark.parametrize(
    "typed",
    ["", "234693098", "23469309870", "234693098x", "\N{FULLWIDTH DIGIT TWO}" * 10, "+234693098"],
)
def test_what_is_not_ten_digits_is_refused_without_repeating_it(codec: Codec, typed: str) -> None:
    """The refusal carries nothing of what was typed: it ends up in logs."""
    for use in (parse, display, codec.block_tag, lambda code: codec.decode(code, 0)):
        with pytest.raises(MalformedCode) as refusal:
            use(typed)
        assert refusal.value.args == ("a SmartPIN has ten digits",)


@given(one=codes, other=codes)
def test_block_tags_tell_codes_apart_and_belong_to_one_lock(
    codec: Codec, one: str, other: str
) -> None:
    """The tag is a function of digits and lock alone, and does not show the digits."""
    assert (codec.block_tag(one) == codec.block_tag(other)) == (one == other)
    assert codec.block_tag(one) == codec.block_tag(display(one))
    assert codec.block_tag(one) != Codec(bytes(32)).block_tag(one)
    assert one.encode() not in codec.block_tag(one)


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_lock_secret_is_32_bytes(length: int) -> None:
    """A serial number does not fit by accident."""
    with pytest.raises(ValueError, match="32 bytes"):
        Codec(bytes(length))


def test_the_tweak_holds_the_epoch() -> None:
    """LW-SP1 and four bytes; no other epochs."""
    assert tweak(6) == b"LW-SP1\x00\x00\x00\x06"
    for code_epoch in (-1, 2**32):
        with pytest.raises(ValueError, match="epoch"):
            tweak(code_epoch)


def test_many_epochs_are_read_in_bounded_memory(codec: Codec) -> None:
    """Asking for a thousand epochs keeps only a few prepared, and answers the same."""
    reading = Reading(Hourly(8784 * 500, 3), 0)
    code = codec.encode(reading)
    for code_epoch in range(1000):
        codec.decode(code, code_epoch)
    assert len(codec._permutations) <= 8
    assert codec.decode(code, 500) == reading


def test_the_package_can_be_lifted_out() -> None:
    """It imports itself, the standard library and cryptography; numpy in ``bulk`` alone."""
    package = Path(smartpin.__file__).parent
    for file in package.glob("*.py"):
        allowed = {"smartpin", "cryptography", *sys.stdlib_module_names}
        if file.name == "bulk.py":
            allowed.add("numpy")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported = {name.name.split(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported = {(node.module or "").split(".")[0]}
            else:
                continue
            assert imported <= allowed, file.name


def test_wall_and_fixed_offset_may_disagree(codec: Codec) -> None:
    """A lock whose zone has changed its law: hours stay, 08:00 moves with the wall."""
    moved = LockTime(-60, ZoneInfo("Europe/Berlin"))
    hourly_reading, daily_reading = Reading(Hourly(60_000, 1), 0), Reading(Daily(2500, 40), 0)
    assert codec.open_readings(codec.encode(hourly_reading), moved.hour_begins(60_000), moved)
    opens = moved.opens(daily_reading.window)
    assert opens.astimezone(ZoneInfo("Europe/Berlin")).hour == 8
    assert codec.open_readings(codec.encode(daily_reading), opens, moved)
    assert not codec.open_readings(codec.encode(daily_reading), opens - SECOND, moved)
