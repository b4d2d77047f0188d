"""What a row of the audit says, as the bytes under its MAC and in the digest of a chain."""

import hashlib
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self
from uuid import UUID

import orjson

from domain.audit.tables import AuditRow
from domain.security.keys import KeyLabel, Keyring

EMPTY = bytes(32)
"""The digest of a chain without rows."""


class Said(NamedTuple):
    """The columns of a row in the order in which `COLUMNS` reads them."""

    number: int
    at: datetime
    actor_kind: Any
    actor_id: UUID | None
    action: str
    target_kind: str
    target_id: UUID
    changes: Any
    mac: str

    @classmethod
    def of(cls, row: AuditRow) -> Self:
        """What a row says that was made here."""
        return cls(*(getattr(row, name) for name in COLUMNS))


COLUMNS = Said._fields


def content(chain: UUID, row: Said) -> bytes:
    """All that the row says, but its MAC: the same bytes for the same row on both databases."""
    kind = row.actor_kind
    return orjson.dumps(
        {
            "chain": str(chain),
            "number": row.number,
            "at": row.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "actor": [str(getattr(kind, "value", kind)), str(row.actor_id)],
            "action": row.action,
            "target": [row.target_kind, str(row.target_id)],
            "changes": row.changes,
        },
        option=orjson.OPT_SORT_KEYS,
    )


def row_mac(keys: Keyring, key_id: str | None, previous: str, said: bytes) -> str:
    """The MAC of a row with this content behind the row with the MAC `previous`, under the current key or the named one."""
    return keys.tag(KeyLabel.AUDIT, previous, said, key_id=key_id)


def digest_with(digest: bytes, said: bytes, mac: str) -> bytes:
    """The digest of a chain with one more row: SHA-256 over the digest before, the content and the MAC."""
    return hashlib.sha256(digest + hashlib.sha256(said).digest() + mac.encode()).digest()
