"""Slow hashing: argon2id for passwords and for PIN verifiers, in a bounded number of threads.

Why: one hash takes tens of milliseconds and tens of MiB on purpose. Without a bound, a burst of
sign-ins takes all memory and every core, and nobody can open a door; with a bound, the surplus is
told to come back. A mistake is dangerous in both directions: cheap parameters help whoever steals
the database, and an answer that is faster for an unknown account tells who has one.
"""

import asyncio
import secrets
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import argon2
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from argon2.low_level import ARGON2_VERSION, Type, error_to_str, hash_secret_raw

VERIFIER_BYTES = 32
MAX_PASSWORD_BYTES = 1024
MIN_SALT_BYTES = 16
_OUT_OF_MEMORY = error_to_str(-22)  # ARGON2_MEMORY_ALLOCATION_ERROR of its C interface
_T = TypeVar("_T")


class HasherBusy(Exception):
    """Every thread is hashing and the queue is full; nothing was computed, try again shortly."""


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
    """At most `max_concurrent` hashes at once and `max_waiting` more in a queue.

    Claim: memory in use stays below `max_concurrent` times a hash's. A caller that is cancelled
    keeps its thread until the hash is done, so cancelling cannot be used to exceed the bound.
    """

    def __init__(self, *, max_concurrent: int = 2, max_waiting: int = 32) -> None:
        self._places = threading.BoundedSemaphore(max_concurrent + max_waiting)
        self._threads = ThreadPoolExecutor(max_concurrent, thread_name_prefix="argon2")

    async def run(self, work: Callable[[], _T]) -> _T:
        """The result of `work`, computed in a thread of the pool.

        Raises `HasherBusy` at once if the queue is full, and `RuntimeError` after `close`.
        """
        if not self._places.acquire(blocking=False):
            raise HasherBusy("too many hashes are waiting")
        try:
            future = self._threads.submit(work)
        except BaseException:
            self._places.release()
            raise
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Take no more work, drop what waits, and wait for the hashes that are being computed."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _leave(self, _: "Future[_T]") -> None:
        self._places.release()


class PasswordHasher:
    """Hashes and verifies passwords with argon2id.

    Claim: the encoded hash holds a random salt of 16 bytes and its own parameters; a right password
    verifies whatever the parameters of today; no exception, log or repr holds a password.
    """

    def __init__(
        self,
        profile: PasswordProfile = RFC_9106_LOW_MEMORY,
        *,
        max_concurrent: int = 2,
        max_waiting: int = 32,
    ) -> None:
        self.pool = HashingPool(max_concurrent=max_concurrent, max_waiting=max_waiting)
        self._profile = profile
        self._argon2 = argon2.PasswordHasher(
            time_cost=profile.time_cost,
            memory_cost=profile.memory_kib,
            parallelism=profile.parallelism,
            hash_len=32,
            salt_len=16,
        )

    async def hash(self, password: str) -> str:
        """The encoded hash (`$argon2id$...`) of the normalised password.

        Raises `PasswordTooLong` and `HasherBusy`.
        """
        data = _bytes_of(password)
        if data is None:
            raise PasswordTooLong(f"a password has at most {MAX_PASSWORD_BYTES} bytes")
        return await self.pool.run(lambda: self._argon2.hash(data))

    async def verify(self, encoded: str, password: str) -> bool:
        """Whether the password is the one that was hashed.

        One that is too long to have been hashed is wrong after the same time. Raises
        `HashUnreadable` and `HasherBusy`.
        """
        data = _bytes_of(password)
        if data is None:
            await self.waste()
            return False
        return await self.pool.run(lambda: self._verify(encoded, data))

    async def waste(self) -> None:
        """Spend what `verify` spends: for an account that is unknown or has no password.

        The times are alike for hashes made with the present profile, hence `needs_rehash`. Raises
        `HasherBusy` just as `verify` does.
        """
        salt, nothing = secrets.token_bytes(16), secrets.token_bytes(16)
        await self.pool.run(lambda: _raw(nothing, salt, self._profile))

    async def verifier(self, digits: str, salt: bytes, profile: PasswordProfile) -> bytes:
        """`derive_verifier` in the pool of the passwords. Raises `HasherBusy` too."""
        return await self.pool.run(lambda: derive_verifier(digits, salt, profile))

    def needs_rehash(self, encoded: str) -> bool:
        """Whether it was made with other parameters: hash again after the next right sign-in.

        Raises `HashUnreadable`.
        """
        try:
            return self._argon2.check_needs_rehash(encoded)
        except InvalidHashError:
            raise HashUnreadable("a stored password hash is damaged") from None

    def close(self) -> None:
        """Close the pool; see `HashingPool.close`."""
        self.pool.close()

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
