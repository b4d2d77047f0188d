"""The power goes while a lock writes what it was just told: it has the whole of it afterwards, or nothing."""

from pathlib import Path

import pytest

from locksim.disk import FileDisk, PowerWent
from locksim.firmware import Firmware
from locksim.signals import Delivery, Report
from tests.locksim.rig import NOON, FakeHash, Pen, provisioning, unix_ms


def started(folder: Path) -> tuple[Firmware, FileDisk]:
    """The lock of this disk, connected."""
    disk = FileDisk(folder, sync=False)
    lock = Firmware(
        provisioning(),
        disk,
        uptime_ms=0,
        battery_ms=unix_ms(NOON),
        random_bytes=bytes,
        slow_hash=FakeHash(),
    )
    lock.connected(0)
    return lock, disk


def test_a_delivery_that_the_power_cuts_at_any_byte_is_applied_whole_or_not_at_all(
    tmp_path: Path,
) -> None:
    """At each byte of the write of its state: the next start finds the old entries and revision, or the new ones."""
    lock, bringing = at_one(tmp_path)
    before, old = dict(lock.state.entries), slots(tmp_path)
    lock.receive(bringing, 0)
    after, new = dict(lock.state.entries), slots(tmp_path)
    (name,) = [each for each in new if new[each] != old[each]]

    found = []
    for place in range(len(new[name]) + 1):
        for each, data in old.items():
            (tmp_path / each).write_bytes(data)
        (tmp_path / name).write_bytes(new[name][:place] + old[name][place:])
        again, _ = started(tmp_path)
        found.append(dict(again.state.entries))
        assert again.state.applied == (3 if found[-1] == after else 1)

    whole_from = found.index(after)
    assert all(each == before for each in found[:whole_from])
    assert all(each == after for each in found[whole_from:])
    assert whole_from > len(new[name]) // 2, "hardly any byte was left out"


@pytest.mark.parametrize("written", [0, 1, 60, 400, 1_000_000])
def test_nothing_is_acknowledged_when_the_power_goes_meanwhile(
    tmp_path: Path, written: int
) -> None:
    """Also when the state was on the disk whole: the lock says so at its next connection."""
    _, bringing = at_one(tmp_path)
    lock, disk = started(tmp_path)
    lock.outbox.clear()
    disk.cut_after = written
    with pytest.raises(PowerWent):
        lock.receive(bringing, 0)
    assert not any(isinstance(each, Report) for each in lock.outbox)


def at_one(folder: Path) -> tuple[Firmware, Delivery]:
    """A lock at its first revision with one PIN, and a delivery that puts another in its place."""
    pen = Pen(provisioning())
    lock, _ = started(folder)
    lock.receive(pen.snapshot(1, pen.settings(), pen.pin("a", "1507")), 0)
    return lock, pen.delivery(1, 3, pen.gone("a"), pen.pin("b", "2604"))


def slots(folder: Path) -> dict[str, bytes]:
    """The files of its disk."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
