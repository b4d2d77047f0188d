"""Orders to open: once, in time, for this connection."""

import pytest

from domain.link.events import LockEventKind
from domain.link.nonces import NONCE_LIFETIME_SECONDS, NONCE_REPORT_INTERVAL_SECONDS
from locksim.signals import UnlockCommand
from tests.locksim.bench import Bench
from tests.locksim.rig import Pen, PowerCut, provisioning


@pytest.fixture
def bench() -> Bench:
    """A lock as it was provisioned; a command needs no entries."""
    return Bench()


def refusals(bench: Bench) -> list[list[str]]:
    """The reasons of the commands refused."""
    events = bench.events(LockEventKind.COMMAND_REFUSED)
    return [[reason.value for reason in event.reasons] for event in events]


def test_a_command_with_the_nonce_of_the_connection_opens(bench: Bench) -> None:
    """The event names the command, so that whoever waits for it learns the outcome."""
    bench.receive(bench.pen.command(bench.nonce()))
    assert bench.openings == 1
    event = bench.events(LockEventKind.OPENED)[-1]
    assert event.command_id == "command-1"
    assert event.method
    assert event.method.value == "REMOTE"


def test_a_command_opens_once(bench: Bench) -> None:
    """The same id again is refused, also under a fresh nonce and after a power cut."""
    command = bench.pen.command(bench.nonce())
    bench.receive(command, command)
    assert bench.openings == 1
    assert refusals(bench) == [["REPLAYED_COMMAND"]]
    bench.restart()
    bench.receive(bench.pen.command(bench.nonce()))
    assert bench.openings == 1
    assert refusals(bench) == [["REPLAYED_COMMAND"], ["REPLAYED_COMMAND"]]


def test_the_id_is_on_disk_before_the_bolt_moves(bench: Bench) -> None:
    """The power goes at the write: the bolt stays, and the command is not lost to the door."""
    command = bench.pen.command(bench.nonce())
    bench.disk.cut_at = 0
    with pytest.raises(PowerCut):
        bench.receive(command)
    assert bench.openings == 0


def test_the_deadline_counts_from_the_making_of_the_nonce(bench: Bench) -> None:
    """In the lock's uptime, whatever any clock says."""
    bench.receive(bench.pen.command(bench.nonce(), name="in-time", seconds=10))
    nonce = bench.nonce()
    bench.wait(seconds=10)
    bench.receive(bench.pen.command(nonce, name="just", seconds=10))
    assert bench.openings == 2
    bench.wait(seconds=0.001)
    bench.receive(bench.pen.command(nonce, name="late", seconds=10))
    assert bench.openings == 2
    assert refusals(bench) == [["STALE_COMMAND"]]


def test_a_nonce_of_another_connection_is_stale(bench: Bench) -> None:
    """Of one before, after a power cut, and of no connection at all."""
    nonce = bench.nonce()
    bench.nonce()
    bench.receive(bench.pen.command(nonce, name="a"))
    nonce = bench.nonce()
    bench.firmware.disconnected()
    bench.receive(bench.pen.command(nonce, name="b"))
    nonce = bench.nonce()
    bench.restart()
    bench.receive(bench.pen.command(nonce, name="c"))
    assert bench.openings == 0
    assert refusals(bench) == [["STALE_COMMAND"]] * 3


def test_a_new_nonce_comes_every_half_minute_and_the_newest_two_are_taken(bench: Bench) -> None:
    """The third last is refused, though its minute is not over."""
    nonces = [bench.nonce()]
    for _ in range(2):
        bench.wait(seconds=NONCE_REPORT_INTERVAL_SECONDS - 0.001)
        assert bench.drain() == []
        bench.wait(seconds=0.001)
        nonces.append(bench.report().nonce)
    assert len(set(nonces)) == 3
    for name, nonce in zip("abc", nonces, strict=True):
        bench.receive(bench.pen.command(nonce, name=name, seconds=NONCE_LIFETIME_SECONDS))
    assert [event.command_id for event in bench.events(LockEventKind.OPENED)] == ["b", "c"]


def test_a_nonce_dies_after_a_minute_of_uptime(bench: Bench) -> None:
    """Also if the lock could not report a newer one."""
    nonce = bench.nonce()
    bench.uptime_ms += NONCE_LIFETIME_SECONDS * 1000
    command = bench.pen.command(nonce, name="a", seconds=NONCE_LIFETIME_SECONDS)
    bench.receive(command)
    assert bench.openings == 1
    bench.uptime_ms += 1
    bench.receive(bench.pen.command(nonce, name="b", seconds=NONCE_LIFETIME_SECONDS))
    assert bench.openings == 1


def test_what_is_not_sealed_for_this_lock_opens_nothing(bench: Bench) -> None:
    """Another lock's, another life's, changed, of another kind, empty."""
    nonce = bench.nonce()
    command = bench.pen.command(nonce)
    others = [
        Pen(provisioning(secret=b"x" * 32)).command(nonce).sealed,
        Pen(provisioning(incarnation="life-2")).command(nonce).sealed,
        command.sealed[:-1] + bytes([command.sealed[-1] ^ 1]),
        bench.pen.snapshot(1).sealed,
        b"",
    ]
    bench.receive(*(UnlockCommand("x", sealed) for sealed in others))
    assert bench.openings == 0
    assert refusals(bench) == [[]] * len(others)


def test_a_command_needs_no_time(bench: Bench) -> None:
    """Remote unlock is how one gets into a building whose locks have lost theirs."""
    bench.restart(battery=None)
    bench.receive(bench.pen.command(bench.nonce()))
    assert bench.openings == 1
