"""What becomes of SmartPINs with their lock: a new secret ends them, and while some are open their zone stays.

The dangerous direction: a code shown as usable that the lock no longer knows. A guest would stand before a shut door.
"""

from datetime import datetime

from domain.audit.service import RecordedChange
from domain.database.rows import column
from domain.errors import PolicyViolation
from domain.installation import Installation
from domain.link.entries import EntryKind
from domain.locks.facts import KitEnded
from domain.locks.kits import pending
from domain.locks.tables import Lock, Provisioning
from domain.sites.facts import ZoneChanged
from domain.smartpins.tables import SmartPin
from domain.sync.facts import IncarnationBegan
from domain.sync.tables import LockEntry


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
