"""PINs, and what is known of them lock by lock."""

from datetime import date, datetime, time
from typing import Annotated

import strawberry
from strawberry.types import Info

from api.schema.credentials import Credential, zone_at
from api.schema.filters import only
from api.schema.locks import Lock, lock_type
from api.schema.members import Member, member_type
from api.schema.nodes import USUAL_PAGE, After, Connection, First, global_id, page_of_loaded, shows
from api.schema.schedules import schedule_type
from api.schema.sharing import ShareLinks, share_links_type
from api.schema.tags import Tag, tag_type
from api.schema.warnings import OF_A_CREDENTIAL, Warning_, warnings_of
from domain.access.schedule import Weekday
from domain.clock import Clock
from domain.listing.site_lists import check_some
from domain.locks import tables as locks
from domain.locks.rules import Propagation
from domain.pins import tables
from domain.pins.states import pin_state
from domain.pins.tables import PinKind, PinStatus
from domain.schedules.changes import AccessLimit
from domain.schedules.states import CredentialState
from domain.sharing import pin_share_links
from domain.sync.rules import SyncStatus
from domain.sync.status import LockInSync, PinAtLock


@strawberry.type(description="A PIN at one lock: what was wanted, what arrived, what opens now.")
class PinLockSync:
    lock: Lock = strawberry.field(description="The lock.")
    status: SyncStatus = strawberry.field(description="Whether the lock holds what it should.")
    wanted_version: int = strawberry.field(description="The version that the lock should hold.")
    applied_version: int | None = strawberry.field(
        description="The version that the lock acknowledged; null: none yet."
    )
    opens_now: list[int] | None = strawberry.field(
        description="The versions that open the door at this moment, old ones too; empty: none; null: unknown."
    )
    pending_since: datetime | None = strawberry.field(
        description="The moment of the oldest change that the lock has not acknowledged; null: it has all."
    )
    propagation: Propagation = strawberry.field(description="How the change gets there.")


def pin_lock_sync_type(state: PinAtLock, clock: Clock) -> PinLockSync:
    """A PIN at one lock, as the API shows it."""
    return PinLockSync(
        lock=lock_type(state.lock, clock),
        status=state.status,
        wanted_version=state.wanted_version,
        applied_version=state.applied_version,
        opens_now=state.opens,
        pending_since=state.pending_since,
        propagation=state.propagation,
    )


@strawberry.type(description="A lock as a whole: whether it is there, and has what it should.")
class LockSync:
    lock: Lock = strawberry.field(description="The lock; its `sync` and `online` say the state.")


def lock_sync_type(state: LockInSync, clock: Clock) -> LockSync:
    """A lock as a whole, all of it as it was in one moment."""
    return LockSync(lock=lock_type(state.lock, clock, state))


@strawberry.type(
    description="A numeric credential of one member. The digits are shown once, when they are set."
)
class Pin(Credential):
    row: strawberry.Private[tables.Pin]
    kind: PinKind = strawberry.field(description="Whether the digits were chosen or generated.")
    blocked: bool = strawberry.field(
        description="Whether it is blocked, so that unblockPin applies; its state may be ENDED all the same."
    )
    updated_at: datetime = strawberry.field(description="When it was changed last.")

    @strawberry.field(description="The name of its owner.")
    async def label(self, info: Info) -> str:
        name: str = (await info.context.loaders.member.load(self.row.owner_id)).name
        return name

    @strawberry.field(
        description="Where it is in its life; it is never VOID, and a personal one neither UPCOMING nor ENDED."
    )
    async def state(self, info: Info) -> CredentialState:
        return pin_state(self.row, await zone_at(info, self.row), info.context.clock())

    @strawberry.field(
        description="For admins; null, with an error, for whoever may not read the site."
    )
    async def notes(self, info: Info) -> str | None:
        await self.check_may_read(info)
        return self.row.notes

    @strawberry.field(description="The member whose PIN it is.")
    async def owner(self, info: Info) -> Member:
        return member_type(await info.context.loaders.member.load(self.row.owner_id))

    async def rows_of_locks(self, info: Info) -> list[locks.Lock]:
        rows: list[locks.Lock] = await info.context.loaders.locks_of_pin.load(self.row.id)
        return rows

    @strawberry.field(
        description="The locks that were chosen by their ids. At most 1000. Null, with an error, for whoever may not read "
        "the site."
    )
    async def chosen_locks(self, info: Info) -> list[Lock] | None:
        await self.check_may_read(info)
        rows = await info.context.loaders.chosen_locks_of_pin.load(self.row.id)
        return [lock_type(row.lock, info.context.clock) for row in rows]

    @strawberry.field(
        description="The tags by which locks were chosen. At most 1000. Null, with an error, for whoever may not read the "
        "site."
    )
    async def lock_tags(self, info: Info) -> list[Tag] | None:
        await self.check_may_read(info)
        rows = await info.context.loaders.lock_tags_of_pin.load(self.row.id)
        return [tag_type(row.tag) for row in rows]

    @strawberry.field(description=OF_A_CREDENTIAL)
    async def warnings(self, info: Info) -> list[Warning_]:
        return await warnings_of(info, info.context.loaders.warnings_of_pin, self.row)

    @strawberry.field(description="What is known of it, lock by lock, removals under way included.")
    async def lock_sync(
        self,
        info: Info,
        first: First = USUAL_PAGE,
        after: After = None,
        statuses: Annotated[list[SyncStatus] | None, only("of these statuses")] = None,
    ) -> Connection[PinLockSync]:
        check_some("statuses", statuses)
        known = await info.context.loaders.pin_at_locks.load(self.row.id)
        return page_of_loaded(
            [each for each in known if statuses is None or each.status in statuses],
            lambda state: pin_lock_sync_type(state, info.context.clock),
            first=first,
            after=after,
            key=lambda state: state.lock.id,
        )


def pin_type(row: tables.Pin) -> Pin:
    """A PIN as the API shows it."""
    return Pin(
        id=global_id("pin", row.id),
        row=row,
        kind=row.kind,
        blocked=row.status is PinStatus.BLOCKED,
        created_at=row.created_at,
        updated_at=row.updated_at,
        schedule=None if row.personal else schedule_type(row.schedule()),
    )


shows(tables.Pin, lambda row, _: pin_type(row))


@strawberry.input(description="Whose a PIN is: exactly one.", one_of=True)
class PinOwnerInput:
    member_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="A member."
    )
    member_tag_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="A member's default tag."
    )


@strawberry.input(description="A new PIN for one member.")
class CreatePinInput:
    site_id: strawberry.ID = strawberry.field(description="The site.")
    owner: PinOwnerInput = strawberry.field(description="Whose it is.")
    digits: str | None = strawberry.field(
        default=None, description="The digits; omitted: generated, which never meets a refusal."
    )
    notes: str = strawberry.field(default="", description="For admins, at most 500 characters.")
    lock_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Locks it opens, by id."
    )
    lock_tag_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Tags of locks it opens: whatever they hold, now and later."
    )
    valid_from: date | None = strawberry.field(default=None, description="The first day.")
    valid_until: date | None = strawberry.field(default=None, description="The last day.")
    slot_start: time | None = strawberry.field(default=None, description="Daily from this time.")
    slot_end: time | None = strawberry.field(default=None, description="Daily until this time.")
    weekdays: list[Weekday] | None = strawberry.field(
        default=None, description="The allowed days; omitted: every day."
    )


@strawberry.input(
    description="Changes to a PIN. An omitted field keeps its value, so that no limit is loosened unsaid; null clears it."
)
class UpdatePinInput:
    pin_id: strawberry.ID = strawberry.field(description="The PIN.")
    digits: str | None = strawberry.field(default=strawberry.UNSET, description="New digits.")
    notes: str | None = strawberry.field(default=strawberry.UNSET, description="New notes.")
    lock_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="All the locks by id, from now on; null is refused."
    )
    lock_tag_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="All the tags of locks, from now on; null is refused."
    )
    valid_from: date | None = strawberry.field(
        default=strawberry.UNSET, description="The first day; null: no limit."
    )
    valid_until: date | None = strawberry.field(
        default=strawberry.UNSET, description="The last day; null: no limit."
    )
    slot_start: time | None = strawberry.field(
        default=strawberry.UNSET, description="Daily from this time; null (both): all day."
    )
    slot_end: time | None = strawberry.field(
        default=strawberry.UNSET, description="Daily until this time; null (both): all day."
    )
    weekdays: list[Weekday] | None = strawberry.field(
        default=strawberry.UNSET, description="The allowed days; null: every day."
    )


@strawberry.input(description="A personal PIN for the caller.")
class AssignMyPinInput:
    site_id: strawberry.ID = strawberry.field(description="The site.")
    kind: PinKind = strawberry.field(description="CUSTOM with digits, AUTO to have them generated.")
    digits: str | None = strawberry.field(default=None, description="For CUSTOM: the digits.")


@strawberry.type
class PinAnswer:
    """What the answers have in common that show digits, or may: whatever else fails, the digits are not lost with it."""

    pin: Pin | None = strawberry.field(description="The PIN.")

    @strawberry.field(description=OF_A_CREDENTIAL)
    async def warnings(self, info: Info) -> list[Warning_] | None:
        assert self.pin is not None
        return await warnings_of(info, info.context.loaders.warnings_of_pin, self.pin.row)


@strawberry.type
class PinShown(PinAnswer):
    """What the answers have in common that show digits."""

    digits: str = strawberry.field(description="The digits, shown this once.")

    @strawberry.field(
        description="Ways to hand them over now; they say where and until when, not whose."
    )
    async def share_links(self, info: Info) -> ShareLinks | None:
        assert self.pin is not None
        row = self.pin.row
        site = await info.context.loaders.site.load(row.site_id)
        return share_links_type(
            pin_share_links(
                self.digits, place=site.name, until=row.valid_until, timezone=site.timezone
            )
        )


@strawberry.type(description="The caller's PIN of this kind, with its new digits.")
class AssignedPin(PinShown):
    pass


@strawberry.input(description="The caller's own PIN, to block.")
class BlockMyPinInput:
    pin_id: strawberry.ID = strawberry.field(description="The PIN.")


@strawberry.input(description="The caller's own PIN, to delete.")
class DeleteMyPinInput:
    pin_id: strawberry.ID = strawberry.field(description="The PIN.")


@strawberry.input(description="A PIN to be given other digits.")
class ReassignPinInput:
    pin_id: strawberry.ID = strawberry.field(description="The PIN.")
    digits: str | None = strawberry.field(
        default=None, description="The new digits; omitted: generated."
    )


@strawberry.input(description="A PIN to block.")
class BlockPinInput:
    pin_id: strawberry.ID = strawberry.field(description="The PIN.")


@strawberry.input(description="A blocked PIN to let open again.")
class UnblockPinInput:
    pin_id: strawberry.ID = strawberry.field(description="The PIN.")


@strawberry.input(description="A PIN to delete.")
class DeletePinInput:
    pin_id: strawberry.ID = strawberry.field(description="The PIN.")


@strawberry.type(description="The new PIN.")
class CreatedPin(PinShown):
    pass


@strawberry.type(description="The PIN as it is now.")
class UpdatedPin(PinAnswer):
    digits: str | None = strawberry.field(
        description="The new digits, shown this once; null: unchanged."
    )
    widened: list[AccessLimit] = strawberry.field(description="What opens more than before.")
    narrowed: list[AccessLimit] = strawberry.field(description="What opens less than before.")


@strawberry.type(description="The PIN with its new digits.")
class ReassignedPin(PinShown):
    pass


@strawberry.type(description="The PIN is blocked: locks that have heard of it refuse it.")
class BlockedPin:
    pin: Pin = strawberry.field(description="The PIN.")


@strawberry.type(description="The PIN may open again.")
class UnblockedPin:
    pin: Pin = strawberry.field(description="The PIN.")

    @strawberry.field(description=OF_A_CREDENTIAL)
    async def warnings(self, info: Info) -> list[Warning_]:
        return await warnings_of(info, info.context.loaders.warnings_of_pin, self.pin.row)


@strawberry.type(description="The PIN is gone for good; `lockSync` says from which locks already.")
class DeletedPin:
    pin: Pin = strawberry.field(description="The PIN as it was.")
