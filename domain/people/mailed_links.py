"""Links sent by mail: each works once, for hours or days. Its secret stands behind `#`, so that no server's log has it;
the database holds a keyed tag."""

from datetime import datetime, timedelta
from typing import Any

from domain.actors import Caller
from domain.database.rows import column
from domain.errors import LinkNotUsable
from domain.installation import Installation
from domain.letters.letter import Button, Letter
from domain.mail.outbox import end_letters, post
from domain.people.tables import Account, LinkPurpose, MailedLink, Member
from domain.security.keys import KeyLabel
from domain.security.tokens import new_token, well_formed
from domain.sites.rules import name_in_letters
from domain.sites.tables import Site

LINK_PREFIX = "lwl"
LIFETIME = {
    LinkPurpose.ACCEPT_MEMBERSHIP: timedelta(days=7),
    LinkPurpose.RESET_PASSWORD: timedelta(hours=2),
}
_PAGE = {LinkPurpose.ACCEPT_MEMBERSHIP: "join", LinkPurpose.RESET_PASSWORD: "reset"}


async def make_membership_link(
    installation: Installation, member: Member, now: datetime
) -> tuple[MailedLink, str]:
    """Within a transaction: a new link with which the member accepts, and its address; earlier ones end."""
    return await _make(installation, LinkPurpose.ACCEPT_MEMBERSHIP, now, member_id=member.id)


async def mail_membership_link(
    installation: Installation, by: Caller, site: Site, member: Member, now: datetime
) -> None:
    """Within a transaction: posts the letter that asks the member to accept. Raises MailNotSent."""
    assert member.invited_email is not None
    link, address = await make_membership_link(installation, member, now)
    name = name_in_letters(site.name)
    letter = Letter(
        member.invited_email,
        f"You are invited to {name}",
        [f"You were added to {name} on Latchwork.", f"To accept, {_open(link)}"],
        Button("Accept", address),
        ["If you did not expect this, do nothing."],
    )
    await post(installation, by, letter, about=link.id, until=link.expires_at, now=now)


async def mail_reset_link(
    installation: Installation, by: Caller, account: Account, now: datetime
) -> None:
    """Within a transaction: posts the letter with which the account's owner sets a new password."""
    link, address = await _make(
        installation, LinkPurpose.RESET_PASSWORD, now, account_id=account.id
    )
    letter = Letter(
        account.email,
        "Set a new password",
        [
            "Somebody, hopefully you, asked to set a new Latchwork password for this address.",
            f"To do so, {_open(link)}",
        ],
        Button("Set a new password", address),
        ["If it was not you, do nothing: your password stays as it is."],
    )
    await post(installation, by, letter, about=link.id, until=link.expires_at, now=now)


def _open(link: MailedLink) -> str:
    return f"open this link by {link.expires_at:%Y-%m-%d %H:%M} UTC:"


async def _make(
    installation: Installation, purpose: LinkPurpose, now: datetime, **whose: Any
) -> tuple[MailedLink, str]:
    await end_links(purpose=purpose, **whose)
    token = new_token(LINK_PREFIX)
    link = await MailedLink.create(
        purpose=purpose,
        tag=installation.keys.tag(KeyLabel.TOKENS, LINK_PREFIX, token),
        expires_at=now + LIFETIME[purpose],
        **whose,
    )
    return link, f"{installation.public_url}/{_PAGE[purpose]}/#{token}"


async def end_links(**which: Any) -> None:
    """Within a transaction: deletes these links, unless used, and the waiting letters that carry them."""
    links = MailedLink.filter(used_at=None, **which)
    await end_letters(await column(links, "id"))
    await links.delete()


async def usable_link(
    installation: Installation, purpose: LinkPurpose, token: str, now: datetime
) -> MailedLink:
    """The unused link of this purpose with this token. Raises LinkNotUsable."""
    if not well_formed(token, LINK_PREFIX):
        raise LinkNotUsable
    tags = installation.keys.candidate_tags(KeyLabel.TOKENS, LINK_PREFIX, token)
    link = await MailedLink.get_or_none(
        tag__in=tags, purpose=purpose, used_at=None, expires_at__gt=now
    )
    if link is None:
        raise LinkNotUsable
    return link


async def consume_link(link: MailedLink, now: datetime) -> None:
    """Within a transaction: uses the link up by a guarded update, so that it works once. Raises LinkNotUsable."""
    if await MailedLink.filter(id=link.id, used_at=None).update(used_at=now) != 1:
        raise LinkNotUsable
