"""Warnings after access was taken away: a phone may carry a lease that nobody can take back, and which ends by itself."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from domain.access_rules.grants import grants_of_members, members_of_rules
from domain.access_rules.tables import AccessRule
from domain.locks.tables import Lock
from domain.sync.tables import OpenLease
from domain.warnings.doors import Warned, by_name
from domain.warnings.rules import WarningCode, still_opens_message


async def of_holder(now: datetime, **holder: UUID) -> list[Warned]:
    """What opens with the leases of this `member_id`, `invitation_id` or `device_id`, all of whose access is gone."""
    return await _warnings(await OpenLease.filter(expires_at__gt=now, **holder))


async def of_erased(
    member_id: UUID, invitation_ids: Collection[UUID], now: datetime
) -> list[Warned]:
    """As `of_holder`, of a member and of these invitations together."""
    theirs = Q(member_id=member_id) | Q(invitation_id__in=list(invitation_ids))
    return await _warnings(await OpenLease.filter(theirs, expires_at__gt=now))


async def of_rule(rule: AccessRule, now: datetime) -> list[Warned]:
    """What opens with the leases of those whom this rule lets in, or did, at locks to which no rule lets them any more."""
    members = await members_of_rules([rule])
    leases = await OpenLease.filter(expires_at__gt=now, member_id__in=list(members))
    grants = await grants_of_members(members) if leases else {}
    return await _warnings(
        [
            each
            for each in leases
            if each.member_id is not None and each.lock_id not in grants.get(each.member_id, {})
        ]
    )


async def leases_open_until(lock_ids: Collection[UUID], now: datetime) -> dict[UUID, datetime]:
    """For each lock with such leases the end of the last one."""
    ends: dict[UUID, datetime] = {}
    leases: Any = OpenLease.filter(lock_id__in=list(lock_ids), expires_at__gt=now)
    for lock_id, expires_at in await leases.values_list("lock_id", "expires_at"):
        ends[lock_id] = max(expires_at, ends.get(lock_id, expires_at))
    return ends


async def _warnings(leases: Collection[OpenLease]) -> list[Warned]:
    ends: dict[UUID, list[OpenLease]] = defaultdict(list)
    for lease in leases:
        ends[lease.lock_id].append(lease)
    locks = [
        lock
        for lock in await Lock.filter(id__in=list(ends), deleted_at=None)
        if any(
            lease.incarnation == (lock.incarnation or lease.incarnation) for lease in ends[lock.id]
        )
    ]
    if not locks:
        return []
    ends_at = max(lease.expires_at for lock in locks for lease in ends[lock.id])
    message = still_opens_message([lock.name for lock in locks], ends_at)
    code = WarningCode.LEASE_STILL_OPENS
    return [Warned(code, message, tuple(sorted(locks, key=by_name)), ends_at)]
