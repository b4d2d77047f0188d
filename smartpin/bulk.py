"""Codes by the million, with numpy.

For issuing to a fleet, and above all for proofs: the round trip of every index there is, and a guess
rate that is counted rather than believed. Needs the optional extra ``bulk``; nothing else in the
package imports it. The tests hold it against :mod:`smartpin.codec`, and both read their tables from
:mod:`smartpin.windows`, so that the two cannot differ unnoticed.

All arrays are one-dimensional and as long as each other.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smartpin.codec import DIGITS, derive_key, tweak
from smartpin.ff1 import FF1, ROUNDS, Permutation
from smartpin.windows import (
    CODE_EPOCH_DAYS,
    CODE_EPOCH_HOURS,
    DAILY_BASE,
    HOURLY_BASE,
    HOURLY_TOTAL,
    MAX_DAYS,
    MAX_HOURS,
    MIN_DAYS,
    MIN_HOURS,
    TOTAL,
)

U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]

# Half a code is five digits: both halves have the same modulus, and the numeral takes three bytes.
HALF: Final = np.uint64(10 ** (DIGITS // 2))
ROUND_SHIFT: Final = np.uint64(24)
BIG_ENDIAN: Final = np.dtype(">u8")
CHUNK: Final = 1 << 15  # the working arrays of a chunk stay in a core's cache


@dataclass(frozen=True, slots=True)
class Readings:
    """Many readings, field by field.

    Attributes:
        daily: bool; the form.
        duration: hours or, where daily, days.
        variant: from 0.
        offset: the start's hour or, where daily, day within its epoch.
    """

    daily: NDArray[np.bool_]
    duration: I64
    variant: I64
    offset: I64


class BulkCodec:
    """Like :class:`smartpin.Codec`, for arrays of numbers.

    Args:
        lock_secret: 32 random bytes.

    Raises ValueError (the secret has another length).
    """

    def __init__(self, lock_secret: bytes) -> None:
        self._ff1 = FF1(derive_key(lock_secret))

    def encrypt(self, indexes: U64, code_epoch: int) -> U64:
        """The codes, as numbers, that stand for indexes in an epoch.

        Raises ValueError (a number above 10**10 - 1, or no such epoch).
        """
        return self._map(indexes, code_epoch, decrypt=False)

    def decrypt(self, codes: U64, code_epoch: int) -> U64:
        """The numbers that codes hold in an epoch; 46,204,572 and above say nothing.

        Raises ValueError (a number above 10**10 - 1, or no such epoch).
        """
        return self._map(codes, code_epoch, decrypt=True)

    def _map(self, numerals: U64, code_epoch: int, *, decrypt: bool) -> U64:
        permutation = self._ff1.permutation(tweak(code_epoch), DIGITS)
        if numerals.size and int(numerals.max()) >= permutation.size:
            raise ValueError(f"numerals of {DIGITS} digits are wanted")
        rounds = _Rounds(self._ff1, permutation)
        result = np.empty(numerals.shape, np.uint64)
        for at in range(0, len(numerals), CHUNK):
            part = slice(at, at + CHUNK)
            result[part] = rounds.run(numerals[part], decrypt=decrypt)
        return result


class _Rounds:
    """The ten rounds over arrays, with the buffers of one chunk used again and again."""

    def __init__(self, ff1: FF1, permutation: Permutation) -> None:
        high, low = divmod(permutation.last_block, 1 << 64)
        self._aes = ff1.aes
        self._low = np.uint64(low)
        self._blocks = np.empty((CHUNK, 2), BIG_ENDIAN)
        self._blocks[:, 0] = high

    def run(self, numerals: U64, *, decrypt: bool) -> U64:
        left, right = _divmod(numerals, HALF)
        if decrypt:
            for number in reversed(range(0, ROUNDS, 2)):
                # Taken from HALF first: unsigned numbers do not go below zero.
                right = _mod(right + (HALF - self._round(number + 1, left)), HALF)
                left = _mod(left + (HALF - self._round(number, right)), HALF)
        else:
            for number in range(0, ROUNDS, 2):
                left = _mod(left + self._round(number, right), HALF)
                right = _mod(right + self._round(number + 1, left), HALF)
        return left * HALF + right

    def _round(self, number: int, half: U64) -> U64:
        blocks = self._blocks[: len(half)]
        blocks[:, 1] = half ^ (self._low ^ (np.uint64(number) << ROUND_SHIFT))
        output = np.frombuffer(self._aes(blocks.tobytes()), BIG_ENDIAN)
        # Eight bytes of the sixteen are used: the d of the standard for ten digits.
        return _mod(output[::2].astype(np.uint64), HALF)


def _divmod(numbers: U64, by: np.uint64) -> tuple[U64, U64]:
    # Dividing by a constant is vectorised in numpy; the remainder is not, and is five times slower.
    quotient = numbers // by
    return quotient, numbers - quotient * by


def _mod(numbers: U64, by: np.uint64) -> U64:
    return _divmod(numbers, by)[1]


_BASE: Final = np.array(HOURLY_BASE[:-1] + DAILY_BASE[:-1], np.int64)
_DURATION: Final = np.concatenate(
    [np.arange(MIN_HOURS, MAX_HOURS + 1), np.arange(MIN_DAYS, MAX_DAYS + 1)]
)


def readings_of(indexes: U64) -> Readings:
    """The readings with these indexes.

    Raises ValueError (an index of 46,204,572 or more; leave those out first).
    """
    if indexes.size and int(indexes.max()) >= TOTAL:
        raise ValueError("not every number is the index of a reading")
    signed = indexes.astype(np.int64)
    row = np.searchsorted(_BASE, signed, side="right") - 1
    daily = signed >= HOURLY_TOTAL
    starts = np.where(daily, CODE_EPOCH_DAYS, CODE_EPOCH_HOURS)
    variant, offset = np.divmod(signed - _BASE[row], starts)
    return Readings(daily, _DURATION[row], variant, offset)


def indexes_of(readings: Readings) -> U64:
    """The indexes of readings: the inverse of :func:`readings_of`.

    Raises ValueError (a duration, variant or offset that its form does not have).
    """
    least = np.where(readings.daily, MIN_DAYS, MIN_HOURS)
    most = np.where(readings.daily, MAX_DAYS, MAX_HOURS)
    starts = np.where(readings.daily, CODE_EPOCH_DAYS, CODE_EPOCH_HOURS)
    if not bool(np.all((least <= readings.duration) & (readings.duration <= most))):
        raise ValueError("a duration is outside its form's limits")
    fits = (readings.variant >= 0) & (readings.variant < most // readings.duration)
    fits &= (readings.offset >= 0) & (readings.offset < starts)
    if not bool(np.all(fits)):
        raise ValueError("a variant or an offset is outside its limits")
    row = readings.duration - least + np.where(readings.daily, MAX_HOURS, 0)
    return (_BASE[row] + readings.variant * starts + readings.offset).astype(np.uint64)
