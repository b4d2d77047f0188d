"""What cannot open yet is not handed out without a word: warnings in answers, and as long as they are true."""

from datetime import timedelta
from typing import Any

from domain.locks.rules import Connectivity
from tests.api.member_steps import member_phone, member_tag, rule
from tests.api.pin_steps import lock_tag, pin_of
from tests.api.smartpin_steps import in_step, switch, this_hour
from tests.serving import House, Served

WARNINGS = "warnings { code message locks { id name } }"
OFFLINE = Connectivity.WIRELESS_OFFLINE


def said(answer: dict[str, Any]) -> dict[str, list[str]]:
    """The names of the locks by code."""
    found = {each["code"]: [lock["name"] for lock in each["locks"]] for each in answer["warnings"]}
    assert len(found) == len(answer["warnings"]), "each thing once"
    for each in answer["warnings"]:
        assert all(lock["name"] in each["message"] for lock in each["locks"])
    return found


async def change(house: House, mutation: str, kind: str, **asked: Any) -> dict[str, list[str]]:
    """The warnings in the answer of a mutation that succeeds."""
    answer = await house.change(mutation, f"... on {kind} {{ {WARNINGS} }}", **asked)
    assert answer["__typename"] == kind, answer
    return said(answer)


async def now(house: House, node_id: str) -> dict[str, list[str]]:
    """The warnings of a credential at this moment."""
    kinds = ("Pin", "SmartPin", "Invitation", "AccessRule")
    fields = " ".join(f"... on {kind} {{ {WARNINGS} }}" for kind in kinds)
    found = await house.ask(f"query($id: ID!) {{ node(id: $id) {{ {fields} }} }}", id=node_id)
    return said(found["node"])


async def smart_pin(house: House, lock_id: str, **more: Any) -> tuple[str, dict[str, list[str]]]:
    """A SmartPIN from this hour on: its id and the warnings in the answer."""
    opens = this_hour(house.served)
    answer = await house.change(
        "createSmartPin",
        f"... on CreatedSmartPin {{ smartPin {{ id state }} {WARNINGS} }}",
        lockId=lock_id,
        guestName="Guest",
        startsAt=opens.isoformat(),
        endsAt=(opens + timedelta(hours=5)).isoformat(),
        **more,
    )
    assert answer["smartPin"]["state"] == "ACTIVE"
    return answer["smartPin"]["id"], said(answer)


async def test_a_door_that_has_all_it_needs_is_no_warning(served: Served) -> None:
    """Online and up to date: nothing is said of a PIN, a SmartPIN, an invitation, a rule."""
    house = await served.site()
    entry = await house.lock()
    await switch(house, entry["lockId"])
    await house.device(entry)
    await in_step(house, entry["lockId"])
    emil = await house.member("Emil")
    asked: dict[str, Any] = {"siteId": house.id, "lockIds": [entry["lockId"]]}
    ends = (served.clock() + timedelta(hours=2)).isoformat()

    pin = await change(house, "createPin", "CreatedPin", owner={"memberId": emil}, **asked)
    invited = await change(
        house, "createInvitation", "CreatedInvitation", name="Guest", endsAt=ends, **asked
    )
    ruled = await change(
        house, "createAccessRule", "CreatedAccessRule", grantee={"memberId": emil}, **asked
    )
    _, code = await smart_pin(house, entry["lockId"])

    assert pin == invited == ruled == code == {}


async def test_every_answer_about_a_pin_says_which_doors_cannot_take_it(served: Served) -> None:
    """Made, changed, given other digits, unblocked: a cellar without network, a door that was never set up."""
    house = await served.site()
    cellar, new = await house.lock("Cellar", OFFLINE), await house.lock("New")
    emil = await house.member("Emil")
    both = [cellar["lockId"], new["lockId"]]
    expected = {
        "LOCK_HAS_NO_NETWORK": ["Cellar"],
        "LOCK_NEVER_SET_UP": ["New"],
        "SETTING_NOT_ON_LOCK": ["Cellar", "New"],
    }

    made = await change(
        house, "createPin", "CreatedPin", siteId=house.id, owner={"memberId": emil}, lockIds=both
    )
    pin = (await pin_of(house, cellar["lockId"], owner={"memberId": emil}))["pin"]["id"]
    updated = await change(house, "updatePin", "UpdatedPin", pinId=pin, lockIds=both)
    reassigned = await change(house, "reassignPin", "ReassignedPin", pinId=pin)
    await house.change("blockPin", pinId=pin)
    unblocked = await change(house, "unblockPin", "UnblockedPin", pinId=pin)

    assert made == updated == reassigned == unblocked == await now(house, pin) == expected
    await house.change("deletePin", pinId=pin)
    assert await now(house, pin) == {}


async def test_a_pin_of_ones_own_says_so_too(served: Served) -> None:
    """From the phone: the doors of the member's rules, one without a keypad among them; rules made and changed say it."""
    house = await served.site()
    plain = (await house.lock("Plain", keypad=False))["lockId"]
    cellar = (await house.lock("Cellar", OFFLINE))["lockId"]
    phone, member = await member_phone(house)
    asked: dict[str, Any] = {"siteId": house.id, "grantee": {"memberId": member}}
    before = await change(house, "createAccessRule", "CreatedAccessRule", lockIds=[plain], **asked)
    mine = await phone.change(
        "assignMyPin", f"... on AssignedPin {{ {WARNINGS} }}", siteId=house.id, kind="AUTO"
    )
    made = await rule(house, member, plain)
    after = await change(
        house,
        "updateAccessRule",
        "UpdatedAccessRule",
        accessRuleId=made,
        lockIds=[plain, cellar],
    )

    assert before == {"LOCK_NEVER_SET_UP": ["Plain"]}, "nobody types anything yet"
    assert said(mine) == {"LOCK_WITHOUT_KEYPAD": ["Plain"]}
    assert (
        after
        == await now(house, made)
        == {
            "LOCK_WITHOUT_KEYPAD": ["Plain"],
            "LOCK_NEVER_SET_UP": ["Plain"],
            "LOCK_HAS_NO_NETWORK": ["Cellar"],
            "SETTING_NOT_ON_LOCK": ["Cellar"],
        }
    )


async def test_a_tag_that_gains_a_door_without_keypad_names_it(served: Served) -> None:
    """In the answer of updateTag and at the PIN, as long as the tag holds it; a tag that nobody names says nothing.

    The PIN follows its tag to the doors that can take it all the same."""
    house = await served.site()
    entry = await house.lock()
    await house.device(entry)
    await in_step(house, entry["lockId"])
    plain = (await house.lock("Plain", OFFLINE, keypad=False))["lockId"]
    both = [entry["lockId"], plain]
    tag, unused = await lock_tag(house, entry["lockId"]), await lock_tag(house, name="Other")
    made = await pin_of(house, lockTagIds=[tag])
    await in_step(house, entry["lockId"])

    gained = await change(house, "updateTag", "UpdatedTag", tagId=tag, lockIds=both)
    seen = await now(house, made["pin"]["id"])
    nobody = await change(house, "updateTag", "UpdatedTag", tagId=unused, lockIds=both)
    lost = await change(house, "updateTag", "UpdatedTag", tagId=tag, lockIds=both[:1])

    assert gained == seen == {"LOCK_WITHOUT_KEYPAD": ["Plain"]}
    assert (nobody, lost, await now(house, made["pin"]["id"])) == ({}, {}, {})


async def test_a_tag_of_people_says_what_keeps_its_newest_from_opening(served: Served) -> None:
    """A rule for the tag, and a member with a personal PIN who joins: the door without keypad is named then."""
    house = await served.site()
    plain = (await house.lock("Plain", OFFLINE, keypad=False))["lockId"]
    emil = await house.member("Emil")
    await pin_of(house, owner={"memberId": emil})
    tag = await member_tag(house)
    await rule(house, None, plain, memberTagId=tag)

    empty = await change(house, "updateTag", "UpdatedTag", tagId=tag, name="Cleaners")
    joined = await change(house, "updateTag", "UpdatedTag", tagId=tag, memberIds=[emil])

    assert empty == {"LOCK_HAS_NO_NETWORK": ["Plain"]}, "phones cannot open it either"
    assert joined == {"LOCK_HAS_NO_NETWORK": ["Plain"], "LOCK_WITHOUT_KEYPAD": ["Plain"]}


async def test_a_door_that_loses_its_keypad_is_named(served: Served) -> None:
    """Taking the last keypad off a lock that PINs name says so, at once and at the PIN; without PINs there is nothing."""
    house = await served.site()
    lock_ids = [(await house.lock(name))["lockId"] for name in ("Front", "Back")]
    made = await pin_of(house, lock_ids[0])
    query = "query($id: ID!) { node(id: $id) { ... on Lock { readers { id } } } }"
    readers = [(await house.ask(query, id=each))["node"]["readers"][0]["id"] for each in lock_ids]

    front, back = [
        await change(house, "deleteReader", "DeletedReader", readerId=each) for each in readers
    ]

    assert (front, back) == ({"LOCK_WITHOUT_KEYPAD": ["Front"]}, {})
    assert await now(house, made["pin"]["id"]) == {"LOCK_WITHOUT_KEYPAD": ["Front"]}


async def test_a_smart_pin_at_a_lock_that_never_heard_of_them(served: Served) -> None:
    """Switched on after the lock was set up, while it has no network: the switch, the answer and the SmartPIN say so.

    Provisioned anew, the lock gets the setting with its secret: a code for that secret is no warning."""
    house = await served.site()
    cellar = await house.lock("Cellar", OFFLINE)
    lock_id = cellar["lockId"]
    switched = await change(
        house, "updateLock", "UpdatedLock", lockId=lock_id, smartPinEnabled=True
    )
    key, made = await smart_pin(house, lock_id)
    await house.change("blockSmartPin", smartPinId=key)
    unblocked = await change(house, "unblockSmartPin", "UnblockedSmartPin", smartPinId=key)
    seen = await now(house, key)
    kit = await house.change(
        "provisionLock",
        "... on ProvisionedLock { incarnation settings { smartPinEnabled } }",
        lockId=lock_id,
    )
    _, anew = await smart_pin(house, lock_id, incarnation=kit["incarnation"])

    assert switched == {"LOCK_HAS_NO_NETWORK": ["Cellar"], "SETTING_NOT_ON_LOCK": ["Cellar"]}
    assert made == unblocked == seen == {"SETTING_NOT_ON_LOCK": ["Cellar"]}
    assert kit["settings"]["smartPinEnabled"] is True
    assert anew == {}
    assert await now(house, key) == {"SETTING_NOT_ON_LOCK": ["Cellar"]}, "its secret came without"


async def test_a_setting_counts_from_when_the_lock_has_told_that_it_has_it(served: Served) -> None:
    """Switched on while the lock is away: warnings until it is back, for SmartPINs and PIN mode alike."""
    house = await served.site()
    entry = await house.lock()
    lock_id = entry["lockId"]
    device = await house.device(entry)
    await in_step(house, lock_id)
    await house.change("setPinMode", target={"lockId": lock_id}, enabled=False)
    await in_step(house, lock_id)
    made = (await pin_of(house, lock_id))["pin"]["id"]
    off = await now(house, made)
    device.network.turn(on=False)
    await house.until_online(lock_id, online=False)

    modes = await change(
        house, "setPinMode", "SetPinMode", target={"lockId": lock_id}, enabled=True
    )
    smart = await change(house, "updateLock", "UpdatedLock", lockId=lock_id, smartPinEnabled=True)
    key, code = await smart_pin(house, lock_id)
    away = [await now(house, each) for each in (made, key)]
    device.network.turn(on=True)
    await in_step(house, lock_id)

    warned = {"SETTING_NOT_ON_LOCK": ["Front door"]}
    assert off == modes == smart == code == away[0] == away[1] == warned
    assert [await now(house, each) for each in (made, key)] == [{}, {}]
    online = await change(house, "updateLock", "UpdatedLock", lockId=lock_id, smartPinEnabled=True)
    assert online == {}


async def test_another_setting_on_its_way_does_not_hide_what_the_lock_has(served: Served) -> None:
    """A lock that is away and lacks a newer lockout rule, twice changed, still takes PINs and SmartPINs."""
    house = await served.site()
    entry = await house.lock()
    lock_id = entry["lockId"]
    await switch(house, lock_id)
    device = await house.device(entry)
    await in_step(house, lock_id)
    made = (await pin_of(house, lock_id))["pin"]["id"]
    await in_step(house, lock_id)
    device.network.turn(on=False)
    await house.until_online(lock_id, online=False)

    for minutes in (30, 60):
        await house.change("updateSite", siteId=house.id, lockoutReleaseMinutes=minutes)
    _, code = await smart_pin(house, lock_id)

    assert (await now(house, made), code) == ({}, {})
    await house.change("setPinMode", target={"lockId": lock_id}, enabled=False)
    assert await now(house, made) == {"SETTING_NOT_ON_LOCK": ["Front door"]}


async def test_dates_that_are_over_when_they_are_given_are_said(served: Served) -> None:
    """PINs, rules and invitations whose last hour has passed, or that never have one; open ones say nothing of it."""
    house = await served.site()
    door = (await house.lock("Cellar", OFFLINE))["lockId"]
    emil = await house.member("Emil")
    asked: dict[str, Any] = {"siteId": house.id, "lockIds": [door]}
    today = served.clock().date()
    tag = await lock_tag(house)
    past = {"validUntil": (today - timedelta(days=2)).isoformat()}
    begins, ends = served.clock() + timedelta(days=1), served.clock() + timedelta(days=2)
    never = [(begins + timedelta(days=4)).strftime("%A").upper()]

    pin = await change(house, "createPin", "CreatedPin", owner={"memberId": emil}, **asked, **past)
    empty = await change(
        house,
        "createPin",
        "CreatedPin",
        siteId=house.id,
        owner={"memberId": emil},
        lockTagIds=[tag],
        **past,
    )
    ruled = await change(
        house,
        "createAccessRule",
        "CreatedAccessRule",
        grantee={"memberId": emil},
        **asked,
        **past,
    )
    invited = await change(
        house,
        "createInvitation",
        "CreatedInvitation",
        name="Guest",
        startsAt=begins.isoformat(),
        endsAt=ends.isoformat(),
        weekdays=never,
        **asked,
    )
    mine = await pin_of(house, owner={"memberId": emil})
    made = (await pin_of(house, door, owner={"memberId": emil}))["pin"]["id"]

    assert [each["ALREADY_OVER"] for each in (pin, ruled, invited)] == [["Cellar"]] * 3
    assert empty == {"ALREADY_OVER": []}
    assert (await now(house, mine["pin"]["id"]))["ALREADY_OVER"] == ["Cellar"], "by its only rule"
    assert "ALREADY_OVER" not in await now(house, made)
    updated = await change(house, "updatePin", "UpdatedPin", pinId=made, **past)
    assert updated["ALREADY_OVER"] == ["Cellar"]
    lifted = await change(house, "updatePin", "UpdatedPin", pinId=made, validUntil=None)
    assert "ALREADY_OVER" not in lifted


async def test_an_invitation_names_the_doors_that_no_phone_opens(served: Served) -> None:
    """No network, never set up; a deleted door is no door of it any more, and an ended invitation opens none."""
    house = await served.site()
    locks = [await house.lock("Cellar", OFFLINE), await house.lock("New"), await house.lock("Old")]
    await house.device(locks[2])
    made = await house.invitation(*(each["lockId"] for each in locks))
    key = made["invitation"]["id"]

    assert await now(house, key) == {
        "LOCK_HAS_NO_NETWORK": ["Cellar"],
        "LOCK_NEVER_SET_UP": ["New"],
    }
    await house.change("deleteLock", lockId=locks[1]["lockId"])
    assert await now(house, key) == {"LOCK_HAS_NO_NETWORK": ["Cellar"]}
    connected = await change(
        house,
        "updateLock",
        "UpdatedLock",
        lockId=locks[2]["lockId"],
        connectivity="WIRELESS_OFFLINE",
    )
    assert connected == {"LOCK_HAS_NO_NETWORK": ["Old"]}
    await house.change("deleteInvitation", invitationId=key)
    assert await now(house, key) == {}
