"""What lasts at sites and should be known: looked for every so often, on all sites at once.

Each look ends the alerts of what is over. Several processes may look at once: of a state there is one alert.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.expressions import F

from domain.alerts.service import State, raise_state, settle_states
from domain.alerts.tables import AlertKind
from domain.database.rows import column
from domain.installation import Installation
from domain.invitations.seats import seats_used
from domain.link.entries import EntryKind
from domain.locks.rules import Connectivity
from domain.locks.tables import Lock
from domain.pins.digits import open_verifier
from domain.pins.tables import Pin
from domain.security.keys import SealBroken
from domain.sites.tables import Site
from domain.smartpins.tables import SmartPin
from domain.sync.tables import LockEntry

SILENT = timedelta(hours=1)
OLD = timedelta(days=1)
SEATS_NEARLY = 0.9
_AT_ONCE = 500
_LOCKS_AT_ONCE = 100


async def watch_locks(now: datetime) -> None:
    """Locks of which nothing was heard for an hour, and those whose keypad takes no PINs."""
    live = Lock.filter(deleted_at=None)
    silent = live.filter(last_contact_at__lt=now - SILENT).exclude(
        connectivity=Connectivity.WIRELESS_OFFLINE  # phones carry what it says
    )
    await settle_states(AlertKind.LOCK_SILENT, await _locks(silent), now)
    await settle_states(
        AlertKind.LOCKOUT, await _locks(live.filter(locked_out_since__isnull=False)), now
    )


async def _locks(rows: object) -> list[State]:
    found = await rows.values_list("site_id", "id")  # type: ignore[attr-defined]
    return [State(site_id, key, lock_id=key) for site_id, key in found]


async def watch_credentials(installation: Installation, now: datetime) -> None:
    """Locks that have lacked a change of a PIN for a day, PINs whose sealed part is not what was written, SmartPINs that
    nobody used in time."""
    behind = await _behind()
    old: dict[UUID, State] = {}
    tampered: list[State] = []
    for start in range(0, len(behind), _LOCKS_AT_ONCE):
        sites = dict(behind[start : start + _LOCKS_AT_ONCE])
        lacking = LockEntry.filter(
            lock_id__in=list(sites), kind=EntryKind.PIN, gone_at=None, pending_since__isnull=False
        )
        late = lacking.filter(applied_live=True, pending_since__lt=now - OLD).distinct()
        for lock_id in await column(late, "lock_id"):
            old[lock_id] = State(sites[lock_id], lock_id, lock_id=lock_id)
        locks = dict(await lacking.values_list("pin_id", "lock_id"))
        pins = await Pin.filter(id__in=list(locks), verifier_sealed__isnull=False)
        tampered += [
            State(pin.site_id, pin.id, lock_id=locks[pin.id], pin_id=pin.id)
            for pin in pins
            if not _opens(installation, pin)
        ]
    await settle_states(AlertKind.OLD_PIN_OPENS, list(old.values()), now)
    await settle_states(AlertKind.SMARTPIN_NOT_ACTIVATED, await _not_activated(now), now)
    for state in tampered:  # it stays so until somebody has seen to it: nothing ends it by itself
        await raise_state(AlertKind.RECORDS_TAMPERED, state, now)


async def _behind() -> list[tuple[UUID, UUID]]:
    """Locks that lack something of what is wanted, with their sites."""
    rows = Lock.filter(deleted_at=None, applied_revision__lt=F("wanted_revision"))
    return [(lock_id, site_id) for lock_id, site_id in await rows.values_list("id", "site_id")]


def _opens(installation: Installation, pin: Pin) -> bool:
    with suppress(SealBroken):
        open_verifier(installation, pin)
        return True
    return False


async def _not_activated(now: datetime) -> list[State]:
    rows = SmartPin.filter(
        site__smart_pin_activation=True,
        lock__deleted_at=None,
        activate_by__lte=now,
        closes_at__gt=now,
        first_used_at=None,
        dead_at=None,
        blocked_at=None,
        blocked_at_door=None,
    )
    found = await rows.values_list("site_id", "id", "lock_id")
    return [State(site, key, lock_id=lock, smart_pin_id=key) for site, key, lock in found]


async def watch_seats(now: datetime) -> None:
    """Sites that have used nearly all seats of their plans."""
    limits: dict[UUID, int] = dict(await Site.all().values_list("id", "seat_limit"))
    ids = sorted(limits)
    found = []
    for start in range(0, len(ids), _AT_ONCE):
        used = await seats_used(ids[start : start + _AT_ONCE], now)
        found += [
            State(key, key)
            for key, count in used.items()
            if count and count >= SEATS_NEARLY * limits[key]
        ]
    await settle_states(AlertKind.SEATS_NEARLY_USED, found, now)
