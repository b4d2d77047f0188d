"""Invitations: codes that phones redeem without an account."""

from datetime import date, datetime, time

import strawberry
from strawberry.types import Info

from api.context import Context, caller_of
from api.loaders import CodeWanted
from api.schema.devices import Device, device_type
from api.schema.locks import Lock, lock_type
from api.schema.nodes import Node, global_id, shows
from api.schema.schedules import Schedule, schedule_type
from api.schema.sharing import ShareLinks, share_links_type
from api.schema.warnings import OF_A_CREDENTIAL, Warning_, warnings_of
from domain.access.schedule import Weekday
from domain.invitations import sharing, tables
from domain.invitations.calendar import CalendarItem
from domain.invitations.rules import InvitationStatus, status_of
from domain.people.rules import Permission


@strawberry.type(description="A code that phones redeem without an account.")
class Invitation(Node):
    row: strawberry.Private[tables.Invitation]
    name: str = strawberry.field(description="For admins only; the guest never sees it.")
    status: InvitationStatus = strawberry.field(description="Where it is in its life.")
    devices_used: int = strawberry.field(description="How many phones are bound to it.")
    device_limit: int = strawberry.field(description="How many phones may be bound to it.")
    expires_at: datetime = strawberry.field(description="When it ends.")
    created_at: datetime = strawberry.field(description="When it was made.")
    schedule: Schedule = strawberry.field(description="When its doors open.")

    @strawberry.field(
        description="The code, to share it again; every reading is audited. Null for whoever may not edit, and once deleted."
    )
    async def code(self, info: Info) -> str | None:
        return await _code(info.context, self.row)

    @strawberry.field(
        description="Ways to share it again; audited like `code`, and null where that is null."
    )
    async def share_links(self, info: Info) -> ShareLinks | None:
        code = await _code(info.context, self.row)
        return await _share_links(info.context, self.row, code) if code is not None else None

    @strawberry.field(
        description="The web link as a QR code, an SVG; audited like `code`, and null where that is null."
    )
    async def qr_svg(self, info: Info) -> str | None:
        code = await _code(info.context, self.row)
        return await _qr(info.context, code) if code is not None else None

    @strawberry.field(description="The phones bound to it.")
    async def devices(self, info: Info) -> list[Device]:
        rows = await info.context.loaders.devices_of_invitation.load(self.row.id)
        return [device_type(row) for row in rows]

    @strawberry.field(description="The locks it opens.")
    async def locks(self, info: Info) -> list[Lock]:
        rows = await info.context.loaders.locks_of_invitation.load(self.row.id)
        return [lock_type(row.lock, info.context.clock) for row in rows]

    @strawberry.field(description=OF_A_CREDENTIAL)
    async def warnings(self, info: Info) -> list[Warning_]:
        return await warnings_of(info, info.context.loaders.warnings_of_invitation, self.row)


async def _code(context: Context, row: tables.Invitation) -> str | None:
    if row.deleted_at is not None or not await context.may(Permission.READ_CODES, row.site_id):
        return None
    standing = await context.loaders.standing.load((context.actor, row.site_id))
    return await context.loaders.code.load(
        CodeWanted(context.installation, caller_of(context, standing), row, context.clock())
    )


async def _share_links(context: Context, row: tables.Invitation, code: str) -> ShareLinks:
    site = await context.loaders.site.load(row.site_id)
    assert site is not None
    return share_links_type(sharing.links_of(context.installation, site, row, code))


async def _qr(context: Context, code: str) -> str:
    svg: str = await context.loaders.qr_svg.load(
        sharing.invitation_link(context.installation, code)
    )
    return svg


def invitation_type(row: tables.Invitation, now: datetime) -> Invitation:
    """An invitation as the API shows it."""
    return Invitation(
        id=global_id("invitation", row.id),
        row=row,
        name=row.name,
        status=status_of(row.valid_from, row.valid_until, row.deleted_at, now),
        devices_used=row.devices_used,
        device_limit=row.device_limit,
        expires_at=row.valid_until,
        created_at=row.created_at,
        schedule=schedule_type(row.schedule()),
    )


shows(tables.Invitation, lambda row, clock: invitation_type(row, clock()))


@strawberry.input(description="A new invitation. It is never modified once created.")
class CreateInvitationInput:
    site_id: strawberry.ID = strawberry.field(description="The site.")
    name: str = strawberry.field(description="For admins only.")
    lock_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The locks it opens."
    )
    lock_tag_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Tags of locks; what they hold now is what it opens, for good."
    )
    valid_from: datetime | None = strawberry.field(
        default=None, description="Doors open from here on; omitted: at once."
    )
    valid_until: datetime | None = strawberry.field(default=None, description="Its end, needed.")
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
    code: str = strawberry.field(description="The code to share.")
    invitation: Invitation = strawberry.field(description="The invitation.")

    @strawberry.field(description="Ways to share it. The guest sees the site's name only.")
    async def share_links(self, info: Info) -> ShareLinks:
        return await _share_links(info.context, self.invitation.row, self.code)

    @strawberry.field(description="The web link as a QR code, an SVG.")
    async def qr_svg(self, info: Info) -> str:
        return await _qr(info.context, self.code)

    @strawberry.field(description=OF_A_CREDENTIAL)
    async def warnings(self, info: Info) -> list[Warning_]:
        loader = info.context.loaders.warnings_of_invitation
        return await warnings_of(info, loader, self.invitation.row)


@strawberry.input(description="An invitation to delete.")
class DeleteInvitationInput:
    invitation_id: strawberry.ID = strawberry.field(description="The invitation.")


@strawberry.type(description="The invitation is gone, and with it the access of its phones.")
class DeletedInvitation:
    invitation: Invitation = strawberry.field(description="The invitation as it was.")


@strawberry.input(description="An invitation to mail to its guest.")
class SendInvitationInput:
    invitation_id: strawberry.ID = strawberry.field(description="The invitation.")
    email: str = strawberry.field(description="The guest's e-mail address; it is not kept.")


@strawberry.type(
    description="The letter waits to be sent, which takes seconds as a rule; an alert tells if it never could be."
)
class SentInvitation:
    invitation: Invitation = strawberry.field(description="The invitation.")


@strawberry.type(description="An invitation, as far as a calendar needs it.")
class CalendarInvitation:
    id: strawberry.ID = strawberry.field(description="The invitation's id.")
    name: str = strawberry.field(description="For admins only.")


@strawberry.type(description="A span in which an invitation's doors open.")
class InvitationOccurrence:
    invitation: CalendarInvitation = strawberry.field(description="Which one.")
    day: date = strawberry.field(
        description="The local day to which it belongs: that on which it begins, also when it runs over midnight."
    )
    opens_at: datetime = strawberry.field(description="Open from here on.")
    closes_at: datetime = strawberry.field(description="Closed from here on.")


def occurrence_type(item: CalendarItem) -> InvitationOccurrence:
    """A calendar's span as the API shows it."""
    return InvitationOccurrence(
        invitation=CalendarInvitation(
            id=global_id("invitation", item.invitation.id), name=item.invitation.name
        ),
        day=item.occurrence.day,
        opens_at=item.occurrence.opens_at,
        closes_at=item.occurrence.closes_at,
    )
