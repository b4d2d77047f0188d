"""What a member's phone shows: for each of their sites the doors that rules open, when, and their own PINs."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from domain import topics
from domain.access.schedule import Schedule
from domain.access_rules.grants import grants_of_members
from domain.bus import changes, listening
from domain.locks.keypads import sites_taking_pins
from domain.locks.tables import Lock
from domain.people.tables import Member
from domain.pins.tables import Pin, PinStatus
from domain.sites.tables import Site


@dataclass(frozen=True, slots=True)
class MemberDoor:
    """A door that rules open for the member, and the schedules of those rules."""

    lock_id: UUID
    name: str
    schedules: tuple[Schedule, ...]


@dataclass(frozen=True, slots=True)
class MemberHome:
    """One site as its member sees it. `pins` are (id, status) of the member's own; the rows are read when shown."""

    site_id: UUID
    site_name: str
    timezone: str
    member_id: UUID
    doors: tuple[MemberDoor, ...]
    pins: tuple[tuple[UUID, PinStatus], ...]
    pins_offered: bool
    custom_pins_allowed: bool


async def homes_of(account_id: UUID) -> list[MemberHome]:
    """The homes of a person, one for each site of theirs, in the order of joining; statements do not grow with them."""
    members = await Member.filter(
        account_id=account_id, removed_at=None, accepted_at__isnull=False
    ).order_by("id")
    grants = await grants_of_members([member.id for member in members])
    members = [
        member for member in members if member.id in grants
    ]  # one removed just now has no grants
    ids = {lock_id for granted in grants.values() for lock_id in granted}
    locks = {lock.id: lock for lock in await Lock.filter(id__in=list(ids), deleted_at=None)}
    site_ids = [member.site_id for member in members]
    sites = {site.id: site for site in await Site.filter(id__in=site_ids)}
    offering = await sites_taking_pins(site_ids)
    owned = Pin.filter(owner_id__in=[member.id for member in members], personal=True)
    pins = await owned.exclude(status=PinStatus.REMOVED).order_by("id")
    homes = []
    for member in members:
        site = sites[member.site_id]
        homes.append(
            MemberHome(
                site_id=site.id,
                site_name=site.name,
                timezone=site.timezone,
                member_id=member.id,
                doors=tuple(
                    MemberDoor(lock_id, locks[lock_id].name, tuple(times))
                    for lock_id, times in sorted(grants[member.id].items())
                    if lock_id in locks
                ),
                pins=tuple((pin.id, pin.status) for pin in pins if pin.owner_id == member.id),
                pins_offered=site.id in offering,
                custom_pins_allowed=site.custom_pins_enabled,
            )
        )
    return homes


async def follow_homes(account_id: UUID) -> AsyncIterator[list[MemberHome]]:
    """The homes of a person as they are, then each time that one has changed; an empty list once there is none."""
    heard: set[str] = set()
    async with listening(topics.account(account_id)) as wakeups:

        async def read(_: object) -> dict[UUID, list[MemberHome]]:
            while True:
                homes = await homes_of(account_id)
                watched = {topics.member(home.member_id) for home in homes}
                watched |= {topics.homes(home.site_id) for home in homes}
                if watched <= heard:
                    return {account_id: homes}
                # What has changed before these were listened to is read again.
                wakeups.add(*watched)
                heard.update(watched)

        async for homes in changes(wakeups, read, tuple):
            yield homes
