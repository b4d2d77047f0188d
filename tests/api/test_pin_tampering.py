"""Rows exchanged behind the server's back: nothing wrong is ever sent, and the door can still be opened from afar."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from domain.database import use_case
from domain.database.connection import connected
from domain.node_ids import read_node_id
from tests.api.firmware_lock import FirmwareLock, installed
from tests.api.pin_steps import at_lock, pin_of
from tests.databases import only_sqlite
from tests.serving import Served


@use_case
async def swap(table: str, columns: Sequence[str], first: str, second: str) -> None:
    """Exchanges columns of two rows, as somebody with the database alone would."""
    client = connected().client
    names = ", ".join(columns)
    rows = [
        (await client.execute_query(f"SELECT {names} FROM {table} WHERE id = '{key}'"))[1][0]
        for key in (first, second)
    ]
    postgresql = connected().address.kind == "postgresql"
    marks = [f"${place}" if postgresql else "?" for place in range(1, len(columns) + 1)]
    sets = ", ".join(f"{name} = {mark}" for name, mark in zip(columns, marks, strict=True))
    # Unique columns pass through values of nobody.
    for key, row in ((first, None), (second, rows[0]), (first, rows[1])):
        if row is None:
            if "name" in columns:
                await client.execute_query(f"UPDATE {table} SET name = 'x' WHERE id = '{key}'")
            continue
        values = [row[name] for name in columns]
        await client.execute_query(f"UPDATE {table} SET {sets} WHERE id = '{key}'", values)


@use_case
async def entry_of(pin_id: str, lock_id: str) -> str:
    """The row of a PIN at a lock."""
    client = connected().client
    pin, lock = (_key(kind, text) for kind, text in (("pin", pin_id), ("lock", lock_id)))
    query = f"SELECT id FROM lock_entries WHERE pin_id = '{pin}' AND lock_id = '{lock}'"
    return str((await client.execute_query(query))[1][0]["id"])


def _key(kind: str, text: str) -> UUID:
    key = read_node_id(kind, text)
    assert key is not None
    return key


async def nothing_comes(lock: FirmwareLock) -> None:
    """No delivery within the time in which one would come, nor after the lock has connected again."""
    for _ in range(2):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await lock.next_delivery()
        await lock.disconnect()
        await lock.connect()
        await lock.tell()


async def pins_waiting(served: Served) -> tuple[FirmwareLock, dict[str, Any], dict[str, Any]]:
    """A lock that has everything, is offline, and two PINs that wait for it."""
    house = await served.site()
    entry = await house.lock()
    lock = await installed(house, entry)
    await lock.disconnect()
    return lock, await pin_of(house, lock.id), await pin_of(house, lock.id)


async def test_a_verifier_copied_to_another_pin_is_not_sent(served: Served) -> None:
    """The seal binds it to its row: neither PIN opens by the other's digits, before and after the rows are mended."""
    lock, one, two = await pins_waiting(served)
    rows = [str(_key("pin", each["pin"]["id"])) for each in (one, two)]
    await swap("pins", ["verifier_sealed"], rows[0], rows[1])

    await lock.connect()
    await lock.tell()
    await nothing_comes(lock)
    before = [lock.enter(each["digits"]).value for each in (one, two)]
    await swap("pins", ["verifier_sealed"], rows[0], rows[1])
    await lock.disconnect()
    await lock.connect()
    await lock.settled()

    assert before == ["DENIED", "DENIED"]
    assert (await at_lock(lock.house, one["pin"]["id"], lock.id))["status"] == "UPDATED"
    assert [lock.enter(each["digits"]).value for each in (one, two)] == ["GRANTED", "GRANTED"]


@only_sqlite  # what is compared are bytes, the same on both
@pytest.mark.parametrize(
    "columns",
    [["content", "payload_hash"], ["content"], ["pin_id"], ["name"], ["name", "pin_id", "content"]],
    ids=" ".join,
)
async def test_exchanged_entries_are_not_sent(served: Served, columns: list[str]) -> None:
    """Contents, owners or names of two entries, alone or together: what is not as written stays where it is."""
    house = await served.site()
    entry = await house.lock()
    lock = await installed(house, entry)
    await lock.disconnect()
    never = {
        "weekdays": [(served.clock()).strftime("%A").upper()],
        "validUntil": "2020-01-01",
        "validFrom": "2019-01-01",
    }
    one, two = await pin_of(house, lock.id), await pin_of(house, lock.id, **never)
    rows = [await entry_of(each["pin"]["id"], lock.id) for each in (one, two)]
    await swap("lock_entries", columns, rows[0], rows[1])

    await lock.connect()
    await lock.tell()
    await nothing_comes(lock)

    assert lock.enter(two["digits"]).value == "DENIED"
    (state,) = [each for each in await lock_sync(lock) if each["id"] == one["pin"]["id"]]
    assert [each["status"] for each in state["lockSync"]["nodes"]] == ["NOT_UPDATED"]


async def lock_sync(lock: FirmwareLock) -> list[dict[str, Any]]:
    """All PINs of the site with their statuses."""
    query = "query($id: ID!) { site(id: $id) { pins(first: 9) { nodes { id lockSync { nodes { status } } } } } }"
    found: list[dict[str, Any]] = (await lock.house.ask(query, id=lock.house.id))["site"]["pins"][
        "nodes"
    ]
    return found


async def test_a_tampered_row_stops_its_own_pin_only(served: Served) -> None:
    """PINs can be changed and the lock provisioned meanwhile; given other digits, each opens."""
    house = await served.site()
    entry = await house.lock()
    one, two = await pin_of(house, entry["lockId"]), await pin_of(house, entry["lockId"])
    rows = [str(_key("pin", each["pin"]["id"])) for each in (one, two)]
    await swap("pins", ["verifier_sealed"], rows[0], rows[1])

    dates = {"validFrom": "2020-01-01"}
    for each in (one, two):
        changed = await house.change("updatePin", pinId=each["pin"]["id"], **dates)
        assert changed["__typename"] == "UpdatedPin"
    lock = FirmwareLock(house, entry)
    await lock.connect()
    await lock.tell()
    await nothing_comes(lock)
    mended = [
        await house.change(
            "reassignPin", "... on ReassignedPin { digits }", pinId=each["pin"]["id"]
        )
        for each in (one, two)
    ]
    await lock.settled()

    assert [lock.enter(each["digits"]).value for each in mended] == ["GRANTED", "GRANTED"]


async def test_a_lock_with_a_tampered_row_can_still_be_opened_from_afar(served: Served) -> None:
    """What cannot be sent holds up deliveries, not the person at the door."""
    house = await served.site()
    entry = await house.lock()
    device = await house.device(entry)
    device.network.turn(on=False)
    await house.until_online(entry["lockId"], online=False)
    one, two = await pin_of(house, entry["lockId"]), await pin_of(house, entry["lockId"])
    rows = [str(_key("pin", each["pin"]["id"])) for each in (one, two)]
    await swap("pins", ["verifier_sealed"], rows[0], rows[1])
    device.network.turn(on=True)
    await house.until_online(entry["lockId"])

    opened = await house.change("openLockRemotely", lockId=entry["lockId"])

    assert opened["__typename"] == "OpenedLock"
    assert (await at_lock(house, one["pin"]["id"], entry["lockId"]))["status"] == "NOT_UPDATED"
