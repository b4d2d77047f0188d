"""What an update makes of locks, and of what they lack, that an earlier version left."""

import pytest

from domain.database import connect, disconnect
from domain.locks.tables import Lock
from domain.sync.rules import without_applied
from domain.sync.status import locks_in_sync
from domain.sync.tables import LockEntry
from tests.databases import Database
from tests.domain.database.earlier import Earlier
from tests.domain.database.test_rights_of_earlier_versions import THEN, a_site
from tests.domain.database.workshop import Workshop, workshop

__all__ = ["workshop"]


@pytest.fixture
def model_modules() -> tuple[str, ...]:
    """No tables at all: the earlier version's migrations make them."""
    return ()


async def test_a_lock_that_is_behind_stays_so_since_then(
    fresh_database: Database, workshop: Workshop
) -> None:
    """Since when it lacks something is kept, though not each change of it; its connections are counted from none."""
    earlier = await Earlier.as_of("0001_initial", fresh_database, workshop)
    lock = await earlier.put(
        "locks",
        site_id=await a_site(earlier),
        name="Front",
        connectivity="ONLINE_WIRED",
        smart_pin_enabled=False,
        nonces=[],
        epoch=1,
        wanted_revision=3,
        applied_revision=2,
        snapshot_needed=False,
        state_unknown=False,
        card_pairings=0,
        wrong_entries=0,
        created_at=THEN,
    )
    of_lock = {"lock_id": lock, "state": "BLOCKED", "content": {}, "payload_hash": ""}
    for name, since, version in (("a", THEN, 3), ("b", None, 2)):
        await earlier.put(
            "lock_entries",
            name=name,
            kind="PIN",
            version=version,
            revision=version,
            applied_version=2,
            applied_live=False,
            pending_since=since,
            **of_lock,
        )

    await earlier.brought_up_to_date()
    await connect(fresh_database.url)
    try:
        (whole,) = await locks_in_sync(Lock.all())
        rows = await LockEntry.all().order_by("name")
    finally:
        await disconnect()

    assert (whole.lock.connection, whole.pending, whole.pending_since) == (0, 1, THEN)
    assert [row.pending_since for row in rows] == [THEN, None]
    assert [without_applied(row.pending_changes, 2) for row in rows] == [None, None]
