"""Batched reads, made anew for each operation, so that a list costs a constant number of SQL statements."""

from collections import defaultdict
from collections.abc import Callable
from functools import cached_property
from typing import Any
from uuid import UUID

from strawberry.dataloader import DataLoader

from domain.invitations.tables import InvitationLock
from domain.locks.tables import Hub, Lock, Reader
from domain.people.tables import Account, Device, Member
from domain.sites.tables import Site
from domain.tags.tables import Tag, TaggedLock, TaggedMember


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
    def readers_of_lock(self) -> DataLoader[UUID, list[Reader]]:
        return _many(
            lambda keys: Reader.filter(lock_id__in=keys, deleted_at=None).order_by("id"), "lock_id"
        )

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
    def tag(self) -> DataLoader[UUID, Tag | None]:
        return _one(Tag)
