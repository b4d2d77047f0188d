"""What is for whoever may read the site: users and guests see doors and their own PINs, and nothing of the rest."""

from typing import Any
from uuid import UUID

from domain.actors import Role
from domain.database import use_case
from domain.locks.tables import Lock
from domain.node_ids import read_node_id
from tests.api.member_steps import changing, member_phone, rule
from tests.api.pin_steps import lock_tag, pin_of
from tests.counting import counted
from tests.serving import House, Served

STATE = "name online pinSupported lastContactAt pinLockout { wrongEntries } sync { wantedRevision }"
LOCK = f"{STATE} hub {{ id }} readers {{ id }} tags(first: 5) {{ nodes {{ id }} }}"
HIDDEN_OF_LOCK = ("lastContactAt", "pinLockout", "sync", "hub", "readers", "tags")
PIN = f"id notes lockTags {{ id }} chosenLocks {{ id }} lockSync(first: 5) {{ nodes {{ status lock {{ {LOCK} }} }} }}"
PIN_IN_A_LIST = (
    f"notes chosenLocks {{ id }} lockSync(first: 5) {{ nodes {{ lock {{ {STATE} }} }} }}"
)
"""What of it may be asked for every PIN at every site at once."""
HIDDEN_OF_PIN = ("notes", "lockTags", "chosenLocks")
PLACE = """site { name timezone createdAt systemType features pinPolicy { minLength } lockoutReleaseMinutes
  smartPinActivation seats { used } locks(first: 5) { nodes { id } } auditLog(first: 5) { nodes { id } } }"""
HIDDEN_OF_SITE = (
    "systemType",
    "features",
    "pinPolicy",
    "lockoutReleaseMinutes",
    "smartPinActivation",
    "seats",
)
ASSIGN = f"... on AssignedPin {{ pin {{ {PIN} }} }}"
OPEN = f"""mutation($input: OpenLockInput!) {{ openLock(input: $input) {{ __typename
  ... on OpenedLock {{ event {{ kind lock {{ {LOCK} {PLACE} }} }} }} ... on Error {{ message }} }} }}"""


@use_case
async def _locked_out(house: House, lock: UUID | None) -> None:
    now = house.served.clock()
    await Lock.filter(id=lock).update(locked_out_since=now, wrong_entries=10, last_contact_at=now)


async def gateway_door(house: House) -> str:
    """A door behind a hub whose keypad is locked out: nothing of what can be shown of it is empty."""
    hub = await house.change(
        "createHub", "... on CreatedHub { hub { id } }", siteId=house.id, name="Hub"
    )
    made = await house.change(
        "createLock",
        "... on CreatedLock { lock { id } }",
        siteId=house.id,
        name="Gate",
        connectivity="WIRELESS_GATEWAY",
        hubId=hub["hub"]["id"],
        readers=[{"name": "Keypad"}],
    )
    lock = str(made["lock"]["id"])
    await _locked_out(house, read_node_id("lock", lock))
    return lock


def hidden(pin: dict[str, Any]) -> list[Any]:
    """Whatever of a PIN and of its locks is for readers of the site."""
    locks = [each["lock"] for each in pin["lockSync"]["nodes"]]
    of_locks = [lock[name] for lock in locks for name in HIDDEN_OF_LOCK if name in lock]
    return [pin[name] for name in HIDDEN_OF_PIN if name in pin] + of_locks


async def test_a_user_sees_their_pins_and_not_what_is_for_admins(served: Served) -> None:
    """By assignMyPin, homes and, on a socket, myAccess: where it opens, and no notes, choices, hardware or state of locks.

    Each is null with an error of its own, and all beside it is answered: the digits, which are shown once, above all.
    """
    house = await served.site()
    lock = await gateway_door(house)
    phone, member = await member_phone(house)
    await rule(house, member, lock)
    asked = {"siteId": house.id, "kind": "AUTO"}
    digits = f"{ASSIGN} ... on AssignedPin {{ digits shareLinks {{ sms }} }}"
    mine = f"{{ pins {{ {PIN_IN_A_LIST} }} }}"

    assigned = (await phone.send(changing("assignMyPin", digits), input=asked)).json()
    pin_id = assigned["data"]["answer"]["pin"]["id"]
    await house.change("updatePin", pinId=pin_id, notes="owes us rent")
    listed = (await phone.send(f"{{ homes {mine} }}")).json()
    async with await phone.socket() as socket:
        followed = socket.answers(f"subscription {{ myAccess {{ homes {mine} }} }}")
        streamed = await anext(followed)
    reader = await house.make_token(Role.LIMITED_ADMIN, can_edit=False)
    query = f"query($id: ID!) {{ node(id: $id) {{ ... on Pin {{ {PIN} }} }} }}"
    for_reader = (await house.ask(query, token=reader, id=pin_id))["node"]

    assert assigned["data"]["answer"]["digits"]
    assert assigned["data"]["answer"]["shareLinks"]["sms"]
    for answer, shown in (
        (assigned, assigned["data"]["answer"]["pin"]),
        (listed, listed["data"]["homes"][0]["pins"][0]),
        (streamed, streamed["data"]["myAccess"]["homes"][0]["pins"][0]),
    ):
        assert [each["lock"]["name"] for each in shown["lockSync"]["nodes"]] == ["Gate"]
        assert shown["lockSync"]["nodes"][0]["lock"]["pinSupported"] is True
        assert len(hidden(shown)) >= 5
        assert [each for each in hidden(shown) if each is not None] == []
        assert {each["extensions"]["code"] for each in answer["errors"]} == {"NOT_ALLOWED"}
        said = {each["path"][-1] for each in answer["errors"]}
        assert {name for name in HIDDEN_OF_PIN if name in shown} <= said
    assert None not in hidden(for_reader)
    assert for_reader["notes"] == "owes us rent"


async def test_a_guest_who_opens_a_door_sees_no_more_than_the_door(served: Served) -> None:
    """By openLock on an invited phone: each hidden field of the lock and its site is null with an error of its own.

    The same event tells a reader of the site all of the lock.
    """
    house = await served.site()
    entry = await house.lock("Front")
    await house.device(entry)
    guest = served.phone()
    await guest.redeem((await house.invitation(entry["lockId"]))["code"])

    answer = (await guest.send(OPEN, input={"lockId": entry["lockId"]})).json()
    opened = answer["data"]["openLock"]
    events = (
        f"query($id: ID!) {{ site(id: $id) {{ events {{ nodes {{ kind lock {{ {LOCK} }} }} }} }} }}"
    )
    listed = (await house.ask(events, id=house.id))["site"]["events"]["nodes"]
    (told,) = [each["lock"] for each in listed if each["kind"] == "OPENED"]

    assert opened["event"]["lock"]["name"] == "Front"
    assert [opened["event"]["lock"][name] for name in HIDDEN_OF_LOCK] == [None] * 6
    place = opened["event"]["lock"]["site"]
    assert (place["name"], place["timezone"]) == ("House", house.row.timezone)
    hidden_of_place = (*HIDDEN_OF_SITE, "locks", "auditLog")
    assert [place[name] for name in hidden_of_place] == [None] * 8
    said = {tuple(each["path"]): each["extensions"]["code"] for each in answer["errors"]}
    at = ("openLock", "event", "lock")
    assert said == dict.fromkeys(
        [(*at, name) for name in HIDDEN_OF_LOCK]
        + [(*at, "site", name) for name in hidden_of_place],
        "NOT_ALLOWED",
    )
    assert None not in [told[name] for name in ("lastContactAt", "readers", "sync", "tags")]


CHOICE = "id lockTags { name } chosenLocks { name } locks { nodes { name } }"
CHOICES = f"""query($id: ID!) {{ site(id: $id) {{ pins {{ nodes {{ {CHOICE} }} }}
  accessRules {{ nodes {{ {CHOICE} }} }} }} }}"""


async def test_a_choice_of_locks_is_shown_as_it_was_made(served: Served) -> None:
    """Locks named by id and tags apart, beside what both come to; without what is deleted; for many as cheap as for one."""
    house = await served.site()
    front, back, shed = [
        str((await house.lock(name))["lockId"]) for name in ("Front", "Back", "Shed")
    ]
    emma = await house.member("Emma")
    doors, old = await lock_tag(house, back), await lock_tag(house, front, name="Old")
    chosen: dict[str, Any] = {"lockIds": [front, shed], "lockTagIds": [doors, old]}

    async def choose() -> None:
        await pin_of(house, front, owner={"memberId": emma}, **chosen)
        await rule(house, emma, **chosen)

    await choose()
    with counted() as few:
        await house.ask(CHOICES, id=house.id)
    for _ in range(3):
        await choose()
    with counted() as many:
        await house.ask(CHOICES, id=house.id)
    await house.change("deleteTag", tagId=old)
    await house.change("deleteLock", lockId=shed)
    site = (await house.ask(CHOICES, id=house.id))["site"]

    assert len(many) == len(few), "\n".join(many[len(few) :])
    assert [len(site[each]["nodes"]) for each in ("pins", "accessRules")] == [4, 4]
    for node in (*site["pins"]["nodes"], *site["accessRules"]["nodes"]):
        assert node["chosenLocks"] == [{"name": "Front"}]
        assert node["lockTags"] == [{"name": "Doors"}]
        assert sorted(each["name"] for each in node["locks"]["nodes"]) == ["Back", "Front"]
