"""Two processes of one database whose keyrings differ, as while a new secret is put in front: nothing goes by unseen.

Each process is an installation of its own here, over the same database.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from copy import copy
from dataclasses import replace
from pathlib import Path

import pytest
from tortoise.fields import BinaryField, CharField

from domain.audit.tables import AuditRow
from domain.database import hold, transaction, use_case
from domain.database.connection import APP, connected
from domain.errors import PinNotAcceptable
from domain.installation import Installation
from domain.locks.tables import Lock
from domain.pins.service import set_blocked
from domain.pins.tables import Pin, PinReservation
from domain.recorded_keys.rotation import announce_key, put_in_front
from domain.recorded_keys.service import KeysMissing, missing_keys, open_keyring
from domain.recorded_keys.traces import keys_in_use, sealed_columns, tagged_columns
from domain.security.keys import Keyring, key_of_seal
from domain.sync.tables import EntryState, LockEntry
from tests.databases import Database, only_postgresql
from tests.domain.sync.yard import Yard

NEW = secrets.token_urlsafe(32)
DIGITS = "739154"


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    """A site whose process has the old secret only."""
    made = await Yard.make(tmp_path)
    yield made
    made.installation.passwords.close()


@pytest.fixture
def old(yard: Yard, tmp_path: Path) -> str:
    """The secret with which the site was made."""
    return (tmp_path / "secret.key").read_text()


async def process(yard: Yard, *secrets_given: str) -> Installation:
    """A process that has started with these secrets, the first in front."""
    keys = Keyring.from_text(" ".join(secrets_given))
    return replace(yard.installation, keys=await open_keyring(lambda fresh: keys, yard.now))


async def rotated(yard: Yard, secret: str) -> None:
    """The key of this secret comes in front, whatever processes do meanwhile."""
    key_id = Keyring.from_text(secret).current_id
    await announce_key(key_id, yard.now)
    await put_in_front(key_id, yard.now)


async def test_digits_are_unique_across_a_change_of_the_key_in_front(yard: Yard, old: str) -> None:
    """What was reserved under the key before is found taken, also by a process that has not looked yet which is in front."""
    lock = await yard.lock("Front")
    one, other = await process(yard, old, NEW), await process(yard, NEW, old)
    assert one.keys.ids == other.keys.ids, "the database says which is in front"
    yard.installation = one
    await yard.pin(lock, digits=DIGITS)
    await rotated(yard, NEW)
    for each in (await process(yard, NEW, old), one):
        yard.installation = each
        with pytest.raises(PinNotAcceptable):
            await yard.pin(lock, digits=DIGITS)
    yard.installation = other
    pin = (await yard.pin(lock)).pin
    assert key_of_seal((await Pin.get(id=pin.id)).verifier_sealed or b"") == other.keys.current_id
    assert other.keys.current_id == Keyring.from_text(NEW).current_id, "it did its change again"


async def test_of_two_processes_that_reserve_the_same_digits_at_once_one_does(
    yard: Yard, old: str
) -> None:
    """One begins with the old key in front, one with the new: no constraint would refuse the second."""
    lock = await yard.lock("Front")
    before = [await process(yard, old, NEW) for _ in range(5)]
    await rotated(yard, NEW)
    for number in range(5):
        digits = f"7391{number}4"
        yards = [copy(yard), copy(yard)]
        for each, installation in zip(
            yards, (before[number], await process(yard, old, NEW)), strict=True
        ):
            each.installation = installation
        answers = await asyncio.gather(
            *(each.pin(lock, digits=digits) for each in yards), return_exceptions=True
        )
        assert sorted(type(each).__name__ for each in answers) == [
            "PinNotAcceptable",
            "PinWithDigits",
        ]


async def test_a_process_that_lacks_a_recorded_key_changes_nothing(yard: Yard, old: str) -> None:
    """Neither digits that the other has reserved, nor an entry without a hash, nor anything else is saved."""
    lock, other = await yard.lock("Front"), await yard.lock("Side")
    behind = await process(yard, old)
    await rotated(yard, NEW)
    yard.installation = await process(yard, NEW, old)
    pin = (await yard.pin(lock, digits=DIGITS)).pin
    before = await everything()

    yard.installation = behind
    for change in (
        lambda: yard.pin(lock, digits=DIGITS),
        lambda: yard.pin(lock),
        lambda: set_blocked(behind, yard.by, pin_id=pin.id, blocked=True, now=yard.now),
        lambda: yard.moved(pin, lock, other),
        lambda: yard.provision(lock.id),
        lambda: yard.lock("Back"),
    ):
        with pytest.raises(KeysMissing):
            await change()
    assert await everything() == before
    assert await missing_keys(behind.keys) == {Keyring.from_text(NEW).current_id}


@only_postgresql  # SQLite has one process
async def test_a_change_that_began_before_the_new_key_was_recorded_is_not_committed(
    yard: Yard, old: str
) -> None:
    """It waits for its turn, in which the other process reserves the same digits under the new key."""
    lock = await yard.lock("Front")
    behind = await process(yard, old)
    ahead = copy(yard)
    begun, let_go = asyncio.Event(), asyncio.Event()

    @use_case
    async def in_the_way() -> None:
        async with transaction():
            await hold(f"access:{yard.site.id}")
            begun.set()
            await let_go.wait()

    waiting = asyncio.create_task(in_the_way())
    await begun.wait()
    await rotated(yard, NEW)
    ahead.installation = await process(yard, NEW, old)
    first = asyncio.create_task(ahead.pin(lock, digits=DIGITS))
    yard.installation = behind
    second = asyncio.create_task(yard.pin(lock, digits=DIGITS))
    let_go.set()
    await waiting
    assert (await first).digits == DIGITS
    with pytest.raises((KeysMissing, PinNotAcceptable)):
        await second
    assert await PinReservation.all().count() == 1


async def test_every_sealed_and_tagged_column_is_looked_at(database: Database) -> None:
    """Each binary column is sealed or is listed here as none; each tag has a name by which it is found."""
    apps = connected().context.apps
    assert apps is not None
    fields = [
        (model._meta.db_table, name, field)
        for model in apps[APP].values()
        for name, field in model._meta.fields_map.items()
    ]
    binary = {(table, name) for table, name, field in fields if isinstance(field, BinaryField)}
    assert binary - set(sealed_columns()) == {("sites", "pin_salt")}
    assert set(tagged_columns()) == {
        (table, name)
        for table, name, field in fields
        if isinstance(field, CharField) and (name.endswith("tag") or name == "mac")
    }


async def test_each_kind_of_trace_is_found_by_its_key(yard: Yard, old: str) -> None:
    """A seal and a tag each say under which key they were made; other text says nothing."""
    lock = await yard.lock("Front")
    ids = {Keyring.from_text(old).current_id}
    assert await keys_in_use() == ids
    await Pin.filter(id=(await yard.pin(lock)).pin.id).update(
        verifier_sealed=b"\x01" + bytes.fromhex("0a1b2c3d") + bytes(40)
    )
    await PinReservation.all().update(tag="4d5e6f70:x")
    assert await keys_in_use() == ids | {"0a1b2c3d", "4d5e6f70"}
    await PinReservation.all().update(tag="no tag at all")
    assert await keys_in_use() == ids | {"0a1b2c3d"}


async def everything() -> list[object]:
    """What a change could have left."""
    return [
        await Pin.all().order_by("id").values(),
        await PinReservation.all().order_by("id").values(),
        await LockEntry.all().order_by("id").values(),
        await LockEntry.filter(state=EntryState.LIVE, payload_hash="").count(),
        await Lock.all().order_by("id").values("id", "wanted_revision"),
        await AuditRow.all().count(),
    ]
