"""Operations on readers, and on PIN mode, which is kept on them."""

from api.context import Call
from api.operations import AtOneOf, AtSite, mutation
from api.resolvers.given_fields import given_fields
from api.schema.errors import LockTooOld, LockWithoutKeypad, PinTooShort
from api.schema.nodes import key_of
from api.schema.readers import (
    CreatedReader,
    CreateReaderInput,
    DeletedReader,
    DeleteReaderInput,
    SetPinMode,
    SetPinModeInput,
    UpdatedReader,
    UpdateReaderInput,
    reader_type,
)
from domain.locks import pin_mode, readers
from domain.locks.service import NewReader
from domain.locks.tables import Hub, Lock, Reader
from domain.people.rules import Permission


class _ReaderSite:
    """Finds a reader's site, which is its lock's."""

    @staticmethod
    async def get_or_none(id: object) -> Lock | None:
        reader = await Reader.get_or_none(id=id).select_related("lock")
        return reader.lock if reader is not None else None


_AT_LOCK = AtSite(Permission.DOORS, "lock_id", "lock", Lock)
_AT_READER = AtSite(Permission.DOORS, "reader_id", "reader", _ReaderSite)


@mutation(_AT_LOCK, PinTooShort, LockTooOld)
async def create_reader(call: Call, input: CreateReaderInput) -> CreatedReader:
    """Adds a reader to a lock."""
    reader = await readers.create_reader(
        call.installation,
        call.by,
        lock_id=key_of("lock", input.lock_id, "lock_id"),
        reader=NewReader(input.name, input.has_keypad),
        now=call.now,
    )
    return CreatedReader(reader=reader_type(reader))


@mutation(_AT_READER)
async def update_reader(call: Call, input: UpdateReaderInput) -> UpdatedReader:
    """Renames a reader."""
    key = key_of("reader", input.reader_id, "reader_id")
    reader = await readers.update_reader(
        call.installation, call.by, reader_id=key, name=input.name, now=call.now
    )
    return UpdatedReader(reader=reader_type(reader))


@mutation(_AT_READER)
async def delete_reader(call: Call, input: DeleteReaderInput) -> DeletedReader:
    """Takes a reader off its lock."""
    key = key_of("reader", input.reader_id, "reader_id")
    return DeletedReader(
        reader=reader_type(
            await readers.delete_reader(call.installation, call.by, reader_id=key, now=call.now)
        )
    )


@mutation(
    AtOneOf(
        (
            AtSite(Permission.PIN_MODE, "target.lock_id", "lock", Lock),
            AtSite(Permission.PIN_MODE, "target.hub_id", "hub", Hub),
            AtSite(Permission.PIN_MODE, "target.reader_id", "reader", _ReaderSite),
        )
    ),
    LockWithoutKeypad,
    LockTooOld,
)
async def set_pin_mode(call: Call, input: SetPinModeInput) -> SetPinMode:
    """Switches PIN mode at a lock, at all locks of a hub, or at one reader."""
    (target,) = given_fields(input.target).items()
    field, text = target
    kind = field.removesuffix("_id")
    readers = await pin_mode.set_pin_mode(
        call.installation,
        call.by,
        **{field: key_of(kind, text, f"target.{field}")},
        enabled=input.enabled,
        now=call.now,
    )
    return SetPinMode(enabled=input.enabled, readers=[reader_type(row) for row in readers])
