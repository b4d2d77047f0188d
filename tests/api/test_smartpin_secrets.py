"""Codes and the secrets that a lock was given: for which one a code is, and what becomes of it when one is proven."""

from typing import Any

from domain.smartpins.tables import SmartPin
from locksim.signals import Signal
from tests.api.smartpin_steps import (
    HOUR,
    ask,
    blocked,
    provisioned,
    ready_lock,
    seen,
    smart_pin,
    span,
    this_hour,
    until,
    without_network,
)
from tests.serving import House, Served


async def test_after_a_reset_without_a_link_the_answer_says_that_a_newer_secret_waits(
    served: Served,
) -> None:
    """The code is for the secret in force; for the one that the installer knows to be there, ask by its incarnation."""
    house = await served.site()
    old, entry = await ready_lock(house, online=False)
    before = await smart_pin(house, entry["lockId"])
    kit = await provisioned(house, entry["lockId"])

    for_old = await smart_pin(house, entry["lockId"])
    for_new = await smart_pin(house, entry["lockId"], incarnation=kit["incarnation"])
    old.power.turn(on=False)
    new = await without_network(house, kit, age=" after the reset")

    assert [made["newerSecretPending"] for made in (before, for_old, for_new)] == [
        False,
        True,
        False,
    ]
    assert (for_old["smartPin"]["secretProven"], for_new["smartPin"]["secretProven"]) == (
        True,
        False,
    )
    assert await new.shows(for_old["digits"]) is Signal.DENIED
    assert await new.shows(for_new["digits"]) is Signal.GRANTED

    new.network.turn(on=True)
    proven = await until(house, for_new["smartPin"]["id"], secretProven=True)
    assert proven["state"] == "ACTIVE"
    assert (await seen(house, for_old["smartPin"]["id"]))["state"] == "VOID"


async def test_only_a_secret_in_force_or_pending_can_be_named(served: Served) -> None:
    """Not one of another lock, not one that a proof has made void, not nonsense."""
    house = await served.site()
    entry = await house.lock("Cellar")
    await house.change("updateLock", lockId=entry["lockId"], smartPinEnabled=True)
    void, used = [await provisioned(house, entry["lockId"]) for _ in range(2)]
    elsewhere = await house.lock("Front door")
    await house.device({**used, "name": "Cellar"})

    for incarnation in (void["incarnation"], elsewhere["incarnation"], "x", "\x00"):
        refused = await ask(house, entry["lockId"], incarnation=incarnation)
        assert (refused["__typename"], refused["field"]) == ("NotFound", "incarnation")
    named = await smart_pin(house, entry["lockId"], incarnation=used["incarnation"])
    assert named["newerSecretPending"] is False


async def test_each_secret_has_the_variants_of_a_window_for_itself(served: Served) -> None:
    """400 hours have one code under each; a second under the same secret is refused."""
    house = await served.site()
    _, entry = await ready_lock(house)
    kits = [await provisioned(house, entry["lockId"]) for _ in range(2)]
    start = this_hour(served) + HOUR
    asked = span(start, start + 400 * HOUR)
    lives = [entry["incarnation"], *(kit["incarnation"] for kit in kits)]

    first = [await smart_pin(house, entry["lockId"], incarnation=each, **asked) for each in lives]
    again = [await ask(house, entry["lockId"], incarnation=each, **asked) for each in lives]

    assert len({made["digits"] for made in first}) == 3
    assert [made["newerSecretPending"] for made in first] == [True, True, False]
    assert [answer["__typename"] for answer in again] == ["NoFreeWindow"] * 3


async def test_codes_for_a_later_secret_outlive_the_proof_of_an_earlier_one(served: Served) -> None:
    """It may still be installed, and then they open: so they are not DEAD, and can be blocked; its proof ends the others."""
    house = await served.site()
    device, entry = await ready_lock(house)
    middle, last = [await provisioned(house, entry["lockId"]) for _ in range(2)]
    codes: list[dict[str, Any]] = [
        await smart_pin(house, entry["lockId"], incarnation=each["incarnation"])
        for each in (entry, middle, last)
    ]
    unwanted = await smart_pin(house, entry["lockId"], incarnation=last["incarnation"])

    device.power.turn(on=False)
    device = await house.device({**middle, "name": "Cellar"})
    await until(house, codes[1]["smartPin"]["id"], secretProven=True)
    after_middle = await statuses(house, codes)
    refusal = await blocked(house, unwanted)
    device.power.turn(on=False)
    await house.until_online(entry["lockId"], online=False)
    device = await house.device({**last, "name": "Cellar"})
    await until(house, codes[2]["smartPin"]["id"], secretProven=True)
    await until(house, unwanted["smartPin"]["id"], blockSync="UPDATED")

    assert after_middle == ["VOID", "ACTIVE", "ACTIVE"]
    assert refusal["__typename"] == "BlockedSmartPin"
    assert await statuses(house, codes) == ["VOID", "VOID", "ACTIVE"]
    assert await device.shows(codes[2]["digits"]) is Signal.GRANTED
    assert await device.shows(unwanted["digits"]) is Signal.DENIED
    assert await SmartPin.filter(dead_at=None).count() == 2


async def statuses(house: House, made: list[dict[str, Any]]) -> list[str]:
    """As the API shows them."""
    return [(await seen(house, each["smartPin"]["id"]))["state"] for each in made]
