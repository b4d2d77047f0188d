"""The keys between one lock and the server, all derived from the lock secret. That of its SmartPINs is
derived from it too, in `smartpin.codec`.

The secret is installed once, by hand, and erased by a factory reset. Each use gets a key of its own, so
that a digest list that leaks forges no command; `repr` shows none, so that none stands in a log.
"""

from dataclasses import dataclass, field
from typing import Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

LOCK_SECRET_BYTES = 32


@dataclass(frozen=True)
class LinkKeys:
    """The keys of one incarnation of a lock for its connection and what it holds, 32 bytes each.

    HKDF-SHA256 (RFC 5869) without salt, the `info` of each as written beside it.
    """

    link: bytes = field(repr=False)
    """`latchwork/lock-link/v1`: connection proof and hello."""
    digest: bytes = field(repr=False)
    """`latchwork/digest/v1`: digests of PINs and cards."""
    bundle: bytes = field(repr=False)
    """`latchwork/bundle/v1`: whatever the server sends to the lock."""

    @classmethod
    def derive(cls, secret: bytes) -> Self:
        """The keys of a lock secret. Raises ValueError unless it has exactly 32 bytes."""
        _check(secret)
        return cls(
            link=_derive(secret, b"latchwork/lock-link/v1"),
            digest=_derive(secret, b"latchwork/digest/v1"),
            bundle=_derive(secret, b"latchwork/bundle/v1"),
        )


@dataclass(frozen=True)
class CourierKeys:
    """The keys of what a phone carries besides deliveries, 32 bytes each, derived likewise."""

    lease: bytes = field(repr=False)
    """`latchwork/lease/v1`: the right of a phone to open."""
    receipt: bytes = field(repr=False)
    """`latchwork/receipt/v1`: what the lock sends back."""

    @classmethod
    def derive(cls, secret: bytes) -> Self:
        """The keys of a lock secret. Raises ValueError unless it has exactly 32 bytes."""
        _check(secret)
        return cls(
            lease=_derive(secret, b"latchwork/lease/v1"),
            receipt=_derive(secret, b"latchwork/receipt/v1"),
        )


def _check(secret: bytes) -> None:
    if len(secret) != LOCK_SECRET_BYTES:
        raise ValueError(f"a lock secret has {LOCK_SECRET_BYTES} bytes")


def _derive(secret: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=info).derive(secret)
