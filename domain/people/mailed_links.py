"""Links sent by mail: good once, for a day or two, stored as keyed tags; their secret travels behind `#`."""

from datetime import datetime, timedelta

from domain.errors import LinkNotUsable
from domain.installation import Installation
from domain.mail import Letter
from domain.people.tables import Account, LinkPurpose, MailedLink, Member
from domain.security.keys import KeyLabel
from domain.security.tags import candidate_tags, keyed_tag
from domain.security.tokens import new_token, well_formed

LINK_PREFIX = "lwl"
LIFETIME = {
    LinkPurpose.ACCEPT_MEMBERSHIP: timedelta(days=7),
    LinkPurpose.RESET_PASSWORD: timedelta(hours=2),
}
_PAGE = {LinkPurpose.ACCEPT_MEMBERSHIP: "join", LinkPurpose.RESET_PASSWORD: "reset"}


async def make_link(
    here: Installation,
    purpose: LinkPurpose,
    account: Account,
    member: Member | None,
    now: datetime,
) -> str:
    """Within a transaction: a new link of this purpose; earlier unused ones of the same person and purpose end."""
    await MailedLink.filter(
        account_id=account.id,
        purpose=purpose,
        member_id=member.id if member else None,
        used_at=None,
    ).delete()
    token = new_token(LINK_PREFIX)
    await MailedLink.create(
        purpose=purpose,
        account=account,
        member=member,
        tag=keyed_tag(here.keys, KeyLabel.TOKENS, LINK_PREFIX, token),
        expires_at=now + LIFETIME[purpose],
    )
    return f"{here.public_url}/{_PAGE[purpose]}/#{token}"


async def usable_link(
    here: Installation, purpose: LinkPurpose, token: str, now: datetime
) -> MailedLink:
    """The link of this purpose that is behind a token, with its account; not used yet. Raises LinkNotUsable."""
    if not well_formed(token, LINK_PREFIX):
        raise LinkNotUsable
    tags = candidate_tags(here.keys, KeyLabel.TOKENS, LINK_PREFIX, token)
    link = await MailedLink.get_or_none(
        tag__in=tags, purpose=purpose, used_at=None, expires_at__gt=now
    ).select_related("account")
    if link is None:
        raise LinkNotUsable
    return link


async def consume_link(link: MailedLink, now: datetime) -> None:
    """Within a transaction: uses the link up by a guarded update, so that it works once. Raises LinkNotUsable."""
    if await MailedLink.filter(id=link.id, used_at=None).update(used_at=now) != 1:
        raise LinkNotUsable


def link_letter(purpose: LinkPurpose, to: str, site_name: str, link: str) -> Letter:
    """The letter that carries the link."""
    if purpose is LinkPurpose.ACCEPT_MEMBERSHIP:
        return Letter(
            to,
            f"You are invited to {site_name}",
            f"You were added to {site_name} on Latchwork.\n\n"
            f"To accept, open this link within seven days:\n\n{link}\n\n"
            "If you did not expect this, do nothing.\n",
        )
    return Letter(
        to,
        "Set a new password",
        "Somebody, hopefully you, asked to set a new Latchwork password for this address.\n\n"
        f"To do so, open this link within two hours:\n\n{link}\n\n"
        "If it was not you, do nothing: your password stays as it is.\n",
    )
