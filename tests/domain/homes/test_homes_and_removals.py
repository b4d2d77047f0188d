"""Reading what a person may open, while they are removed."""

from pathlib import Path
from typing import Any

import pytest

from domain.access_rules.grants import grants_of_members
from domain.homes.member_homes import homes_of
from domain.people.members import remove_member
from domain.people.tables import Account
from tests.databases import Database
from tests.domain.sync.yard import Yard


async def test_a_member_who_goes_between_two_reads_has_no_home(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There when the members are read and removed when their rules are: no error, and no door."""
    yard = await Yard.make(tmp_path)
    account = await Account.create(email="emil@example.com", password_hash="", created_at=yard.now)
    yard.owner.account_id, yard.owner.accepted_at = account.id, yard.now
    await yard.owner.save(update_fields=["account_id", "accepted_at"])
    assert len(await homes_of(account.id)) == 1

    async def and_then_they_go(member_ids: Any) -> Any:
        await remove_member(yard.installation, yard.by, member_id=yard.owner.id, now=yard.now)
        return await grants_of_members(member_ids)

    monkeypatch.setattr("domain.homes.member_homes.grants_of_members", and_then_they_go)
    assert await homes_of(account.id) == []
    yard.installation.passwords.close()
