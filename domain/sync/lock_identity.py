"""Which lock is on the socket: challenges, proofs, and the secrets that were given out.

A new secret that is given out by mistake must not cut a working lock off: it stays pending, and the one in force stays so,
until a lock proves the new one. A proof is accepted once.
"""

import hmac
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from domain import topics
from domain.actors import ActorKind, Caller
from domain.alerts.service import alert_of_replaced_lock
from domain.audit.service import recorded
from domain.database import Queue, Work, lock_row, lock_rows, use_case
from domain.database.rows import column
from domain.facts import announce
from domain.installation import Installation
from domain.link.proof import ProofRefused, claimed_proof, read_proof
from domain.locks.kits import is_pending, taker_may
from domain.locks.secrets import link_keys
from domain.locks.tables import Lock, Provisioning
from domain.node_ids import read_node_id
from domain.security import base64url
from domain.security.keys import KeyLabel
from domain.sync.entries import restart_entries
from domain.sync.facts import IncarnationBegan
from domain.sync.status import topics_of_pins_at

CHALLENGE_LIFETIME = timedelta(seconds=60)
_PURPOSE = b"lock-challenge/v1"


@dataclass(frozen=True, slots=True)
class ProvenLock:
    """A lock that proved the secret of one of its incarnations. `proof_id` names the proof, so that it is accepted once."""

    lock_id: UUID
    site_id: UUID
    incarnation: str
    proof_id: str


def make_challenge(installation: Installation, lock_name: str, now: datetime) -> str:
    """A nonce for any id, existing or not: the answer tells nothing about the lock. Good for 60 seconds."""
    body = int(now.timestamp()).to_bytes(8, "big") + os.urandom(16)
    signature = installation.keys.mac(KeyLabel.CHALLENGE, _PURPOSE, lock_name, body)
    return base64url.encode(bytes.fromhex(installation.keys.current_id) + body + signature)


def _own_challenge(installation: Installation, nonce: str, lock_name: str, now: datetime) -> bool:
    """Whether the server made this challenge for this lock, and not long ago."""
    try:
        data = base64url.decode(nonce)
    except ValueError:
        return False
    if len(data) != 4 + 24 + 32:
        return False
    key_id, body, signature = data[:4].hex(), data[4:28], data[28:]
    if key_id not in installation.keys.ids:
        return False
    expected = installation.keys.mac(KeyLabel.CHALLENGE, _PURPOSE, lock_name, body, key_id=key_id)
    made = int.from_bytes(body[:8], "big")
    age = now.timestamp() - made
    fresh = -1 <= age <= CHALLENGE_LIFETIME.total_seconds()
    return hmac.compare_digest(expected, signature) and fresh


async def prove_lock(
    installation: Installation, lock_name: str, proof: str, now: datetime
) -> ProvenLock | None:
    """The lock behind a proof, or None. The first proof of a pending secret begins the lock's next incarnation."""
    try:
        claims = claimed_proof(proof)
    except ProofRefused:
        return None
    if claims.lock_id != lock_name or not _own_challenge(
        installation, claims.nonce, lock_name, now
    ):
        return None
    lock_id = read_node_id("lock", lock_name)
    lock = await Lock.get_or_none(id=lock_id, deleted_at=None) if lock_id else None
    if lock is None:
        return None

    def proves(row: Provisioning) -> bool:
        try:
            read_proof(link_keys(installation, row), proof, lock_name, claims.nonce, now)
        except ProofRefused:
            return False
        return True

    row = await proven_secret(installation, lock, proves, now)
    if row is None:
        return None
    proof_id = sha256(f"{lock_name} {claims.jti} {claims.nonce}".encode()).hexdigest()
    return ProvenLock(lock.id, lock.site_id, row.incarnation, proof_id)


async def proven_secret(
    installation: Installation,
    lock: Lock,
    proves: Callable[[Provisioning], bool],
    now: datetime,
) -> Provisioning | None:
    """The secret of the lock by which something is proven, or None. The first proof of a pending one begins the lock's next
    incarnation."""
    row = next((row for row in await secrets_that_count(lock, now) if proves(row)), None)
    if row is None or row.proven_at is not None:
        return row
    begun = await _begin_incarnation(installation, row.id, lock.site_id, now)
    return row if begun else None


async def secrets_that_count(lock: Lock, now: datetime) -> list[Provisioning]:
    """The secret in force, and those given out after it that may still be proven, newest first."""
    rows = await Provisioning.filter(lock_id=lock.id).order_by("-id")
    return [row for row in rows if is_pending(row, now) or row.incarnation == lock.incarnation]


@use_case
async def _begin_incarnation(
    installation: Installation, provisioning_id: UUID, site_id: UUID, now: datetime
) -> bool:
    """Makes a pending secret the one in force, once; older ones are void from here on.

    Whether it still may be is asked under the rows of the lock and its secrets, which whoever ends it holds too. Where it
    takes the place of one that was in force, the site's admins are alerted.
    """
    by = Caller(ActorKind.LOCK, None)
    queue = Queue(Work.LOCKS, site_id)
    async with recorded(installation, by, "proveLock", now, queue=queue) as change:
        row = await Provisioning.get_or_none(id=provisioning_id)
        if row is None:
            change.unchanged()
            return False
        lock = await lock_row(Lock, row.lock_id)
        secrets = await lock_rows(
            Provisioning, await column(Provisioning.filter(lock_id=row.lock_id), "id")
        )
        current = next((each for each in secrets if each.id == provisioning_id), None)
        if lock is None or lock.deleted_at is not None or current is None:
            change.unchanged()
            return False
        if not is_pending(current, now) or not await taker_may(current, lock.site_id, now):
            change.unchanged()
            return current.proven_at is not None and lock.incarnation == current.incarnation
        if lock.incarnation is not None:
            await alert_of_replaced_lock(change, lock, current, now)
        await Provisioning.filter(lock_id=lock.id, id__lt=row.id).delete()
        current.proven_at = now
        await current.save(update_fields=["proven_at"])
        lock.incarnation, lock.compromised_at = current.incarnation, None
        lock.nonces, lock.feed_id, lock.applied_revision = [], None, 0
        lock.snapshot_needed, lock.state_unknown = True, False
        lock.wrong_entries, lock.locked_out_since, lock.clock_lost_since = 0, None, None
        await lock.save(
            update_fields=[
                "incarnation",
                "compromised_at",
                "nonces",
                "feed_id",
                "applied_revision",
                "snapshot_needed",
                "state_unknown",
                "wrong_entries",
                "locked_out_since",
                "clock_lost_since",
            ]
        )
        await announce(installation, change, IncarnationBegan(lock.id), now)
        await restart_entries(installation, lock, now)
        change.note("Lock", lock.id, chain=lock.site_id, incarnation=current.incarnation)
        change.wake(topics.lock(lock.id), topics.lock_life(lock.id))
        change.wake(topics.site_sync(lock.site_id, lock.id))
        change.wake(*await topics_of_pins_at(lock.id))
        return True
