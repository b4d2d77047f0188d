"""What a phone shows whoever carries it: the sites of a guest or a member, their doors, and one's own PINs."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import strawberry
from strawberry.types import Info

from api.schema.locks import Lock, lock_type
from api.schema.members import Member, member_type
from api.schema.nodes import Node, global_id
from api.schema.of_site import SITE, site_of
from api.schema.pins import Pin, pin_type
from api.schema.schedules import Schedule, schedule_type
from domain.access import schedule as domain
from domain.access.decision import Granted, decide
from domain.access.openings import next_change
from domain.homes import member_homes
from domain.invitations import homes as guest_homes


@strawberry.type(description="A door that the caller may open.")
class Door:
    lock_id: strawberry.Private[UUID]
    granted: strawberry.Private[tuple[domain.Schedule, ...]]
    timezone: strawberry.Private[str]
    schedules: list[Schedule] = strawberry.field(
        description="It opens when any of them does; the slots are in the site's time zone."
    )

    @strawberry.field(
        description="Whether one of its schedules is open now; whether the lock can be told is `lock { online }`."
    )
    async def opens(self, info: Info) -> bool:
        return isinstance(decide(self.granted, self._zone, info.context.clock()), Granted)

    @strawberry.field(
        description="When `opens` changes next: from when it opens, or until when; null: not in what can be foreseen."
    )
    async def next_change_at(self, info: Info) -> datetime | None:
        return next_change(self.granted, self._zone, info.context.clock())

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @strawberry.field(description="The lock, for openLock.")
    async def lock(self, info: Info) -> Lock:
        return lock_type(await info.context.loaders.lock.load(self.lock_id), info.context.clock)


@strawberry.type(description="One site as its guest or its member sees it on the phone.")
class Home:
    site_id: strawberry.Private[UUID]
    member_id: strawberry.Private[UUID | None] = None
    pin_ids: strawberry.Private[tuple[UUID, ...]] = ()
    id: strawberry.ID = strawberry.field(
        description="For caches: `home_` and the key of the invitation or of the member. `node` does not know it."
    )
    expires_at: datetime | None = strawberry.field(
        description="When the access ends by itself; null: a member's, which does not."
    )
    doors: list[Door] = strawberry.field(description="The doors that open for the caller.")
    pins_offered: bool = strawberry.field(
        description="Whether any lock of the site takes PINs, for a member; false for a guest."
    )
    custom_pins_allowed: bool = strawberry.field(
        description="Whether the site's plan lets members choose their digits; false for a guest."
    )

    @strawberry.field(
        description="The site; a guest sees what it is called and where it is, and the rest is null with an error.",
        graphql_type=SITE,
    )
    async def site(self, info: Info) -> Node:
        return await site_of(info, self.site_id)

    @strawberry.field(description="What the caller is there; null for a guest.")
    async def member(self, info: Info) -> Member | None:
        if self.member_id is None:
            return None
        return member_type(await info.context.loaders.member.load(self.member_id))

    @strawberry.field(description="The caller's own PINs: at most one CUSTOM and one AUTO.")
    async def pins(self, info: Info) -> list[Pin]:
        rows = await info.context.loaders.pin.load_many(list(self.pin_ids))
        return [pin_type(row) for row in rows if row is not None]


def member_home_type(home: member_homes.MemberHome) -> Home:
    """A member's home as the API shows it."""
    return Home(
        id=global_id("home", home.member_id),
        site_id=home.site_id,
        member_id=home.member_id,
        pin_ids=tuple(key for key, _ in home.pins),
        expires_at=None,
        doors=[
            Door(
                lock_id=door.lock_id,
                granted=door.schedules,
                timezone=home.timezone,
                schedules=[schedule_type(each) for each in door.schedules],
            )
            for door in home.doors
        ],
        pins_offered=home.pins_offered,
        custom_pins_allowed=home.custom_pins_allowed,
    )


def guest_home_type(home: guest_homes.Home) -> Home:
    """A guest's home as the API shows it."""
    schedules = [schedule_type(home.schedule)]
    return Home(
        id=global_id("home", home.invitation_id),
        site_id=home.site_id,
        expires_at=home.expires_at,
        doors=[
            Door(
                lock_id=lock_id,
                granted=(home.schedule,),
                timezone=home.timezone,
                schedules=schedules,
            )
            for lock_id, _ in home.locks
        ],
        pins_offered=False,
        custom_pins_allowed=False,
    )


@strawberry.type(description="The caller's access, now: first the present state, then each change.")
class AccessChange:
    active: bool = strawberry.field(description="Whether there is any access left.")
    homes: list[Home] = strawberry.field(
        description="The caller's homes as they are now; empty once there is none."
    )
