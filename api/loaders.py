"""Batched reads, made anew for each operation, so that a list costs a constant number of SQL statements."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from strawberry.dataloader import DataLoader

from domain.access_rules.grants import locks_of_rules
from domain.access_rules.tables import AccessRuleLock, AccessRuleLockTag
from domain.actors import Actor, Caller, Standing
from domain.installation import Installation
from domain.invitations.sharing import read_codes
from domain.invitations.tables import Invitation, InvitationLock
from domain.locks.tables import Hub, Lock, Provisioning, Reader
from domain.people.standings import standings_of
from domain.people.tables import Account, ApiToken, Device, Member
from domain.pins.tables import Pin, PinLock, PinLockTag
from domain.sharing import qr_svg
from domain.sites.service import seats_used
from domain.sites.tables import Site
from domain.smartpins.tables import SmartPin
from domain.sync.status import LockInSync, PinAtLock, locks_in_sync, pins_at_locks
from domain.sync.tables import LockEntry
from domain.tags.tables import Tag, TaggedLock, TaggedMember
from domain.warnings import credentials as warnings
from domain.warnings.doors import Warned


def _one(model: Any) -> DataLoader[UUID, Any]:
    """Rows by key; None where there is none."""

    async def load(keys: list[UUID]) -> list[Any]:
        rows = {row.id: row for row in await model.filter(id__in=keys)}
        return [rows.get(key) for key in keys]

    return DataLoader(load)


def _many(query: Callable[[list[UUID]], Any], key: str) -> DataLoader[UUID, list[Any]]:
    """Lists of rows by a foreign key."""

    async def load(keys: list[UUID]) -> list[list[Any]]:
        found: dict[UUID, list[Any]] = defaultdict(list)
        for row in await query(keys):
            found[getattr(row, key)].append(row)
        return [found[each] for each in keys]

    return DataLoader(load)


def _chosen(choices: Any, by: str, what: str) -> DataLoader[UUID, list[Any]]:
    """What was chosen by name and is still there: rows of a table of choices, `by` whom, with `what` they chose."""
    there = {f"{what}__deleted_at": None}
    return _many(
        lambda keys: (
            choices.filter(**{f"{by}_id__in": keys}, **there)
            .order_by(f"{what}_id")
            .select_related(what)
        ),
        f"{by}_id",
    )


@dataclass(frozen=True, slots=True)
class CodeWanted:
    """An invitation whose code somebody may read, and who that is."""

    installation: Installation
    by: Caller
    invitation: Invitation
    now: datetime


async def _codes(wanted: list[CodeWanted]) -> list[str | None]:
    """All of one operation in one transaction, with an audit row for each invitation."""
    first = wanted[0]
    invitations = [each.invitation for each in wanted]
    codes = await read_codes(first.installation, first.by, invitations=invitations, now=first.now)
    return [codes.get(each.id) for each in invitations]


Asked = tuple[UUID, datetime]
"""A row's key and the moment of asking; of those of one operation the first moment counts."""


def _warned(
    of: Callable[[list[UUID], datetime], Awaitable[dict[UUID, list[Warned]]]],
) -> DataLoader[Asked, list[Warned]]:
    """The warnings of credentials of one kind."""

    async def load(asked: list[Asked]) -> list[list[Warned]]:
        _, now = asked[0]
        found = await of([key for key, _ in asked], now)
        return [found[key] for key, _ in asked]

    return DataLoader(load)


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


class Loaders:
    """The loaders of one operation; each is made when first used."""

    @cached_property
    def site(self) -> DataLoader[UUID, Site | None]:
        return _one(Site)

    @cached_property
    def lock(self) -> DataLoader[UUID, Lock | None]:
        return _one(Lock)

    @cached_property
    def hub(self) -> DataLoader[UUID, Hub | None]:
        return _one(Hub)

    @cached_property
    def member(self) -> DataLoader[UUID, Member | None]:
        return _one(Member)

    @cached_property
    def account(self) -> DataLoader[UUID, Account | None]:
        return _one(Account)

    @cached_property
    def api_token(self) -> DataLoader[UUID, ApiToken | None]:
        return _one(ApiToken)

    @cached_property
    def readers_of_lock(self) -> DataLoader[UUID, list[Reader]]:
        return _many(
            lambda keys: Reader.filter(lock_id__in=keys, deleted_at=None).order_by("id"), "lock_id"
        )

    @cached_property
    def kits_of_lock(self) -> DataLoader[UUID, list[Provisioning]]:
        """Those that were neither proven nor cancelled, expired ones too."""
        open_kits = Provisioning.filter(proven_at=None, cancelled_at=None).order_by("id")
        return _many(lambda keys: open_kits.filter(lock_id__in=keys), "lock_id")

    @cached_property
    def devices_of_invitation(self) -> DataLoader[UUID, list[Device]]:
        return _many(
            lambda keys: Device.filter(invitation_id__in=keys, removed_at=None).order_by("id"),
            "invitation_id",
        )

    @cached_property
    def locks_of_invitation(self) -> DataLoader[UUID, list[InvitationLock]]:
        return _many(
            lambda keys: (
                InvitationLock.filter(invitation_id__in=keys, lock__deleted_at=None)
                .order_by("lock_id")
                .select_related("lock")
            ),
            "invitation_id",
        )

    @cached_property
    def tags_of_lock(self) -> DataLoader[UUID, list[TaggedLock]]:
        return _many(
            lambda keys: (
                TaggedLock.filter(lock_id__in=keys).order_by("tag_id").select_related("tag")
            ),
            "lock_id",
        )

    @cached_property
    def tags_of_member(self) -> DataLoader[UUID, list[TaggedMember]]:
        return _many(
            lambda keys: (
                TaggedMember.filter(member_id__in=keys).order_by("tag_id").select_related("tag")
            ),
            "member_id",
        )

    @cached_property
    def locks_of_tag(self) -> DataLoader[UUID, list[TaggedLock]]:
        return _many(
            lambda keys: (
                TaggedLock.filter(tag_id__in=keys).order_by("lock_id").select_related("lock")
            ),
            "tag_id",
        )

    @cached_property
    def members_of_tag(self) -> DataLoader[UUID, list[TaggedMember]]:
        return _many(
            lambda keys: (
                TaggedMember.filter(tag_id__in=keys).order_by("member_id").select_related("member")
            ),
            "tag_id",
        )

    @cached_property
    def pin(self) -> DataLoader[UUID, Pin | None]:
        return _one(Pin)

    @cached_property
    def smart_pin(self) -> DataLoader[UUID, SmartPin | None]:
        return _one(SmartPin)

    @cached_property
    def smart_pin_block(self) -> DataLoader[tuple[UUID, str], LockEntry | None]:
        """By lock and entry name: what is known of the block at its lock; None where there never was one."""

        async def load(keys: list[tuple[UUID, str]]) -> list[LockEntry | None]:
            names = list({name for _, name in keys})
            rows = await LockEntry.filter(name__in=names).select_related("lock")
            found = {(row.lock_id, row.name): row for row in rows}
            return [found.get(key) for key in keys]

        return DataLoader(load)

    @cached_property
    def tag(self) -> DataLoader[UUID, Tag | None]:
        return _one(Tag)

    @cached_property
    def standing(self) -> DataLoader[tuple[Actor | None, UUID], Standing | None]:
        """By actor and site, for what a field shows to some only; what may be done is asked anew, not here."""
        return DataLoader(_standings)

    @cached_property
    def seats_used(self) -> DataLoader[tuple[UUID, datetime], int]:
        """By site and the time of asking."""
        return DataLoader(_seats)

    @cached_property
    def code(self) -> DataLoader[CodeWanted, str | None]:
        """One reading, and one audit row, whether the code is asked for once or in several forms."""
        return DataLoader(_codes, cache_key_fn=lambda wanted: wanted.invitation.id)

    @cached_property
    def qr_svg(self) -> DataLoader[str, str]:
        """By the text; drawn once, however often it is asked for."""

        async def load(texts: list[str]) -> list[str]:
            # Some ten milliseconds each: not on the loop that serves the locks, and one thread for all of them.
            return await asyncio.to_thread(lambda: [qr_svg(text) for text in texts])

        return DataLoader(load)

    @cached_property
    def locks_of_rule(self) -> DataLoader[UUID, list[Lock]]:
        async def load(keys: list[UUID]) -> list[list[Lock]]:
            chosen = await locks_of_rules(keys)
            ids = {lock_id for locks in chosen.values() for lock_id in locks}
            rows = {row.id: row for row in await Lock.filter(id__in=list(ids))}
            return [[rows[each] for each in sorted(chosen[key])] for key in keys]

        return DataLoader(load)

    @cached_property
    def warnings_of_pin(self) -> DataLoader[Asked, list[Warned]]:
        return _warned(warnings.of_pins)

    @cached_property
    def warnings_of_smart_pin(self) -> DataLoader[Asked, list[Warned]]:
        return _warned(warnings.of_smart_pins)

    @cached_property
    def warnings_of_invitation(self) -> DataLoader[Asked, list[Warned]]:
        return _warned(warnings.of_invitations)

    @cached_property
    def warnings_of_rule(self) -> DataLoader[Asked, list[Warned]]:
        return _warned(warnings.of_rules)

    @cached_property
    def chosen_locks_of_rule(self) -> DataLoader[UUID, list[AccessRuleLock]]:
        return _chosen(AccessRuleLock, "rule", "lock")

    @cached_property
    def lock_tags_of_rule(self) -> DataLoader[UUID, list[AccessRuleLockTag]]:
        return _chosen(AccessRuleLockTag, "rule", "tag")

    @cached_property
    def chosen_locks_of_pin(self) -> DataLoader[UUID, list[PinLock]]:
        return _chosen(PinLock, "pin", "lock")

    @cached_property
    def lock_tags_of_pin(self) -> DataLoader[UUID, list[PinLockTag]]:
        return _chosen(PinLockTag, "pin", "tag")

    @cached_property
    def pin_at_locks(self) -> DataLoader[UUID, list[PinAtLock]]:
        async def load(keys: list[UUID]) -> list[list[PinAtLock]]:
            found = await pins_at_locks(keys)
            return [found[key] for key in keys]

        return DataLoader(load)

    @cached_property
    def lock_in_sync(self) -> DataLoader[UUID, LockInSync]:
        async def load(keys: list[UUID]) -> list[LockInSync]:
            found = {each.lock.id: each for each in await locks_in_sync(Lock.filter(id__in=keys))}
            return [found[key] for key in keys]

        return DataLoader(load)

    @cached_property
    def locks_of_pin(self) -> DataLoader[UUID, list[Lock]]:
        async def load(keys: list[UUID]) -> list[list[Lock]]:
            found = await pins_at_locks(keys)
            return [[each.lock for each in found[key] if not each.removing] for key in keys]

        return DataLoader(load)
