"""SmartPINs: ten digits for one guest and one door, and what the door has told of them."""

from datetime import datetime

import strawberry
from strawberry.types import Info

from api.schema.credentials import Credential
from api.schema.locks import Lock, lock_type
from api.schema.nodes import global_id, shows
from api.schema.schedules import schedule_type
from api.schema.sharing import ShareLinks
from api.schema.warnings import OF_A_CREDENTIAL, Warning_, warnings_of
from domain.locks import tables as locks
from domain.schedules.states import CredentialState
from domain.smartpins import tables
from domain.smartpins.rules import activation_missed
from domain.smartpins.states import is_blocked, smart_pin_state
from domain.sync.rules import SyncStatus, entry_status
from domain.sync.tables import EntryState


@strawberry.type(
    description="A code that one lock checks by itself, without a network. It is shown once, when it is made."
)
class SmartPin(Credential):
    row: strawberry.Private[tables.SmartPin]
    guest_name: str = strawberry.field(description="For whom it is.")
    blocked: bool = strawberry.field(
        description="Whether it is blocked, so that unblockSmartPin applies unless that was done at the door; its state may "
        "be ENDED all the same, and `blockSync` says what its lock knows."
    )
    blocked_at_door_at: datetime | None = strawberry.field(
        description="When it was blocked at the lock's keypad, for good; null: it was not."
    )
    first_used_at: datetime | None = strawberry.field(
        description="When it first opened the lock, as the lock has told; null: not that we know."
    )
    short_pin_set_at: datetime | None = strawberry.field(
        description="Since when its guest has a short PIN at the lock, which alone knows its digits, as a hash; null: none."
    )

    @strawberry.field(description="For whom it is.")
    async def label(self, info: Info) -> str:
        return self.row.guest_name

    @strawberry.field(description="Where it is in its life; it is never REMOVED.")
    async def state(self, info: Info) -> CredentialState:
        return smart_pin_state(self.row, info.context.clock())

    async def rows_of_locks(self, info: Info) -> list[locks.Lock]:
        lock = await info.context.loaders.lock.load(self.row.lock_id)
        return [lock] if lock.deleted_at is None else []

    @strawberry.field(description="The lock that it opens.")
    async def lock(self, info: Info) -> Lock:
        row = await info.context.loaders.lock.load(self.row.lock_id)
        return lock_type(row, info.context.clock)

    @strawberry.field(
        description="By when it must first be used, or it dies; null: the site asks for no such thing."
    )
    async def activation_due_at(self, info: Info) -> datetime | None:
        site = await info.context.loaders.site.load(self.row.site_id)
        return self.row.activate_by if site.smart_pin_activation else None

    @strawberry.field(
        description="Whether activationDueAt has passed and its lock has told of no first use before: as far as we know it "
        "opens nothing any more. A lock that is offline may know better."
    )
    async def activation_missed(self, info: Info) -> bool:
        site = await info.context.loaders.site.load(self.row.site_id)
        row = self.row
        return bool(site.smart_pin_activation) and activation_missed(
            starts_at=row.opens_at,
            activate_by=row.activate_by,
            first_used_at=row.first_used_at,
            now=info.context.clock(),
        )

    @strawberry.field(
        description="Whether its lock has proven the secret that it is for. It opens only where that secret is installed: "
        "until then, and with a lock that has proven another, that is not known."
    )
    async def secret_proven(self, info: Info) -> bool:
        lock = await info.context.loaders.lock.load(self.row.lock_id)
        return bool(lock.incarnation == self.row.incarnation)

    @strawberry.field(description=OF_A_CREDENTIAL)
    async def warnings(self, info: Info) -> list[Warning_]:
        return await warnings_of(info, info.context.loaders.warnings_of_smart_pin, self.row)

    @strawberry.field(
        description="Whether the lock has heard of the block, or of its end: until UPDATED a blocked code may open; "
        "null: it was never blocked from here."
    )
    async def block_sync(self, info: Info) -> SyncStatus | None:
        key = (self.row.lock_id, self.row.entry_name)
        entry = await info.context.loaders.smart_pin_block.load(key)
        if entry is None:
            return None
        return entry_status(
            version=entry.version,
            applied_version=entry.applied_version,
            removed=entry.state is EntryState.REMOVED,
            unknown=entry.lock.state_unknown,
        )


def smart_pin_type(row: tables.SmartPin) -> SmartPin:
    """A SmartPIN as the API shows it."""
    return SmartPin(
        id=global_id("smart_pin", row.id),
        row=row,
        guest_name=row.guest_name,
        created_at=row.created_at,
        schedule=schedule_type(row.schedule()),
        blocked=is_blocked(row),
        blocked_at_door_at=row.blocked_at_door,
        first_used_at=row.first_used_at,
        short_pin_set_at=row.short_pin_set_at,
    )


shows(tables.SmartPin, lambda row, _: smart_pin_type(row))


@strawberry.input(description="A code for one guest and one door.")
class CreateSmartPinInput:
    lock_id: strawberry.ID = strawberry.field(description="The lock; SmartPINs are on there.")
    guest_name: str = strawberry.field(description="For whom it is, for admins.")
    starts_at: datetime = strawberry.field(
        description="The start, on the hour; in the current hour at the earliest."
    )
    ends_at: datetime = strawberry.field(
        description="The end, on the hour: up to 768 hours after the start, or 33 to 365 days."
    )
    incarnation: str | None = strawberry.field(
        default=None,
        description="For which secret of the lock, as in ProvisionedLock: a pending one that is known to be installed. "
        "Without it, the one in force; before the lock has proven any, the newest.",
    )


@strawberry.input(description="A SmartPIN to block.")
class BlockSmartPinInput:
    smart_pin_id: strawberry.ID = strawberry.field(description="The SmartPIN.")


@strawberry.input(description="A blocked SmartPIN to let open again.")
class UnblockSmartPinInput:
    smart_pin_id: strawberry.ID = strawberry.field(description="The SmartPIN.")


@strawberry.type(description="The new SmartPIN with its code.")
class CreatedSmartPin:
    digits: str = strawberry.field(
        description="The ten digits as people read them, shown this once; hyphens are not typed."
    )
    window_widened: bool = strawberry.field(
        description="Whether the window is wider than what was asked for: the SmartPIN's schedule says what it is."
    )
    starts_early_by_seconds: int = strawberry.field(
        description="How much earlier than asked for it opens."
    )
    ends_late_by_seconds: int = strawberry.field(
        description="How much later than asked for it closes."
    )
    activation_due_at: datetime | None = strawberry.field(
        description="By when it must first be used, or it dies; null: the site asks for no such thing."
    )
    newer_secret_pending: bool = strawberry.field(
        description="Whether a newer secret was given out that the lock has not proven; this code is for an older one, the "
        "one in force unless `incarnation` said otherwise, and opens nothing once the newer one is installed."
    )
    share_links: ShareLinks | None = strawberry.field(description="Ways to hand it over now.")
    smart_pin: SmartPin | None = strawberry.field(description="The SmartPIN.")

    @strawberry.field(description=OF_A_CREDENTIAL)
    async def warnings(self, info: Info) -> list[Warning_] | None:
        assert self.smart_pin is not None
        return await warnings_of(
            info, info.context.loaders.warnings_of_smart_pin, self.smart_pin.row
        )


@strawberry.type(description="The SmartPIN is blocked; `blockSync` says whether its lock knows.")
class BlockedSmartPin:
    smart_pin: SmartPin = strawberry.field(description="The SmartPIN.")


@strawberry.type(
    description="The SmartPIN may open again; `blockSync` says whether its lock knows."
)
class UnblockedSmartPin:
    smart_pin: SmartPin = strawberry.field(description="The SmartPIN.")

    @strawberry.field(description=OF_A_CREDENTIAL)
    async def warnings(self, info: Info) -> list[Warning_]:
        return await warnings_of(
            info, info.context.loaders.warnings_of_smart_pin, self.smart_pin.row
        )
