"""Browsers that have signed in before: strangers' guesses do not lock them out of their own account.

Such a browser keeps a token that gives no access. It is replaced at each sign-in, so that a copy is soon worthless, and
ends when the password is changed.
"""

from datetime import datetime
from uuid import UUID

from domain.database.rows import column
from domain.installation import Installation
from domain.people.lifetimes import KNOWN_FOR
from domain.people.tables import KnownBrowser
from domain.security.keys import KeyLabel
from domain.security.tokens import new_token, well_formed

_PREFIX = "lwb"
MOST_KNOWN = 20
"""Of one account; the oldest goes."""


async def known_browser(
    installation: Installation, account_id: UUID, shown: str, now: datetime
) -> KnownBrowser | None:
    """The account's browser that shows this token, or None. The same statement runs whether the account exists or not."""
    if not well_formed(shown, _PREFIX):
        return None
    tags = installation.keys.candidate_tags(KeyLabel.TOKENS, _PREFIX, shown)
    return await KnownBrowser.get_or_none(tag__in=tags, account_id=account_id, expires_at__gt=now)


async def remember(installation: Installation, account_id: UUID, shown: str, now: datetime) -> str:
    """Within a transaction that holds the account's row: the token that the browser keeps from now on."""
    token = new_token(_PREFIX)
    tag, expires_at = installation.keys.tag(KeyLabel.TOKENS, _PREFIX, token), now + KNOWN_FOR
    row = await known_browser(installation, account_id, shown, now)
    if row is not None:
        await KnownBrowser.filter(id=row.id).update(tag=tag, expires_at=expires_at)
        return token
    await KnownBrowser.create(account_id=account_id, tag=tag, expires_at=expires_at)
    theirs = await column(KnownBrowser.filter(account_id=account_id).order_by("-id"), "id")
    if len(theirs) > MOST_KNOWN:
        await KnownBrowser.filter(id__in=theirs[MOST_KNOWN:]).delete()
    return token
