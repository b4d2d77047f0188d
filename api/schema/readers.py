"""Readers, and PIN mode, which is kept on them."""

from datetime import datetime

import strawberry
from strawberry.types import Info

from api.schema.nodes import Node, global_id, shows
from api.schema.of_lock import OfLock
from api.schema.warnings import Warning_, warning_types
from domain.locks import tables
from domain.warnings import changes


@strawberry.type(description="A keypad, NFC or BLE face of a lock.")
class Reader(Node, OfLock):
    row: strawberry.Private[tables.Reader]
    created_at: datetime = strawberry.field(description="When it was added to its lock.")
    name: str = strawberry.field(description="What people call it.")
    has_keypad: bool = strawberry.field(description="Whether PINs can be typed on it.")
    pin_enabled: bool = strawberry.field(description="Whether PIN mode is on.")


def reader_type(row: tables.Reader) -> Reader:
    """A reader as the API shows it."""
    return Reader(
        id=global_id("reader", row.id),
        row=row,
        created_at=row.created_at,
        name=row.name,
        has_keypad=row.has_keypad,
        pin_enabled=row.pin_enabled,
    )


shows(tables.Reader, lambda row, _: reader_type(row))


@strawberry.input(description="A reader to add to a lock.")
class CreateReaderInput:
    lock_id: strawberry.ID = strawberry.field(description="The lock.")
    name: str = strawberry.field(description="What people call it.")
    has_keypad: bool = strawberry.field(
        default=True, description="Whether PINs can be typed on it."
    )


@strawberry.input(description="Changes to a reader.")
class UpdateReaderInput:
    reader_id: strawberry.ID = strawberry.field(description="The reader.")
    name: str = strawberry.field(description="Its new name.")


@strawberry.input(description="A reader to take off its lock.")
class DeleteReaderInput:
    reader_id: strawberry.ID = strawberry.field(description="The reader.")


@strawberry.type(description="The new reader.")
class CreatedReader:
    reader: Reader = strawberry.field(description="The reader.")

    @strawberry.field(
        description="Whether its lock has not said whether it can hold a PIN mode for each keypad, where they differ now."
    )
    async def warnings(self, info: Info) -> list[Warning_]:
        clock = info.context.clock
        found = await changes.of_pin_mode({self.reader.row.lock_id}, enabled=False, now=clock())
        return warning_types(found, clock)


@strawberry.type(description="The reader as it is now.")
class UpdatedReader:
    reader: Reader = strawberry.field(description="The reader.")


@strawberry.type(description="The reader is off its lock.")
class DeletedReader:
    reader: Reader = strawberry.field(
        description="The reader as it was; its `lock` is as it is now."
    )

    @strawberry.field(
        description="Whether its lock has no keypad any more for the PINs that name it; empty: it has, or none do."
    )
    async def warnings(self, info: Info) -> list[Warning_]:
        found = await changes.of_readers(self.reader.row.lock_id)
        return warning_types(found, info.context.clock)


@strawberry.input(one_of=True, description="Where PIN mode is switched.")
class PinModeTargetInput:
    lock_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="At all keypads of this lock."
    )
    hub_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="At all keypads of the locks of this hub."
    )
    reader_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="At this keypad."
    )


@strawberry.input(description="Where to switch PIN mode.")
class SetPinModeInput:
    target: PinModeTargetInput = strawberry.field(description="A lock, a hub or a reader.")
    enabled: bool = strawberry.field(description="Whether PINs are taken from now on.")


@strawberry.type(description="PIN mode as it is now.")
class SetPinMode:
    enabled: strawberry.Private[bool]
    readers: list[Reader] = strawberry.field(description="The readers that were switched.")

    @strawberry.field(
        description="Which locks do not hear at once that PIN mode is on now, and which have not said whether they can hold "
        "a PIN mode for each keypad."
    )
    async def warnings(self, info: Info) -> list[Warning_]:
        clock = info.context.clock
        ids = {each.row.lock_id for each in self.readers}
        found = await changes.of_pin_mode(ids, enabled=self.enabled, now=clock())
        return warning_types(found, clock)
