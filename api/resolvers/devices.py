"""Operations on phones."""

from api.context import Call, Context
from api.operations import PERSON, PERSON_OR_TOKEN, Arguments, AtSite, mutation
from api.schema.devices import RemovedDevice, RemoveDeviceInput, device_type
from api.schema.nodes import key_of
from domain.actors import AccountActor, Caller
from domain.invitations.service import remove_invited_device
from domain.invitations.tables import Invitation
from domain.people.devices import remove_own_device
from domain.people.rules import Permission
from domain.people.tables import Device


class _InvitationOfDevice:
    """Finds the site of an invited phone, which is its invitation's."""

    @staticmethod
    async def get_or_none(id: object) -> Invitation | None:
        device = await Device.get_or_none(id=id).select_related("invitation")
        return device.invitation if device is not None else None


_INVITED = AtSite(Permission.CREDENTIALS, "device_id", "device", _InvitationOfDevice)


class _OwnOrInvited:
    """One's own phone, for its person; else an invitation's, for whoever may edit invitations at its site."""

    who = f"{PERSON.who}, and for {_INVITED.who}"

    async def permit(self, context: Context, arguments: Arguments) -> Caller:
        caller = await PERSON_OR_TOKEN.permit(context, arguments)
        actor = context.actor
        if isinstance(actor, AccountActor):
            key = key_of("device", arguments["input"].device_id, "device_id")
            if await Device.filter(id=key, account_id=actor.account_id).exists():
                return caller
        return await _INVITED.permit(context, arguments)


@mutation(_OwnOrInvited())
async def remove_device(call: Call, input: RemoveDeviceInput) -> RemovedDevice:
    """Ends a phone's access: one's own, or, for whoever may edit invitations, an invited one."""
    key = key_of("device", input.device_id, "device_id")
    remove = remove_own_device if call.by.standing is None else remove_invited_device
    return RemovedDevice(
        device=device_type(await remove(call.installation, call.by, device_id=key, now=call.now))
    )
