"""What a member's phone shows of each of their sites."""

import strawberry
from strawberry.types import Info

from api.schema.nodes import global_id
from api.schema.pins import Pin, pin_type
from api.schema.schedules import Schedule, schedule_type
from domain.homes import member_homes


@strawberry.type(description="A door that rules open for the member.")
class MemberDoor:
    id: strawberry.ID = strawberry.field(description="The lock's id, for openLock.")
    name: str = strawberry.field(description="What people call it.")
    schedules: list[Schedule] = strawberry.field(
        description="It opens when any of them does; the slots are in the site's time zone."
    )


@strawberry.type(description="One site as its member sees it.")
class MemberHome:
    home: strawberry.Private[member_homes.MemberHome]
    site_id: strawberry.ID = strawberry.field(description="The site, for assignMyPin.")
    site_name: str = strawberry.field(description="The location.")
    site_timezone: str = strawberry.field(description="Its time zone.")
    locks: list[MemberDoor] = strawberry.field(description="The doors that rules open.")
    pins_offered: bool = strawberry.field(description="Whether any lock of the site takes PINs.")
    custom_pins_allowed: bool = strawberry.field(
        description="Whether the site's plan lets people choose their digits."
    )

    @strawberry.field(description="The member's own PINs: at most one CUSTOM and one AUTO.")
    async def pins(self, info: Info) -> list[Pin]:
        rows = await info.context.loaders.pin.load_many([key for key, _ in self.home.pins])
        return [pin_type(row) for row in rows if row is not None]


def member_home_type(home: member_homes.MemberHome) -> MemberHome:
    """A member's home as the API shows it."""
    return MemberHome(
        home=home,
        site_id=global_id("site", home.site_id),
        site_name=home.site_name,
        site_timezone=home.timezone,
        locks=[
            MemberDoor(
                id=global_id("lock", door.lock_id),
                name=door.name,
                schedules=[schedule_type(each) for each in door.schedules],
            )
            for door in home.doors
        ],
        pins_offered=home.pins_offered,
        custom_pins_allowed=home.custom_pins_allowed,
    )
