"""What an update makes of people who were asked to join under an earlier version, answered or not."""

import asyncio
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from domain.actors import ActorKind, Caller
from domain.errors import LinkNotUsable
from domain.following import wired
from domain.installation import Installation
from domain.people.accepting import accept_membership
from domain.people.mailed_links import LINK_PREFIX
from domain.people.tables import Account, MailedLink, Member
from domain.security.keys import KeyLabel, Keyring
from domain.security.passwords import PasswordHasher
from domain.security.tokens import new_token
from tests.databases import Database
from tests.domain.database.earlier import THEN, Earlier, model_modules
from tests.domain.database.workshop import Workshop, workshop
from tests.domain.mail.post_office import PostOffice
from tests.domain.people.counting import CHEAP

__all__ = ["model_modules", "workshop"]

NOW = THEN + timedelta(days=1)
PASSWORD = "an entirely new password of mine"
SOMEBODY = Caller(ActorKind.ANONYMOUS, None, address="192.0.2.1")


@pytest.fixture
def installation() -> Iterator[Installation]:
    keys = Keyring.from_secret(secrets.token_bytes(32))
    made = wired(
        Installation(keys, PasswordHasher(CHEAP), CHEAP, PostOffice(), "https://doors.example")
    )
    yield made
    made.passwords.close()


async def a_member(
    earlier: Earlier, site: UUID, account: UUID | None, accepted: datetime | None, name: str
) -> UUID:
    return await earlier.put(
        "members",
        site_id=site,
        account_id=account,
        name=name,
        role="USER",
        can_edit=False,
        accepted_at=accepted,
        created_at=THEN,
    )


async def a_link(earlier: Earlier, installation: Installation, account: UUID, member: UUID) -> str:
    token = new_token(LINK_PREFIX)
    await earlier.put(
        "mailed_links",
        purpose="ACCEPT_MEMBERSHIP",
        account_id=account,
        member_id=member,
        tag=installation.keys.tag(KeyLabel.TOKENS, LINK_PREFIX, token),
        expires_at=THEN + timedelta(days=7),
    )
    return token


async def test_who_has_not_answered_keeps_the_link_and_gets_the_account_by_it(
    fresh_database: Database, workshop: Workshop, installation: Installation
) -> None:
    """Proves it for somebody new at two sites, for one who has an account, and that who has joined stays as they are."""
    earlier = await Earlier.as_of("0001_initial", fresh_database, workshop)
    house, hotel = await earlier.site(), await earlier.site()
    new = await earlier.put("accounts", email="new@example.com", created_at=THEN)
    old = await earlier.put(
        "accounts", email="old@example.com", password_hash="$argon2id$kept", created_at=THEN
    )
    joined = await a_member(earlier, house, old, THEN, "Joined")
    asked = await a_member(earlier, hotel, old, None, "Asked")
    first = await a_member(earlier, house, new, None, "First")
    second = await a_member(earlier, hotel, new, None, "Second")
    bare = await a_member(earlier, house, None, None, "Bare")
    links = {
        member: await a_link(earlier, installation, account, member)
        for account, member in ((old, asked), (new, first), (new, second))
    }

    async with earlier.brought_up_to_date():
        assert {row.email for row in await Account.all()} == {"old@example.com"}
        emails = {row.id: (row.account_id, row.invited_email) for row in await Member.all()}
        assert emails == {
            joined: (old, None),
            asked: (None, "old@example.com"),
            first: (None, "new@example.com"),
            second: (None, "new@example.com"),
            bare: (None, None),
        }
        assert await MailedLink.all().count() == 3

        accepted = await asyncio.gather(
            *(
                accept_membership(installation, SOMEBODY, token=token, password=PASSWORD, now=NOW)
                for token in links.values()
            )
        )
        assert {row.id for row in accepted} == set(links)
        account = await Account.get(email="new@example.com")
        rows = {row.id: row for row in await Member.all()}
        assert rows[first].account_id == rows[second].account_id == account.id
        assert rows[asked].account_id == old
        assert (await Account.get(id=old)).password_hash == "$argon2id$kept"
        for token in links.values():
            with pytest.raises(LinkNotUsable):
                await accept_membership(
                    installation, SOMEBODY, token=token, password=PASSWORD, now=NOW
                )
