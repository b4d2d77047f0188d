"""Every SmartPIN index there is, to its code and back; and every open window, counted one by one.

    python -m bench.smartpin_exhaustive

For each of the 46,204,572 indexes of an epoch: index -> reading -> index, and index -> code -> index.
The second shows that no two readings share a code and that each code says what it was made to say.
Every 99,991st goes through the plain codec as well. On the way it counts, over every index of an
epoch and of the one before, the windows open at one instant by day and at one by night.

Exits with 1 at the first index that does not come back.
"""

import sys
import time

import numpy as np

from smartpin import Codec, reading_at
from smartpin.bulk import BulkCodec, Readings, indexes_of, readings_of
from smartpin.windows import CODE_EPOCH_DAYS, CODE_EPOCH_HOURS, TOTAL

SECRET = bytes(range(32))
EPOCH = 6
STEP = 1 << 20
PLAIN_EVERY = 99_991
# Ten days into the epoch, at noon and at 02:00, in a zone whose wall clock is its fixed offset.
DAY_IN_EPOCH = 10
NOON, NIGHT = 12, 2
DAY_COUNT, NIGHT_COUNT = 584_630, 583_884


def open_at(readings: Readings, epochs_ago: int, hour_of_day: int) -> int:
    """How many of the readings, of the epoch so many epochs ago, are open at the instant."""
    hour = (epochs_ago * CODE_EPOCH_DAYS + DAY_IN_EPOCH) * 24 + hour_of_day
    hourly = (readings.offset <= hour) & (hour < readings.offset + readings.duration)
    start, end = readings.offset * 24 + 8, (readings.offset + readings.duration) * 24 + 20
    daily = (start <= hour) & (hour < end)
    return int(np.count_nonzero(np.where(readings.daily, daily, hourly)))


def main() -> int:
    assert CODE_EPOCH_HOURS == CODE_EPOCH_DAYS * 24
    bulk, codec = BulkCodec(SECRET), Codec(SECRET)
    by_day = by_night = plain = 0
    began = reported = time.monotonic()
    for at in range(0, TOTAL, STEP):
        indexes = np.arange(at, min(at + STEP, TOTAL), dtype=np.uint64)
        readings = readings_of(indexes)
        codes = bulk.encrypt(indexes, EPOCH)
        wrong = (indexes_of(readings) != indexes) | (bulk.decrypt(codes, EPOCH) != indexes)
        if wrong.any():
            print(f"index {indexes[wrong][0]} does not come back", file=sys.stderr)
            return 1
        for index, code in zip(indexes.tolist(), codes.tolist(), strict=True):
            if index % PLAIN_EVERY == 0:
                reading = reading_at(EPOCH, index)
                assert reading is not None
                assert codec.encode(reading) == f"{code:010d}"
                assert codec.decode(f"{code:010d}", EPOCH) == reading
                plain += 1
        by_day += sum(open_at(readings, ago, NOON) for ago in (0, 1))
        by_night += sum(open_at(readings, ago, NIGHT) for ago in (0, 1))
        if time.monotonic() - reported > 2 or at + STEP >= TOTAL:
            reported = time.monotonic()
            print(f"{indexes[-1] + 1:>12,} of {TOTAL:,}  {reported - began:6.1f} s", flush=True)
    took = time.monotonic() - began
    print(f"all {TOTAL:,} indexes come back, {plain} of them by the plain codec too: {took:.1f} s")
    print(f"open at one instant by day {by_day:,}, by night {by_night:,}")
    return 0 if (by_day, by_night) == (DAY_COUNT, NIGHT_COUNT) else 1


if __name__ == "__main__":
    sys.exit(main())
