"""A lock whose firmware is renewed: what is on its disk was written by the one before."""

import json
from datetime import time

import pytest

from domain.access.schedule import Schedule, Slot
from domain.link.wire import Malformed
from locksim.signals import Signal
from locksim.state import LockState, StateUnreadable
from tests.locksim.bench import Bench
from tests.locksim.rig import NOON

DAY = Schedule(slot=Slot(time(6), time(20)))
PARTS = {"slotStart": "06:00:00.250000", "slotEnd": "20:00:00.750000"}


def renewed(**slot: str) -> Bench:
    """A lock with one PIN, and these times of day on its disk."""
    bench = Bench()
    bench.hold(bench.pen.settings(), bench.pen.pin("pin:1", "471120", DAY))
    disk = json.loads(bench.firmware.state.encode())
    for entry in disk["entries"]:
        if entry["kind"] == "PIN":
            entry["payload"]["schedules"][0].update(slot)
    bench.disk.write(json.dumps(disk).encode())
    bench.restart()
    return bench


def test_a_slot_with_parts_of_a_second_is_read_as_the_whole_seconds_within() -> None:
    """The lock starts, and opens at noon, and not in the evening."""
    bench = renewed(**PARTS)
    assert bench.type("471120") is Signal.GRANTED
    bench.restart(NOON.replace(hour=23))
    assert bench.type("471120") is Signal.DENIED


def test_what_is_on_the_disk_stays_until_the_server_says_it_anew() -> None:
    """The sum of the state is made of it, so the lock is not out of step; then the server's word replaces it."""
    bench = renewed(**PARTS)
    state = bench.firmware.state
    (old,) = (entry for entry in state.entries.values() if entry.id == "pin:1")
    assert PARTS["slotStart"] in str(old.payload)
    assert LockState.decode(state.encode()) == state

    anew = bench.pen.pin("pin:1", "471120", DAY, version=2)
    bench.receive(bench.pen.delivery(state.applied, state.applied + 1, anew))
    assert bench.firmware.state.entries["pin:1"] == anew


def test_a_delivery_with_parts_of_a_second_is_refused_as_ever() -> None:
    """Only the disk may hold them."""
    bench = renewed(**PARTS)
    old = bench.firmware.state.entries["pin:1"]
    with pytest.raises(Malformed):
        type(old).from_wire(old.to_wire())


@pytest.mark.parametrize("start", ["06:00:00.", "6:00.5", "noon."])
def test_what_no_firmware_wrote_is_not_guessed_at(start: str) -> None:
    """The lock stays off rather than open at another time."""
    with pytest.raises(StateUnreadable):
        renewed(slotStart=start, slotEnd="20:00:00")
