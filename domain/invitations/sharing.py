"""Giving an invitation's code to its guest: read again, shared by links, or mailed.

No code leaves without a trace: the audit row is committed before it is given out. Its last group alone is shown without
one. The invitation's name is for admins; what a guest gets has the site's.
"""

import asyncio
from datetime import datetime
from uuid import UUID

from domain.actors import Caller
from domain.audit.service import recorded
from domain.database import lock_row, use_case
from domain.errors import InvitationNotRedeemable, NotFound
from domain.installation import Installation
from domain.invitations.service import code_identity, held_invitation
from domain.invitations.tables import Invitation
from domain.letters.letter import Button, Letter
from domain.mail.addresses import checked_email
from domain.mail.budgets import count_letter
from domain.mail.outbox import post
from domain.security.codes import display_code
from domain.security.keys import KeyLabel
from domain.sharing import ShareLinks, qr_png, share_links
from domain.sites.rules import name_in_letters
from domain.sites.service import live_site, zone_of
from domain.sites.tables import Site


def code_of(installation: Installation, invitation: Invitation) -> str:
    """The code, for display to somebody who may share it."""
    return display_code(
        installation.keys.open(invitation.code_sealed, code_identity(invitation.id)).decode()
    )


def code_hint(installation: Installation, invitation: Invitation) -> str | None:
    """The last group of the code, which redeems nothing; None once the invitation is removed."""
    if invitation.deleted_at is not None:
        return None
    return code_of(installation, invitation).rpartition("-")[2]


@use_case
async def reveal_code(
    installation: Installation, by: Caller, *, invitation_id: UUID, now: datetime
) -> tuple[Invitation, str]:
    """The code, to be shared again. Raises NotFound, InvitationNotRedeemable (it has ended or was deleted)."""
    async with recorded(installation, by, "revealInvitationCode", now) as change:
        invitation = await lock_row(Invitation, invitation_id)
        if invitation is None or invitation.site_id != by.site_id:
            raise NotFound("invitation_id")
        if invitation.deleted_at is not None or invitation.valid_until <= now:
            raise InvitationNotRedeemable
        change.note("Invitation", invitation.id)
    return invitation, code_of(installation, invitation)


def invitation_link(installation: Installation, code: str) -> str:
    """The page that shows the code. It stands behind `#`, so that no access log holds it."""
    return f"{installation.public_url}/i/#{code}"


def _words(installation: Installation, site: Site, invitation: Invitation, code: str) -> str:
    return (
        f"You are invited to {site.name}.\n\n"
        f"Open this link on your phone:\n{invitation_link(installation, code)}\n\n"
        f"Or enter this code in the app: {code}\n\n{_until(site, invitation)}\n"
    )


def _until(site: Site, invitation: Invitation) -> str:
    until = invitation.valid_until.astimezone(zone_of(site))
    return (
        f"It works until {until:%Y-%m-%d %H:%M} ({site.timezone}). "
        "Whoever has it can use it: do not pass it on."
    )


def links_of(
    installation: Installation, site: Site, invitation: Invitation, code: str
) -> ShareLinks:
    """The ways to hand the code to its guest, who sees the site's name and not the invitation's."""
    words = _words(installation, site, invitation, code)
    return share_links(f"Your access to {site.name}", words, invitation_link(installation, code))


async def send_invitation(
    installation: Installation, by: Caller, *, invitation_id: UUID, email: str, now: datetime
) -> Invitation:
    """Mails the code, the link and its QR code to one address: the letter waits, and is sent in seconds as a rule.

    The audit names the recipient by a keyed tag: "did this code go to that address" can be answered, and no guest's
    address stays behind.

    Raises InvalidInput, Throttled, NotFound, InvitationNotRedeemable (it has ended), MailNotSent.
    """
    address = checked_email(email)
    await count_letter(installation, by, address, now)
    invitation = await Invitation.get_or_none(id=invitation_id, site_id=by.site_id, deleted_at=None)
    if invitation is None:
        raise NotFound("invitation_id")
    code = code_of(installation, invitation)
    picture = await asyncio.to_thread(qr_png, invitation_link(installation, code))
    return await _post_invitation(installation, by, invitation_id, address, code, picture, now)


@use_case
async def _post_invitation(
    installation: Installation,
    by: Caller,
    invitation_id: UUID,
    address: str,
    code: str,
    picture: bytes,
    now: datetime,
) -> Invitation:
    recipient = installation.keys.tag(KeyLabel.AUDIT, "recipient", str(by.site_id), address)
    async with recorded(installation, by, "sendInvitation", now) as change:
        invitation = await held_invitation(by, invitation_id)
        if invitation.valid_until <= now:
            raise InvitationNotRedeemable
        site = await live_site(invitation.site_id)
        letter = _letter(installation, site, invitation, code, address, picture)
        await post(
            installation, by, letter, about=invitation.id, until=invitation.valid_until, now=now
        )
        change.note("Invitation", invitation.id, recipient=recipient)
        return invitation


def _letter(
    installation: Installation,
    site: Site,
    invitation: Invitation,
    code: str,
    to: str,
    picture: bytes,
) -> Letter:
    name = name_in_letters(site.name)
    return Letter(
        to,
        f"Your access to {name}",
        [f"You are invited to {name}.", "Open this link on your phone:"],
        Button("Open on your phone", invitation_link(installation, code)),
        [f"Or enter this code in the app: {code}", _until(site, invitation)],
        [("invitation.png", "image/png", picture)],
    )
