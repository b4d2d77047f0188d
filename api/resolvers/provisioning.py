"""Operations on what is installed on locks."""

from api.context import Call
from api.operations import AtSite, mutation
from api.schema.locks import lock_type
from api.schema.nodes import key_of
from api.schema.provisioning import (
    CancelledProvisioningKit,
    CancelProvisioningKitInput,
    LockSettings,
    PinProfile,
    ProvisionedLock,
    ProvisionLockInput,
    kit_type,
)
from domain.locks import provisioning
from domain.locks.tables import Lock, Provisioning
from domain.people.rules import Permission
from domain.security import base64url


class _LockOfKit:
    """Finds the site of a kit, which is its lock's."""

    @staticmethod
    async def get_or_none(id: object) -> Lock | None:
        kit = await Provisioning.get_or_none(id=id).select_related("lock")
        return kit.lock if kit is not None else None


_AT_LOCK = AtSite(Permission.DOORS, "lock_id", "lock", Lock)
_AT_KIT = AtSite(Permission.DOORS, "provisioning_kit_id", "provisioning_kit", _LockOfKit)


@mutation(_AT_LOCK)
async def provision_lock(call: Call, input: ProvisionLockInput) -> ProvisionedLock:
    """Makes a new secret, incarnation and programming code, shown once; pending until the lock proves the secret.

    It can be proven for a day (unless the server is set otherwise), until it is cancelled, and for as long as whoever took
    it may provision the site's locks. Where it takes the place of a secret in force, the site's admins are alerted."""
    key = key_of("lock", input.lock_id, "lock_id")
    kit = await provisioning.provision_lock(call.installation, call.by, lock_id=key, now=call.now)
    return ProvisionedLock(
        lock=lock_type(kit.lock, call.context.clock),
        provisioning_kit=kit_type(kit.row),
        incarnation=kit.incarnation,
        secret=base64url.encode(kit.secret),
        programming_code=kit.programming_code,
        settings=LockSettings(
            zone=kit.zone,
            fixed_offset_minutes=kit.fixed_offset_minutes,
            smart_pin_enabled=kit.smart_pin_enabled,
            pin_salt=base64url.encode(kit.pin_salt),
            pin_profile=PinProfile(
                time_cost=kit.pin_time_cost,
                memory_kib=kit.pin_memory_kib,
                parallelism=kit.pin_parallelism,
            ),
        ),
    )


@mutation(_AT_KIT)
async def cancel_provisioning_kit(
    call: Call, input: CancelProvisioningKitInput
) -> CancelledProvisioningKit:
    """Ends a pending kit: no lock can prove its secret any more, and the SmartPINs made for it open nothing."""
    key = key_of("provisioning_kit", input.provisioning_kit_id, "provisioning_kit_id")
    kit, lock = await provisioning.cancel_kit(call.installation, call.by, kit_id=key, now=call.now)
    return CancelledProvisioningKit(
        provisioning_kit=kit_type(kit), lock=lock_type(lock, call.context.clock)
    )
