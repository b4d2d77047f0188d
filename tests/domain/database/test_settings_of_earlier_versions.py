"""What is known of the settings of locks that an earlier version set up."""

from datetime import UTC, datetime

import pytest

from domain.database import connect, disconnect
from domain.warnings.doors import Doors
from tests.databases import Database
from tests.domain.database.earlier import Earlier
from tests.domain.database.test_rights_of_earlier_versions import a_site
from tests.domain.database.workshop import Workshop, workshop

__all__ = ["workshop"]

THEN = datetime(2026, 11, 28, 12, tzinfo=UTC)
SETTINGS = {
    "zone": "UTC",
    "pinEnabled": True,
    "smartPinEnabled": True,
    "lockoutReleaseMinutes": None,
}


@pytest.fixture
def model_modules() -> tuple[str, ...]:
    """No tables at all: the earlier version's migrations make them."""
    return ()


async def test_what_a_lock_has_told_stays_known_and_what_nobody_wrote_down_does_not(
    fresh_database: Database, workshop: Workshop
) -> None:
    """Acknowledged settings count; with which ones a cellar's secret was given out then, nobody knows."""
    earlier = await Earlier.as_of("0001_initial", fresh_database, workshop)
    site = await a_site(earlier)
    keys = []
    for name, connectivity, proven in (
        ("Front", "ONLINE_WIRED", "a" * 32),
        ("Cellar", "WIRELESS_OFFLINE", None),
    ):
        lock = await earlier.put(
            "locks",
            site_id=site,
            name=name,
            connectivity=connectivity,
            smart_pin_enabled=True,
            incarnation=proven,
            nonces=[],
            epoch=1,
            wanted_revision=1,
            applied_revision=1 if proven else 0,
            snapshot_needed=False,
            state_unknown=False,
            card_pairings=0,
            wrong_entries=0,
            created_at=THEN,
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

    await earlier.brought_up_to_date()
    await connect(fresh_database.url)
    try:
        doors = await Doors.of(keys)
        (front, cellar) = doors.at(keys)
    finally:
        await disconnect()

    assert front.takes_pins
    assert front.smart_pins_of == {"a" * 32}
    assert not cellar.takes_pins
    assert cellar.smart_pins_of == frozenset()
    assert cellar.set_up, "it may have its secret, and cannot tell"
