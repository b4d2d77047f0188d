"""What a member may do with PINs of their own, and what nobody else may: bad input and races, on both databases."""

import asyncio
import subprocess
import sys
from typing import Any

import pytest

from domain.database import DuplicateRow, transaction, use_case
from domain.database.rows import new_id
from domain.node_ids import read_node_id
from domain.pins.tables import Pin, PinKind, PinReservation, PinStatus
from tests.api.member_steps import MembersPhone, assign, member_phone, rule
from tests.api.pin_steps import pin, pin_of, typed, until
from tests.databases import Database
from tests.processes import environment
from tests.serving import House, Served
from tests.waiting import eventually

BLOCKED = "... on BlockedPin { pin { id state } } ... on NotFound { field }"
DELETED = "... on DeletedPin { pin { id state } } ... on NotFound { field }"


async def ready(served: Served) -> tuple[House, str, MembersPhone, str]:
    """A site with a lock, a member with a phone and a rule for it."""
    house = await served.site()
    lock_id = (await house.lock())["lockId"]
    phone, member = await member_phone(house)
    await rule(house, member, lock_id)
    return house, lock_id, phone, member


def plan(database: Database, served: Served, *options: str) -> str:
    """`latchwork site plan`, as an operator runs it."""
    done = subprocess.run(
        [sys.executable, "-m", "api", "site", "plan", "--site", "House", *options],
        env=environment(database, served.folder.parent),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


async def test_a_plan_without_custom_pins_takes_generated_ones_only(served: Served) -> None:
    """FeatureNotInPlan, by name; the home screen says so; a CUSTOM PIN of before stays, and can be blocked and deleted."""
    house, _, phone, _ = await ready(served)
    before = await assign(phone, house, "40718263")
    assert (await phone.homes())[0]["customPinsAllowed"] is True

    said = await asyncio.to_thread(plan, served.database, served, "--no-custom-pins")
    refused = await assign(phone, house, "51829374")
    generated = await assign(phone, house)
    blocked = await phone.change("blockMyPin", BLOCKED, pinId=before["pin"]["id"])
    deleted = await phone.change("deleteMyPin", DELETED, pinId=before["pin"]["id"])
    again = await assign(phone, house, "51829374")

    assert "custom PINs off" in said
    assert (refused["__typename"], refused["feature"]) == ("FeatureNotInPlan", "CUSTOM_PINS")
    assert (await phone.homes())[0]["customPinsAllowed"] is False
    assert generated["__typename"] == "AssignedPin"
    assert (blocked["pin"]["state"], deleted["pin"]["state"]) == ("BLOCKED", "REMOVED")
    assert again["__typename"] == "FeatureNotInPlan"


async def test_pins_are_offered_only_where_a_lock_takes_them(served: Served) -> None:
    """No keypad, or PIN mode off everywhere: NotAllowed, and `pinsOffered` is false. What one has stays."""
    house = await served.site()
    await house.lock("Bare", keypad=False)
    phone, _ = await member_phone(house)
    seen = [((await phone.homes())[0]["pinsOffered"], (await assign(phone, house))["__typename"])]
    lock_id = (await house.lock("Front"))["lockId"]
    for enabled in (False, True, False):
        await house.change("setPinMode", target={"lockId": lock_id}, enabled=enabled)
        answer = await assign(phone, house)
        seen.append(((await phone.homes())[0]["pinsOffered"], answer["__typename"]))

    assert seen == [
        (False, "NotAllowed"),
        (False, "NotAllowed"),
        (True, "AssignedPin"),
        (False, "NotAllowed"),
    ]
    assert len((await phone.homes())[0]["pins"]) == 1


async def test_a_user_touches_no_pin_but_their_own_personal_ones(served: Served) -> None:
    """Another's PIN, a rule PIN that an admin gave them, a PIN of another site, nonsense: NotFound, alike, unchanged."""
    house, lock_id, phone, member = await ready(served)
    other, _ = await member_phone(house, "otto@example.com")
    theirs = (await assign(other, house))["pin"]["id"]
    given = (await pin_of(house, lock_id, owner={"memberId": member}))["pin"]["id"]
    abroad = await served.site("Abroad")
    foreign = (await pin_of(abroad, (await abroad.lock())["lockId"]))["pin"]["id"]
    removed = (await assign(phone, house))["pin"]["id"]
    await phone.change("deleteMyPin", pinId=removed)

    answers = [
        await phone.change(mutation, fields, pinId=pin_id)
        for mutation, fields in (("blockMyPin", BLOCKED), ("deleteMyPin", DELETED))
        for pin_id in (theirs, given, foreign, removed, f"pin_{new_id().hex}", "pin_0", house.id)
    ]

    assert all(answer == answers[0] for answer in answers)
    assert (answers[0]["__typename"], answers[0]["field"]) == ("NotFound", "pinId")
    for site, pin_id in ((house, theirs), (house, given), (abroad, foreign)):
        assert (await pin(site, pin_id))["state"] == "ACTIVE"


async def test_what_an_admin_blocked_its_member_cannot_bring_back(served: Served) -> None:
    """Neither by other digits nor by deleting and starting anew, also if they had blocked it themselves; the other kind
    is theirs as before. An admin unblocks it; another one beside it is not to be had, nor other digits by that way."""
    house, _, phone, member = await ready(served)
    custom = (await assign(phone, house, "40718263"))["pin"]["id"]
    await phone.change("blockMyPin", pinId=custom)
    await house.change("blockPin", pinId=custom)

    tries = [
        await assign(phone, house, "51829374"),
        await phone.change("deleteMyPin", pinId=custom),
        await assign(phone, house, "51829374"),
    ]
    idle = await phone.change("blockMyPin", BLOCKED, pinId=custom)
    auto = await assign(phone, house)
    blocked = await pin(house, custom)
    await house.change("unblockPin", pinId=custom)
    unblocked = await pin(house, custom)
    theirs = await assign(phone, house, "51829374")
    await house.change("blockPin", pinId=custom)
    refused = await house.change(
        "createPin",
        "... on AlreadyExists { existing { id ... on Pin { state } } }",
        siteId=house.id,
        owner={"memberId": member},
        digits="62930485",
    )
    await house.change("unblockPin", pinId=custom)
    after = await phone.change("blockMyPin", BLOCKED, pinId=custom)
    own = await assign(phone, house, "73041596")

    assert [each["__typename"] for each in tries] == ["NotAllowed"] * 3
    assert idle["pin"]["state"] == "BLOCKED"
    assert auto["__typename"] == "AssignedPin"
    assert (blocked["state"], unblocked["state"]) == ("BLOCKED", "ACTIVE")
    assert theirs["pin"]["id"] == custom
    assert refused["existing"] == {"id": custom, "state": "BLOCKED"}
    assert after["pin"]["state"] == "BLOCKED"  # their own block this time, which they may lift:
    assert (own["__typename"], own["pin"]["state"]) == ("AssignedPin", "ACTIVE")


async def test_a_blocked_pin_of_ones_own_opens_again_with_other_digits(served: Served) -> None:
    """block and re-assign from the phone, at the door: denied with either digits, then opened with the new ones."""
    house = await served.site()
    entry = await house.lock()
    device = await house.device(entry)
    phone, member = await member_phone(house)
    await rule(house, member, entry["lockId"])
    made = await assign(phone, house)
    pin_id = made["pin"]["id"]
    await until(house, pin_id, "UPDATED")

    await phone.change("blockMyPin", pinId=pin_id)
    await until(house, pin_id, "UPDATED")
    blocked = await typed(house, device, made["digits"])
    again = await assign(phone, house)
    await until(house, pin_id, "UPDATED")
    old, new = (
        await typed(house, device, made["digits"]),
        await typed(house, device, again["digits"]),
    )

    assert again["pin"] == {"id": pin_id, "kind": "AUTO", "state": "ACTIVE"}
    assert [blocked["kind"], old["kind"], new["kind"]] == ["DENIED", "DENIED", "OPENED"]
    assert new["member"]["id"] == member


async def test_first_pins_of_one_kind_at_once_make_one(served: Served) -> None:
    """Ten generated, as many as a USER has in a day, and sixteen chosen.

    The digits of the last answer that was carried out are those of the PIN, and no others stay taken.
    """
    house, _, phone, _ = await ready(served)
    chosen = [f"{number}0718263" for number in range(1, 9)]

    auto = await asyncio.gather(*(assign(phone, house) for _ in range(10)))
    custom = await asyncio.gather(*(assign(phone, house, digits) for digits in chosen * 2))

    assert {each["__typename"] for each in auto} == {"AssignedPin"}
    assert len({each["pin"]["id"] for each in auto}) == 1
    made = [each for each in custom if each["__typename"] == "AssignedPin"]
    assert len({each["pin"]["id"] for each in made}) == 1
    assert len(made) >= 1
    pins = await Pin.filter(personal=True).exclude(status=PinStatus.REMOVED)
    assert sorted(each.kind for each in pins) == [PinKind.AUTO, PinKind.CUSTOM]
    assert await PinReservation.filter(retired_at=None).count() == 2
    assert await PinReservation.all().count() == 2  # no lock has had any of the others


@pytest.mark.parametrize("kind", list(PinKind))
async def test_the_database_holds_one_personal_pin_of_a_kind(served: Served, kind: PinKind) -> None:
    """A partial unique index, whatever the code above it does; removed ones and rule PINs do not count."""
    house, lock_id, phone, member = await ready(served)
    made = [await assign(phone, house), await assign(phone, house, "40718263")]
    await pin_of(house, lock_id, owner={"memberId": member})
    row = await Pin.get(id=read_node_id("pin", made[0]["pin"]["id"]))

    @use_case
    async def copied(**values: Any) -> None:
        async with transaction():
            copy = row.clone(pk=new_id())
            await copy.update_from_dict({"kind": kind, **values}).save(force_create=True)

    with pytest.raises(DuplicateRow):
        await copied()
    with pytest.raises(DuplicateRow):
        await copied(status=PinStatus.BLOCKED)
    await copied(status=PinStatus.REMOVED)
    await copied(personal=False)


async def test_digits_belong_to_custom_and_nothing_else_is_meant(served: Served) -> None:
    """CUSTOM without digits, AUTO with: InvalidInput; a script has no PINs of its own; a stranger sees no site."""
    house, _, phone, _ = await ready(served)
    stranger, _ = await member_phone(await served.site("Abroad"), "sven@example.com")
    at = {"siteId": house.id}

    answers = [
        await phone.change("assignMyPin", kind="CUSTOM", **at),
        await phone.change("assignMyPin", kind="AUTO", digits="40718263", **at),
        await house.change("assignMyPin", kind="AUTO", **at),
        await stranger.change("assignMyPin", kind="AUTO", **at),
    ]

    assert [each["__typename"] for each in answers] == [
        "InvalidInput",
        "InvalidInput",
        "NotAllowed",
        "NotFound",
    ]
    assert not await Pin.all().exists()


async def test_a_personal_pin_stays_of_its_kind(served: Served) -> None:
    """An admin's other digits for the AUTO one leave it AUTO, beside the CUSTOM one, by updatePin and reassignPin; its
    locks and schedule are not the PIN's to change."""
    house, _, phone, _ = await ready(served)
    auto = (await assign(phone, house))["pin"]["id"]
    custom = (await assign(phone, house, "40718263"))["pin"]["id"]

    updated = await house.change("updatePin", pinId=auto, digits="51829374", notes="by phone")
    reassigned = await house.change("reassignPin", pinId=auto, digits="62930485")
    scheduled = await house.change("updatePin", pinId=auto, slotStart="08:00", slotEnd="18:00")

    assert updated["__typename"] == "UpdatedPin"
    assert reassigned["__typename"] == "ReassignedPin"
    assert scheduled["__typename"] == "InvalidInput"
    kinds = {each["id"]: each["kind"] for each in (await phone.homes())[0]["pins"]}
    assert kinds == {auto: "AUTO", custom: "CUSTOM"}


async def test_a_removed_members_pins_leave_every_lock(served: Served) -> None:
    """Personal and rule PINs, at a lock that is away meanwhile; then the digits are free for somebody else."""
    house = await served.site()
    entry = await house.lock()
    device = await house.device(entry)
    phone, member = await member_phone(house)
    await rule(house, member, entry["lockId"])
    own = (await assign(phone, house, "40718263"))["pin"]["id"]
    given = (await pin_of(house, entry["lockId"], owner={"memberId": member}))["pin"]["id"]
    for each in (own, given):
        await until(house, each, "UPDATED")
    device.network.turn(on=False)
    await house.until_online(entry["lockId"], online=False)

    await house.change("removeMember", memberId=member)
    pending = [(await pin(house, each))["lockSync"]["nodes"][0] for each in (own, given)]
    other, _ = await member_phone(house, "otto@example.com")
    early = await assign(other, house, "40718263")
    device.network.turn(on=True)
    for each in (own, given):
        await until(house, each, "REMOVED")
    rules = await house.ask(
        "query($id: ID!) { site(id: $id) { accessRules { nodes { id } } } }", id=house.id
    )

    assert [(each["status"], each["opensNow"]) for each in pending] == [("NOT_UPDATED", [1])] * 2
    assert early["__typename"] == "PinNotAcceptable"  # the lock might still open to it
    late = await eventually(lambda: assign(other, house, "40718263"), lambda each: "digits" in each)
    assert late["digits"] == "40718263"
    assert (await typed(house, device, "40718263"))["kind"] == "DENIED"
    assert rules["site"]["accessRules"]["nodes"] == []
