"""Codes: from a reading to ten digits and back, under one lock's secret, and the check at the lock.

All the cryptography of a SmartPIN on one page. Server and lock run the same lines; a firmware author
reads them beside ``docs/smartpin.md``.

A code that has ended must not come back a year later, so the check tries the current code epoch and
the one before and nothing else, and the server prefers variants that mean nothing in the epochs
beside their own.
"""

import hmac
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from smartpin.errors import MalformedCode
from smartpin.ff1 import FF1, Permutation
from smartpin.locktime import LockTime, utc
from smartpin.windows import MAX_CODE_EPOCH, Reading, reading_at

DIGITS: Final = 10
SECRET_BYTES: Final = 32
KEY_INFO: Final = b"latchwork/smartpin/v1"
BLOCK_INFO: Final = b"latchwork/smartpin/v1/block"
TWEAK_PREFIX: Final = b"LW-SP1"
CODE_EPOCHS_KEPT: Final = 8


def parse(typed: str) -> str:
    """The ten digits of a code as typed or pasted; spaces and hyphens are dropped.

    Raises MalformedCode (anything else than ten digits 0-9 is left).
    """
    code = typed.replace("-", "").replace(" ", "")
    # Digits of other scripts also pass str.isdigit.
    if len(code) != DIGITS or not (code.isascii() and code.isdigit()):
        raise MalformedCode
    return code


def display(code: str) -> str:
    """A code as shown to people: ``234-693-0987``.

    Raises MalformedCode (not ten digits).
    """
    code = parse(code)
    return f"{code[:3]}-{code[3:6]}-{code[6:]}"


def derive_key(lock_secret: bytes, info: bytes = KEY_INFO) -> bytes:
    """32 bytes for one purpose from a lock's secret, by HKDF-SHA256 (RFC 5869) without salt.

    Raises ValueError (the secret is not 32 bytes).
    """
    if len(lock_secret) != SECRET_BYTES:
        raise ValueError(f"a lock secret of {SECRET_BYTES} bytes is wanted")
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(lock_secret)


def tweak(code_epoch: int) -> bytes:
    """FF1's tweak for an epoch: ``LW-SP1`` and the epoch as four bytes, big-endian.

    Raises ValueError (an epoch outside ``0 .. 2**32 - 1``).
    """
    if not 0 <= code_epoch <= MAX_CODE_EPOCH:
        raise ValueError("there is no such epoch")
    return TWEAK_PREFIX + code_epoch.to_bytes(4, "big")


class Codec:
    """The codes of one incarnation of a lock: from one factory reset to the next.

    Args:
        lock_secret: 32 random bytes made at provisioning, never a serial number.

    Raises ValueError (the secret has another length).

    Not for sharing between threads.
    """

    def __init__(self, lock_secret: bytes) -> None:
        self._ff1 = FF1(derive_key(lock_secret))
        self._block_key = derive_key(lock_secret, BLOCK_INFO)
        self._permutations: dict[int, Permutation] = {}

    def encode(self, reading: Reading) -> str:
        """The ten digits that stand for a reading."""
        return f"{self._permutation(reading.window.code_epoch).encrypt(reading.index):0{DIGITS}d}"

    def decode(self, code: str, code_epoch: int) -> Reading | None:
        """What a code says if it was made for ``code_epoch``; ``None`` if it says nothing there.

        Raises MalformedCode (not ten digits) and ValueError (an epoch outside ``0 .. 2**32 - 1``).
        """
        return reading_at(code_epoch, self._permutation(code_epoch).decrypt(int(parse(code))))

    def open_readings(self, code: str, now: datetime, lock_time: LockTime) -> tuple[Reading, ...]:
        """The check at the lock: every reading of the code whose window is open now.

        Empty means refuse. At most two decryptions: for the epoch of ``now`` and for the one
        before, whose windows may reach into this one. Both are tried even when the first decodes:
        digits that say something in both epochs must open in either.

        The caller checks the rest: a clock it trusts, the blocked codes, the keypad's tries, and
        :func:`smartpin.survives_activation` if the lock has that rule.

        Raises MalformedCode (not ten digits) and ValueError (``now`` is naive).
        """
        code_epoch = lock_time.code_epoch(now)
        readings = self._readings(code, (code_epoch, code_epoch - 1))
        return tuple(reading for reading in readings if lock_time.is_open(reading.window, now))

    def unended_readings(
        self, code: str, now: datetime, lock_time: LockTime
    ) -> tuple[Reading, ...]:
        """What a block has to cover: every reading of the code that opens now or later.

        Also tries the next epoch, so that a code can be blocked before its year. Empty means there
        is nothing to block. Hold the block until the last of these windows closes.

        Raises MalformedCode (not ten digits) and ValueError (``now`` is naive).
        """
        code_epoch = lock_time.code_epoch(now)
        readings = self._readings(code, (code_epoch, code_epoch - 1, code_epoch + 1))
        return tuple(reading for reading in readings if utc(now) < lock_time.closes(reading.window))

    def is_unambiguous(self, reading: Reading) -> bool:
        """Whether the reading's digits mean nothing in the epochs before and after its own.

        Some 1 code in 108 does mean something there, and would open again in a year, or already
        did.
        """
        code = self.encode(reading)
        code_epoch = reading.window.code_epoch
        return not self._readings(code, (code_epoch - 1, code_epoch + 1))

    def block_tag(self, code: str) -> bytes:
        """32 bytes under which a lock remembers blocked digits: HMAC-SHA256 under its own key.

        The key is derived apart from the cipher's. The tag hides the digits from somebody who reads
        the list but not the key; with the key, ten digits are soon tried.

        Raises MalformedCode (not ten digits).
        """
        return hmac.digest(self._block_key, parse(code).encode("ascii"), "sha256")

    def _readings(self, code: str, epochs: tuple[int, ...]) -> tuple[Reading, ...]:
        code = parse(code)
        readings = (
            self.decode(code, code_epoch)
            for code_epoch in epochs
            if 0 <= code_epoch <= MAX_CODE_EPOCH
        )
        return tuple(reading for reading in readings if reading is not None)

    def _permutation(self, code_epoch: int) -> Permutation:
        found = self._permutations.get(code_epoch)
        if found is None:
            if len(self._permutations) >= CODE_EPOCHS_KEPT:
                self._permutations.clear()
            found = self._ff1.permutation(tweak(code_epoch), DIGITS)
            self._permutations[code_epoch] = found
        return found
