"""Rule PINs: whose they are, which locks hold them, and what changing them changes; on both databases."""

from typing import Any

from tests.api.firmware_lock import installed
from tests.api.pin_steps import (
    CREATED,
    REFUSED,
    default_tag,
    lock_tag,
    pin,
    pin_of,
    until_all,
)
from tests.serving import House, Served
from tests.waiting import eventually

UPDATED = "... on UpdatedPin { digits widened narrowed pin { id } }"


async def names(house: House, pin_id: str) -> set[str]:
    """The names of the locks that should hold the PIN."""
    return {lock["name"] for lock in (await pin(house, pin_id))["locks"]["nodes"]}


async def test_a_pin_is_for_one_member_by_id_or_by_default_tag(served: Served) -> None:
    """Both ways name the same owner; notes, kind and dates are as asked; what is left out limits nothing."""
    house = await served.site()
    entry = await house.lock()
    owner = await house.member("Emil")
    made = await pin_of(
        house,
        entry["lockId"],
        owner={"memberTagId": await default_tag(house, owner)},
        digits="49172638",
        notes="Cleaner",
        validFrom="2020-01-01",
        slotStart="22:00",
        slotEnd="06:00",
        weekdays=["SATURDAY", "SUNDAY"],
    )
    query = (
        "query($id: ID!) { node(id: $id) { ... on Pin { owner { id name } createdAt updatedAt } } }"
    )

    whose = (await house.ask(query, id=made["pin"]["id"]))["node"]
    shown = await pin(house, made["pin"]["id"])

    assert whose["owner"] == {"id": owner, "name": "Emil"}
    assert (shown["kind"], shown["state"], shown["notes"]) == ("CUSTOM", "ACTIVE", "Cleaner")
    assert shown["schedule"] == {
        "validFrom": "2020-01-01",
        "validUntil": None,
        "slotStart": "22:00:00",
        "slotEnd": "06:00:00",
        "weekdays": ["SATURDAY", "SUNDAY"],
    }
    assert shown["locks"]["nodes"] == [{"id": entry["lockId"], "name": "Front door"}]


async def test_digits_are_shown_once_and_never_again(served: Served) -> None:
    """In the answer that sets them, new ones where they change; no field of the schema shows them afterwards."""
    house = await served.site()
    entry = await house.lock()
    made = await pin_of(house, entry["lockId"])
    pin_id = made["pin"]["id"]

    assert len(made["digits"]) >= 6
    notes = await house.change("updatePin", UPDATED, pinId=pin_id, notes="x")
    reassigned = await house.change("reassignPin", "... on ReassignedPin { digits }", pinId=pin_id)
    changed = await house.change("updatePin", UPDATED, pinId=pin_id, digits="58203917")
    blocked = await house.change("blockPin", "... on BlockedPin { pin { id state } }", pinId=pin_id)
    fields = await house.ask('{ __type(name: "Pin") { fields { name } } }')

    assert notes["digits"] is None
    assert reassigned["digits"] not in (None, made["digits"])
    assert changed["digits"] == "58203917"
    assert blocked["pin"] == {"id": pin_id, "state": "BLOCKED"}
    assert "digits" not in {field["name"] for field in fields["__type"]["fields"]}


async def test_tags_of_locks_are_live_in_both_directions(served: Served) -> None:
    """Tagging a lock adds the PIN, untagging removes it; default tags stand for their lock; nothing is left behind."""
    house = await served.site()
    front, back, side = [await house.lock(name) for name in ("Front", "Back", "Side")]
    doors = await lock_tag(house, front["lockId"])
    made = await pin_of(
        house, lockTagIds=[doors, await default_tag(house, side["lockId"])], digits="49172638"
    )
    pin_id = made["pin"]["id"]
    both = await installed(house, front), await installed(house, back)
    assert await names(house, pin_id) == {"Front", "Side"}

    await house.change("updateTag", tagId=doors, lockIds=[back["lockId"]])
    moved = await names(house, pin_id)
    for lock in both:
        await lock.settled()
    await until_all(house, pin_id, Front="REMOVED", Back="UPDATED", Side="NOT_UPDATED")
    opened = [lock.enter("49172638").value for lock in both]
    await house.change("updateTag", tagId=doors, lockIds=[back["lockId"], front["lockId"]])
    again = await names(house, pin_id)
    await house.change("deleteTag", tagId=doors)
    for lock in both:
        await lock.settled()
    gone = await until_all(house, pin_id, Front="REMOVED", Back="REMOVED", Side="NOT_UPDATED")

    assert moved == {"Back", "Side"}
    assert opened == ["DENIED", "GRANTED"]
    assert again == {"Front", "Back", "Side"}
    assert [each["opensNow"] for each in gone] == [[], [], []]
    assert [lock.enter("49172638").value for lock in both] == ["DENIED", "DENIED"]


async def test_a_lock_named_twice_holds_a_pin_once_and_keeps_it_until_both_are_gone(
    served: Served,
) -> None:
    """By id and by tag: leaving the tag takes nothing away while the id still names the lock."""
    house = await served.site()
    entry = await house.lock()
    doors = await lock_tag(house, entry["lockId"])
    made = await pin_of(house, entry["lockId"], lockTagIds=[doors])
    pin_id = made["pin"]["id"]

    assert len(made["pin"]["lockSync"]["nodes"]) == 1
    await house.change("updateTag", tagId=doors, lockIds=[])
    assert await names(house, pin_id) == {"Front door"}
    assert (await pin(house, pin_id))["lockSync"]["nodes"][0]["wantedVersion"] == 1


async def test_a_lock_that_is_deleted_leaves_every_pin(served: Served) -> None:
    """Its place in lists is gone at once; the PIN goes on elsewhere, and digits that it alone held are free."""
    house = await served.site()
    front, back = await house.lock("Front"), await house.lock("Back")
    owner = await house.member("Emil")
    lone = await pin_of(house, front["lockId"], owner={"memberId": owner}, digits="49172638")
    both = await pin_of(
        house, front["lockId"], back["lockId"], owner={"memberId": owner}, digits="58203917"
    )
    await (await installed(house, front)).disconnect()
    await house.change("deletePin", pinId=lone["pin"]["id"])
    asked: dict[str, Any] = {
        "siteId": house.id,
        "owner": {"memberId": owner},
        "lockIds": [back["lockId"]],
    }

    before = await house.change("createPin", CREATED, **asked, digits="49172638")
    await house.change("deleteLock", lockId=front["lockId"])
    after = await house.change("createPin", CREATED, **asked, digits="49172638")
    await house.change("reassignPin", pinId=both["pin"]["id"])
    later = await house.change("createPin", CREATED, **asked, digits="58203917")

    assert before["__typename"] == "PinNotAcceptable"
    assert after["__typename"] == "CreatedPin"
    assert [
        each["lock"]["name"] for each in (await pin(house, both["pin"]["id"]))["lockSync"]["nodes"]
    ] == ["Back"]
    assert later["__typename"] == "CreatedPin", (
        "a deleted lock never acknowledges, and holds nothing"
    )


async def test_removing_a_member_removes_all_of_their_pins(served: Served) -> None:
    """From every lock, with honest status until the lock has said so; others' PINs stay."""
    house = await served.site()
    entry = await house.lock()
    leaving, staying = await house.member("Leaving"), await house.member("Staying")
    hers = [await pin_of(house, entry["lockId"], owner={"memberId": leaving}) for _ in range(2)]
    his = await pin_of(house, entry["lockId"], owner={"memberId": staying})
    lock = await installed(house, entry)

    await house.change("removeMember", memberId=leaving)
    pending = [await pin(house, each["pin"]["id"]) for each in hers]
    await lock.settled()

    for before, each in zip(pending, hers, strict=True):
        assert before["state"] == "REMOVED"
        (state,) = before["lockSync"]["nodes"]
        assert (state["status"], state["opensNow"]) == ("NOT_UPDATED", [1])
        assert state["pendingSince"] is not None
        await until_all(house, each["pin"]["id"], Front_door="REMOVED")
        assert lock.enter(each["digits"]).value == "DENIED"
    assert lock.enter(his["digits"]).value == "GRANTED"


async def test_a_lock_without_a_keypad_is_refused_by_name(served: Served) -> None:
    """By id and by tag, in a new PIN and in an update; a keypad added later makes it able, one taken away ends it."""
    house = await served.site()
    entry, blind = await house.lock(), await house.lock("Garage", keypad=False)
    owner = await house.member("Emil")
    mixed = await lock_tag(house, entry["lockId"], blind["lockId"])
    mine = await pin_of(house, entry["lockId"], owner={"memberId": owner})
    asked: dict[str, Any] = {"siteId": house.id, "owner": {"memberId": owner}}

    for choice in ({"lockIds": [blind["lockId"]]}, {"lockTagIds": [mixed]}):
        for answer in (
            await house.change("createPin", f"{CREATED} {REFUSED}", **asked, **choice),
            await house.change("updatePin", REFUSED, pinId=mine["pin"]["id"], **choice),
        ):
            assert answer["__typename"] == "LockWithoutKeypad"
            assert answer["locks"] == [{"name": "Garage"}]
    later = await lock_tag(house, entry["lockId"], name="Later")
    tagged = await pin_of(house, owner={"memberId": owner}, lockTagIds=[later])
    await house.change("updateTag", tagId=later, lockIds=[entry["lockId"], blind["lockId"]])
    without = await names(house, tagged["pin"]["id"])
    reader = await house.change(
        "createReader",
        "... on CreatedReader { reader { id } }",
        lockId=blind["lockId"],
        name="Keypad",
    )
    with_one = await names(house, tagged["pin"]["id"])
    await house.change("deleteReader", readerId=reader["reader"]["id"])

    assert (without, with_one) == ({"Front door"}, {"Front door", "Garage"})
    assert await names(house, tagged["pin"]["id"]) == {"Front door"}


async def test_notes_change_no_status(served: Served) -> None:
    """What the lock does not hold is no change to it: no version, no revision, no delivery."""
    house = await served.site()
    entry = await house.lock()
    made = await pin_of(house, entry["lockId"])
    pin_id = made["pin"]["id"]
    lock = await installed(house, entry)
    before = (await pin(house, pin_id))["lockSync"]["nodes"], await lock.sync()

    answer = await house.change("updatePin", UPDATED, pinId=pin_id, notes="Second floor")
    cleared = await house.change("updatePin", UPDATED, pinId=pin_id, notes=None)

    assert (answer["widened"], answer["narrowed"]) == ([], [])
    assert cleared["__typename"] == "UpdatedPin"
    assert ((await pin(house, pin_id))["lockSync"]["nodes"], await lock.sync()) == before
    assert (await pin(house, pin_id))["notes"] == ""


async def test_any_other_change_sets_the_status_back_until_the_lock_has_it(served: Served) -> None:
    """Digits, schedule, block, unblock: each a new version, NOT_UPDATED with what opens, then UPDATED."""
    house = await served.site()
    entry = await house.lock()
    made = await pin_of(house, entry["lockId"], digits="49172638")
    pin_id = made["pin"]["id"]
    lock = await installed(house, entry)
    opens_before = [1]
    changes: list[tuple[str, dict[str, Any], list[int]]] = [
        ("updatePin", {"digits": "58203917"}, [2]),
        ("updatePin", {"weekdays": ["MONDAY"]}, [3]),
        ("reassignPin", {"digits": "60314028"}, [4]),
        ("blockPin", {}, []),
        ("unblockPin", {}, [6]),
        ("updatePin", {"weekdays": None}, [7]),
    ]

    for version, (mutation, fields, opens) in enumerate(changes, start=2):
        assert "Pin" in (await house.change(mutation, pinId=pin_id, **fields))["__typename"]
        (pending,) = (await pin(house, pin_id))["lockSync"]["nodes"]
        await lock.settled()
        (done,) = (await pin(house, pin_id))["lockSync"]["nodes"]
        assert (pending["status"], done["status"]) == ("NOT_UPDATED", "UPDATED")
        assert (pending["wantedVersion"], pending["appliedVersion"]) == (version, version - 1)
        assert set(opens_before) <= set(pending["opensNow"])
        assert (done["appliedVersion"], done["opensNow"]) == (version, opens)
        assert pending["pendingSince"] is not None
        assert done["pendingSince"] is None
        opens_before = opens
    assert lock.enter("60314028").value == "GRANTED"


async def test_moving_a_pin_between_locks_says_what_widened_and_narrowed(served: Served) -> None:
    """Other locks are wider and narrower at once; the old one is pending removal, the new one pending."""
    house = await served.site()
    front, back = await house.lock("Front"), await house.lock("Back")
    made = await pin_of(house, front["lockId"])
    pin_id = made["pin"]["id"]
    lock = await installed(house, front)

    more = await house.change(
        "updatePin", UPDATED, pinId=pin_id, lockIds=[front["lockId"], back["lockId"]]
    )
    moved = await house.change("updatePin", UPDATED, pinId=pin_id, lockIds=[back["lockId"]])
    slot = await house.change(
        "updatePin", UPDATED, pinId=pin_id, slotStart="08:00", slotEnd="18:00"
    )
    loose = await house.change("updatePin", UPDATED, pinId=pin_id, slotStart=None, slotEnd=None)
    refused = [
        await house.change("updatePin", REFUSED, pinId=pin_id, **{field: None})
        for field in ("lockIds", "lockTagIds", "digits")
    ]
    await lock.settled()

    async def removed() -> Any:
        return {
            each["lock"]["name"]: each["status"]
            for each in (await pin(house, pin_id))["lockSync"]["nodes"]
        }

    await eventually(removed, lambda seen: seen == {"Front": "REMOVED", "Back": "NOT_UPDATED"})
    assert (more["widened"], more["narrowed"]) == (["LOCKS"], [])
    assert (moved["widened"], moved["narrowed"]) == ([], ["LOCKS"])
    assert (slot["widened"], slot["narrowed"]) == ([], ["SLOT"])
    assert (loose["widened"], loose["narrowed"]) == (["SLOT"], [])
    assert [each["__typename"] for each in refused] == ["InvalidInput"] * 3
