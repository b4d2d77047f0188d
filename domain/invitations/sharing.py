"""Giving an invitation's code to its guest: read again, shared by links, or mailed.

The dangerous directions: a code that leaves without a trace (the audit row is committed before the code is given out),
and the invitation's name, which is for admins, in what a guest gets.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from domain.audit.service import recorded
from domain.database import use_case
from domain.errors import InvitationNotRedeemable, MailNotSent
from domain.installation import Installation
from domain.invitations.service import code_identity, held_invitation
from domain.invitations.tables import Invitation
from domain.mail import Letter, checked_email
from domain.people.actors import Caller
from domain.security.codes import display_code
from domain.security.keys import KeyLabel
from domain.security.sealing import open_sealed
from domain.security.tags import keyed_tag
from domain.sharing import ShareLinks, qr_png, share_links
from domain.sites.service import live_site, zone_of
from domain.sites.tables import Site
from domain.throttling.service import Budget, count_try

MAILS_OF_SITE = Budget("invitation mails by site", 100, timedelta(hours=1))
MAILS_TO_ADDRESS = Budget("invitation mails by address", 10, timedelta(hours=1))


def code_of(here: Installation, invitation: Invitation) -> str:
    """The code, for display to somebody who may share it."""
    return display_code(
        open_sealed(here.keys, invitation.code_sealed, code_identity(invitation.id)).decode()
    )


@use_case
async def read_codes(
    here: Installation, by: Caller, *, invitations: Sequence[Invitation], now: datetime
) -> dict[UUID, str]:
    """The codes, to be shared again, each with an audit row; deleted invitations are left out."""
    live = [each for each in invitations if each.deleted_at is None]
    async with recorded(here, by, "readInvitationCode", now) as deed:
        for invitation in live:
            deed.note("Invitation", invitation.id, chain=invitation.site_id)
        if not live:
            deed.unchanged()
    return {invitation.id: code_of(here, invitation) for invitation in live}


def invitation_link(here: Installation, code: str) -> str:
    """The page that shows the code. It stands behind `#`, so that no access log holds it."""
    return f"{here.public_url}/i/#{code}"


def _subject(site: Site) -> str:
    return f"Your access to {site.name}"


def _words(here: Installation, site: Site, invitation: Invitation, code: str) -> str:
    until = invitation.valid_until.astimezone(zone_of(site))
    return (
        f"You are invited to {site.name}.\n\n"
        f"Open this link on your phone:\n{invitation_link(here, code)}\n\n"
        f"Or enter this code in the app: {code}\n\n"
        f"It works until {until:%Y-%m-%d %H:%M} ({site.timezone}). "
        "Whoever has it can use it: do not pass it on.\n"
    )


def links_of(here: Installation, site: Site, invitation: Invitation, code: str) -> ShareLinks:
    """The ways to hand the code to its guest, who sees the site's name and not the invitation's."""
    words = _words(here, site, invitation, code)
    return share_links(_subject(site), words, invitation_link(here, code))


@use_case
async def send_invitation(
    here: Installation, by: Caller, *, invitation_id: UUID, email: str, now: datetime
) -> Invitation:
    """Mails the code, the link and its QR code to one address.

    Every try counts, for the site and for the address, so that a console cannot be used to flood a mailbox. The audit
    has the try before the mail leaves, and a second row when the mail server did not take it. It names the recipient by
    a keyed tag: "did this code go to that address" can be answered, and no guest's address stays behind.

    Raises InvalidInput, Throttled, NotFound, InvitationNotRedeemable (it has ended), MailNotSent.
    """
    address = checked_email(email)
    await count_try(here, MAILS_OF_SITE, str(by.site_id), now)
    await count_try(here, MAILS_TO_ADDRESS, address, now)
    recipient = keyed_tag(here.keys, KeyLabel.AUDIT, "recipient", str(by.site_id), address)
    async with recorded(here, by, "sendInvitation", now) as deed:
        invitation = await held_invitation(by, invitation_id)
        if invitation.valid_until <= now:
            raise InvitationNotRedeemable
        deed.note("Invitation", invitation.id, recipient=recipient)
    site = await live_site(invitation.site_id)
    code = code_of(here, invitation)
    picture = await asyncio.to_thread(qr_png, invitation_link(here, code))
    letter = Letter(
        address,
        _subject(site),
        _words(here, site, invitation, code),
        [("invitation.png", "image/png", picture)],
    )
    try:
        await here.mailer.send(letter)
    except MailNotSent:
        async with recorded(here, by, "sendInvitationFailed", now) as deed:
            deed.note("Invitation", invitation.id, recipient=recipient)
        raise
    return invitation
