"""Readers, and PIN mode, which is kept on them."""

import strawberry

from api.schema.nodes import Node, global_id
from domain.locks import tables


@strawberry.type(description="A keypad, NFC or BLE face of a lock.")
class Reader(Node):
    name: str = strawberry.field(description="What people call it.")
    has_keypad: bool = strawberry.field(description="Whether PINs can be typed on it.")
    pin_enabled: bool = strawberry.field(description="Whether PIN mode is on.")


def reader_type(row: tables.Reader) -> Reader:
    """A reader as the API shows it."""
    return Reader(
        id=global_id("reader", row.id),
        name=row.name,
        has_keypad=row.has_keypad,
        pin_enabled=row.pin_enabled,
    )


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


@strawberry.type(description="The reader as it is now.")
class UpdatedReader:
    reader: Reader = strawberry.field(description="The reader.")


@strawberry.type(description="The reader is off its lock.")
class DeletedReader:
    reader: Reader = strawberry.field(description="The reader as it was.")


@strawberry.input(description="Where to switch PIN mode.")
class SetPinModeInput:
    target_id: strawberry.ID = strawberry.field(
        description="A lock, a hub (all of its locks) or a reader."
    )
    enabled: bool = strawberry.field(description="Whether PINs are taken from now on.")


@strawberry.type(description="PIN mode as it is now.")
class PinModeSet:
    readers: list[Reader] = strawberry.field(description="The readers that were switched.")
