"""What the fields of one operation read, batched, so that a list costs a constant number of SQL statements."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from api.batching import Loader, batched, row_of, rows_by
from domain.access_rules.grants import locks_of_rules
from domain.access_rules.tables import AccessRuleLock, AccessRuleLockTag
from domain.actors import Actor, Standing
from domain.explaining.questions import Question
from domain.explaining.rules import Explanation
from domain.explaining.service import explanations
from domain.invitations.seats import seats_used
from domain.invitations.tables import Invitation, InvitationLock
from domain.locks.tables import Hub, Lock, Provisioning, Reader
from domain.people.standings import standings_of
from domain.people.tables import Account, ApiToken, ApiTokenSite, Device, Member, Session
from domain.pins.tables import Pin, PinLock, PinLockTag
from domain.sharing import qr_svg
from domain.sites.tables import Site
from domain.smartpins.tables import SmartPin
from domain.sync.status import LockInSync, PinAtLock, locks_in_sync, pins_at_locks
from domain.sync.tables import LockEntry
from domain.tags.tables import Tag, TaggedLock, TaggedMember
from domain.warnings import credentials as warnings
from domain.warnings.doors import Warned
from domain.warnings.leases import leases_open_until


def _chosen(choices: Any, by: str, what: str) -> Loader[UUID, list[Any]]:
    """What was chosen by name and is still there: rows of a table of choices, `by` whom, with `what` they chose."""
    there = {f"{what}__deleted_at": None}
    return rows_by(
        f"{by}_id",
        lambda keys: (
            choices.filter(**{f"{by}_id__in": keys}, **there)
            .order_by(f"{what}_id")
            .select_related(what)
        ),
    )


def _tagged(table: Any, by: str, what: str) -> Loader[UUID, list[Any]]:
    """Who has which tag: rows of one of the two tables, by the ids in one column, with what the other names."""
    return rows_by(
        f"{by}_id",
        lambda keys: (
            table.filter(**{f"{by}_id__in": keys}).order_by(f"{what}_id").select_related(what)
        ),
    )


Asked = tuple[UUID, datetime]
"""A row's key and the moment of asking; of those of one operation the first moment counts."""


def _warned(
    of: Callable[[list[UUID], datetime], Awaitable[dict[UUID, list[Warned]]]],
) -> Loader[Asked, list[Warned]]:
    """The warnings of credentials of one kind."""

    async def read(asked: list[Asked]) -> list[list[Warned]]:
        _, now = asked[0]
        found = await of([key for key, _ in asked], now)
        return [found[key] for key, _ in asked]

    return batched(read)


async def _leases_open_until(asked: list[Asked]) -> list[datetime | None]:
    _, now = asked[0]
    found = await leases_open_until([key for key, _ in asked], now)
    return [found.get(key) for key, _ in asked]


async def _standings(keys: list[tuple[Actor | None, UUID]]) -> list[Standing | None]:
    """All of one operation; its actor is one."""
    actor, _ = keys[0]
    found = await standings_of(actor, [site_id for _, site_id in keys])
    return [found.get(site_id) for _, site_id in keys]


async def _seats(keys: list[tuple[UUID, datetime]]) -> list[int]:
    """All of one operation; its time is one."""
    _, now = keys[0]
    used = await seats_used([site_id for site_id, _ in keys], now)
    return [used[site_id] for site_id, _ in keys]


async def _member_accounts(keys: list[tuple[UUID, UUID]]) -> list[bool]:
    sites, accounts = {site for site, _ in keys}, {account for _, account in keys}
    rows = Member.filter(site_id__in=list(sites), account_id__in=list(accounts))
    found = {(site, account) for site, account in await rows.values_list("site_id", "account_id")}
    return [key in found for key in keys]


async def _smart_pin_blocks(keys: list[tuple[UUID, str]]) -> list[LockEntry | None]:
    locks, names = {lock_id for lock_id, _ in keys}, {name for _, name in keys}
    rows = LockEntry.filter(lock_id__in=list(locks), name__in=list(names)).select_related("lock")
    found = {(row.lock_id, row.name): row for row in await rows}
    return [found.get(key) for key in keys]


async def _qr_svgs(texts: list[str]) -> list[str]:
    """Some ten milliseconds each: not on the loop that serves the locks, and one thread for all of them."""
    return await asyncio.to_thread(lambda: [qr_svg(text) for text in texts])


async def _locks_of_rules(keys: list[UUID]) -> list[list[Lock]]:
    chosen = await locks_of_rules(keys)
    ids = {lock_id for locks in chosen.values() for lock_id in locks}
    rows = {row.id: row for row in await Lock.filter(id__in=list(ids))}
    return [[rows[each] for each in sorted(chosen[key])] for key in keys]


async def _pins_at_locks(keys: list[UUID]) -> list[list[PinAtLock]]:
    found = await pins_at_locks(keys)
    return [found[key] for key in keys]


async def _locks_of_pins(keys: list[UUID]) -> list[list[Lock]]:
    found = await pins_at_locks(keys)
    return [[each.lock for each in found[key] if not each.removing] for key in keys]


async def _locks_in_sync(keys: list[UUID]) -> list[LockInSync]:
    found = {each.lock.id: each for each in await locks_in_sync(Lock.filter(id__in=keys))}
    return [found[key] for key in keys]


async def _sites_of_tokens(keys: list[UUID]) -> list[list[UUID]]:
    found: dict[UUID, list[UUID]] = {key: [] for key in keys}
    for row in await ApiTokenSite.filter(token_id__in=keys).order_by("site_id"):
        found[row.token_id].append(row.site_id)
    return [found[key] for key in keys]


async def _explanations(asked: list[tuple[Question, datetime]]) -> list[Explanation | None]:
    _, now = asked[0]
    return await explanations([question for question, _ in asked], now)


class Loaders:
    """The loaders of one operation, made anew for each: `await loaders.lock.load(key)`."""

    # One row by its key.
    site = row_of(Site)
    lock = row_of(Lock)
    hub = row_of(Hub)
    member = row_of(Member)
    account = row_of(Account)
    device = row_of(Device)
    api_token = row_of(ApiToken)
    invitation = row_of(Invitation)
    pin = row_of(Pin)
    smart_pin = row_of(SmartPin)
    tag = row_of(Tag)

    # Rows that hang on another.
    readers_of_lock = rows_by(
        "lock_id", lambda keys: Reader.filter(lock_id__in=keys, deleted_at=None).order_by("id")
    )
    kits_of_lock = rows_by(
        "lock_id",
        lambda keys: Provisioning.filter(
            lock_id__in=keys, proven_at=None, cancelled_at=None
        ).order_by("id"),
    )
    """Those that were neither proven nor cancelled, expired ones too."""
    devices_of_invitation = rows_by(
        "invitation_id",
        lambda keys: Device.filter(invitation_id__in=keys, removed_at=None).order_by("id"),
    )
    members_of_account = rows_by(
        "account_id",
        lambda keys: Member.filter(account_id__in=keys, removed_at=None, accepted_at__isnull=False),
    )
    sessions_of_account = rows_by(
        "account_id", lambda keys: Session.filter(account_id__in=keys, ended_at=None)
    )
    """Those that have run out too."""
    devices_of_account = rows_by(
        "account_id", lambda keys: Device.filter(account_id__in=keys, removed_at=None)
    )
    sites_of_token = batched(_sites_of_tokens)
    tags_of_lock = _tagged(TaggedLock, "lock", "tag")
    tags_of_member = _tagged(TaggedMember, "member", "tag")
    locks_of_tag = _tagged(TaggedLock, "tag", "lock")
    members_of_tag = _tagged(TaggedMember, "tag", "member")
    locks_of_invitation = _chosen(InvitationLock, "invitation", "lock")
    chosen_locks_of_rule = _chosen(AccessRuleLock, "rule", "lock")
    lock_tags_of_rule = _chosen(AccessRuleLockTag, "rule", "tag")
    chosen_locks_of_pin = _chosen(PinLock, "pin", "lock")
    lock_tags_of_pin = _chosen(PinLockTag, "pin", "tag")

    # What the domain works out of several tables.
    locks_of_rule = batched(_locks_of_rules)
    locks_of_pin = batched(_locks_of_pins)
    pin_at_locks = batched(_pins_at_locks)
    lock_in_sync = batched(_locks_in_sync)
    leases_open_until = batched(_leases_open_until)
    smart_pin_block = batched(_smart_pin_blocks)
    """By lock and entry name: what is known of the block at its lock; None where there never was one."""
    warnings_of_pin = _warned(warnings.of_pins)
    warnings_of_smart_pin = _warned(warnings.of_smart_pins)
    warnings_of_invitation = _warned(warnings.of_invitations)
    explanation = batched(_explanations)
    """By question and the time of asking, for whoever may read the site."""
    warnings_of_rule = _warned(warnings.of_rules)
    member_account = batched(_member_accounts)
    """By site and account: whether the account is that of a member there, or of one who was removed and not erased."""
    standing = batched(_standings)
    """By actor and site, for what a field shows to some only; what may be done is asked anew, not here."""
    seats_used = batched(_seats)
    """By site and the time of asking."""
    qr_svg = batched(_qr_svgs)
    """By the text; drawn once, however often it is asked for."""
