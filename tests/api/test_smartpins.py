"""SmartPINs from the admin's hand to a door without a network, and what the admin learns of them; on both databases."""

from typing import Any

import orjson

from domain.actors import Role
from domain.audit.tables import AuditRow
from domain.locks.tables import Lock
from domain.smartpins.tables import SmartPin
from domain.sync.tables import LockEntry, LockEvent
from locksim.signals import Signal
from tests.api.firmware_lock import installed
from tests.api.smartpin_steps import (
    HOUR,
    ask,
    blocked,
    in_step,
    provisioned,
    ready_lock,
    seen,
    smart_pin,
    span,
    switch,
    this_hour,
    until_short_pin,
    without_network,
)
from tests.counting import counted
from tests.serving import Served
from tests.waiting import eventually


async def test_a_guest_opens_a_door_without_network_and_the_admin_learns_of_it_later(
    served: Served,
) -> None:
    """Code, short PIN, doors open while nothing reaches the lock; with the link come first use and the short PIN's being."""
    house = await served.site()
    device, entry = await ready_lock(house, online=False)
    made = await smart_pin(house, entry["lockId"], guestName="Anna Guest")
    key = made["smartPin"]["id"]

    assert await device.shows(made["digits"]) is Signal.GRANTED
    assert await device.shows("7595") is Signal.DONE
    assert await device.shows("7595") is Signal.GRANTED
    before = await seen(house, key)
    device.network.turn(on=True)
    after = await until_short_pin(house, key, there=True)
    data = await house.ask(
        "query($id: ID!) { site(id: $id) { events(first: 9) { nodes { kind method credential { id } member { id } } } } }",
        id=house.id,
    )

    assert (before["state"], before["firstUsedAt"], before["shortPinSetAt"]) == (
        "ACTIVE",
        None,
        None,
    )
    assert (after["guestName"], after["lock"]["name"]) == ("Anna Guest", "Cellar")
    assert after["firstUsedAt"] is not None
    assert after["shortPinSetAt"] >= after["firstUsedAt"]
    of_guest = [
        (each["kind"], each["method"])
        for each in data["site"]["events"]["nodes"]
        if each["credential"] == {"id": key}
    ]
    assert of_guest == [
        ("OPENED", "SHORT_PIN"),
        ("SHORT_PIN_SET", "SHORT_PIN"),
        ("OPENED", "SMARTPIN"),
    ]


async def test_a_lock_that_never_has_a_network_works_from_its_installation_on(
    served: Served,
) -> None:
    """Nothing but what the installer typed in: no proof, no delivery, no sealed time."""
    house = await served.site()
    entry = await house.lock("Cellar")
    await switch(house, entry["lockId"])
    kit = await provisioned(house, entry["lockId"])
    device = await without_network(house, kit)

    made = await smart_pin(house, entry["lockId"])

    assert kit["settings"]["smartPinEnabled"] is True
    assert await device.shows(made["digits"]) is Signal.GRANTED
    assert await device.shows("7595") is Signal.DONE


async def test_the_code_is_in_its_one_answer_and_nowhere_else(served: Served) -> None:
    """Not in the database, not in the audit, not in an event; the answer has links to share it in that moment."""
    house = await served.site()
    device, entry = await ready_lock(house)
    made = await smart_pin(house, entry["lockId"])
    digits = made["digits"].replace("-", "")
    await device.shows(digits)
    await device.shows("75950246")
    await until_short_pin(house, made["smartPin"]["id"], there=True)

    kept: list[Any] = []
    for model in (SmartPin, LockEvent, LockEntry, AuditRow):
        kept += await model.all().values()
    text = orjson.dumps(kept, default=str).decode()

    assert len(made["digits"]) == 12
    assert digits not in text
    assert made["digits"] not in text
    assert "75950246" not in text
    links = made["shareLinks"]
    assert links["web"] is None
    assert all(made["digits"] in links[each] for each in ("email", "whatsapp", "sms"))
    audit = [row for row in await AuditRow.all() if row.action == "createSmartPin"]
    assert [row.changes.keys() for row in audit] == [{"lock"}]


class TestSettings:
    """SmartPINs are on or off, lock by lock, and the lock is told."""

    async def test_off_is_refused_by_the_server_and_by_the_lock(self, served: Served) -> None:
        """New locks have them off; switched off again, codes that are out no longer open."""
        house = await served.site()
        device, entry = await ready_lock(house)
        made = await smart_pin(house, entry["lockId"])
        other = await house.lock("Front door")
        await switch(house, entry["lockId"], on=False)
        await in_step(house, entry["lockId"])

        for lock_id in (entry["lockId"], other["lockId"]):
            refused = await ask(house, lock_id)
            assert (refused["__typename"], refused["reason"]) == ("SmartPinsOff", "SWITCHED_OFF")
        assert await device.shows(made["digits"]) is Signal.DENIED

    async def test_while_they_are_off_the_server_counts_as_wrong_what_the_lock_does(
        self, served: Served
    ) -> None:
        """Ten digits always; a guest's short PIN, which the lock knows, never."""
        house = await served.site()
        entry = await house.lock()
        await switch(house, entry["lockId"])
        lock = await installed(house, entry)
        made = await smart_pin(house, entry["lockId"])
        lock.enter(made["digits"].replace("-", ""))
        lock.enter("7595")
        await switch(house, entry["lockId"], on=False)
        await lock.settled()

        wrong = []
        for digits in ("7595", made["digits"].replace("-", ""), "7595"):
            lock.enter(digits)
            await lock.tell()
            (row,) = await Lock.all()
            wrong.append((row.wrong_entries, lock.state.tries.streak))

        assert wrong == [(0, 0), (1, 1), (1, 1)]

    async def test_a_lock_without_a_secret_or_without_a_keypad_takes_none(
        self, served: Served
    ) -> None:
        """Both by name."""
        house = await served.site()
        blind = await house.lock("Garage", keypad=False)
        made = await house.change(
            "createLock",
            "... on CreatedLock { lock { id } }",
            siteId=house.id,
            name="New door",
            readers=[{"name": "Keypad", "hasKeypad": True}],
        )
        await switch(house, made["lock"]["id"])

        refused = await switch(house, blind["lockId"])
        assert (refused["__typename"], refused["locks"]) == (
            "LockWithoutKeypad",
            [{"name": "Garage"}],
        )
        assert (await ask(house, blind["lockId"]))["__typename"] == "LockWithoutKeypad"
        answer = await ask(house, made["lock"]["id"])
        assert (answer["__typename"], answer["reason"]) == ("SmartPinsOff", "NOT_PROVISIONED")

    async def test_who_may(self, served: Served) -> None:
        """Editors make and block; readers see; others get what a lock that does not exist would give."""
        house = await served.site()
        _, entry = await ready_lock(house)
        reader = await house.make_token(Role.LIMITED_ADMIN, can_edit=False)
        editor = await house.make_token(Role.LIMITED_ADMIN, can_edit=True)
        stranger = await served.site("Elsewhere")

        made = await ask(house, entry["lockId"], token=editor)
        names = [
            (await ask(house, entry["lockId"], token=reader))["__typename"],
            (await blocked(house, made, token=reader))["__typename"],
            (await ask(stranger, entry["lockId"]))["__typename"],
            (await blocked(stranger, made))["__typename"],
        ]
        query = "query($id: ID!) { site(id: $id) { smartPins { nodes { guestName } } } }"
        read = await house.ask(query, token=reader, id=house.id)

        assert names == ["NotAllowed", "NotAllowed", "NotFound", "NotFound"]
        assert read["site"]["smartPins"]["nodes"] == [{"guestName": "Anna Guest"}]
        assert await seen(stranger, made["smartPin"]["id"]) is None


async def test_the_list_can_be_narrowed_and_statuses_follow_the_time(served: Served) -> None:
    """By status, lock and name; UPCOMING, ACTIVE, ENDED come by themselves."""
    house = await served.site()
    first, second = await house.lock("One"), await house.lock("Two")
    start = this_hour(served)
    for entry in (first, second):
        await switch(house, entry["lockId"])
    await smart_pin(house, first["lockId"], guestName="Now", **span(start, start + 2 * HOUR))
    later = span(start + 5 * HOUR, start + 6 * HOUR)
    await smart_pin(house, first["lockId"], guestName="Later", **later)
    await smart_pin(house, second["lockId"], guestName="Next door", **later)

    async def names(**narrowed: Any) -> list[str]:
        query = """query($id: ID!, $states: [CredentialState!], $locks: [ID!], $search: String) {
          site(id: $id) { smartPins(states: $states, lockIds: $locks, search: $search) {
            nodes { guestName } } } }"""
        data = await house.ask(query, id=house.id, **narrowed)
        return [each["guestName"] for each in data["site"]["smartPins"]["nodes"]]

    assert await names() == ["Next door", "Later", "Now"]
    assert await names(states=["ACTIVE"]) == ["Now"]
    assert await names(states=["UPCOMING"]) == ["Next door", "Later"]
    assert await names(locks=[second["lockId"]]) == ["Next door"]
    assert await names(search="LATE") == ["Later"]
    served.clock.advance(5 * HOUR)
    assert await names(states=["ENDED"]) == ["Now"]
    assert await names(states=["ACTIVE"]) == ["Next door", "Later"]


async def test_events_show_their_guests_in_a_constant_number_of_statements(served: Served) -> None:
    """Each event its own guest's SmartPIN, or none."""
    house = await served.site()
    device, entry = await ready_lock(house)
    query = """query($id: ID!) { site(id: $id) { events(first: 50) {
      nodes { kind credential { id label state } } } } }"""

    async def shown_to_admin() -> list[dict[str, Any]]:
        nodes: list[dict[str, Any]] = (await house.ask(query, id=house.id))["site"]["events"][
            "nodes"
        ]
        return nodes

    def named(nodes: list[dict[str, Any]]) -> set[str]:
        return {each["credential"]["label"] for each in nodes if each["kind"] == "OPENED"}

    async def guests(*names: str) -> list[str]:
        """These come in, one after the other; the statements that the list then takes."""
        for name in names:
            made = await smart_pin(house, entry["lockId"], guestName=name)
            await device.shows(made["digits"])
        await eventually(shown_to_admin, lambda nodes: set(names) <= named(nodes))
        with counted() as statements:
            await shown_to_admin()
        return statements

    few = await guests("Anna")
    many = await guests("Bert", "Cleo", "Dora", "Emil")
    nodes = await shown_to_admin()

    assert len(many) == len(few)
    assert named(nodes) == {"Anna", "Bert", "Cleo", "Dora", "Emil"}
    assert all(each["credential"]["id"] for each in nodes if each["kind"] == "OPENED")


async def test_a_short_pin_that_a_new_pin_equals_is_dropped_and_the_admin_sees_it(
    served: Served,
) -> None:
    """The server does not know the digits of short PINs, so the PIN is accepted; at the lock the synchronised one wins."""
    house = await served.site()
    device, entry = await ready_lock(house)
    made = await smart_pin(house, entry["lockId"])
    key = made["smartPin"]["id"]
    await device.shows(made["digits"])
    await device.shows("759502")
    await until_short_pin(house, key, there=True)

    owner = await house.member("Emil")
    given = await house.change(
        "createPin",
        siteId=house.id,
        owner={"memberId": owner},
        lockIds=[entry["lockId"]],
        digits="759502",
    )
    dropped = await until_short_pin(house, key, there=False)
    await device.shows("759502")

    async def newest() -> Any:
        query = "query($id: ID!) { site(id: $id) { events(first: 1) { nodes { kind method member { id } } } } }"
        return (await house.ask(query, id=house.id))["site"]["events"]["nodes"][0]

    assert given["__typename"] == "CreatedPin"
    assert dropped["state"] == "ACTIVE"
    assert (await eventually(newest, lambda event: event["method"] == "PIN"))["member"] == {
        "id": owner
    }
