"""What an update does with alerts, names of people who were removed, and events, of both kinds of databases."""

from datetime import timedelta
from uuid import uuid4

from domain.alerts.tables import Alert
from domain.people.tables import Member
from domain.sites.tables import Site
from domain.tags.tables import Tag
from tests.databases import Database
from tests.domain.database.earlier import THEN, Earlier, model_modules
from tests.domain.database.workshop import Workshop, workshop

__all__ = ["model_modules", "workshop"]


async def test_old_alerts_are_no_news_and_gone_names_go(
    fresh_database: Database, workshop: Workshop
) -> None:
    """Alerts of before count as seen and last no more; the tag of somebody who was removed names nobody; all that was not
    chosen stays as it was."""
    earlier = await Earlier.as_of("0013_when_readers_were_added", fresh_database, workshop)
    site = await earlier.site()
    for number in range(3):
        await earlier.put(
            "alerts",
            site_id=site,
            kind="LETTER_NOT_SENT",
            actor_kind="ACCOUNT",
            actor_id=uuid4(),
            at=THEN + timedelta(hours=number),
        )
    tag = {"site_id": site, "kind": "DEFAULT", "target": "MEMBER", "created_at": THEN}
    await earlier.put("tags", name="Zoe", search_text="zoe", deleted_at=THEN, **tag)
    await earlier.put("tags", name="Ada", search_text="ada", **tag)
    await earlier.put(
        "members", site_id=site, name="Ada", role="USER", can_edit=False, created_at=THEN
    )

    async with earlier.brought_up_to_date():
        alerts = await Alert.all()
        assert [(each.seen_at, each.ended_at, each.cause) for each in alerts] == [
            (each.at, None, None) for each in alerts
        ]
        assert not any(each.mail_due for each in alerts)
        assert sorted(each.name for each in await Tag.all()) == ["", "Ada"]
        assert [each.erased_at for each in await Member.all()] == [None]
        row = await Site.get(id=site)
        assert (row.alert_mail_kinds, row.event_retention_days) == (None, None)
