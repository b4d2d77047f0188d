"""Operations on the doors of a site."""

import base64

from api.context import Call
from api.operations import AtAnyOf, AtSite, mutation
from api.resolvers.mentioned import mentioned
from api.schema.errors import LockWithoutKeypad, PinTooShort, StillInUse
from api.schema.locks import (
    CreatedHub,
    CreatedLock,
    CreatedReader,
    CreateHubInput,
    CreateLockInput,
    CreateReaderInput,
    DeletedHub,
    DeletedLock,
    DeletedReader,
    DeleteHubInput,
    DeleteLockInput,
    DeleteReaderInput,
    LockSettings,
    PairCardInput,
    PairedCard,
    PinModeSet,
    PinProfile,
    ProvisionedLock,
    ProvisionLockInput,
    SetPinModeInput,
    UpdatedHub,
    UpdatedLock,
    UpdatedReader,
    UpdateHubInput,
    UpdateLockInput,
    UpdateReaderInput,
    hub_type,
    lock_type,
    reader_type,
)
from api.schema.nodes import chosen_key_of, key_of
from domain.locks import pin_mode, service
from domain.locks.service import NewReader
from domain.locks.tables import Hub, Lock, Reader
from domain.node_ids import kind_of
from domain.people.rules import Permission

_AT_SITE = AtSite(Permission.DOORS)
_AT_HUB = AtSite(Permission.DOORS, "hub_id", "hub", Hub)
_AT_LOCK = AtSite(Permission.DOORS, "lock_id", "lock", Lock)


class _ReaderSite:
    """Finds a reader's site, which is its lock's."""

    @staticmethod
    async def get_or_none(id: object) -> Lock | None:
        reader = await Reader.get_or_none(id=id).select_related("lock")
        return reader.lock if reader is not None else None


_AT_READER = AtSite(Permission.DOORS, "reader_id", "reader", _ReaderSite)


@mutation(_AT_SITE)
async def create_hub(call: Call, input: CreateHubInput) -> CreatedHub:
    """Adds a hub to a site."""
    hub = await service.create_hub(call.here, call.by, name=input.name, now=call.now)
    return CreatedHub(hub=hub_type(hub))


@mutation(_AT_HUB)
async def update_hub(call: Call, input: UpdateHubInput) -> UpdatedHub:
    """Renames a hub."""
    key = key_of("hub", input.hub_id, "hubId")
    hub = await service.update_hub(call.here, call.by, hub_id=key, name=input.name, now=call.now)
    return UpdatedHub(hub=hub_type(hub))


@mutation(_AT_HUB, StillInUse)
async def delete_hub(call: Call, input: DeleteHubInput) -> DeletedHub:
    """Deletes a hub that connects no lock."""
    key = key_of("hub", input.hub_id, "hubId")
    return DeletedHub(
        hub=hub_type(await service.delete_hub(call.here, call.by, hub_id=key, now=call.now))
    )


@mutation(_AT_SITE)
async def create_lock(call: Call, input: CreateLockInput) -> CreatedLock:
    """Adds a lock with its readers to a site, and makes its default tag."""
    lock = await service.create_lock(
        call.here,
        call.by,
        name=input.name,
        connectivity=input.connectivity,
        hub_id=chosen_key_of("hub", input.hub_id, "hubId"),
        readers=[NewReader(each.name, each.has_keypad) for each in input.readers],
        now=call.now,
    )
    return CreatedLock(lock=lock_type(lock, call.context.clock))


@mutation(_AT_LOCK, LockWithoutKeypad)
async def update_lock(call: Call, input: UpdateLockInput) -> UpdatedLock:
    """Changes what the input names; everything else stays."""
    changes = mentioned(input, "lock_id")
    if "hub_id" in changes:
        changes["hub_id"] = chosen_key_of("hub", changes["hub_id"], "hubId")
    lock = await service.update_lock(
        call.here,
        call.by,
        lock_id=key_of("lock", input.lock_id, "lockId"),
        changes=changes,
        now=call.now,
    )
    return UpdatedLock(lock=lock_type(lock, call.context.clock))


@mutation(_AT_LOCK)
async def delete_lock(call: Call, input: DeleteLockInput) -> DeletedLock:
    """Takes a lock out of the site. Its connection ends and its secret serves nothing any more."""
    key = key_of("lock", input.lock_id, "lockId")
    lock = await service.delete_lock(call.here, call.by, lock_id=key, now=call.now)
    return DeletedLock(lock=lock_type(lock, call.context.clock))


@mutation(_AT_LOCK)
async def provision_lock(call: Call, input: ProvisionLockInput) -> ProvisionedLock:
    """Makes a new secret, incarnation and programming code, shown once; pending until the lock proves the secret."""
    key = key_of("lock", input.lock_id, "lockId")
    kit = await service.provision_lock(call.here, call.by, lock_id=key, now=call.now)
    return ProvisionedLock(
        lock=lock_type(kit.lock, call.context.clock),
        incarnation=kit.incarnation,
        secret=_base64url(kit.secret),
        programming_code=kit.programming_code,
        settings=LockSettings(
            zone=kit.zone,
            fixed_offset_minutes=kit.fixed_offset_minutes,
            smart_pin_enabled=kit.smart_pin_enabled,
            pin_salt=_base64url(kit.pin_salt),
            pin_profile=PinProfile(
                time_cost=kit.pin_time_cost,
                memory_kib=kit.pin_memory_kib,
                parallelism=kit.pin_parallelism,
            ),
        ),
    )


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@mutation(
    AtAnyOf(Permission.PIN_MODE, "target_id", {"lock": Lock, "hub": Hub, "reader": _ReaderSite}),
    LockWithoutKeypad,
)
async def set_pin_mode(call: Call, input: SetPinModeInput) -> PinModeSet:
    """Switches PIN mode at a lock, at all locks of a hub, or at one reader."""
    kind = kind_of(input.target_id)
    target = {f"{kind}_id": key_of(str(kind), input.target_id, "targetId")}
    readers = await pin_mode.set_pin_mode(
        call.here, call.by, enabled=input.enabled, now=call.now, **target
    )
    return PinModeSet(readers=[reader_type(row) for row in readers])


@mutation(_AT_LOCK)
async def pair_card(call: Call, input: PairCardInput) -> PairedCard:
    """Pairs an NFC card with a lock: presenting it ends a lockout of the keypad. It opens nothing."""
    key = key_of("lock", input.lock_id, "lockId")
    lock = await pin_mode.pair_card(
        call.here, call.by, lock_id=key, uid=input.card_uid, now=call.now
    )
    return PairedCard(lock=lock_type(lock, call.context.clock))


@mutation(_AT_LOCK, PinTooShort)
async def create_reader(call: Call, input: CreateReaderInput) -> CreatedReader:
    """Adds a reader to a lock."""
    reader = await service.create_reader(
        call.here,
        call.by,
        lock_id=key_of("lock", input.lock_id, "lockId"),
        reader=NewReader(input.name, input.has_keypad),
        now=call.now,
    )
    return CreatedReader(reader=reader_type(reader))


@mutation(_AT_READER)
async def update_reader(call: Call, input: UpdateReaderInput) -> UpdatedReader:
    """Renames a reader."""
    key = key_of("reader", input.reader_id, "readerId")
    reader = await service.update_reader(
        call.here, call.by, reader_id=key, name=input.name, now=call.now
    )
    return UpdatedReader(reader=reader_type(reader))


@mutation(_AT_READER)
async def delete_reader(call: Call, input: DeleteReaderInput) -> DeletedReader:
    """Takes a reader off its lock."""
    key = key_of("reader", input.reader_id, "readerId")
    return DeletedReader(
        reader=reader_type(
            await service.delete_reader(call.here, call.by, reader_id=key, now=call.now)
        )
    )
