"""Alerts as admins use them: unseen ones counted and marked, kinds asked for, letters chosen; who may; on both databases."""

from typing import Any
from uuid import uuid4

from domain.actors import Role
from domain.alerts.service import State, raise_state
from domain.alerts.tables import AlertKind
from domain.node_ids import read_node_id
from tests.serving import House, Served

LIST = """query($id: ID!, $kinds: [ActivityKind!], $seen: Boolean) { site(id: $id) { unseenAlerts
  alertMail { kinds members { id } } eventRetentionDays
  alerts(kinds: $kinds, seen: $seen) { nodes { id kind seenAt endedAt actorKind lock { id }
    credential { id label } } } } }"""
CHOSEN = "... on SetAlertMail { alertMail { kinds members { id } } } ... on InvalidInput { field }"


async def listed(house: House, **asked: Any) -> dict[str, Any]:
    """What the site says of its alerts."""
    site: dict[str, Any] = (await house.ask(LIST, id=house.id, **asked))["site"]
    return site


async def test_alerts_are_seen_counted_and_mailed(served: Served) -> None:
    """The count goes down to what came behind the newest that was seen; the lists are narrowed; choices are kept."""
    house = await served.site()
    entry = await house.lock()
    lock = read_node_id("lock", entry["lockId"])
    for kind in (AlertKind.LOCKOUT, AlertKind.LOCK_SILENT, AlertKind.RECORDS_TAMPERED):
        await raise_state(kind, State(house.row.id, uuid4(), lock_id=lock), served.clock())
    site = await listed(house)
    assert site["unseenAlerts"] == 3
    assert [each["kind"] for each in site["alerts"]["nodes"]] == [
        "RECORDS_TAMPERED",
        "LOCK_SILENT",
        "LOCKOUT",
    ]
    middle = site["alerts"]["nodes"][1]
    assert middle["lock"] == {"id": entry["lockId"]}
    marked = "... on MarkedAlertsSeen { marked }"
    done = await house.change("markAlertsSeen", marked, siteId=house.id, alertId=middle["id"])
    assert done["marked"] == 2
    unseen = await listed(house, seen=False)
    assert unseen["unseenAlerts"] == len(unseen["alerts"]["nodes"]) == 1
    narrowed = await listed(house, seen=True, kinds=["LOCKOUT"])
    assert [each["kind"] for each in narrowed["alerts"]["nodes"]] == ["LOCKOUT"]
    assert narrowed["alerts"]["nodes"][0]["seenAt"] is not None
    wrong = await house.change("markAlertsSeen", "", siteId=house.id, alertId=house.id)
    assert wrong["__typename"] == "NotFound"

    admin = await house.member("Ada", Role.SUPER_ADMIN, email="ada@example.com")
    user = await house.member("Uli")
    chosen: Any = {"siteId": house.id, "kinds": ["LOCKOUT"], "memberIds": [admin]}
    done = await house.change("setAlertMail", CHOSEN, **chosen)
    assert done["alertMail"] == {"kinds": ["LOCKOUT"], "members": [{"id": admin}]}
    for asked, field in (
        ({"kinds": ["OPENED"]}, "kinds"),
        ({"kinds": ["LETTER_NOT_SENT"]}, "kinds"),
        ({"memberIds": [user]}, "memberIds"),
    ):
        refused = await house.change("setAlertMail", CHOSEN, **chosen | asked)
        assert (refused["__typename"], refused["field"]) == ("InvalidInput", field)
    assert (await listed(house))["alertMail"] == done["alertMail"]
    await house.change("removeMember", memberId=admin)
    assert (await listed(house))["alertMail"] == {"kinds": ["LOCKOUT"], "members": []}


async def test_how_long_events_are_kept_is_the_owners(served: Served) -> None:
    """Kept, cleared, and refused in words; a cursor of what is gone has a code of its own."""
    house = await served.site()
    selected = "... on UpdatedSite { site { eventRetentionDays } } ... on InvalidInput { field }"

    async def choose(days: int | None) -> dict[str, Any]:
        return await house.change("updateSite", selected, siteId=house.id, eventRetentionDays=days)

    assert (await choose(90))["site"] == {"eventRetentionDays": 90}
    for days in (0, 10_000):
        refused = await choose(days)
        assert (refused["__typename"], refused["field"]) == ("InvalidInput", "eventRetentionDays")
    assert (await listed(house))["eventRetentionDays"] == 90
    assert (await choose(None))["site"] == {"eventRetentionDays": None}
