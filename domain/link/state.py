"""The sum of a lock's state: one number that tells whether lock and server hold the same entries.

Without it "acknowledged" would mean only that a message arrived. The sum is over what is held, so a
lock that lost, kept or mixed up an entry is found out; if different states had one sum, a removed
PIN would be shown as removed while it opens. The sum guards against accidents; that it comes from
the lock itself is known from the socket on which the lock's key was proven.
"""

import hashlib
from collections.abc import Iterable, Mapping

from domain.link.wire import canonical

_MODULUS = 2**256


def payload_hash(payload: Mapping[str, object]) -> bytes:
    """SHA-256 of the payload's canonical JSON, 32 bytes."""
    return hashlib.sha256(canonical(payload)).digest()


def state_sum(entries: Iterable[tuple[str, int, bytes]]) -> str:
    """The sum over live entries, given as (entry id, version, payload hash), in any order.

    The sum modulo 2^256 of SHA-256(entry id, version, payload hash), as 64 hexadecimal digits; 64
    zeros for a lock that holds nothing. The id goes in behind its length in bytes (8 bytes), the
    version as 8 bytes, all big-endian.
    """
    return f"{sum(_term(*entry) for entry in entries) % _MODULUS:064x}"


def _term(entry_id: str, version: int, digest: bytes) -> int:
    name = entry_id.encode("utf-8")
    data = len(name).to_bytes(8, "big") + name + version.to_bytes(8, "big") + digest
    return int.from_bytes(hashlib.sha256(data).digest(), "big")
