"""Codes: from a slot to ten digits and back, under one lock's secret, and the check at the lock.

Why it exists: this is all the cryptography of a SmartPIN in one page. Server and lock run the same
lines; a firmware author reads them beside ``docs/smartpin.md``.

Dangerous direction: reading a code in the wrong epoch. A code that has ended must not come back a
year later, so the check tries the current epoch and the one before and nothing else, and the
server prefers variants that mean nothing in the epochs beside their own.
"""

import hmac
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from smartpin.errors import MalformedCode
from smartpin.ff1 import FF1, Permutation
from smartpin.locktime import LockTime, utc
from smartpin.windows import MAX_EPOCH, Slot, slot_at

DIGITS: Final = 10
SECRET_BYTES: Final = 32
KEY_INFO: Final = b"latchwork/smartpin/v1"
BLOCK_INFO: Final = b"latchwork/smartpin/v1/block"
TWEAK_PREFIX: Final = b"LW-SP1"
EPOCHS_KEPT: Final = 8


def parse(typed: str) -> str:
    """The ten digits of a code as typed or pasted; spaces and hyphens are dropped.

    Raises:
        MalformedCode: anything else than ten digits 0-9 is left.
    """
    code = typed.replace("-", "").replace(" ", "")
    # Digits of other scripts also pass str.isdigit.
    if len(code) != DIGITS or not (code.isascii() and code.isdigit()):
        raise MalformedCode
    return code


def display(code: str) -> str:
    """A code as shown to people: ``234-693-0987``.

    Raises:
        MalformedCode: not ten digits.
    """
    code = parse(code)
    return f"{code[:3]}-{code[3:6]}-{code[6:]}"


def derive_key(lock_secret: bytes, info: bytes = KEY_INFO) -> bytes:
    """32 bytes for one purpose from a lock's secret, by HKDF-SHA256 (RFC 5869) without salt.

    Raises:
        ValueError: the secret is not 32 bytes.
    """
    if len(lock_secret) != SECRET_BYTES:
        raise ValueError(f"a lock secret of {SECRET_BYTES} bytes is wanted")
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(lock_secret)


def tweak(epoch: int) -> bytes:
    """FF1's tweak for an epoch: ``LW-SP1`` and the epoch as four bytes, big-endian.

    Raises:
        ValueError: an epoch outside ``0 .. 2**32 - 1``.
    """
    if not 0 <= epoch <= MAX_EPOCH:
        raise ValueError("there is no such epoch")
    return TWEAK_PREFIX + epoch.to_bytes(4, "big")


class Codec:
    """The codes of one lock in one life between factory resets.

    Args:
        lock_secret: 32 random bytes made at provisioning, never a serial number.

    Raises:
        ValueError: the secret has another length.

    Not for sharing between threads.
    """

    def __init__(self, lock_secret: bytes) -> None:
        self._ff1 = FF1(derive_key(lock_secret))
        self._block_key = derive_key(lock_secret, BLOCK_INFO)
        self._permutations: dict[int, Permutation] = {}

    def encode(self, slot: Slot) -> str:
        """The ten digits that stand for a slot."""
        return f"{self._permutation(slot.window.epoch).encrypt(slot.index):0{DIGITS}d}"

    def decode(self, code: str, epoch: int) -> Slot | None:
        """What a code says if it was made for ``epoch``; ``None`` if it says nothing there.

        Raises:
            MalformedCode: not ten digits.
            ValueError: an epoch outside ``0 .. 2**32 - 1``.
        """
        return slot_at(epoch, self._permutation(epoch).decrypt(int(parse(code))))

    def open_slots(self, code: str, now: datetime, lock_time: LockTime) -> tuple[Slot, ...]:
        """The check at the lock: every reading of the code whose window is open now.

        Empty means refuse. At most two decryptions: for the epoch of ``now`` and for the one
        before, whose windows may reach into this one. Both are tried even when the first decodes:
        digits that say something in both epochs must open in either.

        The caller sees to the rest: a clock it trusts, the blocked codes, the guess budget, and
        :func:`smartpin.survives_activation` if the lock has that rule.

        Raises:
            MalformedCode: not ten digits.
            ValueError: ``now`` is naive.
        """
        epoch = lock_time.epoch(now)
        readings = self._readings(code, (epoch, epoch - 1))
        return tuple(slot for slot in readings if lock_time.is_open(slot.window, now))

    def unended_slots(self, code: str, now: datetime, lock_time: LockTime) -> tuple[Slot, ...]:
        """What a block has to cover: every reading of the code that opens now or later.

        Also tries the next epoch, so that a code can be blocked before its year. Empty means there
        is nothing to block. Hold the block until the last of these windows closes.

        Raises:
            MalformedCode: not ten digits.
            ValueError: ``now`` is naive.
        """
        epoch = lock_time.epoch(now)
        readings = self._readings(code, (epoch, epoch - 1, epoch + 1))
        return tuple(slot for slot in readings if utc(now) < lock_time.closes(slot.window))

    def is_unambiguous(self, slot: Slot) -> bool:
        """Whether the slot's digits mean nothing in the epochs before and after its own.

        Some 1 code in 108 does mean something there, and would open again in a year, or already
        did.
        """
        code = self.encode(slot)
        epoch = slot.window.epoch
        return not self._readings(code, (epoch - 1, epoch + 1))

    def block_tag(self, code: str) -> bytes:
        """32 bytes under which a lock remembers blocked digits: HMAC-SHA256 under its own key.

        The key is derived apart from the cipher's. The tag hides the digits from somebody who reads
        the list but not the key; with the key, ten digits are soon tried.

        Raises:
            MalformedCode: not ten digits.
        """
        return hmac.digest(self._block_key, parse(code).encode("ascii"), "sha256")

    def _readings(self, code: str, epochs: tuple[int, ...]) -> tuple[Slot, ...]:
        code = parse(code)
        slots = (self.decode(code, epoch) for epoch in epochs if 0 <= epoch <= MAX_EPOCH)
        return tuple(slot for slot in slots if slot is not None)

    def _permutation(self, epoch: int) -> Permutation:
        found = self._permutations.get(epoch)
        if found is None:
            if len(self._permutations) >= EPOCHS_KEPT:
                self._permutations.clear()
            found = self._ff1.permutation(tweak(epoch), DIGITS)
            self._permutations[epoch] = found
        return found
