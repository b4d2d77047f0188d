"""An order to open that never left the server is answered as refused or as not sent, never as "nobody knows"."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from domain import topics
from domain.access.decision import DenialReason
from domain.access.schedule import ALWAYS
from domain.access_rules.service import create_access_rule, delete_access_rule
from domain.actors import Caller
from domain.bus import listening
from domain.errors import AccessDenied, LockDidNotAnswer, LockOffline
from domain.sync.orders import drop_unsent
from domain.sync.tables import LockEvent, UnlockCommand
from domain.unlocking import service
from tests.databases import Database
from tests.domain.sync.yard import Yard
from tests.domain.sync.yard_lock import YardLock
from tests.domain.sync.yard_phone import YardPhone
from tests.waiting import eventually


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    """A site with one member and no locks yet."""
    made = await Yard.make(tmp_path)
    yield made
    made.installation.passwords.close()


async def _online(yard: Yard) -> tuple[YardLock, Caller, UUID]:
    """A lock that has reported, somebody who may open it, and the rule by which they may."""
    lock = await yard.lock("Front door")
    rule = await create_access_rule(
        yard.installation,
        yard.by,
        member_id=yard.owner.id,
        member_tag_id=None,
        lock_ids=[lock.id],
        lock_tag_ids=None,
        schedule=ALWAYS,
        now=yard.now,
    )
    phone = await YardPhone.of_member(yard)
    await yard.settle()
    return lock, phone.by, rule.id


async def _asked(yard: Yard, lock: YardLock, by: Caller) -> "asyncio.Task[LockEvent]":
    """Somebody waits for the door; their order stands in the database."""
    opening = asyncio.create_task(
        service.open_lock(yard.installation, by, lock_id=lock.id, now=yard.now)
    )
    await eventually(lambda: UnlockCommand.filter(lock_id=lock.id).count(), lambda seen: seen == 1)
    return opening


async def test_an_order_that_the_server_drops_is_refused(yard: Yard) -> None:
    """Proves it at once, with the reasons, for a rule that ended between the order and its handing out."""
    lock, by, rule = await _online(yard)
    opening = await _asked(yard, lock, by)
    await delete_access_rule(yard.installation, yard.by, access_rule_id=rule, now=yard.now)
    assert not await lock.server_looks()
    with pytest.raises(AccessDenied) as denied:
        await opening
    assert denied.value.reasons == (DenialReason.NO_RULE,)
    assert lock.openings == 0


async def test_an_order_that_never_left_was_not_sent(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proves LockOffline for a lock that went away in that moment, and that the order is not handed out any more."""
    monkeypatch.setattr(service, "OUTCOME_PATIENCE_SECONDS", 0)
    lock, by, _ = await _online(yard)
    with pytest.raises(LockOffline):
        await service.open_lock(yard.installation, by, lock_id=lock.id, now=yard.now)
    assert not await lock.server_looks()
    assert lock.openings == 0


async def test_an_order_that_has_left_is_unknown(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proves LockDidNotAnswer once it was handed out, whatever becomes of the right to give it."""
    lock, by, rule = await _online(yard)
    opening = await _asked(yard, lock, by)
    assert await lock.server_looks()
    opening.cancel()
    await delete_access_rule(yard.installation, yard.by, access_rule_id=rule, now=yard.now)
    await lock.disconnect()
    await lock.connect()
    await lock.server_looks()
    command = await UnlockCommand.get(lock_id=lock.id)
    assert (command.handed_out_at, command.dropped_at) == (yard.now, None)
    assert not await drop_unsent(command.id, yard.now)
    monkeypatch.setattr(service, "OUTCOME_PATIENCE_SECONDS", 0)
    async with listening(topics.command(command.id)) as wakeups:
        with pytest.raises(LockDidNotAnswer):
            await service._outcome(command.id, wakeups, yard.now)
