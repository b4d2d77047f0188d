"""Signed checkpoints show what the database alone cannot: that the end of a chain was cut and its head set back."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.actors import ActorKind, Caller
from domain.audit.chains import ROWS_AT_ONCE, Walk, walk
from domain.audit.checkpoint_folder import CheckpointFolder, lines_of
from domain.audit.checkpointing import Checkpoints
from domain.audit.checkpoints import (
    Checkpoint,
    CheckpointForged,
    CheckpointOfOtherKey,
    NoCheckpoint,
    read_line,
    signed_line,
)
from domain.audit.closing import ChainBroken, close_chain
from domain.audit.rows import Said, content, row_mac
from domain.audit.service import recorded
from domain.audit.tables import AuditClosing, AuditHead, AuditRow
from domain.audit.verifying import CheckpointsOfOther, Verified, verify
from domain.database import use_case
from domain.installation import Installation
from domain.recorded_keys.tables import RecordedKey
from domain.security.keys import Keyring
from tests.databases import Database, only_sqlite

NOW = datetime.now(UTC)
OLD, NEW = bytes(range(32)), bytes(range(1, 33))
KEYS = Keyring.from_secret(OLD)
SCRIPT = Caller(ActorKind.TOKEN, uuid4())
LINE = Checkpoint(UUID(int=7), 3, "0a0b0c0d:mac", NOW)


@use_case
async def changes(chain: UUID, count: int, keys: Keyring = KEYS) -> None:
    nothing: Any = None
    async with recorded(
        Installation(keys, nothing, nothing, nothing, ""), SCRIPT, "x", NOW
    ) as change:
        for number in range(count):
            change.note("Site", uuid4(), chain=chain, number=number)


async def set_back(chain: UUID, number: int) -> None:
    """What somebody with the database does, so that the chain alone shows nothing."""
    await AuditRow.filter(chain=chain, number__gt=number).delete()
    row = await AuditRow.get(chain=chain, number=number)
    await AuditHead.filter(id=chain).update(number=number, mac=row.mac)


async def found(keys: Keyring, folder: CheckpointFolder) -> Verified:
    return await verify(keys, folder.lines())


def numbers(told: Verified) -> list[int]:
    return [each.number for each in told.findings]


async def test_a_tail_cut_with_its_head_is_found(database: Database, tmp_path: Path) -> None:
    """Also when the chain has grown again since, and when the whole chain is gone."""
    folder, chain, gone = CheckpointFolder(tmp_path / "kept"), uuid4(), uuid4()
    await changes(chain, 5)
    await changes(gone, 2)
    assert await Checkpoints(folder).sign(KEYS, NOW) == []
    told = await found(KEYS, folder)
    assert (told.whole, told.chains, told.rows, told.checkpoints) == (True, 2, 7, 2)

    await set_back(chain, 3)
    assert (await walk(KEYS, chain)).finding is None
    assert numbers(await found(KEYS, folder)) == [5]
    await changes(chain, 4)
    assert numbers(await found(KEYS, folder)) == [5]
    await AuditRow.filter(chain=gone).delete()
    await AuditHead.filter(id=gone).delete()
    told = await found(KEYS, folder)
    assert {(each.chain, each.number) for each in told.findings} == {(chain, 5), (gone, 2)}
    assert numbers(await verify(KEYS, folder.lines(), only=gone)) == [2]


async def test_each_turn_signs_what_has_grown(database: Database, tmp_path: Path) -> None:
    """And nothing twice, not by another process or after a restart either; what is not whole is told and not signed."""
    folder, chain = CheckpointFolder(tmp_path), uuid4()
    one, other = Checkpoints(folder), Checkpoints(folder)
    for turn in range(3):
        await changes(chain, 2)
        for each in (one, other, one, Checkpoints(folder)):
            assert await each.sign(KEYS, NOW + timedelta(minutes=turn)) == []
    read = [read_line(KEYS, each.text) for each in folder.lines()]
    assert [(each.chain, each.number) for each in read] == [(chain, 2), (chain, 4), (chain, 6)]
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600

    await set_back(chain, 3)
    assert [each.chain for each in await one.sign(KEYS, NOW + timedelta(minutes=4))] == [chain]
    await changes(chain, 5)
    assert [each.number for each in await one.sign(KEYS, NOW + timedelta(minutes=5))] == [7]
    assert len(list(folder.lines())) == 3


async def test_the_folder_does_without_the_key_of_before(
    database: Database, tmp_path: Path
) -> None:
    """Once another key is in front every end is signed anew, those of quiet chains too; once, by whichever process."""
    folder, quiet, busy = CheckpointFolder(tmp_path), uuid4(), uuid4()
    one = Checkpoints(folder)
    for chain in (quiet, busy):
        await changes(chain, 2)
    await one.sign(KEYS, NOW)
    both = Keyring.from_secret(NEW, OLD)
    for each in (one, one, Checkpoints(folder), Checkpoints(folder)):
        await each.sign(both, NOW + timedelta(minutes=1))
    assert len(list(folder.lines())) == 4
    await RecordedKey.create(id=KEYS.current_id, recorded_at=NOW, lost_at=NOW)
    for chain in (quiet, busy):
        await close_chain(both, chain, NOW)
    new = Keyring.from_secret(NEW)
    told = await found(new, folder)
    assert (told.whole, told.checkpoints, told.unproven) == (True, 2, 2)
    await AuditClosing.all().delete()
    await AuditRow.filter(chain=quiet).delete()
    await AuditHead.filter(id=quiet).delete()
    assert (quiet, 2) in {(each.chain, each.number) for each in (await found(new, folder)).findings}


async def test_lines_that_are_none_are_told_apart(database: Database, tmp_path: Path) -> None:
    """Half a line is named and left out, and the next begins a line of its own; a doubled one does no harm; a changed one
    fails."""
    folder, chain = CheckpointFolder(tmp_path), uuid4()
    await changes(chain, 2)
    await Checkpoints(folder).sign(KEYS, NOW)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole + whole + whole[:100])
    await changes(chain, 1)
    await Checkpoints(folder).sign(KEYS, NOW)
    told = await found(KEYS, folder)
    assert (told.whole, told.checkpoints) == (True, 3)
    assert [each.rpartition(" ")[2] for each in told.unreadable] == ["3"]

    file.write_bytes(whole.replace(b'"number":2', b'"number":1'))
    told = await found(KEYS, folder)
    assert (told.whole, len(told.forged), told.findings) == (False, 1, [])
    file.write_bytes(os.urandom(5000) + b"\n{}\n[]\n" + b'{"v":1}\n\xff\n' + b"x" * 5000)
    told = await found(KEYS, folder)
    assert told.whole
    assert told.unreadable


@only_sqlite
async def test_checkpoints_of_another_installation_are_refused(
    database: Database, tmp_path: Path
) -> None:
    """In words, by reading and by writing; those under a key that was given up here are left out."""
    folder, chain = CheckpointFolder(tmp_path), uuid4()
    await changes(chain, 1)
    await Checkpoints(folder).sign(KEYS, NOW)
    others = Keyring.from_secret(NEW)
    with pytest.raises(CheckpointsOfOther, match="another installation"):
        await found(others, folder)
    with pytest.raises(CheckpointsOfOther, match="its last line"):
        await Checkpoints(folder).sign(others, NOW)
    await RecordedKey.create(id=KEYS.current_id, recorded_at=NOW, lost_at=NOW)
    told = await found(others, folder)
    assert (told.unproven, told.checkpoints) == (1, 0)
    assert list(lines_of([])) == list(CheckpointFolder(tmp_path / "none").lines()) == []


async def test_a_closed_part_is_proven_without_its_key(database: Database) -> None:
    """Rows under a key that is gone are whole up to the closing, and not beyond it; whatever is changed in them shows."""
    chain = uuid4()
    both, new = Keyring.from_secret(NEW, OLD), Keyring.from_secret(NEW)
    await changes(chain, 3)
    assert (await walk(new, chain)).finding is not None
    line = await close_chain(both, chain, NOW)
    assert line is not None
    assert read_line(new, line).number == 3
    await changes(chain, 2, both)
    assert (await walk(new, chain)).finding is None
    assert (await walk(new, chain)).number == 5
    await close_chain(new, chain, NOW)
    assert await close_chain(new, uuid4(), NOW) is None
    assert (await walk(Keyring.from_secret(NEW), chain)).finding is None

    closed = await AuditClosing.filter(chain=chain).order_by("number")
    for changed in ({"action": "y"}, {"mac": f"{KEYS.current_id}:x"}):
        before = await AuditRow.get(chain=chain, number=2)
        await AuditRow.filter(id=before.id).update(**changed)
        assert (await walk(new, chain)).finding is not None
        with pytest.raises(ChainBroken):
            await close_chain(new, chain, NOW)
        await before.save(update_fields=list(changed))
    await changes(chain, 1, KEYS)
    assert numbers_of(await walk(new, chain)) == 6
    await AuditClosing.filter(id=closed[1].id).delete()
    await AuditClosing.filter(id=closed[0].id).update(line=closed[0].line.replace("3", "2"))
    assert numbers_of(await walk(new, chain)) == 1


def numbers_of(read: Walk) -> int | None:
    return read.finding.number if read.finding else None


async def test_rows_beyond_a_page_and_added_ones(database: Database) -> None:
    """The chain goes on over the borders of pages, and a row that was added with the number of another is found even at
    such a border, by their count."""
    chain, rows, mac = uuid4(), [], ""
    for number in range(1, ROWS_AT_ONCE + 3):
        row = AuditRow(
            chain=chain,
            number=number,
            at=NOW,
            actor_kind=ActorKind.TOKEN,
            action="x",
            target_kind="Site",
            target_id=chain,
            changes={},
        )
        row.mac = mac = row_mac(KEYS, None, mac, content(chain, Said.of(row)))
        rows.append(row)
    await AuditRow.bulk_create(rows)
    await AuditHead.create(id=chain, number=len(rows), mac=mac)
    read = await walk(KEYS, chain)
    assert (read.number, read.finding) == (len(rows), None)
    spare = await AuditRow.get(chain=chain, number=1)
    spare.id, spare.number = uuid4(), -1
    await spare.save(force_create=True)
    assert (await walk(KEYS, chain)).finding is not None


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        (b"", NoCheckpoint),
        (b"{", NoCheckpoint),
        (b"[1]", NoCheckpoint),
        (b'{"v":2}', NoCheckpoint),
        (signed_line(KEYS, LINE)[:-40], NoCheckpoint),
        (signed_line(KEYS, LINE).replace(b'"v":1', b'"v":9'), NoCheckpoint),
        (signed_line(KEYS, LINE).replace(b'"number":3', b'"number":4'), CheckpointForged),
        (signed_line(KEYS, LINE).replace(b"0a0b0c0d:mac", b"0a0b0c0d:mad"), CheckpointForged),
        (
            signed_line(KEYS, LINE).replace(b'"signature"', b'"digest":"x","signature"'),
            CheckpointForged,
        ),
        (
            signed_line(KEYS, LINE).replace(KEYS.current_id.encode(), b"00000000"),
            CheckpointOfOtherKey,
        ),
    ],
)
def test_a_line_is_read_or_refused(line: bytes, refusal: type[Exception]) -> None:
    """Whatever is changed in a line is noticed, each kind of wrongness by its own name."""
    with pytest.raises(refusal):
        read_line(KEYS, line)
    assert read_line(KEYS, signed_line(KEYS, LINE)) == LINE
