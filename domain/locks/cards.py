"""A lock's paired card: sealed at rest, and held by the lock as the digest of its UID under the lock's own key."""

import contextlib
from collections.abc import Mapping, Sequence
from uuid import UUID

from domain.installation import EntryToFill, Installation
from domain.link.digests import card_digest
from domain.link.entries import CardPayload, Payload
from domain.locks.tables import Lock
from domain.security.keys import SealBroken


def card_identity(lock_id: UUID) -> str:
    """The associated data of the sealed UID: a row copied over another does not open."""
    return f"card:{lock_id}"


async def card_payloads(
    installation: Installation, entries: Sequence[EntryToFill]
) -> Mapping[UUID, Payload]:
    """The payloads of these entries, by id, without those whose UID does not open."""
    sealed = {
        lock.id: lock.card_sealed
        for lock in await Lock.filter(id__in=[entry.lock_id for entry in entries])
    }
    made = {}
    for entry in entries:
        uid = sealed[entry.lock_id]
        assert uid is not None
        with contextlib.suppress(SealBroken):
            opened = installation.keys.open(uid, card_identity(entry.lock_id))
            made[entry.id] = CardPayload(card_digest(entry.keys, opened))
    return made
