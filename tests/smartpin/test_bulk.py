"""The vectorised form is the plain one, faster."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartpin import Codec, Daily, reading_at
from smartpin.bulk import CHUNK, BulkCodec, Readings, indexes_of, readings_of
from smartpin.windows import HOURLY_TOTAL, TOTAL

CODES = 10**10


@pytest.fixture(scope="module")
def bulk(secret: bytes) -> BulkCodec:
    return BulkCodec(secret)


@given(
    indexes=st.lists(st.integers(0, TOTAL - 1), max_size=50), code_epoch=st.integers(0, 2**32 - 1)
)
def test_it_makes_and_reads_the_codes_of_the_codec(
    bulk: BulkCodec, codec: Codec, indexes: list[int], code_epoch: int
) -> None:
    """Any indexes in any epoch: the same digits one by one and all at once, and back."""
    # Readings of the far future are outside datetime, not outside the format.
    codes = bulk.encrypt(np.array(indexes, np.uint64), code_epoch)
    for index, code in zip(indexes, codes.tolist(), strict=True):
        reading = reading_at(code_epoch, index)
        assert reading is not None
        assert codec.encode(reading) == f"{code:010d}"
    assert bulk.decrypt(codes, code_epoch).tolist() == indexes


def test_every_199th_index_comes_back(bulk: BulkCodec) -> None:
    """232,184 indexes to readings, to indexes, to codes, and back.

    All 46,204,572 are done in ``bench/smartpin_exhaustive.py``.
    """
    indexes = np.arange(0, TOTAL, 199, dtype=np.uint64)
    assert np.array_equal(indexes_of(readings_of(indexes)), indexes)
    codes = bulk.encrypt(indexes, 6)
    assert int(codes.max()) < CODES
    assert len(np.unique(codes)) == len(codes)
    assert np.array_equal(bulk.decrypt(codes, 6), indexes)


def test_chunks_meet_without_a_seam(bulk: BulkCodec) -> None:
    """Arrays of a chunk more or less one, and of nothing, give what their parts give."""
    indexes = np.arange(2 * CHUNK + 3, dtype=np.uint64)
    whole = bulk.encrypt(indexes, 1)
    for length in (0, 1, CHUNK - 1, CHUNK, CHUNK + 1):
        assert np.array_equal(bulk.encrypt(indexes[:length], 1), whole[:length])


def test_readings_are_those_of_the_plain_numbering() -> None:
    """Field by field, at the seams of both forms and between."""
    picked = [0, 1, 8783, 8784, HOURLY_TOTAL - 1, HOURLY_TOTAL, TOTAL - 1, *range(5, TOTAL, 77_777)]
    readings = readings_of(np.array(picked, np.uint64))
    for at, index in enumerate(picked):
        reading = reading_at(0, index)
        assert reading is not None
        window = reading.window
        duration = window.days if isinstance(window, Daily) else window.hours
        assert bool(readings.daily[at]) == isinstance(window, Daily)
        assert readings.duration[at] == duration
        assert readings.variant[at] == reading.variant
        assert readings.offset[at] == window.start


@pytest.mark.parametrize(
    ("daily", "duration", "variant", "offset"),
    [
        (False, 0, 0, 0),
        (False, 769, 0, 0),
        (False, 1, 768, 0),
        (False, 1, -1, 0),
        (False, 1, 0, 8784),
        (True, 32, 0, 0),
        (True, 366, 0, 0),
        (True, 33, 11, 0),
        (True, 33, 0, 366),
    ],
)
def test_what_is_no_reading_is_refused(
    daily: bool, duration: int, variant: int, offset: int
) -> None:
    """One bad row refuses the whole array: no index is made that means something else."""
    rows = Readings(
        np.array([False, daily]),
        np.array([1, duration]),
        np.array([0, variant]),
        np.array([0, offset]),
    )
    with pytest.raises(ValueError, match="limits"):
        indexes_of(rows)


def test_numbers_out_of_range_are_refused(bulk: BulkCodec) -> None:
    """Eleven digits are no code, and an index above the last no reading."""
    with pytest.raises(ValueError, match="10 digits"):
        bulk.decrypt(np.array([CODES], np.uint64), 0)
    with pytest.raises(ValueError, match="index"):
        readings_of(np.array([TOTAL], np.uint64))
    with pytest.raises(ValueError, match="epoch"):
        bulk.encrypt(np.array([1], np.uint64), -1)


def test_the_package_does_without_numpy() -> None:
    """Importing smartpin does not import numpy; a server without the extra still works."""
    program = "import sys, smartpin; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
