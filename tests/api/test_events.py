"""What locks report: recorded once, numbered in commit order, and followed without a gap or a double."""

import asyncio
import secrets
from typing import Any

import pytest

from api.schema.errors import explained
from domain.errors import CursorAhead
from tests.api.bare_lock import BareLock
from tests.serving import House, Served

FOLLOW = """subscription($site: ID!, $locks: [ID!], $after: String) {
  lockEvents(siteId: $site, lockIds: $locks, after: $after) { id cursor kind lock { id } } }"""
HEADED = """query($id: ID!) { site(id: $id) { events { nodes { cursor } edges { cursor }
  pageInfo { startCursor endCursor } } } }"""
LISTED = """query($id: ID!, $first: Int!) { site(id: $id) { events(first: $first) {
  nodes { id cursor kind occurredAt lock { id } } } } }"""


async def _listed(house: House, first: int = 100) -> list[dict[str, Any]]:
    """The site's events, oldest first."""
    nodes: list[dict[str, Any]] = (await house.ask(LISTED, id=house.id, first=first))["site"][
        "events"
    ]["nodes"]
    return nodes[::-1]


async def _own_events(house: House) -> int:
    """How many events locks have reported; what the server notes itself is left out."""
    return sum(event["kind"] == "STARTED" for event in await _listed(house))


async def test_a_report_sent_twice_records_once_and_a_new_disk_is_no_repetition(
    served: Served,
) -> None:
    """Proves the key (lock, state id, sequence): over two sockets, within one report, all at once, and on an empty disk."""
    house = await served.site()
    entry = await house.lock()
    async with BareLock(served, entry) as lock:
        first, second = lock.event(), lock.event()
        assert await lock.report(first) == {
            "__typename": "LockReported",
            "stateId": lock.state_id,
            "eventsUpTo": 1,
        }
        again = await lock.report(first, second, second)
        assert again["eventsUpTo"] == 2
        answers = await asyncio.gather(*(lock.report(first, second) for _ in range(8)))
        assert {answer["eventsUpTo"] for answer in answers} == {2}
    async with BareLock(served, entry) as after_reconnect:
        assert (await after_reconnect.report(first, second))["eventsUpTo"] == 2
        assert await _own_events(house) == 2
        new_disk = {**first, "stateId": secrets.token_hex(16)}
        assert (await after_reconnect.report(new_disk))["eventsUpTo"] == 1
        assert (await after_reconnect.report())["eventsUpTo"] == 0
    assert await _own_events(house) == 3


async def test_followers_that_reconnect_see_every_event_once_and_in_order(served: Served) -> None:
    """Proves no gap and no double while two locks race: one follower stays, one goes away after every few events."""
    house = await served.site()
    locks = [BareLock(served, await house.lock(name)) for name in ("Front", "Flat")]
    count = 30

    async def report(lock: BareLock) -> None:
        async with lock:
            for size in (1, 4, 2, 3) * 3:
                await lock.report(*(lock.event() for _ in range(size)))

    async def stay(socket: Any, lock: str | None = None) -> list[dict[str, Any]]:
        wanted = count if lock else 2 * count
        seen: list[dict[str, Any]] = []
        async for item in socket.subscribe(
            FOLLOW, site=house.id, after="e0", locks=lock and [lock]
        ):
            if item["lockEvents"]["kind"] == "STARTED":
                seen.append(item["lockEvents"])
                if len(seen) == wanted:
                    break
        return seen

    async def come_and_go() -> list[dict[str, Any]]:
        seen: list[dict[str, Any]] = []
        after = "e0"
        while len(seen) < 2 * count:
            async with await served.socket({"token": house.token}) as socket:
                stream = socket.subscribe(FOLLOW, site=house.id, after=after)
                for _ in range(1 + len(seen) % 11):
                    event = (await anext(stream))["lockEvents"]
                    after = event["cursor"]
                    seen += [event] if event["kind"] == "STARTED" else []
                    if len(seen) == 2 * count:
                        break
        return seen

    async with asyncio.timeout(20), await served.socket({"token": house.token}) as socket:
        stayed, of_one, came, *_ = await asyncio.gather(
            stay(socket),
            stay(socket, locks[0].id),
            come_and_go(),
            *(report(lock) for lock in locks),
        )

    listed = [event for event in await _listed(house) if event["kind"] == "STARTED"]
    ids = [event["id"] for event in listed]
    assert len(set(ids)) == 2 * count
    assert [event["id"] for event in stayed] == ids
    assert [event["id"] for event in came] == ids
    assert [event["id"] for event in of_one] == [
        event["id"] for event in listed if event["lock"]["id"] == locks[0].id
    ]


async def test_numbers_are_in_commit_order(served: Served) -> None:
    """Proves that whoever looks while four locks report never sees a number whose predecessor is still to come."""
    house = await served.site()
    entries = [await house.lock(f"Door {number}") for number in range(4)]
    done = asyncio.Event()
    looks: list[list[int]] = []

    async def report(entry: dict[str, Any]) -> None:
        async with BareLock(served, entry) as lock:
            for _ in range(8):
                await lock.report(lock.event(), lock.event())

    async def look() -> None:
        while not done.is_set():
            looks.append([int(event["cursor"][1:]) for event in await _listed(house)])

    looking = asyncio.create_task(look())
    await asyncio.gather(*(report(entry) for entry in entries))
    done.set()
    await looking
    looks.append([int(event["cursor"][1:]) for event in await _listed(house)])

    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in looks)
    assert len(looks[-1]) >= 64
    assert len({len(numbers) for numbers in looks}) > 2, "nothing was seen while it happened"


async def test_a_report_that_makes_no_sense_is_refused_and_changes_nothing(served: Served) -> None:
    """Proves typed refusals, never an internal error, for other locks' ids and for what no lock sends beside its events."""
    house, other = await served.site(), await served.site("Other")
    entry = await house.lock()
    neighbour, foreign = (await house.lock("Flat"))["lockId"], (await other.lock())["lockId"]
    async with BareLock(served, entry) as lock:
        good = {"stateId": lock.state_id, "sequence": 1, "at": None, "kind": "STARTED"}
        cases: list[tuple[dict[str, Any], str]] = [
            ({"lockId": neighbour, "events": [good]}, "NotFound"),
            ({"lockId": foreign, "events": [good]}, "NotFound"),
            ({"lockId": "x", "events": [good]}, "NotFound"),
            ({"nonce": "short", "events": [good]}, "InvalidInput"),
            ({"nonce": "A" * 44}, "InvalidInput"),
            ({"appliedRevision": -1, "events": [good]}, "InvalidInput"),
        ]
        answers = []
        for fields, kind in cases:
            answers.append((fields, kind, await _kind(lock, fields)))
        assert [(f, said) for f, kind, said in answers if said != kind] == []
        assert await _own_events(house) == 0
        assert await _own_events(other) == 0
        assert (await lock.report(good))["__typename"] == "LockReported"


async def _kind(lock: BareLock, fields: dict[str, Any]) -> str:
    try:
        answer = await lock.report(**fields)
    except RuntimeError as error:
        return str(error)
    return str(answer["__typename"])


async def test_following_asks_for_a_real_place_and_a_real_lock(served: Served) -> None:
    """Proves that a broken cursor, another site's lock and another site's token are refused on the subscription."""
    house, other = await served.site(), await served.site("Other")
    foreign = (await other.lock())["lockId"]
    wrong: list[dict[str, Any]] = [
        *({"after": text} for text in ("x", "e-1", "e9" * 30)),
        *({"locks": locks} for locks in ([foreign], [])),
    ]
    async with await served.socket({"token": house.token}) as socket:
        for fields in wrong:
            assert await _refused(socket, site=house.id, **fields)
        assert await _refused(socket, site=other.id)


async def test_a_cursor_of_the_list_is_a_cursor_of_the_stream(served: Served) -> None:
    """One spelling: an event's own cursor, its edge's and the page's are equal, and lockEvents goes on behind them."""
    house = await served.site()
    async with BareLock(served, await house.lock()) as lock:
        await lock.report(lock.event(), lock.event())
        page = (await house.ask(HEADED, id=house.id))["site"]["events"]
        cursors = [each["cursor"] for each in page["nodes"]]
        newest = page["pageInfo"]["startCursor"]
        await lock.report(lock.event())
        async with await served.socket({"token": house.token}) as socket:
            stream = socket.subscribe(FOLLOW, site=house.id, after=newest)
            followed = (await asyncio.wait_for(anext(stream), 5))["lockEvents"]

    assert cursors == [each["cursor"] for each in page["edges"]]
    assert [newest, page["pageInfo"]["endCursor"]] == [cursors[0], cursors[-1]]
    assert followed["id"] == (await _listed(house))[-1]["id"]


async def test_a_cursor_ahead_of_the_site_is_an_error_of_its_own(served: Served) -> None:
    """As after a restored backup: CURSOR_AHEAD at once, not a silent wait; the newest event's own cursor waits."""
    house = await served.site()
    async with BareLock(served, await house.lock()) as lock:
        await lock.report(lock.event())
    (*_, newest) = await _listed(house)
    ahead = f"e{int(newest['cursor'][1:]) + 1}"

    async with await served.socket({"token": house.token}) as socket:
        with pytest.raises(RuntimeError, match="ahead of the site's events"):
            await asyncio.wait_for(anext(socket.subscribe(FOLLOW, site=house.id, after=ahead)), 5)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(
                anext(socket.subscribe(FOLLOW, site=house.id, after=newest["cursor"])), 0.3
            )
    told = explained(CursorAhead("after"))
    assert told is not None
    assert told.code == "CURSOR_AHEAD"


async def _refused(socket: Any, **variables: Any) -> bool:
    try:
        await asyncio.wait_for(anext(socket.subscribe(FOLLOW, **variables)), 5)
    except RuntimeError as error:
        return "Internal" not in str(error)
    return False
