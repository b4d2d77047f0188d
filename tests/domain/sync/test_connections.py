"""Only the newest connection of a lock is heard and fed, whatever an older one still brings; on both databases."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from domain.actors import LockActor
from domain.database import drain
from domain.errors import NotAllowed
from domain.sync.feed import Feed, follow_feed
from domain.sync.reports import Acknowledged, report_lock
from domain.sync.settling import FeedPosition
from domain.sync.tables import LockEvent
from tests.databases import Database
from tests.domain.sync.yard import Yard
from tests.domain.sync.yard_lock import YardLock

OLD_NONCE = "A" * 43


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    """A site with one member and no locks yet."""
    made = await Yard.make(tmp_path)
    yield made
    made.installation.passwords.close()


async def _on_two_sockets(yard: Yard) -> tuple[YardLock, LockActor]:
    """A lock that has everything and is on its newest socket, and the actor of the socket before."""
    lock = await yard.lock("Front")
    await yard.settle()
    older = lock.actor
    assert older is not None
    await lock.connect()
    await lock.settle()
    return lock, older


async def test_a_late_feed_of_an_older_connection_neither_opens_nor_ends_the_newer(
    yard: Yard,
) -> None:
    """It says where the lock was long ago: nothing becomes unknown by that either."""
    lock, older = await _on_two_sockets(yard)
    before = await lock.row()
    late = await Feed.open(yard.installation, older, FeedPosition(1, 0), yard.now)
    await yard.pin(lock)
    await lock.server_looks()
    after = await lock.row()

    assert late is None
    assert lock.feed is not None
    assert not lock.feed.over
    assert (after.feed_id, after.state_unknown) == (before.feed_id, False)
    assert lock.down


async def test_a_late_report_of_an_older_connection_changes_nothing(yard: Yard) -> None:
    """Neither its nonce nor its acknowledgement counts; its events the lock will say again."""
    lock, older = await _on_two_sockets(yard)
    before = await lock.row()
    events = await LockEvent.all().count()
    yard.now += timedelta(seconds=30)
    with pytest.raises(NotAllowed):
        await report_lock(
            yard.installation,
            older,
            lock_id=lock.id,
            applied_revision=before.applied_revision,
            acknowledged=Acknowledged(None, "0" * 64),
            nonce=OLD_NONCE,
            events=[],
            now=yard.now,
        )
    after = await lock.row()

    assert after.nonces == before.nonces
    assert after.last_contact_at == before.last_contact_at
    assert (after.state_unknown, await LockEvent.all().count()) == (False, events)


async def test_a_feed_ends_when_the_lock_is_heard_on_a_newer_connection(yard: Yard) -> None:
    """Also by a report that comes before the newer feed; the nonces of the older are void."""
    lock = await yard.lock("Front")
    await yard.settle()
    feed, lock.feed = lock.feed, None
    assert feed is not None
    await lock.connect()
    assert lock.actor is not None
    assert lock.feed is not None
    newer = replace(lock.actor, connection=lock.actor.connection + 1)
    before = await lock.row()
    await report_lock(
        yard.installation,
        newer,
        lock_id=lock.id,
        applied_revision=before.applied_revision,
        acknowledged=None,
        nonce=OLD_NONCE,
        events=[],
        now=yard.now,
    )
    for each in (feed, lock.feed):
        items = [item async for item in each.due(yard.clock)]
        assert (items, each.over) == ([], True)
        await each.close()
    await Feed.open(yard.installation, newer, FeedPosition(1, before.applied_revision), yard.now)
    row = await lock.row()

    assert [nonce for nonce, _ in row.nonces] == [OLD_NONCE]
    assert row.feed_id is not None


async def test_which_connection_is_newer_is_counted_and_not_read_from_clocks(yard: Yard) -> None:
    """The lock comes to another process, whose clock is behind: it is heard there, and has the time from there."""
    lock = await yard.lock("Front")
    await yard.settle()
    yard.now -= timedelta(seconds=20)
    await lock.connect()
    await yard.pin(lock)
    await lock.settle()

    assert len((await lock.row()).nonces) == 1
    assert await lock.at_rest()


@pytest.mark.parametrize("patience", [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89])
async def test_a_feed_that_is_given_up_while_it_opens_is_closed(yard: Yard, patience: int) -> None:
    """At whatever step the socket goes away: no lock is shown online that is not."""
    lock = await yard.lock("Front")
    await yard.settle()
    await lock.disconnect()
    assert lock.actor is not None
    row = await lock.row()
    feed = follow_feed(
        yard.installation,
        lock.actor,
        incarnation=lock.actor.incarnation,
        position=FeedPosition(row.epoch, row.applied_revision),
        clock=yard.clock,
    )
    opening = asyncio.ensure_future(anext(feed))
    for _ in range(patience):
        await asyncio.sleep(0)
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)
    await feed.aclose()

    assert await drain(10) == 0
    assert (await lock.row()).feed_id is None
