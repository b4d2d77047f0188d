"""What an earlier version wrote of locks counts as it did: PINs that are there, and removals that may leave the path."""

from datetime import timedelta

from domain.database import sweep
from domain.pins.guess_budget import _held
from domain.sync.sweeping import SWEEPS
from domain.sync.tables import LockEntry
from tests.databases import Database
from tests.domain.database.earlier import THEN, Earlier, model_modules
from tests.domain.database.workshop import Workshop, workshop

__all__ = ["model_modules", "workshop"]


async def test_pins_count_by_length_and_acknowledged_removals_are_gone(
    fresh_database: Database, workshop: Workshop
) -> None:
    """Neither a removal that its lock lacks, nor one at a lock that may still apply what it was sent."""
    earlier = await Earlier.as_of("0015_clocks_that_were_lost", fresh_database, workshop)
    site = await earlier.site()
    member = await earlier.put(
        "members", site_id=site, name="Emil", role="USER", can_edit=False, created_at=THEN
    )
    settled, waiting = [await earlier.lock(site, name=name) for name in ("Front", "Back")]
    await earlier.put(
        "lock_deliveries",
        lock_id=waiting,
        incarnation="a" * 32,
        epoch=1,
        from_revision=0,
        to_revision=1,
        snapshot=False,
        items=[],
        created_at=THEN,
    )
    for lock, state, applied in (
        (settled, "LIVE", 2),
        (settled, "REMOVED", 2),
        (settled, "REMOVED", 1),
        (waiting, "REMOVED", 2),
    ):
        pin = await earlier.put(
            "pins",
            site_id=site,
            owner_id=member,
            kind="CUSTOM",
            status="ACTIVE",
            personal=False,
            blocked_by_admin=False,
            notes="",
            weekdays=127,
            length=6,
            digits_version=1,
            created_at=THEN,
            updated_at=THEN,
        )
        await earlier.put(
            "lock_entries",
            lock_id=lock,
            pin_id=pin,
            name=f"pin-{pin}",
            kind="PIN",
            state=state,
            version=2,
            revision=2,
            content={},
            payload_hash="",
            applied_version=applied,
            applied_live=state == "LIVE" or applied == 1,
        )

    async with earlier.brought_up_to_date():
        held = await _held([settled, waiting], THEN)
        assert (dict(held[settled]), dict(held[waiting])) == ({6: 1}, {})
        for kind in SWEEPS:
            await sweep(kind, THEN + timedelta(minutes=1))
        (gone,) = await LockEntry.filter(gone_at__isnull=False)
        assert (gone.lock_id, gone.applied_version) == (settled, 2)
