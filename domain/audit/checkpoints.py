"""Signed checkpoints: how far a chain went at a moment, as lines that are kept outside the database.

Somebody who has the database may cut the end of a chain and set its head back: every row that is left is right. A line
that was signed before shows it, and cannot be made without the key. One line is one JSON object:

    {"v": 1, "chain": ID, "number": 12, "mac": MAC, "at": "2026-06-01T12:00:00+00:00", "signature": "KEY ID:..."}

`number` and `mac` are those of the chain's last row. `digest`, where there is one, is that of all rows up to there
(`domain.audit.rows`): such a line *closes* the chain so far. Its rows are proven by it when the keys of their own MACs are
gone. The signature is HMAC-SHA256 under the key of a label of its own, over all other values.
"""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import orjson

from domain.security.keys import KeyLabel, Keyring, UnknownKey

_VERSION = 1
LONGEST_LINE = 1024
"""In bytes, with its end; ours have some 300."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The last row of a chain at a moment."""

    chain: UUID
    number: int
    mac: str
    at: datetime
    digest: str | None = None
    """Hexadecimal, of all rows up to this one; None where the line closes nothing."""


class NoCheckpoint(ValueError):
    """The line is no checkpoint: half of one, or something else."""


class CheckpointForged(Exception):
    """The line's signature is not ours, although we have its key: it was changed."""


class CheckpointOfOtherKey(Exception):
    """The line is signed under a key that is not here."""

    def __init__(self, key_id: str) -> None:
        super().__init__(key_id)
        self.key_id = key_id


def signed_line(keys: Keyring, checkpoint: Checkpoint) -> bytes:
    """The line, signed under the current key, with its end."""
    values = _values(checkpoint)
    signature = keys.tag(KeyLabel.CHECKPOINTS, *_signed(values))
    return orjson.dumps({**values, "signature": signature}) + b"\n"


def read_line(keys: Keyring, line: bytes) -> Checkpoint:
    """The checkpoint of a line, proven by its signature.

    Raises NoCheckpoint, CheckpointOfOtherKey, CheckpointForged.
    """
    try:
        read = orjson.loads(line)
        version, signature = read["v"], read["signature"]
        checkpoint = Checkpoint(
            UUID(read["chain"]),
            int(read["number"]),
            str(read["mac"]),
            datetime.fromisoformat(read["at"]).astimezone(UTC),
            read.get("digest"),
        )
        key_id = str(signature).partition(":")[0]
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        raise NoCheckpoint from None
    if version != _VERSION:
        raise NoCheckpoint
    try:
        expected = keys.tag(KeyLabel.CHECKPOINTS, *_signed(_values(checkpoint)), key_id=key_id)
    except UnknownKey:
        raise CheckpointOfOtherKey(key_id) from None
    if not hmac.compare_digest(expected.encode(), str(signature).encode("utf-8", "replace")):
        raise CheckpointForged
    return checkpoint


def signed_under(line: bytes) -> str | None:
    """The id of the key under which a line says that it is signed; None for no checkpoint."""
    try:
        return str(orjson.loads(line)["signature"]).partition(":")[0]
    except (ValueError, TypeError, KeyError):
        return None


def _values(checkpoint: Checkpoint) -> dict[str, object]:
    values: dict[str, object] = {
        "v": _VERSION,
        "chain": str(checkpoint.chain),
        "number": checkpoint.number,
        "mac": checkpoint.mac,
        "at": checkpoint.at.astimezone(UTC).isoformat(timespec="microseconds"),
    }
    if checkpoint.digest is not None:
        values["digest"] = checkpoint.digest
    return values


def _signed(values: dict[str, object]) -> list[str]:
    return [f"{name}={values[name]}" for name in sorted(values)]
