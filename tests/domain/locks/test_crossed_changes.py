"""Changes of a lock's doors that meet: what was said last is what the lock is told; on both databases."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from domain.database import use_case
from domain.errors import NotFound
from domain.locks.hubs import create_hub
from domain.locks.pin_mode import set_pin_mode
from domain.locks.readers import delete_reader, update_reader
from domain.locks.rules import Connectivity
from domain.locks.service import update_lock
from domain.locks.tables import Lock, Reader
from domain.sites.service import update_site
from domain.sync.entries import SETTINGS
from domain.sync.tables import LockEntry
from tests.databases import Database
from tests.domain.crossing import held_back
from tests.domain.sync.yard import Yard


@dataclass
class Door:
    """One lock with its keypad, and the changes that meet there."""

    yard: Yard
    lock_id: UUID
    reader_id: UUID

    @property
    def held(self) -> str:
        return f"SELECT 1 FROM locks WHERE id = '{self.lock_id}' FOR UPDATE"

    def pin_mode(self, **of: UUID) -> Coroutine[Any, Any, Any]:
        return set_pin_mode(
            self.yard.installation, self.yard.by, **of, enabled=False, now=self.yard.now
        )

    def pin_mode_off(self) -> Coroutine[Any, Any, Any]:
        return self.pin_mode(lock_id=self.lock_id)

    def smart_pins_off(self) -> Coroutine[Any, Any, Any]:
        return update_lock(
            self.yard.installation,
            self.yard.by,
            lock_id=self.lock_id,
            fields={"smart_pin_enabled": False},
            now=self.yard.now,
        )

    def reader_gone(self) -> Coroutine[Any, Any, Any]:
        return delete_reader(
            self.yard.installation, self.yard.by, reader_id=self.reader_id, now=self.yard.now
        )

    def reader_renamed(self) -> Coroutine[Any, Any, Any]:
        return update_reader(
            self.yard.installation,
            self.yard.by,
            reader_id=self.reader_id,
            name="Gate",
            now=self.yard.now,
        )

    def site_changed(self) -> Coroutine[Any, Any, Any]:
        return update_site(
            self.yard.installation,
            self.yard.by,
            fields={"lockout_release_minutes": 30, "smart_pin_activation": True},
            now=self.yard.now,
        )

    async def told(self) -> dict[str, Any]:
        """The settings that the lock should hold."""
        return dict((await LockEntry.get(lock_id=self.lock_id, name=SETTINGS)).content)

    async def reader(self) -> Reader:
        return await Reader.get(id=self.reader_id)


@pytest.fixture
async def door(database: Database, tmp_path: Path) -> AsyncIterator[Door]:
    """A door with PIN mode and SmartPINs on."""
    yard = await Yard.make(tmp_path)
    lock = await yard.lock("Front")
    (reader,) = await Reader.filter(lock_id=lock.id)
    made = Door(yard, lock.id, reader.id)
    await update_lock(
        yard.installation,
        yard.by,
        lock_id=lock.id,
        fields={"smart_pin_enabled": True},
        now=yard.now,
    )
    yield made
    yard.installation.passwords.close()


async def crossed(
    database: Database, door: Door, *changes: Callable[[], Coroutine[Any, Any, Any]]
) -> list[Any]:
    """Their outcomes: each has read what it reads before it waits for the lock's row, then they go on in this order."""
    async with held_back(database, door.held) as rows:
        tasks = [await rows.meets(change()) for change in changes]
    async with asyncio.timeout(30):
        return await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize(
    ("first", "setting"),
    [
        (Door.pin_mode_off, "pinEnabled"),
        (Door.reader_gone, "pinEnabled"),
        (Door.smart_pins_off, "smartPinEnabled"),
    ],
)
async def test_what_was_switched_off_stays_off_when_the_site_changes_meanwhile(
    database: Database,
    door: Door,
    first: Callable[[Door], Coroutine[Any, Any, Any]],
    setting: str,
) -> None:
    """The site's change tells the lock its settings anew: as they are by then, not as they were when it began."""
    before = await door.told()

    await crossed(database, door, lambda: first(door), door.site_changed)

    after = await door.told()
    assert (before[setting], after[setting]) == (True, False)
    assert after["lockoutReleaseMinutes"] == 30


async def test_what_the_site_changed_stays_when_pin_mode_is_switched_meanwhile(
    database: Database, door: Door
) -> None:
    """The other way round."""
    await crossed(database, door, door.site_changed, door.pin_mode_off)

    told = await door.told()
    assert (told["lockoutReleaseMinutes"], told["pinEnabled"]) == (30, False)


async def test_a_reader_that_is_renamed_keeps_its_pin_mode(database: Database, door: Door) -> None:
    await crossed(database, door, door.pin_mode_off, door.reader_renamed)

    reader = await door.reader()
    assert (reader.name, reader.pin_enabled) == ("Gate", False)
    assert (await door.told())["pinEnabled"] is False


@pytest.mark.parametrize(
    "second",
    [
        Door.reader_renamed,
        Door.reader_gone,
        lambda door: door.pin_mode(reader_id=door.reader_id),
    ],
    ids=["renamed", "deleted again", "switched"],
)
async def test_a_reader_that_was_deleted_meanwhile_is_not_found(
    database: Database, door: Door, second: Callable[[Door], Coroutine[Any, Any, Any]]
) -> None:
    """It does not come back, and nothing of it is changed."""
    named = (await door.reader()).name
    gone, refused = await crossed(database, door, door.reader_gone, lambda: second(door))

    assert isinstance(refused, NotFound)
    reader = await door.reader()
    assert (reader.deleted_at, reader.name) == (gone.deleted_at, named)


async def test_pin_mode_of_a_hub_leaves_out_a_lock_that_is_moved_away_meanwhile(
    database: Database, door: Door
) -> None:
    """Whom the hub connects is asked once the locks are held."""
    yard = door.yard
    hub = await create_hub(yard.installation, yard.by, name="Hub", now=yard.now)
    other = await yard.lock("Back")
    await _behind(hub.id, door.lock_id, other.id)

    def moved() -> Coroutine[Any, Any, Any]:
        fields = {"hub_id": None, "connectivity": Connectivity.ONLINE_WIRED}
        return update_lock(
            yard.installation, yard.by, lock_id=door.lock_id, fields=fields, now=yard.now
        )

    _, switched = await crossed(database, door, moved, lambda: door.pin_mode(hub_id=hub.id))

    assert [reader.lock_id for reader in switched] == [other.id]
    assert (await door.reader()).pin_enabled is True


@use_case
async def _behind(hub_id: UUID, *lock_ids: UUID) -> None:
    await Lock.filter(id__in=lock_ids).update(
        hub_id=hub_id, connectivity=Connectivity.WIRELESS_GATEWAY
    )
