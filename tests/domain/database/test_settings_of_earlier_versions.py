"""What is known of the settings of locks that an earlier version set up."""

from domain.warnings.doors import Doors
from tests.databases import Database
from tests.domain.database.earlier import THEN, Earlier, model_modules
from tests.domain.database.workshop import Workshop, workshop

__all__ = ["model_modules", "workshop"]

SETTINGS = {
    "zone": "UTC",
    "pinEnabled": True,
    "smartPinEnabled": True,
    "lockoutReleaseMinutes": None,
}


async def test_what_a_lock_has_told_stays_known_and_what_nobody_wrote_down_does_not(
    fresh_database: Database, workshop: Workshop
) -> None:
    """Acknowledged settings count; with which ones a cellar's secret was given out then, nobody knows."""
    earlier = await Earlier.as_of("0001_initial", fresh_database, workshop)
    site = await earlier.site()
    keys = []
    for name, connectivity, proven in (
        ("Front", "ONLINE_WIRED", "a" * 32),
        ("Cellar", "WIRELESS_OFFLINE", None),
    ):
        lock = await earlier.lock(
            site,
            name=name,
            connectivity=connectivity,
            smart_pin_enabled=True,
            incarnation=proven,
            wanted_revision=1,
            applied_revision=1 if proven else 0,
        )
        await earlier.put(
            "provisionings",
            lock_id=lock,
            incarnation=proven or "b" * 32,
            secret_sealed=b"sealed",
            zone="UTC",
            fixed_offset_minutes=0,
            created_at=THEN,
            proven_at=THEN if proven else None,
        )
        await earlier.put(
            "lock_entries",
            lock_id=lock,
            name="settings",
            kind="SETTINGS",
            state="LIVE",
            version=1,
            revision=1,
            content=SETTINGS,
            payload_hash="",
            applied_version=1 if proven else None,
            applied_live=bool(proven),
        )
        keys.append(lock)

    async with earlier.brought_up_to_date():
        doors = await Doors.of(keys)
        (front, cellar) = doors.at(keys)

    assert front.takes_pins
    assert front.smart_pins_of == {"a" * 32}
    assert not cellar.takes_pins
    assert cellar.smart_pins_of == frozenset()
    assert cellar.set_up, "it may have its secret, and cannot tell"
