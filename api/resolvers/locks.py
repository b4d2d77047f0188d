"""Operations on locks."""

from api.context import Call
from api.operations import AtSite, mutation
from api.resolvers.given_fields import given_fields
from api.schema.errors import LockWithoutKeypad
from api.schema.locks import (
    CreatedLock,
    CreateLockInput,
    DeletedLock,
    DeleteLockInput,
    PairCardInput,
    PairedCard,
    UpdatedLock,
    UpdateLockInput,
    lock_type,
)
from api.schema.nodes import chosen_key_of, key_of
from domain.locks import pin_mode, service
from domain.locks.service import NewReader
from domain.locks.tables import Lock
from domain.people.rules import Permission

_AT_SITE = AtSite(Permission.DOORS)
_AT_LOCK = AtSite(Permission.DOORS, "lock_id", "lock", Lock)


@mutation(_AT_SITE)
async def create_lock(call: Call, input: CreateLockInput) -> CreatedLock:
    """Adds a lock with its readers to a site, and makes its default tag."""
    lock = await service.create_lock(
        call.installation,
        call.by,
        name=input.name,
        connectivity=input.connectivity,
        hub_id=chosen_key_of("hub", input.hub_id, "hub_id"),
        readers=[NewReader(each.name, each.has_keypad) for each in input.readers],
        now=call.now,
    )
    return CreatedLock(lock=lock_type(lock, call.context.clock))


@mutation(_AT_LOCK, LockWithoutKeypad)
async def update_lock(call: Call, input: UpdateLockInput) -> UpdatedLock:
    """Changes what the input names; everything else stays."""
    fields = given_fields(input, "lock_id")
    if "hub_id" in fields:
        fields["hub_id"] = chosen_key_of("hub", fields["hub_id"], "hub_id")
    lock = await service.update_lock(
        call.installation,
        call.by,
        lock_id=key_of("lock", input.lock_id, "lock_id"),
        fields=fields,
        now=call.now,
    )
    return UpdatedLock(changed=fields, lock=lock_type(lock, call.context.clock))


@mutation(_AT_LOCK)
async def delete_lock(call: Call, input: DeleteLockInput) -> DeletedLock:
    """Takes a lock out of the site. Its connection ends and its secret serves nothing any more."""
    key = key_of("lock", input.lock_id, "lock_id")
    lock = await service.delete_lock(call.installation, call.by, lock_id=key, now=call.now)
    return DeletedLock(lock=lock_type(lock, call.context.clock))


@mutation(_AT_LOCK)
async def pair_card(call: Call, input: PairCardInput) -> PairedCard:
    """Pairs an NFC card with a lock: presenting it ends a lockout of the keypad. It opens nothing."""
    key = key_of("lock", input.lock_id, "lock_id")
    lock = await pin_mode.pair_card(
        call.installation, call.by, lock_id=key, card_uid=input.card_uid, now=call.now
    )
    return PairedCard(lock=lock_type(lock, call.context.clock))
