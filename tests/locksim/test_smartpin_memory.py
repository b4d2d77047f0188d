"""What a lock remembers of SmartPINs: bounded, written and read whole."""

import json
from dataclasses import replace

import pytest

from locksim.signals import Signal
from locksim.smartpin_memory import MAX_BLOCKS, MAX_USED, SmartPinMemory, UsedSmartPin
from locksim.state import LockState, StateUnreadable
from tests.locksim.codes import bench_with_smartpins, block_at_keypad, code_now, name_of
from tests.locksim.rig import NOON, unix_ms

LATER = unix_ms(NOON) * 2


def full_memory() -> SmartPinMemory:
    """As many used SmartPINs and blocks as there is room for, none of which ends soon."""
    return SmartPinMemory(
        used={f"sp_{number}": UsedSmartPin(((90, 0),), 1) for number in range(MAX_USED)},
        blocks={f"sp_{number}": LATER for number in range(MAX_BLOCKS)},
    )


def test_it_comes_back_from_the_disk_as_it_was() -> None:
    """Readings, first use, tries for a short PIN, the digest of a short PIN, blocks."""
    smartpin = UsedSmartPin(((6, 29_490_686), (7, 5)), 1_796_000_000_000, 2, bytes(range(32)))
    memory = SmartPinMemory(
        {"sp_a": smartpin, "sp_b": UsedSmartPin((), 5)}, {"sp_c": 1_800_000_000_000}
    )
    state = LockState(state_id="s", incarnation="life", smartpins=memory)
    assert LockState.decode(state.encode()) == state
    assert bytes(range(32)).hex() not in repr(state)


def test_a_disk_from_before_smartpins_is_read_as_remembering_none() -> None:
    """A lock whose firmware is renewed keeps its PINs and counts; one from the future is not guessed at."""
    value = json.loads(LockState(state_id="s", incarnation="life", applied=7).encode())
    del value["guestBook"]
    old = LockState.decode(json.dumps({**value, "version": 1}).encode())
    assert (old.applied, old.smartpins) == (7, SmartPinMemory())
    with pytest.raises(StateUnreadable):
        LockState.decode(json.dumps({**value, "version": 2}).encode())
    with pytest.raises(StateUnreadable):
        LockState.decode(json.dumps({**value, "version": 3}).encode())


def test_a_full_memory_lets_in_and_remembers_no_more() -> None:
    """The code opens, without a short PIN; a block that cannot be kept is refused and not flashed."""
    bench = bench_with_smartpins()
    bench.disk.write(replace(bench.firmware.state, smartpins=full_memory()).encode())
    bench.restart()
    assert bench.type(code_now()) is Signal.GRANTED
    assert bench.type("7595") is Signal.DENIED
    assert block_at_keypad(bench, code_now()) is Signal.DENIED
    assert name_of(code_now()) not in bench.firmware.state.smartpins.blocks
