"""Provisioning kits that no lock has proven: which of them still may be, and how they end.

Nobody may take over a working lock with a kit from the time when they still had the right to. A kit that has ended stays
ended, even if its taker gets that right back. Proving a kit asks here, while its row is held.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from domain.actors import ActorKind
from domain.audit.service import RecordedChange
from domain.database import lock_rows
from domain.database.rows import column
from domain.facts import announce
from domain.installation import Installation
from domain.locks.facts import KitEnded
from domain.locks.tables import Provisioning
from domain.people.facts import DoorsLost, TokenEnded
from domain.people.identities import token_by_id
from domain.people.rules import Permission, allows
from domain.people.standings import standing_at, standings_of_account
from domain.people.tables import ApiToken


def pending(now: datetime) -> Q:
    """The kits that a lock may still prove."""
    return Q(proven_at=None, cancelled_at=None, expires_at__gt=now)


def is_pending(kit: Provisioning, now: datetime) -> bool:
    """Whether a lock may still prove this kit."""
    return kit.proven_at is None and kit.cancelled_at is None and kit.expires_at > now


async def taker_may(kit: Provisioning, site_id: UUID, now: datetime) -> bool:
    """Whether the actor who took the kit may still provision the site's locks; the command line always may.

    It may be unknown who took a kit of an earlier version; then nobody's loss of rights ends it, only its own end.
    """
    standing = None
    match kit.taken_by_kind:
        case None | ActorKind.COMMAND_LINE:
            return True
        case ActorKind.ACCOUNT:
            assert kit.taken_by_id is not None
            standing = (await standings_of_account(kit.taken_by_id, [site_id])).get(site_id)
        case ActorKind.TOKEN:
            assert kit.taken_by_id is not None
            standing = await standing_at(await token_by_id(kit.taken_by_id, now), site_id)
    return standing is not None and allows(standing, Permission.DOORS)


async def end_kits_of_account(
    installation: Installation, change: RecordedChange, fact: DoorsLost, now: datetime
) -> None:
    """The person's pending kits end, and those of their tokens."""
    tokens = await column(ApiToken.filter(account_id=fact.account_id), "id")
    theirs = Q(taken_by_kind=ActorKind.ACCOUNT, taken_by_id=fact.account_id)
    scripts = Q(taken_by_kind=ActorKind.TOKEN, taken_by_id__in=tokens)
    kits = Provisioning.filter(theirs | scripts if tokens else theirs, lock__site_id=fact.site_id)
    await end_kits(installation, change, kits, now)


async def end_kits_of_token(
    installation: Installation, change: RecordedChange, fact: TokenEnded, now: datetime
) -> None:
    """The pending kits that the token took at these sites end."""
    if fact.site_ids:
        kits = Provisioning.filter(
            taken_by_kind=ActorKind.TOKEN,
            taken_by_id=fact.token_id,
            lock__site_id__in=list(fact.site_ids),
        )
        await end_kits(installation, change, kits, now)


async def end_kits(
    installation: Installation, change: RecordedChange, kits: Any, now: datetime
) -> list[Provisioning]:
    """Within a transaction: ends those of these kits that are pending, and returns them."""
    held = await lock_rows(Provisioning, await column(kits.filter(pending(now)), "id"))
    ending = [kit for kit in held if is_pending(kit, now)]
    for kit in ending:
        kit.cancelled_at = now
        await kit.save(update_fields=["cancelled_at"])
        await announce(installation, change, KitEnded(kit.id), now)
        lock = await kit.lock
        change.note("ProvisioningKit", kit.id, chain=lock.site_id, lock=str(lock.id))
    return ending
