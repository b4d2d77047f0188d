"""What an update makes of locks, and of what they lack, that an earlier version left."""

from datetime import datetime, timedelta

from domain.link.events import LockEventKind
from domain.locks.tables import Lock, Reader
from domain.sync.rules import without_applied
from domain.sync.settling import was_refused
from domain.sync.status import locks_in_sync
from domain.sync.tables import LockDelivery, LockEntry, LockEvent
from tests.databases import Database
from tests.domain.database.earlier import THEN, Earlier, model_modules
from tests.domain.database.workshop import Workshop, workshop

__all__ = ["model_modules", "workshop"]


async def test_a_lock_that_is_behind_stays_so_since_then(
    fresh_database: Database, workshop: Workshop
) -> None:
    """Since when it lacks something is kept, though not each change of it; its connections are counted from none."""
    earlier = await Earlier.as_of("0001_initial", fresh_database, workshop)
    lock = await earlier.lock(await earlier.site(), wanted_revision=3, applied_revision=2)
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

    async with earlier.brought_up_to_date():
        (whole,) = await locks_in_sync(Lock.all())
        rows = await LockEntry.all().order_by("name")

    assert (whole.lock.connection, whole.pending, whole.pending_since) == (0, 1, THEN)
    assert [row.pending_since for row in rows] == [THEN, None]
    assert [without_applied(row.pending_changes, 2) for row in rows] == [None, None]


async def test_a_reader_counts_as_added_with_its_lock(
    fresh_database: Database, workshop: Workshop
) -> None:
    """When it was, nobody wrote down; removed readers too, and each by its own lock."""
    earlier = await Earlier.as_of("0012_events_refused_and_missing", fresh_database, workshop)
    site, later = await earlier.site(), THEN + timedelta(days=400)
    added = {}
    for since, deleted in ((THEN, None), (later, later)):
        lock = await earlier.lock(site, connection=0, connections=0, created_at=since)
        for name in ("Street", "Yard"):
            reader = await earlier.put(
                "readers",
                lock_id=lock,
                name=name,
                has_keypad=True,
                pin_enabled=True,
                deleted_at=deleted,
            )
            added[reader] = since

    async with earlier.brought_up_to_date():
        rows = await Reader.all()

    assert {row.id: row.created_at for row in rows} == added


async def test_what_locks_reported_and_were_handed_before_stays(
    fresh_database: Database, workshop: Workshop
) -> None:
    """Events without a count, and deliveries of which nobody knows in how many parts they were."""
    earlier = await Earlier.as_of("0011_what_locks_read", fresh_database, workshop)
    site = await earlier.site()
    lock = await earlier.lock(
        site,
        wanted_revision=3,
        applied_revision=2,
        snapshot_needed=True,
        connection=0,
        connections=0,
    )
    await earlier.put(
        "lock_events",
        site_id=site,
        number=1,
        lock_id=lock,
        state_id="disk",
        sequence=1,
        kind="OPENED",
        method="PIN",
        recorded_at=THEN,
        reasons=[],
    )
    await earlier.put(
        "lock_deliveries",
        lock_id=lock,
        incarnation="life",
        epoch=1,
        from_revision=0,
        to_revision=3,
        snapshot=True,
        items=[],
        created_at=THEN,
    )

    async with earlier.brought_up_to_date():
        (event,), (delivery,) = await LockEvent.all(), await LockDelivery.all()

    assert event.kind is LockEventKind.OPENED
    left: list[object] = [event.count, event.refusal, event.claimed_kind]
    left += [delivery.parts, delivery.answer]
    assert left == [None] * 5
    assert not was_refused(delivery, 2)


async def test_a_lock_that_lost_its_clock_is_known_to_go_without(
    fresh_database: Database, workshop: Workshop
) -> None:
    """The newest of its events about its clock tells: lost, lost and set again, set and lost again, or never anything."""
    earlier = await Earlier.as_of("0013_when_readers_were_added", fresh_database, workshop)
    site = await earlier.site()
    lost: dict[object, datetime | None] = {}
    number = 0
    for told in (
        (),
        ("CLOCK_LOST",),
        ("CLOCK_LOST", "CLOCK_SET"),
        ("CLOCK_LOST", "CLOCK_SET", "CLOCK_LOST"),
    ):
        lock = await earlier.lock(site, connection=0, connections=0)
        lost[lock] = None
        for kind in told:
            number += 1
            at = THEN + timedelta(hours=number)
            await earlier.put(
                "lock_events",
                site_id=site,
                lock_id=lock,
                number=number,
                state_id="a",
                sequence=number,
                kind=kind,
                recorded_at=at,
                reasons=[],
            )
            lost[lock] = at if kind == "CLOCK_LOST" else None

    async with earlier.brought_up_to_date():
        rows = await Lock.all()

    assert {row.id: row.clock_lost_since for row in rows} == lost
