"""A lock's sealed secrets, and the keys derived from them: opened when they are used, never kept.

An incarnation of a lock is the time under one secret.
"""

from collections.abc import Sequence
from uuid import UUID

from domain.database.statements import Select
from domain.installation import Installation
from domain.link.keys import CourierKeys, LinkKeys
from domain.locks.tables import Lock, Provisioning

_OF_INCARNATIONS = Select(Provisioning, "incarnation IN [?1]")


def secret_identity(lock_id: UUID, incarnation: str) -> str:
    """The associated data of the sealed secret of one incarnation: a row copied over another does not open."""
    return f"lock-secret:{lock_id}:{incarnation}"


def opened_secret(installation: Installation, provisioning: Provisioning) -> bytes:
    """The lock secret of one incarnation. Raises SealBroken for a row that is not what was written."""
    identity = secret_identity(provisioning.lock_id, provisioning.incarnation)
    return installation.keys.open(provisioning.secret_sealed, identity)


def link_keys(installation: Installation, provisioning: Provisioning) -> LinkKeys:
    """The keys of one incarnation. Raises SealBroken."""
    return LinkKeys.derive(opened_secret(installation, provisioning))


def courier_keys(installation: Installation, provisioning: Provisioning) -> CourierKeys:
    """The keys of what phones carry to and from one incarnation. Raises SealBroken."""
    return CourierKeys.derive(opened_secret(installation, provisioning))


async def keys_of_locks(installation: Installation, locks: Sequence[Lock]) -> dict[UUID, LinkKeys]:
    """The keys of the present incarnations of these locks; those never proven have none.

    Raises SealBroken.
    """
    present = [lock.incarnation for lock in locks if lock.incarnation is not None]
    rows = await _OF_INCARNATIONS(present) if present else []
    return {row.lock_id: link_keys(installation, row) for row in rows}


async def proven_keys(installation: Installation, lock: Lock) -> LinkKeys | None:
    """The keys of the lock's present incarnation; None before its first proof. Raises SealBroken."""
    return (await keys_of_locks(installation, [lock])).get(lock.id)
