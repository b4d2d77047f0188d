"""PINs that people choose themselves, from the phone to the door, following access rules; on both databases."""

from typing import Any

from locksim.device import Device
from tests.api.member_steps import MembersPhone, assign, member_phone, rule
from tests.api.pin_steps import pin, typed, until
from tests.serving import House, Served


async def ready(served: Served) -> tuple[House, dict[str, Any], Device, MembersPhone, str]:
    """A site with an online lock, a member with a phone, and the id of a rule for the lock."""
    house = await served.site()
    entry = await house.lock()
    device = await house.device(entry)
    phone, member = await member_phone(house)
    return house, entry, device, phone, await rule(house, member, entry["lockId"])


async def test_a_member_gives_themselves_a_pin_and_it_opens_what_the_rules_grant(
    served: Served,
) -> None:
    """CUSTOM and AUTO live side by side, reach the lock, and open; the digits are shown in the one answer."""
    house, _, device, phone, _ = await ready(served)

    custom = await assign(phone, house, "40718263")
    auto = await assign(phone, house)
    await until(house, custom["pin"]["id"], "UPDATED")
    await until(house, auto["pin"]["id"], "UPDATED")

    assert custom["digits"] == "40718263"
    assert len(auto["digits"]) >= 6
    assert (await typed(house, device, "40718263"))["kind"] == "OPENED"
    assert (await typed(house, device, auto["digits"]))["kind"] == "OPENED"


async def test_a_second_custom_pin_takes_the_place_of_the_first(served: Served) -> None:
    """One of each kind at a time: the same PIN gets other digits, and the AUTO one is left alone."""
    house, _, device, phone, _ = await ready(served)
    auto = await assign(phone, house)
    first = await assign(phone, house, "40718263")
    for each in (auto, first):
        await until(house, each["pin"]["id"], "UPDATED")

    second = await assign(phone, house, "51829374")
    await until(house, second["pin"]["id"], "UPDATED")

    assert second["pin"]["id"] == first["pin"]["id"]
    assert (await typed(house, device, "40718263"))["kind"] == "DENIED"
    assert (await typed(house, device, "51829374"))["kind"] == "OPENED"
    assert (await typed(house, device, auto["digits"]))["kind"] == "OPENED"


async def test_a_rule_removed_while_the_lock_is_away_takes_the_pin_off_it(served: Served) -> None:
    """The removal is pending, opensNow says so, and the door does; on reconnecting it arrives, and the door denies."""
    house, entry, device, phone, rule_id = await ready(served)
    made = await assign(phone, house)
    await until(house, made["pin"]["id"], "UPDATED")
    device.network.turn(on=False)
    await house.until_online(entry["lockId"], online=False)

    await house.change("deleteAccessRule", accessRuleId=rule_id)
    (pending,) = (await pin(house, made["pin"]["id"]))["lockSync"]
    device.network.turn(on=True)
    await until(house, made["pin"]["id"], "REMOVED")

    assert (pending["status"], pending["opensNow"]) == ("NOT_UPDATED", [1])
    assert pending["pendingSince"] is not None
    assert (await typed(house, device, made["digits"]))["kind"] == "DENIED"
