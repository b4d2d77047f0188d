"""What a guesser gets: counted window by window, code by code, and measured.

The formula is in ``docs/smartpin.md``. At the worst instant 584,630 codes open, one random entry in
17,105; with the activation rule 75,150, one in 133,067.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from smartpin import Codec, Daily, Hourly, LockTime, Window, survives_activation
from smartpin.bulk import U64, BulkCodec, Readings, indexes_of, readings_of
from smartpin.windows import CODE_EPOCH_DAYS, CODE_EPOCH_HOURS, TOTAL

LockIn = Callable[[str], LockTime]
CODES = 10**10


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


# Ten days into epoch 6: windows of both epochs are open.
NOW = berlin("2026-01-15T12:30")


def open_indexes(now: datetime, lock_time: LockTime) -> dict[int, U64]:
    """The index of every code that opens at ``now``, by epoch: found by asking of each window."""
    hour, (day, _) = lock_time.hour(now), lock_time.wall(now)
    windows: list[Window] = [
        Hourly(start, hours)
        for hours in range(1, 769)
        for start in range(hour - hours - 1, hour + 2)
    ]
    windows += [
        Daily(start, days) for days in range(33, 366) for start in range(day - days - 2, day + 3)
    ]
    found: dict[int, list[tuple[bool, int, int, int]]] = {}
    for window in windows:
        if lock_time.is_open(window, now):
            daily = isinstance(window, Daily)
            duration = window.days if isinstance(window, Daily) else window.hours
            offset = window.start % (CODE_EPOCH_DAYS if daily else CODE_EPOCH_HOURS)
            rows = found.setdefault(window.code_epoch, [])
            rows += [(daily, duration, variant, offset) for variant in range(window.variants)]
    indexes = {}
    for code_epoch, rows in found.items():
        table = np.array(rows, np.int64)
        daily, duration, variant, offset = table.T
        indexes[code_epoch] = indexes_of(Readings(daily.astype(bool), duration, variant, offset))
    return indexes


@pytest.fixture(scope="module")
def open_now(lock_in: LockIn) -> dict[int, U64]:
    return open_indexes(NOW, lock_in("Europe/Berlin"))


def test_the_formula() -> None:
    """485,686 hourly and 98,944 daily codes open by day: one in 17,105."""
    hourly = sum(d * (768 // d) for d in range(1, 769))
    daily = sum((d + 1) * (365 // d) for d in range(33, 366))
    assert (hourly, daily, hourly + daily) == (485_686, 98_944, 584_630)
    assert round(CODES / (hourly + daily)) == 17_105


def test_the_formula_with_the_activation_rule() -> None:
    """74,404 hourly and 746 daily codes are in their first day: one in 133,067."""
    hourly = sum(min(d, 24) * (768 // d) for d in range(1, 769))
    daily = sum(365 // d for d in range(33, 366))
    assert (hourly, daily, hourly + daily) == (74_404, 746, 75_150)
    assert round(CODES / (hourly + daily)) == 133_067


def test_as_many_codes_open_as_the_formula_says(open_now: dict[int, U64], secret: bytes) -> None:
    """Counted: 584,630 different indexes in two epochs, and their codes are different digits too.

    At most as many digits as indexes: two epochs may share some, by chance n * m / 10**10.
    """
    assert sorted(open_now) == [5, 6]
    assert all(len(np.unique(indexes)) == len(indexes) for indexes in open_now.values())
    assert sum(len(indexes) for indexes in open_now.values()) == 584_630
    bulk = BulkCodec(secret)
    codes = np.concatenate(
        [bulk.encrypt(indexes, code_epoch) for code_epoch, indexes in open_now.items()]
    )
    assert 584_630 - 20 <= len(np.unique(codes)) <= 584_630


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", "2026-03-29"),
        ("Europe/Berlin", "2026-10-25"),
        ("Australia/Lord_Howe", "2026-10-04"),
        ("Asia/Kathmandu", "2027-01-07"),
        ("UTC", "2026-01-05"),
    ],
)
def test_no_instant_is_worse(lock_in: LockIn, zone: str, day: str) -> None:
    """Each hour over 30 hours, with a change of clocks or an epoch's boundary among them.

    Hourly windows: of each duration as many starts are open as it has hours, always. Daily ones: as
    many as it has days, and one more between 08:00 and 20:00 on the wall (four durations tried).
    """
    lock_time, midnight = lock_in(zone), datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    first = midnight - timedelta(hours=3)
    for hours_on in range(30):
        now = first.astimezone(ZoneInfo("UTC")) + hours_on * timedelta(hours=1)
        hour, (today, clock) = lock_time.hour(now), lock_time.wall(now)
        # The oldest start still open is `hours` starts back, the newest is this hour.
        hourly = sum(
            (768 // hours) * hours
            for hours in range(1, 769)
            if [
                lock_time.is_open(Hourly(hour + back, hours), now)
                for back in (-hours, 1 - hours, 0, 1)
            ]
            == [False, True, True, False]
        )
        daily = sum(
            365 // days
            for days in range(33, 366, 83)
            for start in range(today - days - 2, today + 3)
            if lock_time.is_open(Daily(start, days), now)
        )
        by_day = 8 <= clock.hour < 20
        starts = {days: days + (1 if by_day else 0) for days in range(33, 366, 83)}
        assert hourly == 485_686
        assert daily == sum((365 // days) * n for days, n in starts.items())


@pytest.mark.parametrize(
    "text",
    ["2026-01-15T12:30", "2026-01-15T03:00", "2026-03-29T08:30", "2026-10-25T07:30"],
)
def test_unused_codes_in_their_first_day_are_75150(lock_in: LockIn, text: str) -> None:
    """With the activation rule, by day, by night, and in the mornings after the clocks moved.

    Twenty-four real hours for daily windows would leave two start days alive from 08:00 to 09:00
    after the night clocks go forward.
    """
    now, lock_time = berlin(text), lock_in("Europe/Berlin")
    hour, (day, _) = lock_time.hour(now), lock_time.wall(now)

    def alive(window: Window) -> bool:
        return survives_activation(window, first_used=None, now=now, lock_time=lock_time)

    # Whether the rule leaves a window alive depends on its start alone.
    hours_alive = {start for start in range(hour - 769, hour + 2) if alive(Hourly(start, 768))}
    days_alive = {start for start in range(day - 367, day + 2) if alive(Daily(start, 365))}
    count = 0
    for hours in range(1, 769):
        starts = hours_alive.intersection(range(hour - hours - 1, hour + 2))
        windows = (Hourly(start, hours) for start in starts)
        count += sum(w.variants for w in windows if lock_time.is_open(w, now))
    for days in range(33, 366):
        starts = days_alive.intersection(range(day - days - 2, day + 2))
        windows_of_days = (Daily(start, days) for start in starts)
        count += sum(w.variants for w in windows_of_days if lock_time.is_open(w, now))
    assert count == 75_150


def test_guesses_open_as_often_as_the_formula_says(
    lock_in: LockIn, codec: Codec, secret: bytes, open_now: dict[int, U64]
) -> None:
    """Four million seeded guesses against a lock: 234 expected to open, within 4 sigma.

    Each that opens in bulk is typed at the lock's own check, and a thousand that do not.
    """
    guesses = np.random.default_rng(20260115).integers(0, CODES, 4_000_000, np.uint64)
    bulk, lock_time = BulkCodec(secret), lock_in("Europe/Berlin")
    opens = np.zeros(len(guesses), bool)
    for code_epoch, indexes in open_now.items():
        read = bulk.decrypt(guesses, code_epoch)
        known = np.zeros(TOTAL, bool)
        known[indexes] = True
        decodes = read < TOTAL
        opens[decodes] |= known[read[decodes]]
    expected = 584_630 / CODES * len(guesses)
    assert abs(int(opens.sum()) - expected) < 4 * expected**0.5
    for guess in guesses[opens]:
        assert codec.open_readings(f"{guess:010d}", NOW, lock_time)
    for guess in guesses[~opens][:1000]:
        assert not codec.open_readings(f"{guess:010d}", NOW, lock_time)


def test_bulk_readings_of_the_open_windows_are_open(
    lock_in: LockIn, open_now: dict[int, U64]
) -> None:
    """The numbers counted above decode to windows that the lock holds open (every 997th)."""
    lock_time = lock_in("Europe/Berlin")
    for code_epoch, indexes in open_now.items():
        readings = readings_of(indexes[::997])
        for daily, duration, offset in zip(
            readings.daily, readings.duration.tolist(), readings.offset.tolist(), strict=True
        ):
            window: Window = (
                Daily(code_epoch * CODE_EPOCH_DAYS + offset, duration)
                if daily
                else Hourly(code_epoch * CODE_EPOCH_HOURS + offset, duration)
            )
            assert lock_time.is_open(window, NOW)
