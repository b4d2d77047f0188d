"""Locks: doors with their hardware."""

from datetime import datetime
from typing import Any

import strawberry
from strawberry.types import Info

from api.schema.hubs import Hub, hub_type
from api.schema.nodes import (
    USUAL_PAGE,
    After,
    Connection,
    First,
    Node,
    global_id,
    node_of,
    page_of_loaded,
    pages_above,
    shows,
)
from api.schema.of_site import OfSite
from api.schema.readers import Reader, reader_type
from api.schema.warnings import Warning_, warning_types
from domain.actors import LockActor
from domain.clock import Clock
from domain.errors import NotAllowed
from domain.inputs.partial_updates import Fields
from domain.locks import tables
from domain.locks.kits import is_pending
from domain.locks.rules import MOST_READERS, Connectivity, Propagation, is_online, propagation
from domain.locks.settings import unread_settings
from domain.people.rules import Permission
from domain.sync.rules import SyncStatus
from domain.sync.status import LockInSync
from domain.warnings import changes


@strawberry.type(description="A keypad that takes no PINs after too many wrong entries.")
class PinLockout:
    started_at: datetime = strawberry.field(description="When it began.")
    wrong_entries: int = strawberry.field(
        description="Wrong entries reported since the last right one."
    )


@strawberry.type(description="Whether a lock has what it should.")
class SyncState:
    wanted_revision: int = strawberry.field(description="The revision of everything wanted.")
    applied_revision: int = strawberry.field(description="The revision that the lock acknowledged.")
    pending: int = strawberry.field(description="How many entries have not arrived.")
    pending_since: datetime | None = strawberry.field(
        description="The moment of the oldest change that it has not acknowledged; null: it has all."
    )
    status: SyncStatus = strawberry.field(description="UNKNOWN until a disagreement is settled.")


FOR_READERS = "Null, with an error, for whoever may not read the site."
"""The end of the description of what guests and users do not see."""


@strawberry.type(description="A door with its hardware.")
class Lock(Node, OfSite):
    row: strawberry.Private[tables.Lock]
    in_sync: strawberry.Private[LockInSync | None]
    created_at: datetime = strawberry.field(description="When it was added to the site.")
    name: str = strawberry.field(description="What people call it.")
    connectivity: Connectivity = strawberry.field(description="How it is connected.")
    propagation: Propagation = strawberry.field(description="How changes reach it.")
    online: bool = strawberry.field(
        description="Whether its feed is open and it has reported within the last 75 seconds."
    )
    smart_pin_enabled: bool = strawberry.field(description="Whether it accepts SmartPINs.")
    deleted_at: datetime | None = strawberry.field(
        description="When it was taken out of the site; what it may still open with nobody will hear. Null: it is there."
    )

    @strawberry.field(
        description="When an admin said that somebody may have opened it up: nothing is told to it until it proves a new "
        f"secret. Null: nobody did, or it has. {FOR_READERS}"
    )
    async def compromised_at(self, info: Info) -> datetime | None:
        await self._check_may(info, Permission.READ)
        return self.row.compromised_at

    async def _check_may(self, info: Info, permission: Permission) -> None:
        """For the hardware and the state of the lock: guests and users see a door. Raises NotAllowed."""
        if not await info.context.may(permission, self.row.site_id):
            raise NotAllowed

    @strawberry.field(
        description="The life that last proved its secret; null: none has. Null, with an error, for all but the lock itself "
        "and whoever may read the site."
    )
    async def incarnation(self, info: Info) -> str | None:
        actor = info.context.actor
        if not isinstance(actor, LockActor) or actor.lock_id != self.row.id:
            await self._check_may(info, Permission.READ)
        return self.row.incarnation

    @strawberry.field(description=f"When the server last heard of it; null: never. {FOR_READERS}")
    async def last_contact_at(self, info: Info) -> datetime | None:
        await self._check_may(info, Permission.READ)
        return self.row.last_contact_at

    @strawberry.field(
        description="The version of the link that its firmware speaks, as it last said; null: it has not said it yet. "
        f"{FOR_READERS}"
    )
    async def link_version(self, info: Info) -> int | None:
        await self._check_may(info, Permission.READ)
        return self.row.link_version

    @strawberry.field(
        description="What its firmware reads besides, by name (`docs/lock.md`), as it last said. At most 32. Null: it has "
        f"not said it yet. {FOR_READERS}"
    )
    async def link_reads(self, info: Info) -> list[str] | None:
        await self._check_may(info, Permission.READ)
        reads: list[str] | None = self.row.link_reads
        return reads

    @strawberry.field(
        description="What is wanted of it that its firmware does not read, or has not said to read: it holds less, which "
        f"opens less. Empty: nothing. {FOR_READERS}"
    )
    async def link_lacks(self, info: Info) -> list[str] | None:
        await self._check_may(info, Permission.READ)
        loaders = info.context.loaders
        site = await loaders.site.load(self.row.site_id)
        assert site is not None
        return list(
            unread_settings(self.row, site, await loaders.readers_of_lock.load(self.row.id))
        )

    @strawberry.field(description=f"Its readers. At most {MOST_READERS}. {FOR_READERS}")
    async def readers(self, info: Info) -> list[Reader] | None:
        await self._check_may(info, Permission.READ)
        return [
            reader_type(row) for row in await info.context.loaders.readers_of_lock.load(self.row.id)
        ]

    @strawberry.field(description="Whether a reader of it has a keypad.")
    async def pin_supported(self, info: Info) -> bool:
        rows = await info.context.loaders.readers_of_lock.load(self.row.id)
        return any(row.has_keypad for row in rows)

    @strawberry.field(description="Whether PIN mode is on at a reader with a keypad.")
    async def pin_enabled(self, info: Info) -> bool:
        rows = await info.context.loaders.readers_of_lock.load(self.row.id)
        return any(row.has_keypad and row.pin_enabled for row in rows)

    @strawberry.field(description=f"The lockout of its keypad; null: there is none. {FOR_READERS}")
    async def pin_lockout(self, info: Info) -> PinLockout | None:
        await self._check_may(info, Permission.READ)
        if self.row.locked_out_since is None:
            return None
        return PinLockout(
            started_at=self.row.locked_out_since, wrong_entries=self.row.wrong_entries
        )

    @strawberry.field(description=f"Whether it has what it should. {FOR_READERS}")
    async def sync(self, info: Info) -> SyncState | None:
        await self._check_may(info, Permission.READ)
        state = self.in_sync or await info.context.loaders.lock_in_sync.load(self.row.id)
        return SyncState(
            wanted_revision=state.lock.wanted_revision,
            applied_revision=state.lock.applied_revision,
            pending=state.pending,
            pending_since=state.pending_since,
            status=state.status,
        )

    @strawberry.field(
        description="Until when phones may open it with leases that were handed out, whatever becomes of their access; "
        f"null: there is none. {FOR_READERS}"
    )
    async def leases_open_until(self, info: Info) -> datetime | None:
        await self._check_may(info, Permission.READ)
        context = info.context
        asked = self.row.id, context.clock()
        until: datetime | None = await context.loaders.leases_open_until.load(asked)
        return until

    @strawberry.field(description=f"The hub that connects it; null: none does. {FOR_READERS}")
    async def hub(self, info: Info) -> Hub | None:
        await self._check_may(info, Permission.READ)
        if self.row.hub_id is None:
            return None
        return hub_type(await info.context.loaders.hub.load(self.row.hub_id))

    @strawberry.field(
        description=f"Its tags, the default one among them. {FOR_READERS}",
        graphql_type=pages_above("api.schema.tags", "Tag") | None,
    )
    async def tags(
        self, info: Info, first: First = USUAL_PAGE, after: After = None
    ) -> Connection[Any] | None:
        await self._check_may(info, Permission.READ)
        held = await info.context.loaders.tags_of_lock.load(self.row.id)
        return page_of_loaded(
            [each.tag for each in held],
            lambda tag: node_of(tag, info.context.clock),
            first=first,
            after=after,
        )

    @strawberry.field(
        description="The provisioning kits that it may still prove. Null, with an error, for whoever may not provision "
        "locks.",
        graphql_type=pages_above("api.schema.provisioning", "ProvisioningKit") | None,
    )
    async def provisioning_kits(
        self, info: Info, first: First = USUAL_PAGE, after: After = None
    ) -> Connection[Any] | None:
        await self._check_may(info, Permission.DOORS)
        clock = info.context.clock
        kits = await info.context.loaders.kits_of_lock.load(self.row.id)
        return page_of_loaded(
            [kit for kit in kits if is_pending(kit, clock())],
            lambda kit: node_of(kit, clock),
            first=first,
            after=after,
        )


def lock_type(row: tables.Lock, clock: Clock, in_sync: LockInSync | None = None) -> Lock:
    """A lock as the API shows it; `in_sync`, where it was read with the row, else it is read when asked for."""
    return Lock(
        id=global_id("lock", row.id),
        row=row,
        in_sync=in_sync,
        created_at=row.created_at,
        name=row.name,
        connectivity=row.connectivity,
        propagation=propagation(row.connectivity),
        online=is_online(row.feed_id, row.nonces, row.last_contact_at, clock()),
        smart_pin_enabled=row.smart_pin_enabled,
        deleted_at=row.deleted_at,
    )


shows(tables.Lock, lock_type)


@strawberry.input(description="A reader of a new lock.")
class ReaderInput:
    name: str = strawberry.field(description="What people call it.")
    has_keypad: bool = strawberry.field(
        default=True, description="Whether PINs can be typed on it."
    )


@strawberry.input(description="A new lock.")
class CreateLockInput:
    site_id: strawberry.ID = strawberry.field(description="The site.")
    name: str = strawberry.field(description="What people call it.")
    connectivity: Connectivity | None = strawberry.field(
        default=None, description="How it is connected; omitted: by the site's system type."
    )
    hub_id: strawberry.ID | None = strawberry.field(
        default=None, description="The hub behind which it is, for WIRELESS_GATEWAY."
    )
    readers: list[ReaderInput] = strawberry.field(default_factory=list, description="Its readers.")


@strawberry.input(
    description="Changes to a lock. An omitted field keeps its value; null clears it."
)
class UpdateLockInput:
    lock_id: strawberry.ID = strawberry.field(description="The lock.")
    name: str | None = strawberry.field(default=strawberry.UNSET, description="Its new name.")
    connectivity: Connectivity | None = strawberry.field(
        default=strawberry.UNSET, description="How it is connected now."
    )
    hub_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The hub behind which it is now; null: none."
    )
    smart_pin_enabled: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether it accepts SmartPINs from now on."
    )


@strawberry.input(description="A lock to delete.")
class DeleteLockInput:
    lock_id: strawberry.ID = strawberry.field(description="The lock.")


@strawberry.input(description="An NFC card that ends lockouts of a lock; it opens nothing.")
class PairCardInput:
    lock_id: strawberry.ID = strawberry.field(description="The lock.")
    card_uid: str = strawberry.field(description="The card's UID: 4 to 10 bytes in hexadecimal.")


@strawberry.type(description="The card is paired, in place of the one before.")
class PairedCard:
    lock: Lock = strawberry.field(description="The lock.")


@strawberry.type(description="The new lock.")
class CreatedLock:
    lock: Lock = strawberry.field(description="The lock.")


@strawberry.type(description="The lock as it is now.")
class UpdatedLock:
    changed: strawberry.Private[Fields]
    lock: Lock = strawberry.field(description="The lock.")

    @strawberry.field(
        description="Whether SmartPINs that were switched on are not heard of at once, and whether a new kind of connection "
        "is none; empty: no."
    )
    async def warnings(self, info: Info) -> list[Warning_]:
        clock = info.context.clock
        return warning_types(await changes.of_lock(self.lock.row, self.changed, clock()), clock)


@strawberry.type(description="The lock is gone.")
class DeletedLock:
    lock: Lock = strawberry.field(description="The lock as it was.")
