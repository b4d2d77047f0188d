"""What SmartPINs do when something below them has changed: a lock's secret, its site's zone, what a lock tells of them.

No code may be shown as usable that its lock no longer knows: a guest would stand before a shut door.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.audit.service import RecordedChange
from domain.database import Transaction
from domain.database.rows import column
from domain.errors import PolicyViolation
from domain.installation import Installation
from domain.link.entries import EntryKind
from domain.link.events import LockEventKind, OpeningMethod
from domain.locks.facts import KitEnded
from domain.locks.kits import pending
from domain.locks.tables import Lock, Provisioning
from domain.sites.facts import ZoneChanged
from domain.smartpins.tables import SmartPin
from domain.sync.facts import EventsRecorded, IncarnationBegan
from domain.sync.tables import LockEntry, LockEvent


async def end_codes_of_other_incarnations(
    installation: Installation, change: RecordedChange, fact: IncarnationBegan, now: datetime
) -> None:
    """Under the lock's row: it has proven a secret; the codes of those before it are dead.

    Their blocks go with them: the lock has forgotten its list, and the digits mean nothing to it any more. The codes of
    secrets that were given out later and may still be proven are not dead: they open where such a secret is installed.
    """
    lock = await Lock.get(id=fact.lock_id)
    live = Provisioning.filter(pending(now), lock_id=lock.id)
    others = SmartPin.filter(lock_id=lock.id, dead_at=None).exclude(
        incarnation__in=[*await column(live, "incarnation"), lock.incarnation]
    )
    names = await column(others, "entry_name")
    await SmartPin.filter(lock_id=lock.id, entry_name__in=names).update(dead_at=now)
    await LockEntry.filter(lock_id=lock.id, kind=EntryKind.SMARTPIN_BLOCK, name__in=names).delete()


async def end_codes_of_lock(lock_id: UUID, now: datetime) -> None:
    """Under the lock's row, which has no secret any more: all of its codes are dead, and their blocks go with them."""
    names = await column(SmartPin.filter(lock_id=lock_id), "entry_name")
    await SmartPin.filter(lock_id=lock_id, dead_at=None).update(dead_at=now)
    blocks = LockEntry.filter(lock_id=lock_id, kind=EntryKind.SMARTPIN_BLOCK, name__in=names)
    await blocks.delete()


async def end_codes_of_kit(
    installation: Installation, change: RecordedChange, fact: KitEnded, now: datetime
) -> None:
    """The codes of the kit open nothing from here on."""
    kit = await Provisioning.get(id=fact.kit_id)
    codes = SmartPin.filter(lock_id=kit.lock_id, incarnation=kit.incarnation, dead_at=None)
    await codes.update(dead_at=now)


async def check_zone_may_change(
    installation: Installation, change: RecordedChange, fact: ZoneChanged, now: datetime
) -> None:
    """Under the site's row: raises PolicyViolation while a SmartPIN of the site is not over.

    Blocked ones count: they may be unblocked. Those of deleted locks do not.
    """
    last = (
        await SmartPin.filter(
            site_id=fact.site_id, dead_at=None, closes_at__gt=now, lock__deleted_at=None
        )
        .order_by("-closes_at")
        .first()
    )
    if last is not None:
        raise PolicyViolation(
            "timezone",
            "SmartPINs that are given out depend on the time zone. It can change after the last of them has ended, "
            f"at {last.closes_at.isoformat(timespec='minutes')}.",
        )


async def note_events(
    installation: Installation, tx: Transaction, fact: EventsRecorded, now: datetime
) -> None:
    """Under the lock's row: the events name their SmartPINs, which keep what the API shows of them.

    An event counts for a SmartPIN of this very lock alone, found by the tag that nobody can make without the lock's secret.
    """
    named = SmartPin.filter(lock_id=fact.lock_id, entry_name__in=list(fact.entry_names))
    for row in await named if fact.entry_names else ():
        events = LockEvent.filter(id__in=list(fact.event_ids), entry_id=row.entry_name)
        await _note(row, await events.order_by("number"))
        await events.update(smart_pin_id=row.id)


async def _note(row: SmartPin, events: Sequence[LockEvent]) -> None:
    changed = False
    for event in events:
        at = event.at or event.recorded_at
        match event.kind:
            case LockEventKind.OPENED if event.method is OpeningMethod.SMARTPIN:
                row.first_used_at = row.first_used_at or at
            case LockEventKind.SHORT_PIN_SET:
                row.short_pin_set_at = at
            case LockEventKind.SHORT_PIN_DROPPED:
                row.short_pin_set_at = None
            case LockEventKind.SMARTPIN_BLOCKED:
                row.blocked_at_door = row.blocked_at_door or at
                row.short_pin_set_at = None
            case _:
                continue
        changed = True
    if changed:
        await row.save(update_fields=["first_used_at", "short_pin_set_at", "blocked_at_door"])
