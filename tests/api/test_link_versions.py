"""Locks of several ages: what each says that it reads is shown, kept to, and what it cannot hold is refused by name."""

from dataclasses import dataclass
from typing import Any

import pytest

from api.tour.socket import SocketRefused
from locksim.keypad import Key
from locksim.signals import Signal
from tests.api.bare_lock import BareLock
from tests.api.pin_steps import lock_tag, pin_of, until_all
from tests.api.test_warnings import said
from tests.serving import House, Served
from tests.waiting import eventually
from tests.watched_lock import WatchedLock

OLD = {"link": 1}
READS = ["courier", "pin-mode-by-reader"]
MODES = ["pin-mode-by-reader"]
SHOWN = """linkVersion linkReads linkLacks pinEnabled readers { id name pinEnabled }
  sync { status pending wantedRevision appliedRevision }"""
TOO_OLD = "... on LockTooOld { message locks { name } needs }"
WARNINGS = "warnings { code message locks { id name } }"


@dataclass
class Door:
    """A lock with two keypads, of which the house knows as `street` and `yard`."""

    house: House
    entry: dict[str, Any]

    @classmethod
    async def hung(cls, house: House) -> "Door":
        return cls(house, await house.lock("Gate", keypads=["Street", "Yard"]))

    @property
    def id(self) -> str:
        return str(self.entry["lockId"])

    @property
    def street(self) -> str:
        return str(self.entry["keypads"][0]["id"])

    @property
    def yard(self) -> str:
        return str(self.entry["keypads"][1]["id"])

    async def shown(self) -> dict[str, Any]:
        query = f"query($id: ID!) {{ node(id: $id) {{ ... on Lock {{ {SHOWN} }} }} }}"
        found: dict[str, Any] = (await self.house.ask(query, id=self.id))["node"]
        return found

    async def says(self, reads: list[str] | None) -> None:
        """Waits until the lock is known to read this, and has all that it can hold."""
        await eventually(
            self.shown,
            lambda lock: lock["linkReads"] == reads and lock["sync"]["status"] == "UPDATED",
        )

    async def switched(self, *, enabled: bool, **target: str) -> dict[str, Any]:
        more = f"... on SetPinMode {{ readers {{ id pinEnabled }} {WARNINGS} }} {TOO_OLD}"
        return await self.house.change("setPinMode", more, target=target, enabled=enabled)

    async def opens(self, lock: WatchedLock, digits: str) -> list[bool]:
        """Whether the digits open at the street, and in the yard."""
        return [
            await lock.shows(digits, reader=each) is Signal.GRANTED
            for each in (self.street, self.yard)
        ]

    async def alerts(self) -> list[tuple[str, str | None]]:
        query = "query($id: ID!) { site(id: $id) { alerts { nodes { kind lock { id } } } } }"
        nodes = (await self.house.ask(query, id=self.house.id))["site"]["alerts"]["nodes"]
        return [(each["kind"], each["lock"] and each["lock"]["id"]) for each in nodes]


async def held_pin(door: Door) -> tuple[str, str]:
    """A PIN that the lock holds: its id and digits."""
    made = await pin_of(door.house, door.id)
    await until_all(door.house, made["pin"]["id"], Gate="UPDATED")
    return made["pin"]["id"], made["digits"]


async def test_a_lock_that_says_nonsense_of_itself_is_told_in_words(served: Served) -> None:
    """4400 with a reason that names the field; nothing is kept of it, and the same lock connects once it speaks sense."""
    house = await served.site()
    door = Door(house, await house.lock("Gate"))
    bare = BareLock(served, door.entry)
    for claim, word in (
        ({"link": 0}, "lock.link"),
        ({"link": 7}, "version 1"),
        ({"link": "1"}, "lock.link"),
        ({"link": None}, "lock.link"),
        ({"reads": "pin-mode-by-reader"}, "lock.reads"),
    ):
        with pytest.raises(SocketRefused) as refusal:
            await served.socket({"lock": {"id": bare.id, "proof": await bare.proof(), **claim}})
        assert refusal.value.code == 4400
        assert word in refusal.value.reason
    assert (await door.shown())["linkVersion"] is None
    device = await house.device({**door.entry, **OLD})
    shown = await door.shown()
    assert (device.online, shown["linkVersion"], shown["linkReads"]) == (True, 1, [])


async def test_what_a_lock_says_is_shown_and_names_unknown_here_are_kept(served: Served) -> None:
    """Sorted, each once; only for whoever reads the site, and null before it connected."""
    house = await served.site()
    door = Door(house, await house.lock("Gate"))
    assert (await door.shown())["linkVersion"] is None
    bare = BareLock(served, door.entry)
    claim = {"link": 1, "reads": ["tomorrow", "pin-mode-by-reader", "tomorrow"]}
    proof = await bare.proof()
    async with await served.socket({"lock": {"id": bare.id, "proof": proof, **claim}}) as socket:
        bare.socket = socket
        await bare.online()
        shown = await door.shown()
    assert (shown["linkVersion"], shown["linkReads"]) == (1, ["pin-mode-by-reader", "tomorrow"])
    assert shown["linkLacks"] == []


async def test_each_keypad_has_a_switch_of_its_own_at_a_lock_that_reads_it(served: Served) -> None:
    """Off at one, a PIN opens at the other; on again, at both; and off at all, at none."""
    house = await served.site()
    door = await Door.hung(house)
    lock = await house.device(door.entry)
    await door.says(READS)
    _, digits = await held_pin(door)
    assert await door.opens(lock, digits) == [True, True]

    for street, yard in ((True, False), (False, True), (False, False), (True, True)):
        for reader, enabled in ((door.street, street), (door.yard, yard)):
            answer = await door.switched(readerId=reader, enabled=enabled)
            assert answer["__typename"] == "SetPinMode", answer
        await door.says(READS)
        assert await door.opens(lock, digits) == [street, yard]
    assert (await door.shown())["linkLacks"] == []
    assert await door.alerts() == []


async def test_half_an_entry_at_one_keypad_is_no_part_of_one_at_another(served: Served) -> None:
    """Digits typed at the street do not complete a PIN in the yard."""
    house = await served.site()
    door = await Door.hung(house)
    lock = await house.device(door.entry)
    _, digits = await held_pin(door)
    await lock.press(*map(Key, digits[:3]), reader=door.street)
    assert await lock.shows(digits[3:], reader=door.yard) is Signal.DENIED
    assert await lock.shows(digits[3:], reader=door.street) is Signal.GRANTED


async def test_an_old_lock_is_refused_a_switch_for_each_keypad_by_name(served: Served) -> None:
    """Nothing changes, at the server and at the lock; the whole lock can be switched, and its other readers added."""
    house = await served.site()
    door = await Door.hung(house)
    lock = await house.device({**door.entry, **OLD})
    await door.says([])
    _, digits = await held_pin(door)
    before = await door.shown()

    for reader in (door.street, door.yard):
        answer = await door.switched(readerId=reader, enabled=False)
        assert answer["__typename"] == "LockTooOld"
        assert (answer["locks"], answer["needs"]) == ([{"name": "Gate"}], MODES)
        assert "Gate" in answer["message"]
    assert await door.shown() == before
    assert await door.opens(lock, digits) == [True, True]

    assert (await door.switched(lockId=door.id, enabled=False))["__typename"] == "SetPinMode"
    await door.says([])
    assert await door.opens(lock, digits) == [False, False]
    added = await house.change("createReader", TOO_OLD, lockId=door.id, name="Cellar")
    assert (added["__typename"], added["needs"]) == ("LockTooOld", MODES)
    blind = await house.change(
        "createReader", TOO_OLD, lockId=door.id, name="Antenna", hasKeypad=False
    )
    assert blind["__typename"] == "CreatedReader"
    assert len((await door.shown())["readers"]) == 3
    assert await door.alerts() == []


async def test_a_lock_that_never_connected_is_allowed_with_a_warning_and_fitted_later(
    served: Served,
) -> None:
    """Held back until the lock says what it reads: a new one has a switch for each keypad from its first delivery."""
    house = await served.site()
    door = await Door.hung(house)
    answer = await door.switched(readerId=door.yard, enabled=False)
    assert said(answer) == {"LOCK_MAY_BE_TOO_OLD": ["Gate"]}
    shown = await door.shown()
    assert (shown["linkVersion"], shown["linkLacks"]) == (None, MODES)
    made = await pin_of(house, door.id)
    lock = await house.device(door.entry)
    await door.says(READS)
    assert await door.opens(lock, made["digits"]) == [True, False]
    assert await door.alerts() == []


async def test_one_that_turns_out_to_be_old_opens_at_no_keypad_and_the_admin_is_told(
    served: Served,
) -> None:
    """Never at the keypad that was to be off: PIN mode is off at all; an alert, the PIN's list and a tag name the lock."""
    house = await served.site()
    door = await Door.hung(house)
    await door.switched(readerId=door.yard, enabled=False)
    made = await pin_of(house, door.id)
    lock = await house.device({**door.entry, **OLD})
    await door.says([])
    assert await door.opens(lock, made["digits"]) == [False, False]
    assert await door.alerts() == [("LOCK_TOO_OLD", door.id)]
    assert (await door.shown())["linkLacks"] == MODES
    query = f"query($id: ID!) {{ node(id: $id) {{ ... on Pin {{ {WARNINGS} }} }} }}"
    found = (await house.ask(query, id=made["pin"]["id"]))["node"]
    assert said(found) == {"LOCK_TOO_OLD": ["Gate"]}

    other = await house.lock("Shed")
    tag = await lock_tag(house, other["lockId"])
    typed = await pin_of(house, lockTagIds=[tag])
    moved = await house.change(
        "updateTag", f"... on UpdatedTag {{ {WARNINGS} }}", tagId=tag, lockIds=[door.id]
    )
    assert said(moved) == {"LOCK_TOO_OLD": ["Gate"]}
    found = (await house.ask(query, id=typed["pin"]["id"]))["node"]
    assert said(found) == {"LOCK_TOO_OLD": ["Gate"]}

    assert (await door.switched(lockId=door.id, enabled=True))["__typename"] == "SetPinMode"
    await door.says([])
    assert await door.opens(lock, made["digits"]) == [True, True]


async def test_older_firmware_loses_what_it_cannot_hold_and_newer_gets_it_again(
    served: Served,
) -> None:
    """The lock keeps its state through both, and the keypad that is off stays off all the while."""
    house = await served.site()
    door = await Door.hung(house)
    lock = await house.device(door.entry)
    await door.says(READS)
    _, digits = await held_pin(door)
    await door.switched(readerId=door.yard, enabled=False)
    await door.says(READS)
    assert await door.opens(lock, digits) == [True, False]

    for firmware, reads, opens in (
        (OLD, [], [False, False]),
        ({}, READS, [True, False]),
    ):
        lock.network.turn(on=False)
        await house.until_online(door.id, online=False)
        lock = house.simulated({**door.entry, **firmware})
        await eventually(door.shown, lambda shown, reads=reads: shown["linkReads"] == reads)  # type: ignore[misc]
        await door.says(reads)
        assert await door.opens(lock, digits) == opens
        assert await door.alerts() == [("LOCK_TOO_OLD", door.id)]


async def test_a_lock_that_says_something_else_at_each_connection_alerts_once(
    served: Served,
) -> None:
    """What it says last counts; alerts of one lock are at most one an hour."""
    house = await served.site()
    door = await Door.hung(house)
    await door.switched(readerId=door.yard, enabled=False)
    bare = BareLock(served, door.entry)
    for turn in range(6):
        reads = READS if turn % 2 else []
        claim = {"id": bare.id, "proof": await bare.proof(), "link": 1, "reads": reads}
        async with await served.socket({"lock": claim}) as socket:
            bare.socket = socket
            await bare.online()
            shown = await door.shown()
        assert (shown["linkReads"], shown["linkLacks"]) == (reads, [] if turn % 2 else MODES)
    assert await door.alerts() == [("LOCK_TOO_OLD", door.id)]
