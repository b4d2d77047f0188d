"""Another key comes in front and everything is written anew with it; interrupted anywhere, and run again."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.access.schedule import Schedule
from domain.audit.chains import walk
from domain.database import transaction, use_case
from domain.database.rows import save_all
from domain.errors import PinNotAcceptable
from domain.invitations.service import create_invitation
from domain.letters.letter import Letter
from domain.locks.tables import Lock
from domain.mail.outbox import post
from domain.people.second_factor import totp_identity
from domain.people.tables import Account
from domain.pins.service import reassign_pin
from domain.pins.tables import Pin, PinReservation
from domain.recorded_keys.processes import OwnProcess
from domain.recorded_keys.rotation import (
    KeyNotUsable,
    ProcessesLackKey,
    announce_key,
    front_key,
    keys_to_leave,
)
from domain.recorded_keys.service import open_keyring
from domain.recorded_keys.traces import keys_in_use, sealed_columns, tagged_columns
from domain.rotating import service, writing_anew
from domain.rotating.columns import CHECKED, REMADE_TAGS, SEALED
from domain.rotating.service import Rotated, rotate
from domain.security.key_files import add_secret, remove_secret
from domain.security.keys import KeyFileError, Keyring, key_of_tag
from tests.databases import Database, only_sqlite
from tests.domain.sync.yard import Yard

NEW = secrets.token_urlsafe(32)
NEW_ID = Keyring.from_text(NEW).current_id
DIGITS, GIVEN_UP, LATER = "739154", "482615", "917364"


class Killed(Exception):
    """Stands for the end of a process."""


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    """A site with one of everything that is sealed or can be tagged anew; its process knows the new secret, too."""
    made = await Yard.make(tmp_path)
    old = (tmp_path / "secret.key").read_text().strip()
    keys = await open_keyring(lambda fresh: Keyring.from_text(f"{old} {NEW}"), made.now)
    made.installation = replace(made.installation, keys=keys)
    lock = await made.lock("Front")
    await made.pin(lock, digits=DIGITS)
    pin = (await made.pin(lock, digits=GIVEN_UP)).pin
    await made.settle()
    await reassign_pin(made.installation, made.by, pin_id=pin.id, digits=LATER, now=made.now)
    await create_invitation(
        made.installation,
        made.by,
        name="Guest",
        lock_ids=[lock.id],
        lock_tag_ids=None,
        schedule=Schedule(valid_until=made.now + timedelta(days=1)),
        device_limit=1,
        now=made.now,
    )
    await _sealed_otherwise(made)
    yield made
    made.installation.passwords.close()


@use_case
async def _sealed_otherwise(yard: Yard) -> None:
    keys = yard.installation.keys
    async with transaction():
        await post(
            yard.installation, yard.by, Letter("a@example.com", "S", ["Hello"]), now=yard.now
        )
        account = Account(email="a@example.com", created_at=yard.now)
        account.totp_sealed = keys.seal(b"JBSWY3DPEHPK3PXP", totp_identity(account.id))
        await account.save(force_create=True)
        await Lock.all().update(
            card_sealed=keys.seal(b"\x01\x02\x03\x04", f"card:{yard.locks[0].id}")
        )


async def rotated(yard: Yard) -> Rotated:
    """A rotation to the new secret, or the rest of one."""
    return await rotate(
        yard.installation, lambda: NEW_ID, lambda line: None, yard.clock, patience=0
    )


def alone(yard: Yard, key_id: str) -> None:
    """From here on the process has this key and no other."""
    keys = yard.installation.keys
    keys.take_over(keys.arranged(key_id, set(keys.ids) - {key_id}))


async def check_all_is_there(yard: Yard) -> None:
    """With the new key alone: digits are taken, locks get theirs, the audit is proven."""
    assert await front_key() == NEW_ID
    assert await keys_to_leave() == []
    for sealed in SEALED:
        rows = await sealed.model.exclude(**{sealed.column: None})
        assert rows, sealed.words
        for row in rows:
            Keyring.from_text(NEW).open(getattr(row, sealed.column), sealed.identity(row))
    for model, name in REMADE_TAGS:
        for row in await model.all():
            assert key_of_tag(getattr(row, name)) == NEW_ID
    alone(yard, NEW_ID)
    lock = yard.locks[0]
    for digits in (DIGITS, GIVEN_UP, LATER):
        with pytest.raises(PinNotAcceptable):
            await yard.pin(lock, digits=digits)


async def test_everything_is_written_anew_and_the_new_key_is_enough(yard: Yard) -> None:
    """What is there before and after, with a change in between; the audit's old part is proven by what closed it."""
    done = await rotated(yard)
    assert done.front == NEW_ID
    assert not done.broken_chains
    assert sum(each.anew for each in done.written) >= 10
    assert sum(each.damaged + each.unknown for each in done.written) == 0
    await check_all_is_there(yard)
    assert (await walk(yard.installation.keys, yard.site.id)).finding is None
    assert await keys_in_use() - {NEW_ID} <= {done.left[0]}, "the audit's rows alone"


@only_sqlite
@pytest.mark.parametrize(
    "step", ["_until_known", "_until_in_front", "write_all_anew", "close_chains"]
)
async def test_killed_before_a_step_it_goes_on_from_there(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Digits are unique meanwhile, and the second run makes no further key."""

    async def killed(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(service, step, killed)
        with pytest.raises(Killed):
            await rotated(yard)
    with pytest.raises(PinNotAcceptable):
        await yard.pin(yard.locks[0], digits=DIGITS)
    await rotate(yard.installation, lambda: NEW_ID, lambda line: None, yard.clock, patience=0)
    await check_all_is_there(yard)


async def test_killed_between_any_two_batches_it_goes_on_from_there(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half is under the one key and half under the other: all digits are found taken, and none is lost."""
    left = [0]
    batch = save_all

    async def some(*given: Any) -> None:
        if given[0]:
            if left[0] == 0:
                raise Killed
            left[0] -= 1
        await batch(*given)

    monkeypatch.setattr(writing_anew, "save_all", some)
    for _ in range(20):
        left[0] = 1
        try:
            await rotated(yard)
        except Killed:
            for digits in (DIGITS, GIVEN_UP, LATER):
                with pytest.raises(PinNotAcceptable):
                    await yard.pin(yard.locks[0], digits=digits)
            continue
        break
    await check_all_is_there(yard)


@only_sqlite
async def test_a_process_without_the_key_stops_it_before_anything_is_written(yard: Yard) -> None:
    """It is named with the place of its secret; once it knows the key, or has ended, the rotation goes on."""
    old = yard.installation.keys.current_id
    own = yard.installation.keys.arranged(old, [NEW_ID])
    process = OwnProcess("process 7 on gate", "LATCHWORK_SECRET", own, lambda: own)
    await process.look(yard.now)
    with pytest.raises(ProcessesLackKey, match=r"process 7 on gate .*LATCHWORK_SECRET"):
        await rotated(yard)
    assert await front_key() == old
    process.load = lambda: yard.installation.keys
    await process.look(yard.now)
    assert set(own.ids) == {old, NEW_ID}
    await rotated(yard)
    await process.look(yard.now)
    assert own.current_id == NEW_ID


@only_sqlite
async def test_what_is_damaged_stays_and_is_counted(yard: Yard) -> None:
    """A seal copied over another row's, and a tag that is not that of its PIN."""
    one, other = await Pin.all().order_by("id")
    await Pin.filter(id=one.id).update(verifier_sealed=other.verifier_sealed)
    done = await rotated(yard)
    damaged = {each.words: each.damaged for each in done.written if each.damaged}
    assert damaged == {"PINs": 1, "digits that are taken": 1}
    assert await keys_to_leave() == []


@only_sqlite
async def test_digits_given_up_before_their_verifiers_were_kept_hold_the_old_key(
    yard: Yard,
) -> None:
    """Until their lock has acknowledged: then the rotation can be finished."""
    await PinReservation.exclude(retired_at=None).update(verifier_sealed=None)
    done = await rotated(yard)
    assert sum(each.unknown for each in done.written) == 1
    assert await keys_to_leave() == list(done.left)
    await yard.settle()
    await rotated(yard)
    await check_left(yard)


async def check_left(yard: Yard) -> None:
    assert await keys_to_leave() == []
    assert await front_key() == NEW_ID


@only_sqlite
async def test_a_key_that_was_in_front_does_not_come_back(yard: Yard) -> None:
    """Nor does one that is."""
    old = yard.installation.keys.current_id
    await rotated(yard)
    for key_id in (old, NEW_ID):
        with pytest.raises(KeyNotUsable):
            await announce_key(key_id, yard.now)


@only_sqlite
async def test_no_column_is_forgotten(database: Database) -> None:
    """Each sealed column and each tag is written anew, or checked until its key is dropped; the audit's are closed."""
    assert {(each.model._meta.db_table, each.column) for each in SEALED} == set(sealed_columns())
    tags = {(model._meta.db_table, name) for model, name in (*REMADE_TAGS, *CHECKED)}
    assert tags | {("audit_rows", "mac"), ("audit_heads", "mac")} == set(tagged_columns())


def test_a_secret_comes_into_the_file_and_leaves_it_whole(tmp_path: Path) -> None:
    """Through a link, the mode kept, and never the last one."""
    real = tmp_path / "real.key"
    file = tmp_path / "secret.key"
    file.symlink_to(real)
    first = Keyring.load_or_create(real).current_id
    second = add_secret(file)
    assert file.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o600
    assert Keyring.load(file).ids == (first, second)
    assert remove_secret(file, first)
    assert not remove_secret(file, first)
    with pytest.raises(KeyFileError):
        remove_secret(file, second)
    assert Keyring.load(file).ids == (second,)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["real.key", "secret.key"]
    real.write_text("c2hvcnQ")
    with pytest.raises(KeyFileError):
        add_secret(file)
    assert real.read_text() == "c2hvcnQ"
