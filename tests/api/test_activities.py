"""What happened at a site: events of locks, alerts and audited changes can be asked alike."""

from typing import Any

from api.schema.activity_kinds import ActivityKind
from domain.alerts.service import raise_alert
from domain.alerts.tables import AlertKind
from domain.link.events import LockEventKind
from tests.api.bare_lock import BareLock
from tests.api.pin_steps import pin_of, typed, until
from tests.serving import Served

ALIKE = "... on Activity { __typename id kind recordedAt site { name } }"
HAPPENED = f"""query($id: ID!) {{ site(id: $id) {{
  events(first: 1) {{ nodes {{ {ALIKE} occurredAt }} }}
  alerts(first: 1) {{ nodes {{ {ALIKE} }} }}
  auditLog(first: 1) {{ nodes {{ {ALIKE} action }} }} }} }}"""


def test_the_kinds_are_those_of_locks_and_of_alerts_and_one_for_changes() -> None:
    """By their own names, so that none can be forgotten."""
    locks, alerts = {each.name for each in LockEventKind}, {each.name for each in AlertKind}
    assert {each.name for each in ActivityKind} == locks | alerts | {"CHANGED"}
    assert not locks & alerts
    assert all(each.name == each.value for each in ActivityKind)


async def test_events_alerts_and_changes_are_asked_by_one_fragment(served: Served) -> None:
    """Each with its kind, when it was recorded, and its site; each is found by its id again."""
    house = await served.site()
    entry = await house.lock()
    async with BareLock(served, entry) as lock:
        await lock.report(lock.event())
    await raise_alert(house.by, AlertKind.LETTER_NOT_SENT, served.clock())

    site = (await house.ask(HAPPENED, id=house.id))["site"]
    found = [site[each]["nodes"][0] for each in ("events", "alerts", "auditLog")]
    node = f"query($id: ID!) {{ node(id: $id) {{ {ALIKE} }} }}"

    assert [each["__typename"] for each in found] == ["LockEvent", "Alert", "AuditEntry"]
    assert [each["kind"] for each in found[1:]] == ["LETTER_NOT_SENT", "CHANGED"]
    assert all(each["recordedAt"] and each["site"] == {"name": "House"} for each in found)
    for each in found:
        again = (await house.ask(node, id=each["id"]))["node"]
        assert again == {name: each[name] for name in again}


async def test_events_of_a_kind_that_no_lock_reports_are_refused(served: Served) -> None:
    """Rather than answered by an empty list, which would look as if nothing had happened."""
    house = await served.site()
    query = (
        "query($id: ID!) { site(id: $id) { events(kinds: [OPENED, CHANGED]) { nodes { id } } } }"
    )
    answer = await served.post(query, {"authorization": f"Bearer {house.token}"}, id=house.id)
    (error,) = answer.json()["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "kinds"}


NAMED = "lock { name } credential { __typename id label }"
SEEN_BY_A_GUEST = """mutation($input: OpenLockInput!) { openLock(input: $input) { ... on OpenedLock { event {
  kind occurredAt lock { name } device { name } member { name } credential { id } } } } }"""


async def test_whoever_opened_a_door_sees_themselves_in_its_event(served: Served) -> None:
    """A guest their phone, and no member, since there was none; not the invitation, whose name is for admins."""
    house = await served.site()
    entry = await house.lock()
    await house.device(entry)
    guest = served.phone()
    await guest.redeem((await house.invitation(entry["lockId"]))["code"])

    opened = (await guest.send(SEEN_BY_A_GUEST, input={"lockId": entry["lockId"]})).json()
    event: dict[str, Any] = opened["data"]["openLock"]["event"]

    assert event["occurredAt"] is not None
    assert (event["device"], event["member"]) == ({"name": "My phone"}, None)
    assert event["credential"] is None
    (error,) = opened["errors"]
    assert error["path"] == ["openLock", "event", "credential"]
    assert error["extensions"]["code"] == "NOT_ALLOWED"


async def test_an_event_names_the_pin_that_was_typed(served: Served) -> None:
    """By its credential, with whose it is; what a lock merely claims about another lock's PIN names nothing."""
    house = await served.site()
    entry, elsewhere = await house.lock("Front"), await house.lock("Back")
    device = await house.device(entry)
    emma = await house.member("Emma")
    made = await pin_of(house, entry["lockId"], owner={"memberId": emma})
    await until(house, made["pin"]["id"], "UPDATED")
    async with BareLock(served, elsewhere) as lock:
        await lock.report(lock.event("OPENED", method="PIN", entryId=made["pin"]["id"]))

    typed_here = await typed(house, device, made["digits"])
    query = f"query($id: ID!) {{ site(id: $id) {{ events {{ nodes {{ id {NAMED} }} }} }} }}"
    told = (await house.ask(query, id=house.id))["site"]["events"]["nodes"]
    credentials = {each["id"]: each["credential"] for each in told}

    assert credentials.pop(typed_here["id"]) == {
        "__typename": "Pin",
        "id": made["pin"]["id"],
        "label": "Emma",
    }
    assert list(credentials.values()) == [None] * len(credentials)
