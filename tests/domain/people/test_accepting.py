"""An account is there once somebody has answered a letter, and never before, whoever asks for it how often at once."""

import asyncio
from uuid import UUID

import pytest

from domain.actors import COMMAND_LINE, Role, command_line_at
from domain.errors import InvalidInput, Refusal
from domain.installation import Installation
from domain.mail.outbox import deliver_due
from domain.people.accepting import accept_membership
from domain.people.members import create_member, invite_owner, update_member
from domain.people.tables import Account, Member
from tests.databases import Database
from tests.domain.alerts.test_alerts import site
from tests.domain.people.conftest import Outbox
from tests.domain.people.test_signing_in import NEW, NOW, SOMEBODY, signs_in

EMAIL = "ada@example.com"


async def invited(installation: Installation, site_id: UUID, email: str | None = EMAIL) -> Member:
    return await create_member(
        installation,
        command_line_at(site_id),
        name="Ada",
        role=Role.USER,
        can_edit=False,
        email=email,
        now=NOW,
    )


async def tokens(installation: Installation, outbox: Outbox) -> list[str]:
    """What is in the letters that waited."""
    before = len(outbox.letters)
    await deliver_due(installation, lambda: NOW)
    return [str(each.text.partition("#")[2].split()[0]) for each in outbox.letters[before:]]


async def answers(installation: Installation, token: str, password: str | None = NEW) -> Member:
    return await accept_membership(installation, SOMEBODY, token=token, password=password, now=NOW)


async def test_asking_makes_no_account(
    database: Database, installation: Installation, outbox: Outbox
) -> None:
    """Proves it for new members, for members who are given an address, and for owners from the command line."""
    house, hotel = await site(), await site()
    await invited(installation, house)
    bare = await invited(installation, house, None)
    await update_member(
        installation,
        command_line_at(house),
        member_id=bare.id,
        fields={"email": "eve@example.com"},
        now=NOW,
    )
    link = await invite_owner(installation, COMMAND_LINE, site_id=hotel, email=EMAIL, now=NOW)
    assert not await Account.exists()
    await answers(installation, link.partition("#")[2])
    assert [row.email for row in await Account.all()] == [EMAIL]
    assert (await signs_in(installation, EMAIL, NEW)).session is not None


async def test_one_new_address_at_two_sites_at_once(
    database: Database, installation: Installation, outbox: Outbox
) -> None:
    """Proves that asking at four sites at once, in three ways, fails nowhere, and that each letter can be answered."""
    sites = [await site() for _ in range(4)]
    bare = await invited(installation, sites[0], None)
    fields = {"email": EMAIL}
    made = await asyncio.gather(
        update_member(
            installation, command_line_at(sites[0]), member_id=bare.id, fields=fields, now=NOW
        ),
        invited(installation, sites[1]),
        invited(installation, sites[2]),
        invite_owner(installation, COMMAND_LINE, site_id=sites[3], email=EMAIL, now=NOW),
    )
    links = [*await tokens(installation, outbox), str(made[3]).partition("#")[2]]
    assert len(links) == 4
    joined = await asyncio.gather(
        *(answers(installation, token, f"{NEW} {number}") for number, token in enumerate(links))
    )
    account = await Account.get()
    assert {row.account_id for row in joined} == {account.id}
    worked = 0
    for number in range(4):
        try:
            await signs_in(installation, EMAIL, f"{NEW} {number}")
        except Refusal:
            continue
        worked += 1
    assert worked == 1, "one of the passwords is the account's"


async def test_one_address_twice_at_one_site_at_once(
    database: Database, installation: Installation, outbox: Outbox
) -> None:
    """Proves that one of many is made, the others are told, and that an address which has joined counts too."""
    house = await site()
    made = await asyncio.gather(
        *(invited(installation, house) for _ in range(6)), return_exceptions=True
    )
    kinds = [type(each) for each in made]
    assert (kinds.count(Member), kinds.count(InvalidInput)) == (1, 5)
    (token,) = await tokens(installation, outbox)
    await answers(installation, token)
    with pytest.raises(InvalidInput):
        await invited(installation, house)
    assert await Member.filter(site_id=house).count() == 1
