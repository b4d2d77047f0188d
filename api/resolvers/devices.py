"""Operations on phones."""

from api.context import Call
from api.operations import PERSON_OR_TOKEN, mutation
from api.schema.devices import RemovedDevice, RemoveDeviceInput, device_type
from api.schema.nodes import key_of
from domain.people import devices


@mutation(PERSON_OR_TOKEN)
async def remove_device(call: Call, input: RemoveDeviceInput) -> RemovedDevice:
    """Ends a phone's access: one's own, or, for whoever may edit invitations, an invited one."""
    key = key_of("device", input.device_id, "deviceId")
    return RemovedDevice(
        device=device_type(
            await devices.remove_device(call.here, call.by, device_id=key, now=call.now)
        )
    )
