"""A standing at one site, by its own statement, is the one among all standings."""

from datetime import UTC, datetime
from itertools import product
from typing import Any

from domain.actors import AccountActor, Role, TokenActor
from domain.database.rows import new_id
from domain.people.standings import standing_at, standings_of
from domain.people.tables import Account, ApiToken, ApiTokenSite, Member
from domain.sites.rules import SystemType
from domain.sites.tables import Site
from tests.databases import Database

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def test_one_standing_is_that_among_all(database: Database) -> None:
    """For members accepted, invited, removed or none, and for tokens of theirs, of the operator's, and of another site's."""
    salt: dict[str, Any] = {
        "pin_salt": b"",
        "pin_time_cost": 1,
        "pin_memory_kib": 8,
        "pin_parallelism": 1,
    }
    actors: list[Any] = []
    sites = [
        await Site.create(
            name=name,
            timezone="UTC",
            system_type=SystemType.STANDARD,
            created_at=NOW,
            **salt,
        )
        for name in ("one", "two")
    ]
    for role, can_edit, accepted_at, removed_at in product(
        (Role.SUPER_ADMIN, Role.LIMITED_ADMIN), (True, False), (NOW, None), (NOW, None)
    ):
        account = await Account.create(email=f"{new_id()}@example.com", created_at=NOW)
        await Member.create(
            site=sites[0],
            account=account,
            name="Eve",
            role=role,
            can_edit=can_edit,
            accepted_at=accepted_at,
            removed_at=removed_at,
            created_at=NOW,
        )
        actors.append(AccountActor(account.id, account.email, session_id=new_id()))
        for ceiling, maker in product((Role.OWNER, Role.USER), (account, None)):
            row = await ApiToken.create(
                account=maker,
                name="Script",
                tag=str(new_id()),
                role=ceiling,
                can_edit=can_edit,
                created_at=NOW,
            )
            await ApiTokenSite.create(token=row, site=sites[0])
            actors.append(
                TokenActor(row.id, "Script", ceiling, can_edit, None, maker.id if maker else None)
            )
    found = []
    for actor, site in product([*actors, None], sites):
        one = await standing_at(actor, site.id)
        assert one == (await standings_of(actor)).get(site.id)
        assert one == (await standings_of(actor, [site.id])).get(site.id)
        found.append(one)

    assert len({(each.role, each.can_edit) for each in found if each}) == 7
    assert found.count(None) > len(actors)
