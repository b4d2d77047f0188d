"""A site at a glance: how many there are of what, and how many need somebody's attention."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.expressions import F, Q, Subquery
from tortoise.functions import Count

from domain.database import snapshot
from domain.invitations.states import invitations_in_states
from domain.invitations.tables import Invitation
from domain.locks.rules import Connectivity
from domain.locks.states import LACKING, online_at
from domain.locks.tables import Lock
from domain.people.tables import Member
from domain.pins.states import pins_in_states
from domain.pins.tables import Pin
from domain.schedules.states import CredentialState
from domain.sites.service import zone_of
from domain.sites.tables import Site
from domain.smartpins.states import smart_pins_in_states
from domain.smartpins.tables import SmartPin
from domain.sync.tables import LockEntry


@dataclass(frozen=True, slots=True)
class SiteSummary:
    """Counts of one moment. What each counts is said where the API shows it."""

    locks: int
    locks_offline: int
    locks_not_updated: int
    locks_unknown: int
    locks_locked_out: int
    locks_never_set_up: int
    pins: int
    pins_not_updated: int
    pins_older_version_opens: int
    pins_unknown: int
    invitations_active: int
    invitations_upcoming: int
    smart_pins_active: int
    members: int
    members_invited: int


async def summary_of(site: Site, now: datetime) -> SiteSummary:
    """The counts of a site, in a number of statements that does not grow with it."""
    async with snapshot():
        locks = await _locks(site, now)
        entries = await _entries(site)
        members = await _counted(
            Member.filter(site_id=site.id, removed_at=None),
            members=("id", Q()),
            members_invited=("id", Q(invited_email__isnull=False, accepted_at=None)),
        )
        pins = pins_in_states(Pin.filter(site_id=site.id), None, zone_of(site), now)
        invitations = Invitation.filter(site_id=site.id)
        smart_pins = SmartPin.filter(site_id=site.id, lock__deleted_at=None)
        active, upcoming = [CredentialState.ACTIVE], [CredentialState.UPCOMING]
        return SiteSummary(
            **locks,
            **entries,
            **members,
            pins=await pins.count(),
            invitations_active=await invitations_in_states(invitations, active, now).count(),
            invitations_upcoming=await invitations_in_states(invitations, upcoming, now).count(),
            smart_pins_active=await smart_pins_in_states(smart_pins, active, now).count(),
        )


async def _locks(site: Site, now: datetime) -> dict[str, int]:
    set_up = Q(incarnation__isnull=False)
    with_network = ~Q(connectivity=Connectivity.WIRELESS_OFFLINE)
    return await _counted(
        Lock.filter(site_id=site.id, deleted_at=None),
        locks=("id", Q()),
        locks_offline=("id", set_up & with_network & ~online_at(now)),
        locks_unknown=("id", Q(state_unknown=True)),
        locks_locked_out=("id", Q(locked_out_since__isnull=False)),
        locks_never_set_up=("id", ~set_up),
    )


async def _entries(site: Site) -> dict[str, int]:
    """Only of locks that lack something: of all others every entry has arrived."""
    locks = Lock.filter(site_id=site.id, deleted_at=None)
    waits = Q(pending_since__isnull=False)
    older = Q(applied_live=True) & ~Q(applied_version=F("version"))
    return {
        **await _counted(
            _of(locks.filter(LACKING, state_unknown=False)),
            locks_not_updated=("lock_id", waits),
            pins_not_updated=("pin_id", waits),
            pins_older_version_opens=("pin_id", older),
        ),
        **await _counted(_of(locks.filter(state_unknown=True)), pins_unknown=("pin_id", Q())),
    }


def _of(locks: Any) -> Any:
    # A join would make Tortoise count by the row.
    return LockEntry.filter(lock_id__in=Subquery(locks.values("id")), gone_at=None)


async def _counted(rows: Any, **counts: tuple[str, Q]) -> dict[str, int]:
    """How many different values a column has in the rows that meet a condition, each; in one statement."""
    found = await rows.annotate(
        **{
            name: Count(column, distinct=True, _filter=condition)
            for name, (column, condition) in counts.items()
        }
    ).values(*counts)
    return dict(found[0])
