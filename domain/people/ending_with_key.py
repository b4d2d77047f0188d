"""What ends when a key of the application secret is dropped: whatever somebody shows that only this key can check.

Consoles and scripts lose nothing by it if they were there since another key came in front: what they show was tagged anew
then (`identities`). Recovery codes, links and phones' tokens cannot be: who still has such a one gets another.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from domain import topics
from domain.actors import COMMAND_LINE
from domain.audit.service import recorded
from domain.database import lock_row, transaction, use_case
from domain.database.rows import column
from domain.installation import Installation
from domain.people.api_tokens import end_family
from domain.people.mailed_links import end_links
from domain.people.tables import (
    Account,
    ApiToken,
    Device,
    KnownBrowser,
    MailedLink,
    RecoveryCode,
    Session,
    SignInTicket,
    SocketTicket,
)

ACTION = "dropKey"


@dataclass(frozen=True, slots=True)
class EndsWithKey:
    """How many of each kind end. Phones are those that have not shown a token of a later key."""

    api_tokens: int
    sessions: int
    recovery_codes: int
    mailed_links: int
    known_browsers: int
    members_phones: int
    guests_phones: int

    def lines(self) -> list[str]:
        """In words, for the operator, each kind of which there is any."""
        words = {
            "api_tokens": "API tokens that nobody used since: scripts get another by `latchwork token create`",
            "sessions": "consoles that were not used since: their people sign in again",
            "recovery_codes": "unused recovery codes: their people make new ones",
            "mailed_links": "links in letters (new passwords, memberships to accept): they are asked for again",
            "known_browsers": "browsers that are not taken for strangers: until their next sign-in",
            "members_phones": "phones of members: they sign in again",
            "guests_phones": "phones of guests: they redeem their code again, and keep their place",
        }
        found = [(getattr(self, each.name), words[each.name]) for each in fields(self)]
        return [f"{count} {said}" for count, said in found if count]


def _under(key_id: str) -> Q:
    return Q(tag__startswith=f"{key_id}:")


def _tokens(key_id: str, now: datetime) -> Any:
    living = Q(expires_at=None) | Q(expires_at__gt=now)
    return ApiToken.filter(_under(key_id), living, revoked_at=None)


def _sessions(key_id: str, now: datetime) -> Any:
    return Session.filter(_under(key_id), ended_at=None, expires_at__gt=now)


async def what_ends(key_id: str, front_since: datetime, now: datetime) -> EndsWithKey:
    """What only this key can check. `front_since` is when the one in front came there: a token that was given out before,
    and was not shown since two keys are known, may be of this one.
    """
    unknown = Q(token_key=None, redeemed_at__lte=front_since)
    living = Q(expires_at=None) | Q(expires_at__gt=now)
    phones = Device.filter(unknown | Q(token_key=key_id), living, removed_at=None)
    guests = phones.filter(
        invitation__deleted_at=None, invitation__valid_until__gt=now, account_id=None
    )
    return EndsWithKey(
        api_tokens=await _tokens(key_id, now).count(),
        sessions=await _sessions(key_id, now).count(),
        recovery_codes=await RecoveryCode.filter(_under(key_id), used_at=None).count(),
        mailed_links=await MailedLink.filter(
            _under(key_id), used_at=None, expires_at__gt=now
        ).count(),
        known_browsers=await KnownBrowser.filter(_under(key_id), expires_at__gt=now).count(),
        members_phones=await phones.filter(invitation_id=None).count(),
        guests_phones=await guests.count(),
    )


async def end_with_key(installation: Installation, key_id: str, now: datetime) -> None:
    """Ends all that, each account and each token in a transaction of its own; may be begun again.

    Phones end by the key's being unknown: nothing of their tokens is kept.
    """
    for token_id in await column(_tokens(key_id, now), "id"):
        await end_family(installation, COMMAND_LINE, ACTION, token_id, now)
    accounts: set[UUID] = set()
    for table in (RecoveryCode, KnownBrowser, SignInTicket):
        accounts |= set(await column(table.filter(_under(key_id)), "account_id"))
    accounts |= set(await column(_sessions(key_id, now), "account_id"))
    for account_id in sorted(accounts, key=str):
        await _end_of_account(installation, account_id, key_id, now)
    await _end_others(key_id)


@use_case
async def _end_of_account(
    installation: Installation, account_id: UUID, key_id: str, now: datetime
) -> None:
    async with recorded(installation, COMMAND_LINE, ACTION, now) as change:
        if await lock_row(Account, account_id) is None:
            change.unchanged()
            return
        theirs = {"account_id": account_id}
        await _sessions(key_id, now).filter(**theirs).update(ended_at=now)
        for table in (RecoveryCode, KnownBrowser, SignInTicket):
            await table.filter(_under(key_id), **theirs).delete()
        change.wake(topics.account(account_id))
        change.note("Account", account_id, chain=account_id, key=key_id)


@use_case
async def _end_others(key_id: str) -> None:
    async with transaction():
        links: Sequence[UUID] = await column(MailedLink.filter(_under(key_id), used_at=None), "id")
        await end_links(id__in=list(links))
        await SocketTicket.filter(_under(key_id)).delete()
