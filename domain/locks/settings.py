"""The settings that a lock should hold (zone, PIN mode, SmartPINs), from its site, its readers and its own row.

PIN mode is kept at the readers; for the lock it is on when it is on at any reader with a keypad. Where keypads differ, the
lock is told at which it is on, if its firmware reads that; otherwise PIN mode is off at all of them.
"""

from collections.abc import Collection
from uuid import UUID

from domain.errors import LockTooOld, LockWithoutKeypad
from domain.link.entries import EntryKind, SettingsPayload
from domain.link.features import Feature, unread
from domain.locks.tables import Lock, Reader
from domain.node_ids import node_id
from domain.sites.tables import Site


def wanted_settings(lock: Lock, site: Site, readers: Collection[Reader]) -> dict[str, object]:
    """What is wanted of the lock, whether it can hold that or not."""
    return SettingsPayload(
        zone=site.timezone,
        pin_enabled=any(each.has_keypad and each.pin_enabled for each in readers),
        smartpin_enabled=lock.smart_pin_enabled,
        lockout_release_minutes=site.lockout_release_minutes,
        pin_readers=_pin_readers(readers),
    ).to_payload()


def _pin_readers(readers: Collection[Reader]) -> tuple[str, ...] | None:
    """At which keypads PIN mode is on, where it is off at others; None: there are no such others."""
    keypads = [each for each in readers if each.has_keypad]
    on = sorted(node_id("reader", each.id) for each in keypads if each.pin_enabled)
    return tuple(on) if 0 < len(on) < len(keypads) else None


def unread_settings(lock: Lock, site: Site, readers: Collection[Reader]) -> list[Feature]:
    """The features that the lock's wanted settings need and that its firmware has not said to read."""
    return unread(EntryKind.SETTINGS, wanted_settings(lock, site, readers), lock.link_reads or ())


async def refuse_unread_settings(lock_ids: Collection[UUID]) -> None:
    """Within a transaction, under the locks' rows: raises LockTooOld if one of them cannot hold what its readers say now.

    A lock that has never said what it reads is not refused: it gets no settings before it has.
    """
    needs: set[str] = set()
    too_old = []
    for lock in await Lock.filter(id__in=list(lock_ids), link_version__isnull=False):
        readers = await Reader.filter(lock_id=lock.id, deleted_at=None)
        if missing := unread_settings(lock, await Site.get(id=lock.site_id), readers):
            needs |= set(missing)
            too_old.append(lock)
    if too_old:
        raise LockTooOld(
            too_old,
            sorted(needs),
            "PIN mode is one for all keypads of these locks, so switch it for the whole lock",
        )


async def switch_smart_pins(lock: Lock, *, enabled: bool) -> None:
    """Switches SmartPINs at a lock whose row is held; the row is changed, not saved. Raises LockWithoutKeypad."""
    keypads = Reader.filter(lock_id=lock.id, has_keypad=True, deleted_at=None)
    if enabled and not await keypads.exists():
        raise LockWithoutKeypad([lock])
    lock.smart_pin_enabled = enabled
