"""A lock's state survives the loss of power at any byte: it is the old one or the new one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locksim.disk import DiskDamaged, FileDisk, pack_slot, unpack_slot


def lay(directory: Path, name: str, data: bytes) -> None:
    """Put bytes on the disk behind its back."""
    (directory / name).write_bytes(data)


def test_an_empty_disk_says_that_it_is_empty(tmp_path: Path) -> None:
    """None, which is not an empty state."""
    assert FileDisk(tmp_path / "lock").read() is None


def test_what_was_written_is_read_after_a_restart(tmp_path: Path) -> None:
    """Several times over, shorter and longer, also an empty state."""
    for state in (b"first", b"a much longer second state", b"", b"x" * 100_000, b"short"):
        FileDisk(tmp_path).write(state)
        assert FileDisk(tmp_path).read() == state


def test_the_disk_is_private(tmp_path: Path) -> None:
    """Folder 0700 and files 0600: digests and events are nobody else's."""
    disk = FileDisk(tmp_path / "lock")
    disk.write(b"one")
    disk.write(b"two")
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "lock").iterdir()}
    assert modes == {0o600}
    assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("history", [[], [b"old"], [b"older", b"old"], [b"x" * 90, b"y", b"old"]])
@pytest.mark.parametrize("new", [b"", b"new", b"a new state that is longer than the old ones"])
def test_power_may_go_after_any_byte_of_a_write(
    tmp_path: Path, history: list[bytes], new: bytes
) -> None:
    """Every prefix of the new slot over what lay there: the old state, or the new one.

    The next write after such a cut succeeds and is read back, whatever was left behind.
    """
    disk = FileDisk(tmp_path)
    for state in history:
        disk.write(state)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    disk.write(new)
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (slot,) = [name for name in after if before.get(name) != after[name]]
    old = before.get(slot, b"")
    outcomes = set()
    written = len(pack_slot(0, new))
    for length in range(written + 1):
        for name, data in before.items():
            lay(tmp_path, name, data)
        lay(tmp_path, slot, after[slot][:length] + old[length:])
        torn = FileDisk(tmp_path)
        outcomes.add(torn.read())
        torn.write(b"next")
        assert FileDisk(tmp_path).read() == b"next"
    assert outcomes == {history[-1] if history else None, new}


def test_a_disk_without_one_whole_state_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    """A lock that started as new would have forgotten its wrong entries."""
    disk = FileDisk(tmp_path)
    disk.write(b"one")
    disk.write(b"two")
    for path in tmp_path.iterdir():
        lay(tmp_path, path.name, path.read_bytes()[:-1] + b"?")
    damaged = FileDisk(tmp_path)
    with pytest.raises(DiskDamaged):
        damaged.read()
    with pytest.raises(DiskDamaged):
        damaged.write(b"three")


@given(st.binary(max_size=60), st.integers(0, 2**40), st.data())
def test_a_slot_with_one_changed_byte_is_not_whole(
    state: bytes, generation: int, data: st.DataObject
) -> None:
    """Header and state are covered alike."""
    slot = bytearray(pack_slot(generation, state))
    assert unpack_slot(bytes(slot)) == (generation, state)
    place = data.draw(st.integers(0, len(slot) - 1))
    slot[place] ^= data.draw(st.integers(1, 255))
    assert unpack_slot(bytes(slot)) is None


def test_a_process_that_is_killed_while_it_writes_leaves_a_whole_state(tmp_path: Path) -> None:
    """Killed without warning in the middle of thousands of writes."""
    program = (
        "import sys; from pathlib import Path; from locksim.disk import FileDisk\n"
        "disk = FileDisk(Path(sys.argv[1]), sync=False); number = 0\n"
        "while True:\n"
        "    number += 1; disk.write(b'%d:' % number + b'z' * (number % 7000))\n"
        "    if number == 200: print('going', flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
    state = FileDisk(tmp_path).read()
    assert state is not None
    number, _, rest = state.partition(b":")
    assert int(number) >= 200
    assert rest == b"z" * (int(number) % 7000)
