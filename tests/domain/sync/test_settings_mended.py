"""Locks that were told other settings than the tables say are told again at the next start; on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from domain.audit.tables import AuditRow
from domain.locks.service import delete_lock
from domain.locks.tables import Lock, Reader
from domain.sites.tables import Site
from domain.sync.entries import SETTINGS, SMARTPIN_RULES
from domain.sync.lock_settings import mend_settings
from domain.sync.tables import EntryState, LockEntry
from tests.application import serving
from tests.databases import Database
from tests.domain.sync.yard import Yard
from tests.domain.sync.yard_lock import YardLock
from tests.waiting import eventually


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    """A site with one member and no locks yet."""
    made = await Yard.make(tmp_path)
    yield made
    made.installation.passwords.close()


async def _told(lock: YardLock) -> dict[str, Any]:
    return dict((await LockEntry.get(lock_id=lock.id, name=SETTINGS)).content)


async def test_a_lock_that_takes_pins_although_pin_mode_is_off_is_told(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And opens with none once it has heard; a lock that was told the truth hears nothing."""
    monkeypatch.setattr("domain.sync.lock_settings._BATCH", 1)
    wrong, right = await yard.lock("Wrong"), await yard.lock("Right")
    shown = await yard.pin(wrong, right)
    await yard.settle()
    await Reader.filter(lock_id=wrong.id).update(pin_enabled=False)
    before = await LockEntry.get(lock_id=right.id, name=SETTINGS)
    opened = wrong.type(shown.digits)

    await mend_settings(yard.installation, yard.now)
    await yard.settle()

    assert opened
    assert not wrong.type(shown.digits)
    assert right.type(shown.digits)
    after = await LockEntry.get(lock_id=right.id, name=SETTINGS)
    assert (after.version, after.revision) == (before.version, before.revision)
    assert [row.target_id for row in await AuditRow.filter(action="mendSettings")] == [wrong.id]


async def test_whatever_a_lock_is_told_of_its_site_is_compared(yard: Yard) -> None:
    """Zone, SmartPINs, the end of a lockout, and whether a first use is asked for."""
    lock = await yard.lock("Front")
    await Lock.filter(id=lock.id).update(smart_pin_enabled=True)
    await Site.filter(id=yard.site.id).update(
        timezone="Europe/Rome", lockout_release_minutes=30, smart_pin_activation=True
    )

    await mend_settings(yard.installation, yard.now)

    assert await _told(lock) == {
        "zone": "Europe/Rome",
        "pinEnabled": True,
        "smartPinEnabled": True,
        "lockoutReleaseMinutes": 30,
    }
    rules = await LockEntry.get(lock_id=lock.id, name=SMARTPIN_RULES)
    assert rules.state is EntryState.LIVE


async def test_where_nothing_is_wrong_nothing_is_written(yard: Yard) -> None:
    """Nor for a lock that was deleted."""
    await yard.lock("Front")
    gone = await yard.lock("Gone")
    await delete_lock(yard.installation, yard.by, lock_id=gone.id, now=yard.now)
    await Reader.filter(lock_id=gone.id).update(pin_enabled=False)

    await mend_settings(yard.installation, yard.now)

    assert not await AuditRow.filter(action="mendSettings").exists()


async def test_a_server_looks_at_its_start(fresh_database: Database, tmp_path: Path) -> None:
    """Whoever runs it need not know."""
    async with serving(fresh_database, tmp_path) as served:
        house = await served.site()
        await house.lock()
        await Reader.all().update(pin_enabled=False)
        assert (await LockEntry.get(name=SETTINGS)).content["pinEnabled"] is True
    async with serving(fresh_database, tmp_path):

        async def told() -> bool:
            return bool((await LockEntry.get(name=SETTINGS)).content["pinEnabled"])

        await eventually(told, lambda enabled: not enabled)
