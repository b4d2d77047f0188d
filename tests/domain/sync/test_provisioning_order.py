"""Which secret of a lock is the newest is told by the order in which they were given out; on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from domain.database import rows
from domain.locks.tables import Provisioning
from tests.databases import Database
from tests.domain.sync.yard import Yard

AHEAD_SECONDS = 20


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    """A site with one member and no locks yet."""
    made = await Yard.make(tmp_path)
    yield made
    made.installation.passwords.close()


async def test_a_clock_that_is_ahead_does_not_make_an_older_secret_the_newest(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of two was given out by such a process. Proving the second voids the first, and not the other way round."""
    lock = await yard.lock("Front")
    with monkeypatch.context() as ahead:
        ahead.setattr(rows, "uuid7", _ahead)
        first = await yard.provision(lock.id)
    second = await yard.provision(lock.id)
    newest = await Provisioning.filter(lock_id=lock.id).order_by("-id").first()
    lock.reset(first)
    await lock.connect()
    pending = await Provisioning.filter(lock_id=lock.id, proven_at=None).count()
    lock.reset(second)
    await yard.settle()
    assert lock.own.incarnation == second.incarnation
    in_force = await lock.row()
    lock.reset(first)
    await lock.connect()

    assert newest is not None
    assert newest.incarnation == second.incarnation
    assert pending == 1, "the second may still be proven"
    assert in_force.incarnation == second.incarnation
    assert lock.actor is None, "the first is void"
    assert await Provisioning.filter(lock_id=lock.id).count() == 1


def _ahead() -> UUID:
    """UUIDv7 (RFC 9562) begins with 48 bits of milliseconds."""
    return UUID(int=uuid7().int + (AHEAD_SECONDS * 1000 << 80))
