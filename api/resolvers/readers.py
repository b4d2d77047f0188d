"""Operations on readers, and on PIN mode, which is kept on them."""

from api.context import Call
from api.operations import AtAnyOf, AtSite, mutation
from api.schema.errors import LockTooOld, LockWithoutKeypad, PinTooShort
from api.schema.nodes import key_of
from api.schema.readers import (
    CreatedReader,
    CreateReaderInput,
    DeletedReader,
    DeleteReaderInput,
    PinModeSet,
    SetPinModeInput,
    UpdatedReader,
    UpdateReaderInput,
    reader_type,
)
from domain.locks import pin_mode, readers
from domain.locks.service import NewReader
from domain.locks.tables import Hub, Lock, Reader
from domain.node_ids import kind_of
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
    AtAnyOf(Permission.PIN_MODE, "target_id", {"lock": Lock, "hub": Hub, "reader": _ReaderSite}),
    LockWithoutKeypad,
    LockTooOld,
)
async def set_pin_mode(call: Call, input: SetPinModeInput) -> PinModeSet:
    """Switches PIN mode at a lock, at all locks of a hub, or at one reader."""
    kind = kind_of(input.target_id)
    target = {f"{kind}_id": key_of(str(kind), input.target_id, "target_id")}
    readers = await pin_mode.set_pin_mode(
        call.installation, call.by, enabled=input.enabled, now=call.now, **target
    )
    return PinModeSet(enabled=input.enabled, readers=[reader_type(row) for row in readers])
