"""Names that an earlier version wrote are found as those of today are."""

from datetime import UTC, datetime

from domain.listing.site_lists import members_of
from tests.databases import Database
from tests.domain.database.earlier import Earlier, model_modules
from tests.domain.database.workshop import Workshop, workshop

__all__ = ["model_modules", "workshop"]


async def test_old_rows_are_folded_by_the_update(
    fresh_database: Database, workshop: Workshop
) -> None:
    """An accent written as a character of its own, in another case and order."""
    earlier = await Earlier.as_of("0001_initial", fresh_database, workshop)
    site = await earlier.site()
    names = [
        "Cafe\u0301 E\u0301MILIE",
        "\u0130pek I\u015eIK",
        *(f"Member {number}" for number in range(20)),
    ]
    for name in names:
        await earlier.put(
            "members",
            site_id=site,
            name=name,
            role="USER",
            can_edit=False,
            created_at=datetime(2026, 11, 28, tzinfo=UTC),
        )

    async with earlier.brought_up_to_date():
        found = [row.name for row in await members_of(site, "\u00e9milie CAF\u00c9", None)]
        turkish = [row.name for row in await members_of(site, "\u0131\u015f\u0131k ipek", None)]
        others = await members_of(site, "member", None)

    assert found == names[:1]
    assert turkish == names[1:2]
    assert len(others) == 20
