"""Slow hashing: argon2id for passwords and for PIN verifiers, in a bounded number of threads.

One hash takes tens of milliseconds and tens of MiB on purpose: cheaper ones would help somebody who has stolen the
database. Without a bound, a burst of sign-ins would take all memory and every core, and nobody could open a door; with a
bound, the surplus is told to come back. For an unknown account as much time is spent as for a known one, since a faster
answer would tell who has one.
"""

import asyncio
import secrets
import threading
import unicodedata
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import argon2
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from argon2.low_level import ARGON2_VERSION, Type, error_to_str, hash_secret_raw

from domain.security.networks import Network

VERIFIER_BYTES = 32
MAX_PASSWORD_BYTES = 1024
MIN_SALT_BYTES = 16
_OUT_OF_MEMORY = error_to_str(-22)  # ARGON2_MEMORY_ALLOCATION_ERROR of its C interface
_ALL = ""
_PINS_OF_ONE_SITE = 24
"""Places in the queue of the PINs: the rest is for other sites."""
_T = TypeVar("_T")


class HasherBusy(Exception):
    """The queue is full, or the asker already has all their places in it; nothing was computed, try again shortly."""


class HashUnreadable(Exception):
    """A stored hash is no argon2 hash: the row is damaged. The message never quotes it."""


class PasswordTooLong(ValueError):
    """More than 1024 bytes: ask `check_password` first. The message never quotes the password."""


@dataclass(frozen=True)
class PasswordProfile:
    """What one argon2id hash costs (RFC 9106 section 3.1)."""

    time_cost: int
    """Passes over the memory."""
    memory_kib: int
    parallelism: int
    """Lanes; argon2 computes each in a thread of its own."""


RFC_9106_LOW_MEMORY = PasswordProfile(time_cost=3, memory_kib=64 * 1024, parallelism=4)
"""RFC 9106 section 4, second recommended option."""


def normalise_password(password: str) -> str:
    """NFKC, so that one password typed on two keyboards is one password.

    NIST SP 800-63B section 5.1.1.2 asks for NFKC or NFKD before hashing. We take NFKC: full-width
    letters and ligatures of input methods become the plain ones, at the price of some entropy.
    Nothing is trimmed, folded or cut.
    """
    return unicodedata.normalize("NFKC", password)


def derive_verifier(digits: str, salt: bytes, profile: PasswordProfile) -> bytes:
    """32 bytes of argon2id over ASCII digits: what a lock computes for each entry at its keypad.

    It blocks for the whole cost; a server calls `PasswordHasher.verifier`. `0042` and `42` differ. Raises
    `ValueError`, without the digits, for anything but ASCII digits or a salt under 16 bytes.
    """
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError("a PIN consists of ASCII digits")
    if len(salt) < MIN_SALT_BYTES:
        raise ValueError(f"the salt needs at least {MIN_SALT_BYTES} bytes")
    return _raw(digits.encode("ascii"), salt, profile)


class HashingPool:
    """At most `max_concurrent` hashes at once and `max_waiting` more in a queue; `max_of_one` in all for one asker.

    Memory in use stays below `max_concurrent` times a hash's, and no asker fills the queue for
    others. A caller that is cancelled keeps its thread until the hash is done, so cancelling cannot
    be used to exceed a bound.
    """

    def __init__(
        self, *, max_concurrent: int = 2, max_waiting: int = 32, max_of_one: int = 4
    ) -> None:
        self._places = max_concurrent + max_waiting
        self._max_of_one = max_of_one
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()
        """The places of each asker; under `_ALL` those of everybody."""
        self._threads = ThreadPoolExecutor(max_concurrent, thread_name_prefix="argon2")

    @property
    def taken(self) -> int:
        """How many places are taken now."""
        return self._taken[_ALL]

    async def run(self, work: Callable[[], _T], askers: tuple[Network, ...] = ()) -> _T:
        """The result of `work`, computed in a thread of the pool.

        `askers` is on whose places it counts, each with its share. Raises `HasherBusy` at once if one of them has
        none left or the queue is full, and `RuntimeError` after `close`.
        """
        names = (_ALL, *(asker.name for asker in askers))
        self._enter(names, (self._places, *(asker.share * self._max_of_one for asker in askers)))
        try:
            future = self._threads.submit(work)
        except BaseException:
            self._leave(names)
            raise
        future.add_done_callback(lambda _: self._leave(names))
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Take no more work, drop what waits, and wait for the hashes that are being computed."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _enter(self, names: tuple[str, ...], limits: tuple[int, ...]) -> None:
        with self._lock:
            if any(self._taken[name] >= limit for name, limit in zip(names, limits, strict=True)):
                raise HasherBusy("too many hashes are waiting")
            self._taken.update(names)

    def _leave(self, names: tuple[str, ...]) -> None:
        with self._lock:
            self._taken.subtract(names)
            for name in names:
                if not self._taken[name]:
                    del self._taken[name]


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for a password to be hashed or checked."""

    networks: tuple[Network, ...] = ()
    """Where they are: one network does not take everybody's places."""
    recognised: bool = False
    """Whether they have shown that they are no stranger: a known browser or phone, a sign-in, a mailed link."""


NOBODY = Asker()
"""Nobody in particular: no places but those of the queue are counted."""


class PasswordHasher:
    """Hashes and verifies passwords with argon2id, and derives the verifiers of PINs.

    Strangers, those who are recognised, and PINs wait in queues of their own, so that a flood of wrong
    passwords keeps none of the others from their door. The encoded hash holds a random salt of 16
    bytes and its own parameters; a right password verifies whatever the parameters of today; no
    exception, log or repr holds a password.
    """

    def __init__(
        self,
        profile: PasswordProfile = RFC_9106_LOW_MEMORY,
        *,
        max_concurrent: int = 2,
        max_waiting: int = 32,
    ) -> None:
        self.strangers = HashingPool(max_concurrent=max_concurrent, max_waiting=max_waiting)
        self.recognised = HashingPool(max_concurrent=1, max_waiting=max_waiting)
        self.pins = HashingPool(
            max_concurrent=max_concurrent, max_waiting=max_waiting, max_of_one=_PINS_OF_ONE_SITE
        )
        self._profile = profile
        self._argon2 = argon2.PasswordHasher(
            time_cost=profile.time_cost,
            memory_cost=profile.memory_kib,
            parallelism=profile.parallelism,
            hash_len=32,
            salt_len=16,
        )

    async def hash(self, password: str, asker: Asker = NOBODY) -> str:
        """The encoded hash (`$argon2id$...`) of the normalised password.

        Raises `PasswordTooLong` and `HasherBusy`.
        """
        data = _bytes_of(password)
        if data is None:
            raise PasswordTooLong(f"a password has at most {MAX_PASSWORD_BYTES} bytes")
        return await self._run(lambda: self._argon2.hash(data), asker)

    async def verify(self, encoded: str, password: str, asker: Asker = NOBODY) -> bool:
        """Whether the password is the one that was hashed.

        One that is too long to have been hashed is wrong after the same time. Raises
        `HashUnreadable` and `HasherBusy`.
        """
        data = _bytes_of(password)
        if data is None:
            await self.waste(asker)
            return False
        return await self._run(lambda: self._verify(encoded, data), asker)

    async def waste(self, asker: Asker = NOBODY) -> None:
        """Spend what `verify` spends: for an account that is unknown or has no password.

        The times are alike for hashes made with the present profile, hence `needs_rehash`. Raises
        `HasherBusy` just as `verify` does.
        """
        salt, nothing = secrets.token_bytes(16), secrets.token_bytes(16)
        await self._run(lambda: _raw(nothing, salt, self._profile), asker)

    async def verifier(
        self, digits: str, salt: bytes, profile: PasswordProfile, site: str = ""
    ) -> bytes:
        """`derive_verifier` in the queue of the PINs, where one site has not all places. Raises `HasherBusy`."""
        return await self.pins.run(lambda: derive_verifier(digits, salt, profile), (Network(site),))

    def needs_rehash(self, encoded: str) -> bool:
        """Whether it was made with other parameters: hash again after the next right sign-in.

        Raises `HashUnreadable`.
        """
        try:
            return self._argon2.check_needs_rehash(encoded)
        except InvalidHashError:
            raise HashUnreadable("a stored password hash is damaged") from None

    def close(self) -> None:
        """Close the queues; see `HashingPool.close`."""
        for pool in (self.strangers, self.recognised, self.pins):
            pool.close()

    async def _run(self, work: Callable[[], _T], asker: Asker) -> _T:
        pool = self.recognised if asker.recognised else self.strangers
        return await pool.run(work, asker.networks)

    def _verify(self, encoded: str, data: bytes) -> bool:
        try:
            return self._argon2.verify(encoded, data)
        except VerifyMismatchError:
            return False
        except InvalidHashError:
            raise HashUnreadable("a stored password hash is damaged") from None
        except VerificationError as error:
            if str(error) == _OUT_OF_MEMORY:
                raise MemoryError("no memory for a password hash") from None
            raise HashUnreadable("a stored password hash is damaged") from None


def _bytes_of(password: str) -> bytes | None:
    """The bytes to hash, or None for more than may be hashed.

    The length is checked before normalising too, which costs time in proportion to it. An unpaired
    surrogate passes, for its error would quote the password; `check_password` refuses it.
    """
    if len(password) > MAX_PASSWORD_BYTES:
        return None
    data = normalise_password(password).encode("utf-8", "surrogatepass")
    return data if len(data) <= MAX_PASSWORD_BYTES else None


def _raw(secret: bytes, salt: bytes, profile: PasswordProfile) -> bytes:
    return hash_secret_raw(
        secret,
        salt,
        time_cost=profile.time_cost,
        memory_cost=profile.memory_kib,
        parallelism=profile.parallelism,
        hash_len=VERIFIER_BYTES,
        type=Type.ID,
        version=ARGON2_VERSION,
    )
