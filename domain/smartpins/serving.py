"""Which secret of a lock a SmartPIN is for, and whether the lock under it is known to follow the site's time zone.

A code must be read at the door as the server reads it. Nothing is inferred from silence: for a lock that may or may not
have heard of a new zone no codes are made that depend on it.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from tortoise.expressions import Q

from domain.database import lock_rows
from domain.database.rows import column
from domain.errors import LockTimezoneUnknown, NotFound, SmartPinsOff
from domain.installation import Installation
from domain.locks.kits import pending
from domain.locks.rules import Propagation, propagation
from domain.locks.secrets import opened_secret
from domain.locks.tables import Lock, Provisioning
from domain.sites.tables import Site
from domain.smartpins.rules import NoSmartPins
from domain.sync.entries import SETTINGS
from domain.sync.status import unsettled_versions
from domain.sync.tables import LockEntry
from smartpin import Codec, LockTime


@dataclass(frozen=True, slots=True)
class Incarnation:
    """The time of a lock under one secret: its codes, and how it counts hours."""

    id: str
    codec: Codec
    lock_time: LockTime


def opened(installation: Installation, row: Provisioning, zone: ZoneInfo) -> Incarnation:
    """The incarnation that a secret begins, with the site's zone."""
    codec = Codec(opened_secret(installation, row))
    return Incarnation(row.incarnation, codec, LockTime(row.fixed_offset_minutes, zone))


def _live(lock: Lock, now: datetime) -> Q:
    """The secrets of a lock that are in force or may come to be.

    A lock without a network proves nothing: one that was installed within its time cannot be told from one that was not,
    so such a lock keeps the secrets that were not cancelled until it has proven one.
    """
    live = pending(now) | Q(incarnation=lock.incarnation or "")
    if lock.incarnation is None and propagation(lock.connectivity) is Propagation.OPPORTUNISTIC:
        live |= Q(proven_at=None, cancelled_at=None)
    return live


async def serving_secret(
    lock: Lock, incarnation: str | None, now: datetime
) -> tuple[Provisioning, bool]:
    """Within a transaction: the secret that a new code is for, and whether a newer one may still be proven.

    It is the one asked for by its incarnation; else the proven one; of a lock that never proved any, the newest. Its row
    is held, so that it ends before or after the code is made.
    Raises SmartPinsOff for a lock without a secret, NotFound for an incarnation that is neither in force nor pending.
    """
    # Those that can come to serve, newest first: a proof deletes all that were given out before it.
    live = Provisioning.filter(_live(lock, now), lock_id=lock.id)
    await lock_rows(Provisioning, await column(live, "id"))
    rows = await live.order_by("-id")
    if not rows:
        raise SmartPinsOff(
            NoSmartPins.NOT_PROVISIONED, "This lock has no secret yet: provision it first."
        )
    wanted = incarnation or lock.incarnation or rows[0].incarnation
    row = next((each for each in rows if each.incarnation == wanted), None)
    if row is None:
        raise NotFound("incarnation")
    return row, row is not rows[0]


async def check_zone_known(lock: Lock, row: Provisioning, site: Site) -> None:
    """Under the site's and the lock's row. Raises LockTimezoneUnknown unless the lock uses the site's zone, as it has told.

    Before it has told anything, and while nothing is on its way, it uses the zone that was given with its secret.
    """
    if not await _zone_known(lock, row, site.timezone):
        raise LockTimezoneUnknown(site.timezone)


async def _zone_known(lock: Lock, row: Provisioning, zone: str) -> bool:
    if row.incarnation != lock.incarnation:
        return row.zone == zone  # nothing was ever sent to it: it has not proven its secret
    if lock.state_unknown:
        return False
    entry = await LockEntry.get(lock_id=lock.id, name=SETTINGS)
    if entry.applied_version is not None:
        return entry.applied_live and entry.applied_version == entry.version
    on_its_way = (await unsettled_versions([lock.id])).get(entry.id)
    return not on_its_way and row.zone == zone
