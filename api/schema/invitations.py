"""Invitations: codes that phones redeem without an account."""

from datetime import datetime, time

import strawberry
from strawberry.types import Info

from api.schema.credentials import Credential
from api.schema.devices import Device, device_type
from api.schema.nodes import global_id, shows
from api.schema.schedules import schedule_type
from api.schema.sharing import ShareLinks, share_links_type
from api.schema.warnings import OF_A_CREDENTIAL, OF_LEASES, Warning_, warning_types, warnings_of
from domain.access.schedule import Weekday
from domain.errors import NotAllowed
from domain.invitations import sharing, tables
from domain.invitations.rules import MOST_DEVICES
from domain.invitations.states import invitation_state
from domain.locks import tables as locks
from domain.people.rules import Permission
from domain.schedules.states import CredentialState
from domain.warnings import leases


@strawberry.type(description="A code that phones redeem without an account.")
class Invitation(Credential):
    row: strawberry.Private[tables.Invitation]
    name: str = strawberry.field(description="For admins only; the guest never sees it.")
    devices_used: int = strawberry.field(description="How many phones are bound to it.")
    device_limit: int = strawberry.field(description="How many phones may be bound to it.")

    @strawberry.field(description="Its name.")
    async def label(self, info: Info) -> str:
        return self.row.name

    @strawberry.field(description="Where it is in its life; it is never BLOCKED or VOID.")
    async def state(self, info: Info) -> CredentialState:
        return invitation_state(self.row, info.context.clock())

    @strawberry.field(
        description="The last group of its code, to tell it from others; revealInvitationCode shows all of it. Null once "
        "removed, and, with an error, for whoever may not edit."
    )
    async def code_hint(self, info: Info) -> str | None:
        if not await info.context.may(Permission.READ_CODES, self.row.site_id):
            raise NotAllowed
        return sharing.code_hint(info.context.installation, self.row)

    @strawberry.field(description=f"The phones bound to it. At most {MOST_DEVICES}.")
    async def devices(self, info: Info) -> list[Device]:
        rows = await info.context.loaders.devices_of_invitation.load(self.row.id)
        return [device_type(row) for row in rows]

    async def rows_of_locks(self, info: Info) -> list[locks.Lock]:
        chosen = await info.context.loaders.locks_of_invitation.load(self.row.id)
        return [each.lock for each in chosen]

    @strawberry.field(description=OF_A_CREDENTIAL)
    async def warnings(self, info: Info) -> list[Warning_]:
        return await warnings_of(info, info.context.loaders.warnings_of_invitation, self.row)


def invitation_type(row: tables.Invitation) -> Invitation:
    """An invitation as the API shows it."""
    return Invitation(
        id=global_id("invitation", row.id),
        row=row,
        name=row.name,
        devices_used=row.devices_used,
        device_limit=row.device_limit,
        created_at=row.created_at,
        schedule=schedule_type(row.schedule()),
    )


shows(tables.Invitation, lambda row, _: invitation_type(row))


@strawberry.type(
    description="An invitation's code, and ways to hand it over. It has no id: what shows it is not to be kept."
)
class InvitationCode:
    row: strawberry.Private[tables.Invitation]
    code: str = strawberry.field(description="The code to share.")

    @strawberry.field(description="Ways to share it. The guest sees the site's name only.")
    async def share_links(self, info: Info) -> ShareLinks | None:
        site = await info.context.loaders.site.load(self.row.site_id)
        return share_links_type(
            sharing.links_of(info.context.installation, site, self.row, self.code)
        )

    @strawberry.field(description="The web link as a QR code, an SVG.")
    async def qr_svg(self, info: Info) -> str | None:
        link = sharing.invitation_link(info.context.installation, self.code)
        svg: str = await info.context.loaders.qr_svg.load(link)
        return svg


@strawberry.input(description="A new invitation. It is never modified once created.")
class CreateInvitationInput:
    site_id: strawberry.ID = strawberry.field(description="The site.")
    name: str = strawberry.field(description="For admins only.")
    ends_at: datetime = strawberry.field(
        description="Doors open until then, and phones redeem it; within ten years."
    )
    starts_at: datetime | None = strawberry.field(
        default=None, description="Doors open from here on; omitted: at once."
    )
    lock_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The locks it opens."
    )
    lock_tag_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Tags of locks; what they hold now is what it opens, for good."
    )
    device_limit: int = strawberry.field(
        default=1, description="How many phones may redeem it, 1 to 100."
    )
    slot_start: time | None = strawberry.field(default=None, description="Daily from this time.")
    slot_end: time | None = strawberry.field(default=None, description="Daily until this time.")
    weekdays: list[Weekday] | None = strawberry.field(
        default=None, description="The allowed days; omitted: every day."
    )


@strawberry.type(description="The new invitation with its code.")
class CreatedInvitation:
    invitation: Invitation | None = strawberry.field(description="The invitation.")
    invitation_code: InvitationCode = strawberry.field(description="Its code, to share now.")

    @strawberry.field(description=OF_A_CREDENTIAL)
    async def warnings(self, info: Info) -> list[Warning_] | None:
        loader = info.context.loaders.warnings_of_invitation
        return await warnings_of(info, loader, self.invitation_code.row)


@strawberry.input(description="An invitation whose code to show again.")
class RevealInvitationCodeInput:
    invitation_id: strawberry.ID = strawberry.field(description="The invitation.")


@strawberry.type(description="The code, to share it again; the audit has who saw it.")
class RevealedInvitationCode:
    invitation: Invitation | None = strawberry.field(description="The invitation.")
    invitation_code: InvitationCode = strawberry.field(description="Its code.")


@strawberry.input(description="An invitation to delete.")
class DeleteInvitationInput:
    invitation_id: strawberry.ID = strawberry.field(description="The invitation.")


@strawberry.type(description="The invitation is gone, and with it the access of its phones.")
class DeletedInvitation:
    invitation: Invitation = strawberry.field(description="The invitation as it was.")

    @strawberry.field(description=OF_LEASES)
    async def warnings(self, info: Info) -> list[Warning_]:
        clock = info.context.clock
        return warning_types(
            await leases.of_holder(clock(), invitation_id=self.invitation.row.id), clock
        )


@strawberry.input(description="An invitation to mail to its guest.")
class SendInvitationInput:
    invitation_id: strawberry.ID = strawberry.field(description="The invitation.")
    email: str = strawberry.field(description="The guest's e-mail address; it is not kept.")


@strawberry.type(
    description="The letter waits to be sent, which takes seconds as a rule; an alert tells if it never could be."
)
class SentInvitation:
    invitation: Invitation = strawberry.field(description="The invitation.")
