"""Locks that an earlier version told one PIN mode for keypads that differ: open at all of them, whatever was asked for."""

from domain.locks.tables import Lock
from domain.sync.lock_settings import settings_entries
from domain.warnings.doors import Doors
from tests.databases import Database
from tests.domain.database.earlier import Earlier, model_modules
from tests.domain.database.test_settings_of_earlier_versions import SETTINGS
from tests.domain.database.workshop import Workshop, workshop

__all__ = ["model_modules", "workshop"]


async def test_it_has_not_said_what_it_reads_and_is_to_open_at_none_until_it_has(
    fresh_database: Database, workshop: Workshop
) -> None:
    """A lock whose keypads agree stays as it is."""
    earlier = await Earlier.as_of("0010_provisioning_kits_that_end", fresh_database, workshop)
    site, keys = await earlier.site(), []
    for name, switches in (("Gate", (True, False)), ("Front", (True, True))):
        lock = await earlier.lock(
            site,
            name=name,
            smart_pin_enabled=True,
            incarnation=name,
            wanted_revision=1,
            applied_revision=1,
        )
        for enabled in switches:
            await earlier.put(
                "readers", lock_id=lock, name="Keypad", has_keypad=True, pin_enabled=enabled
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
            applied_version=1,
            applied_live=True,
        )
        keys.append(lock)

    async with earlier.brought_up_to_date():
        gate, front = (await Doors.of(keys)).at(keys)
        rows = {lock.id: lock for lock in await Lock.all()}
        wanted = {
            each.lock_id: each.content
            for each in await settings_entries(list(rows.values()))
            if each.name == "settings"
        }

    assert [(lock.link_version, lock.link_reads) for lock in rows.values()] == [(None, None)] * 2
    assert (gate.too_old, front.too_old) == (None, False)
    assert wanted[keys[0]] == {**SETTINGS, "pinEnabled": False}
    assert wanted[keys[1]] == SETTINGS
