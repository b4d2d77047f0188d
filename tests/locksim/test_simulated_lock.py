"""A lock on real sockets: it connects, answers, and never gives up."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from locksim.disk import FileDisk
from locksim.keypad import Key
from locksim.signals import Signal
from locksim.simulated_lock import PowerIsOff
from tests.locksim.rig import CARD, NOON, provisioning
from tests.locksim.site import PIN, Site, running
from tests.locksim.tiny_server import Stage, serving
from tests.waiting import becomes

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    """One port for all tests; starting a server for each would take most of the time."""
    async with serving(Stage()) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="module")
async def idle(stage: Stage, tmp_path: Path) -> AsyncIterator[Site]:
    """A lock and its server; the lock is not yet switched on."""
    async with httpx.AsyncClient(trust_env=False) as http:
        yield Site(stage.fresh(), tmp_path / "lock", http)


@pytest_asyncio.fixture(loop_scope="module")
async def site(idle: Site) -> AsyncIterator[Site]:
    """A lock that runs against its server."""
    async with running(idle.simulated):
        yield idle


async def test_a_lock_proves_its_key_subscribes_and_reports(site: Site) -> None:
    """A fresh lock says epoch 0 and revision 0, and reports a nonce and its start."""
    feed = await site.server.feed()
    assert feed.variables == {
        "lock": site.lock.lock_id,
        "incarnation": "life-1",
        "epoch": 0,
        "revision": 0,
    }
    report = await site.server.report()
    assert set(report) == {"lockId", "appliedRevision", "nonce", "ack", "events"}
    assert report["lockId"] == site.lock.lock_id
    assert report["ack"] is None
    assert len(report["nonce"]) == 43
    assert [event["kind"] for event in report["events"]] == ["STARTED"]
    await becomes(lambda: site.simulated.online)


async def test_a_delivery_is_applied_and_acknowledged_on_the_same_socket(site: Site) -> None:
    """Then its PIN opens, and the opening is reported."""
    await site.hold_pin()
    (acked,) = [report for report in site.server.reports if report["ack"]]
    assert acked["appliedRevision"] == 3
    assert acked["ack"]["deliveryId"] == "delivery-1"
    assert len(acked["ack"]["stateSum"]) == 64
    await site.simulated.type(PIN)
    assert site.signals[-1] is Signal.GRANTED
    opened = (await site.server.report_with("OPENED"))["events"][-1]
    assert (opened["method"], opened["entryId"]) == ("PIN", "a")
    assert len(site.server.feeds) == 1


async def test_an_unlock_command_opens_and_its_event_comes_back(site: Site) -> None:
    """With the nonce that the lock has reported."""
    feed = await site.server.feed()
    report = await site.server.report()
    feed.send(site.pen.command(report["nonce"]))
    opened = (await site.server.report_with("OPENED"))["events"][-1]
    assert opened["commandId"] == "command-1"
    assert site.simulated.view
    assert site.simulated.view.bolt_drawn


async def test_sealed_time_sets_the_lock_and_its_battery_clock(site: Site) -> None:
    """The battery clock keeps it through a power cut."""
    feed = await site.server.feed()
    report = await site.server.report()
    there = NOON.replace(year=2027)
    feed.send(site.pen.time(report["nonce"], there))
    await site.server.report_with("CLOCK_SET")
    battery_ms = site.clock.battery_ms()
    assert battery_ms
    assert 0 <= battery_ms - there.timestamp() * 1000 < 10_000


async def test_a_silent_lock_takes_commands_and_answers_nothing(site: Site) -> None:
    """The fault behind LockDidNotAnswer; everything else goes on."""
    site.simulated.silent = True
    feed = await site.server.feed()
    report = await site.server.report()
    feed.send(site.pen.command(report["nonce"]))
    await site.hold_pin()
    assert site.simulated.view
    assert not site.simulated.view.bolt_drawn


async def test_a_ping_is_answered(site: Site) -> None:
    """The protocol's own, beside the websocket's."""
    feed = await site.server.feed()
    feed.say({"type": "ping"})
    await becomes(lambda: site.server.pongs == 1)


@pytest.mark.parametrize(
    "frame",
    [
        {"id": "feed", "type": "complete"},
        {"id": "feed", "type": "error", "payload": [{"message": "no"}]},
        {"id": "feed", "type": "next", "payload": {"data": None, "errors": []}},
        {
            "id": "feed",
            "type": "next",
            "payload": {"data": {"lockFeed": {"__typename": "Delivery"}}},
        },
        {
            "id": "feed",
            "type": "next",
            "payload": {"data": {"lockFeed": {"__typename": "Delivery", "id": "x", "sealed": "%"}}},
        },
        None,
    ],
)
async def test_a_feed_that_ends_or_talks_nonsense_costs_a_reconnect(
    site: Site, frame: dict[str, object] | None
) -> None:
    """And nothing else: the lock is back, with fresh nonces."""
    feed = await site.server.feed()
    first = await site.server.report()
    feed.outgoing.put_nowait(frame)
    await site.server.feed(1)
    again = await site.server.report(1)
    assert again["nonce"] != first["nonce"]
    await becomes(lambda: site.simulated.online)


async def test_a_message_of_a_kind_that_the_lock_does_not_know_is_passed_over(site: Site) -> None:
    """A newer server may say more than an older lock understands."""
    feed = await site.server.feed()
    item: dict[str, object] = {"__typename": "Firmware"}
    feed.say({"id": "feed", "type": "next", "payload": {"data": {"lockFeed": item}}})
    await site.hold_pin()
    assert len(site.server.feeds) == 1


async def test_a_lock_outlives_its_server(tmp_path: Path) -> None:
    """It finds it in trouble, connects when it is well, loses it, and comes back."""
    stage = Stage()
    async with httpx.AsyncClient(trust_env=False) as http:
        async with serving(stage):
            port = int(stage.url.rpartition(":")[2])
            server = stage.server
            server.broken = True
            site = Site(server, tmp_path, http)
            task = asyncio.create_task(site.simulated.run())
            await becomes(lambda: server.challenges >= 2)
            server.broken = False
            await server.feed(0)
        async with serving(stage, port):
            await server.feed(1)
            assert not task.done()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_wrong_secret_is_refused_and_tried_again(idle: Site) -> None:
    """An installer may be about to prove the other; the lock neither dies nor subscribes."""
    server = idle.server
    server.locks[idle.lock.lock_id] = provisioning(secret=b"other" + bytes(27))
    async with running(idle.simulated):
        await becomes(lambda: server.challenges >= 3)
        assert server.feeds == []


async def test_a_report_that_is_refused_keeps_the_connection(site: Site) -> None:
    """The events stay for the next one."""
    site.server.refuses_reports = True
    await site.server.report()
    site.server.refuses_reports = False
    await site.hold_pin()
    assert len(site.server.feeds) == 1


async def test_without_network_keys_work_and_events_wait(site: Site) -> None:
    """The cable is pulled: the PIN opens; plugged in again, the opening is told."""
    await site.hold_pin()
    site.simulated.network.turn(on=False)
    await becomes(lambda: not site.simulated.online)
    await site.simulated.type(PIN)
    assert site.signals[-1] is Signal.GRANTED
    assert site.server.told("OPENED") == 0
    site.simulated.network.turn(on=True)
    await site.server.report_with("OPENED")
    assert (await site.server.feed(1)).variables["revision"] == 3


async def test_without_power_nothing_works_and_nothing_is_forgotten(site: Site) -> None:
    """Keys do nothing; with power again the PIN is still there and the start is an event."""
    await site.hold_pin()
    await site.simulated.type("9999")
    site.simulated.power.turn(on=False)
    await becomes(lambda: site.simulated.view is None)
    with pytest.raises(PowerIsOff):
        await site.simulated.press(Key.ONE)
    with pytest.raises(PowerIsOff):
        await site.simulated.present_card(CARD)
    site.simulated.power.turn(on=True)
    await becomes(lambda: site.simulated.view is not None)
    await site.simulated.type(PIN)
    assert site.signals[-1] is Signal.GRANTED
    assert site.clock.uptime_ms() < 5000


async def test_a_key_that_comes_too_late_does_not_reach_the_life_before(site: Site) -> None:
    """The power goes while an entry is hashed; a key pressed meanwhile is lost, and writes nothing
    over what the next life has on its disk."""
    await site.hold_pin()
    site.simulated.network.turn(on=False)
    await becomes(lambda: not site.simulated.online)
    site.hash.gate.clear()
    entry = asyncio.create_task(site.simulated.type("9999"))
    await becomes(lambda: site.hash.waiting == 1)
    site.simulated.power.turn(on=False)
    await asyncio.sleep(0.02)
    late = asyncio.create_task(site.simulated.press(Key.ONE))
    await asyncio.sleep(0.02)
    site.hash.gate.set()
    await entry
    with pytest.raises(PowerIsOff):
        await late


async def test_thousands_of_bytes_of_events_go_in_frames_below_the_limit(site: Site) -> None:
    """After a long time without network."""
    await site.hold_pin()
    site.simulated.network.turn(on=False)
    await becomes(lambda: not site.simulated.online)
    for _ in range(400):
        await site.simulated.type(PIN)
    site.simulated.network.turn(on=True)
    await becomes(lambda: site.server.told("OPENED") == 400)
    assert max(site.server.sizes) < 64 * 1024


async def test_a_damaged_disk_keeps_the_lock_off(idle: Site, tmp_path: Path) -> None:
    """It must not start as if it were new; the rest of the fleet goes on."""
    disk = FileDisk(tmp_path / "lock", sync=False)
    disk.write(b"one")
    disk.write(b"two")
    for name in ("state.0", "state.1"):
        (tmp_path / "lock" / name).write_bytes(b"?" * 100)
    await idle.simulated.run()
    assert idle.simulated.view is None
    assert idle.server.challenges == 0
