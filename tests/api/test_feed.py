"""A lock's feed: the newest wins, it ends with the lock, it brings the time; and `online` is true when it says so."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from api.tour.socket import SocketRefused
from domain.locks.tables import Lock
from domain.node_ids import read_node_id
from tests.api.bare_lock import BareLock
from tests.serving import House, Served
from tests.waiting import eventually

STATE = "query($id: ID!) { node(id: $id) { ... on Lock { online lastContactAt } } }"


async def _state(house: House, lock: str) -> tuple[bool, datetime | None]:
    node = (await house.ask(STATE, id=lock))["node"]
    at = node["lastContactAt"]
    return node["online"], datetime.fromisoformat(at) if at else None


async def _ended(feed: AsyncIterator[dict[str, Any]], within_seconds: float = 2) -> None:
    """Waits for the end of a feed."""
    async with asyncio.timeout(within_seconds):
        async for _ in feed:
            pass


async def test_the_newest_feed_wins_and_the_older_ends(served: Served) -> None:
    """Proves it on one socket and across two, and that orders go to the newest only."""
    house = await served.site()
    entry = await house.lock()
    made = await house.invitation(entry["lockId"])
    phone = served.phone()
    await phone.redeem(made["code"])
    async with BareLock(served, entry) as first, BareLock(served, entry) as second:
        feeds = [await first.online(), await first.online()]
        await _ended(feeds[0])
        newest = await second.online()
        await _ended(feeds[1])
        opening = asyncio.create_task(phone.open(entry["lockId"]))
        command = second.read_command(await anext(newest))
        assert command.nonce == second.nonce
        await second.report(second.opened(command))
        assert (await opening)["__typename"] == "OpenedLock"
        assert (await _state(house, entry["lockId"]))[0] is True


async def test_what_comes_late_on_an_older_socket_changes_nothing(served: Served) -> None:
    """The one that was proven last is fed; a subscription and a report on the other are refused."""
    house = await served.site()
    entry = await house.lock()
    made = await house.invitation(entry["lockId"])
    phone = served.phone()
    await phone.redeem(made["code"])
    async with BareLock(served, entry) as older, BareLock(served, entry) as newer:
        feed = await newer.online()
        with pytest.raises(RuntimeError, match="on a newer connection"):
            await anext(older.feed())
        refused = await older.report(older.event())
        asked = newer.nonce
        opening = asyncio.create_task(phone.open(entry["lockId"]))
        command = newer.read_command(await anext(feed))
        await newer.report(newer.opened(command))

        assert refused["__typename"] == "NotAllowed"
        assert command.nonce == asked
        assert (await opening)["__typename"] == "OpenedLock"
        assert (await _state(house, entry["lockId"]))[0] is True


async def test_a_feed_ends_with_its_lock_and_is_for_that_lock_only(served: Served) -> None:
    """Proves that deleteLock ends feed and socket within two seconds and for good, and whose feed one may follow."""
    house = await served.site()
    entry, other = await house.lock(), await house.lock("Flat")
    async with BareLock(served, entry) as lock:
        with pytest.raises(RuntimeError, match="not the one that the lock has proven"):
            await anext(lock.feed(incarnation="0" * 32))
        own, lock.id = lock.id, other["lockId"]
        with pytest.raises(RuntimeError, match="nothing with this id"):
            await anext(lock.feed())
        lock.id = own
        feed = await lock.online()
        await house.change("deleteLock", lockId=entry["lockId"])
        await _ended(feed)
        assert (await lock.socket.closed(within_seconds=15))[0] == 4403
    with pytest.raises(SocketRefused):
        await BareLock(served, entry).connect()


async def test_a_feed_that_cannot_begin_says_why_and_is_then_completed(served: Served) -> None:
    """One item with an error, then the end, as a lock reads it that knows of no errors."""
    house = await served.site()
    entry = await house.lock()
    async with BareLock(served, entry) as lock:
        frames = await _frames(served, await lock.proof(), lock.id, "0" * 32)
    assert [frame["type"] for frame in frames] == ["next", "complete"]
    payload = frames[0]["payload"]
    assert payload["data"] is None
    assert "provision it anew" in payload["errors"][0]["message"]


async def _frames(served: Served, proof: str, lock: str, incarnation: str) -> list[dict[str, Any]]:
    """What comes on a new socket of a lock behind its subscription, up to its completion."""
    url = served.url.replace("http", "ws") + "/graphql"
    protocol = Subprotocol("graphql-transport-ws")
    query = """subscription($lock: ID!, $incarnation: String!, $epoch: Int!, $revision: Int!) {
      lockFeed(lockId: $lock, incarnation: $incarnation, epoch: $epoch, appliedRevision: $revision) { __typename } }"""
    variables = {"lock": lock, "incarnation": incarnation, "epoch": 0, "revision": 0}
    subscribe = {"query": query, "variables": variables}
    async with asyncio.timeout(10), connect(url, subprotocols=[protocol]) as socket:
        payload = {"lock": {"id": lock, "proof": proof}}
        await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        await socket.send(json.dumps({"type": "subscribe", "id": "feed", "payload": subscribe}))
        frames: list[dict[str, Any]] = []
        while not frames or frames[-1]["type"] != "complete":
            frames.append(json.loads(await socket.recv()))
        return frames


async def test_a_position_that_no_lock_is_at_is_refused(served: Served) -> None:
    """Negative numbers, and an epoch after which none would fit, change nothing."""
    house = await served.site()
    entry = await house.lock()
    before = await Lock.get(id=read_node_id("lock", entry["lockId"]))
    query = """subscription($lock: ID!, $life: String!, $epoch: Int!, $revision: Int!) {
      lockFeed(lockId: $lock, incarnation: $life, epoch: $epoch, appliedRevision: $revision) { __typename } }"""
    async with BareLock(served, entry) as lock:
        life = {"lock": lock.id, "life": entry["incarnation"]}
        for epoch, revision in ((-1, 0), (0, -1), (2**31 - 1, 0)):
            with pytest.raises(RuntimeError, match="counted from 0"):
                await anext(lock.socket.subscribe(query, epoch=epoch, revision=revision, **life))

    after = await Lock.get(id=before.id)
    assert (after.epoch, after.feed_id) == (before.epoch, None)


async def test_a_feed_brings_the_time_over_the_locks_own_nonce(served: Served) -> None:
    """Proves the sealed time: the reported nonce, the server's clock, once an hour and not before."""
    house = await served.site()
    served.clock.advance(timedelta(days=100))
    async with BareLock(served, await house.lock()) as lock:
        feed = await lock.online()
        assert lock.time.nonce == lock.nonce
        assert abs(lock.time.unix_ms / 1000 - served.clock().timestamp()) < 5

        await lock.report()
        served.clock.advance(timedelta(minutes=59))
        await lock.report()
        unlocking = asyncio.create_task(house.change("openLockRemotely", lockId=lock.id))
        order = lock.read_command(await asyncio.wait_for(anext(feed), 5))
        await lock.report(lock.opened(order))
        assert (await unlocking)["__typename"] == "OpenedLock"
        newest = [lock.nonce]
        served.clock.advance(timedelta(minutes=2))
        await lock.report()
        newest.append(lock.nonce)
        second = lock.read_time(await asyncio.wait_for(anext(feed), 5))
        assert second.nonce in newest
        assert 61 * 60 <= (second.unix_ms - lock.time.unix_ms) / 1000 < 62 * 60


async def test_a_report_may_come_before_the_feed_is_open(served: Served) -> None:
    """Proves that the nonce of a report which overtakes the feed counts, and an earlier socket's does not."""
    house = await served.site()
    entry = await house.lock()
    made = await house.invitation(entry["lockId"])
    phone = served.phone()
    await phone.redeem(made["code"])
    async with BareLock(served, entry) as lock:
        await lock.report()
        feed = lock.feed()
        assert lock.read_time(await asyncio.wait_for(anext(feed), 5)).nonce == lock.nonce
        opening = asyncio.create_task(phone.open(entry["lockId"]))
        command = lock.read_command(await asyncio.wait_for(anext(feed), 5))
        await lock.report(lock.opened(command))
        assert (await opening)["__typename"] == "OpenedLock"
    await house.until_online(entry["lockId"], online=False)
    async with BareLock(served, entry) as lock:
        _, heard_before = await _state(house, entry["lockId"])
        waiting = asyncio.ensure_future(anext(lock.feed()))

        async def opened() -> bool:
            return (await _state(house, entry["lockId"]))[1] != heard_before

        await eventually(opened)
        assert (await _state(house, entry["lockId"]))[0] is False
        assert (await phone.open(entry["lockId"]))["__typename"] == "LockOffline"
        waiting.cancel()


async def test_online_is_true_with_the_simulated_lock(served: Served) -> None:
    """Proves that pulling the cable shows within two seconds, with the last contact's time, and plugging in too."""
    house = await served.site()
    entry = await house.lock()
    lock = entry["lockId"]
    assert await _state(house, lock) == (False, None)
    before = served.clock()
    device = await house.device(entry)
    online, contact = await _state(house, lock)
    assert online
    assert contact is not None
    assert before <= contact <= served.clock()

    device.network.turn(on=False)
    async with asyncio.timeout(2):
        await house.until_online(lock, online=False)
    async with BareLock(served, await house.lock("Flat")) as another:
        await another.online()
        _, others = await _state(house, another.id)
        # What was on its way when the cable was pulled may be heard a moment after the lock is said to be offline.
        online, last = await _state(house, lock)
        assert not online
        assert last != others, "another lock's contact is not its own"
    device.network.turn(on=True)
    await house.until_online(lock)
    again = (await _state(house, lock))[1]
    assert again is not None
    assert last is not None
    assert again > last


async def test_a_lock_that_falls_silent_is_offline_after_75_seconds(served: Served) -> None:
    """Proves that an open socket alone does not make a lock online, and that one report does again."""
    house = await served.site()
    async with BareLock(served, await house.lock()) as lock:
        await lock.online()
        served.clock.advance(timedelta(seconds=70))
        assert (await _state(house, lock.id))[0] is True
        served.clock.advance(timedelta(seconds=6))
        assert (await _state(house, lock.id))[0] is False
        await lock.report()
        assert (await _state(house, lock.id))[0] is True
