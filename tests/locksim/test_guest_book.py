"""What a lock keeps of SmartPINs: bounded, written and read whole."""

import json
from dataclasses import replace

import pytest

from locksim.guest_book import MOST_BLOCKS, MOST_GUESTS, Guest, GuestBook
from locksim.signals import Signal
from locksim.state import LockState, StateUnreadable
from tests.locksim.codes import bench_with_smartpins, block_at_keypad, code_now, name_of
from tests.locksim.rig import NOON, unix_ms

LATER = unix_ms(NOON) * 2


def full_book() -> GuestBook:
    """As many guests and blocks as there is room for, none of which ends soon."""
    return GuestBook(
        guests={f"sp_{number}": Guest(((90, 0),), 1) for number in range(MOST_GUESTS)},
        blocks={f"sp_{number}": LATER for number in range(MOST_BLOCKS)},
    )


def test_it_comes_back_from_the_disk_as_it_was() -> None:
    """Readings, first use, tries for a short PIN, the digest of a short PIN, blocks."""
    guest = Guest(((6, 29_490_686), (7, 5)), 1_796_000_000_000, 2, bytes(range(32)))
    book = GuestBook({"sp_a": guest, "sp_b": Guest((), 5)}, {"sp_c": 1_800_000_000_000})
    state = LockState(state_id="s", incarnation="life", guest_book=book)
    assert LockState.decode(state.encode()) == state
    assert bytes(range(32)).hex() not in repr(state)


def test_a_disk_from_before_smartpins_is_read_with_an_empty_book() -> None:
    """A lock whose firmware is renewed keeps its PINs and counts; one from the future is not guessed at."""
    value = json.loads(LockState(state_id="s", incarnation="life", applied=7).encode())
    del value["guestBook"]
    old = LockState.decode(json.dumps({**value, "version": 1}).encode())
    assert (old.applied, old.guest_book) == (7, GuestBook())
    with pytest.raises(StateUnreadable):
        LockState.decode(json.dumps({**value, "version": 2}).encode())
    with pytest.raises(StateUnreadable):
        LockState.decode(json.dumps({**value, "version": 3}).encode())


def test_a_full_book_lets_in_and_remembers_no_more() -> None:
    """The code opens, without a short PIN; a block that cannot be kept is refused and not flashed."""
    bench = bench_with_smartpins()
    bench.disk.write(replace(bench.firmware.state, guest_book=full_book()).encode())
    bench.restart()
    assert bench.type(code_now()) is Signal.GRANTED
    assert bench.type("7595") is Signal.DENIED
    assert block_at_keypad(bench, code_now()) is Signal.DENIED
    assert name_of(code_now()) not in bench.firmware.state.guest_book.blocks
