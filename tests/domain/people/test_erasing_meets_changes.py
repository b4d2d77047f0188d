"""A member who is erased while they are changed, or while their account joins another site: one after the other."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from domain.actors import COMMAND_LINE, Role
from domain.database import use_case
from domain.erasing.service import erase_member
from domain.errors import NotFound, PolicyViolation
from domain.people.accepting import accept_membership
from domain.people.erased import ERASED_PERSON
from domain.people.members import create_member, invite_owner, update_member
from domain.people.tables import Account, Member
from tests.databases import Database
from tests.domain.crossing import held_back
from tests.domain.sync.yard import Yard

PASSWORD = "correct horse battery staple"


async def erased(yard: Yard, member_id: UUID) -> None:
    await erase_member(
        yard.installation, yard.by, member_id=member_id, invitation_ids=[], now=yard.now
    )


@pytest.mark.parametrize("first", ["erased", "changed"])
async def test_a_change_that_meets_the_erasing_leaves_no_name(
    database: Database, tmp_path: Path, first: str
) -> None:
    """Whichever is first: the name and the address are gone at the end, and the change is refused or undone."""
    yard = await Yard.make(tmp_path)
    made = await create_member(
        yard.installation,
        yard.by,
        name="Zenobia",
        role=Role.USER,
        can_edit=False,
        email=None,
        now=yard.now,
    )

    async def change() -> None:
        fields = {"name": "Zenobia Quux", "email": "zenobia@example.com"}
        await update_member(
            yard.installation, yard.by, member_id=made.id, fields=fields, now=yard.now
        )

    both = [erased(yard, made.id), change()]
    statement = f"SELECT id FROM sites WHERE id = '{yard.site.id}' FOR UPDATE"
    async with held_back(database, statement) as held:
        tasks = [await held.meets(each) for each in (both if first == "erased" else both[::-1])]
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(each) for each in ended} <= {type(None), NotFound}
    row = await Member.get(id=made.id)
    assert (row.name, row.invited_email, row.search_text) == (ERASED_PERSON, None, "erased person")
    yard.installation.passwords.close()


@pytest.mark.parametrize("first", ["erased", "accepted"])
async def test_an_account_that_joins_elsewhere_meanwhile(
    database: Database, tmp_path: Path, first: str
) -> None:
    """The new member has an account that is theirs and has their address; it never ends as an erased one."""
    yard = await Yard.make(tmp_path)
    account = await Account.create(
        email="emil@example.com",
        password_hash=await yard.installation.passwords.hash(PASSWORD),
        created_at=yard.now,
    )
    here = await joined(yard, account)
    away = await Yard.make(tmp_path)
    link = await invite_owner(
        away.installation, COMMAND_LINE, site_id=away.site.id, email=account.email, now=yard.now
    )

    async def accept() -> None:
        await accept_membership(
            away.installation,
            COMMAND_LINE,
            token=link.partition("#")[2],
            password=PASSWORD,
            now=yard.now,
        )

    both = [erased(yard, here), accept()]
    statement = f"SELECT id FROM accounts WHERE id = '{account.id}' FOR UPDATE"
    async with held_back(database, statement) as held:
        tasks = [await held.meets(each) for each in (both if first == "erased" else both[::-1])]
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    # Where there is no account any more, they choose a password.
    assert {type(each) for each in ended} <= {type(None), PolicyViolation}
    new = await Member.filter(site_id=away.site.id, accepted_at__isnull=False).first()
    if new is not None and new.account_id is not None:
        theirs = await Account.get(id=new.account_id)
        assert theirs.email == "emil@example.com"
        assert theirs.password_hash is not None
    gone = await Member.get(id=here)
    assert (gone.name, gone.account_id) == (ERASED_PERSON, None)
    for each in (yard, away):
        each.installation.passwords.close()


@use_case
async def joined(yard: Yard, account: Account) -> UUID:
    """A member with this account; their id."""
    made = await create_member(
        yard.installation,
        yard.by,
        name="Emil",
        role=Role.USER,
        can_edit=False,
        email=None,
        now=yard.now,
    )
    await Member.filter(id=made.id).update(account_id=account.id, accepted_at=yard.now)
    return made.id
