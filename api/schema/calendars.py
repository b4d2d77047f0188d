"""When the doors of invitations open, day by day."""

from datetime import date, datetime, time
from typing import Annotated

import strawberry

from api.schema.invitations import Invitation, invitation_type
from domain.access.schedule import Weekday
from domain.errors import InvalidInput
from domain.listing import calendars
from domain.listing.calendars import MOST_A_DAY, MOST_BARS, MOST_OCCURRENCES


@strawberry.type(description="A span in which an invitation's doors open.")
class InvitationOccurrence:
    invitation: Invitation = strawberry.field(description="Which one.")
    day: date = strawberry.field(
        description="The local day to which it belongs: that on which it begins, also when it runs over midnight."
    )
    starts_at: datetime = strawberry.field(description="Open from here on.")
    ends_at: datetime = strawberry.field(description="Closed from here on.")


@strawberry.type(description="An invitation as a bar over the days of a calendar.")
class InvitationBar:
    invitation: Invitation = strawberry.field(description="Which one.")
    first_day: date = strawberry.field(description="The first of these days on which it opens.")
    last_day: date = strawberry.field(description="The last of them.")
    weekdays: list[Weekday] = strawberry.field(description="On which weekdays between them.")
    slot_start: time | None = strawberry.field(
        description="Its daily slot begins; null: it has none."
    )
    slot_end: time | None = strawberry.field(description="Its daily slot ends; null: it has none.")


@strawberry.type(description="A day of a calendar.")
class CalendarDay:
    day: date = strawberry.field(description="The local day.")
    total_count: int = strawberry.field(description="How many spans belong to it.")
    earliest: list[InvitationOccurrence] = strawberry.field(
        description=f"The first of them, as many as were asked for. At most {MOST_A_DAY}."
    )


PerDay = Annotated[
    int,
    strawberry.argument(description=f"How many spans each day shows, 0 to {MOST_A_DAY}."),
]


@strawberry.type(description="Some days of a site, and what opens on them.")
class Calendar:
    found: strawberry.Private[calendars.Calendar]
    first_day: date = strawberry.field(description="The first day.")
    last_day: date = strawberry.field(description="The last day, included.")

    @strawberry.field(
        description=f"Each invitation that opens on one of these days, once, by when it opens first. At most {MOST_BARS}."
    )
    def bars(self) -> list[InvitationBar]:
        return [_bar(bar) for bar in self.found.bars]

    @strawberry.field(description="Each day: how much there is, and the first of it. At most 62.")
    async def days(self, per_day: PerDay = 3) -> list[CalendarDay]:
        if not 0 <= per_day <= MOST_A_DAY:
            raise InvalidInput("per_day", f"A day shows 0 to {MOST_A_DAY}.")
        return [
            CalendarDay(
                day=found.day,
                total_count=found.count,
                earliest=[_occurrence(item) for item in found.first],
            )
            for found in await self.found.days(per_day)
        ]

    @strawberry.field(
        description=f"Every span in which the doors of an invitation open, by time. At most {MOST_OCCURRENCES}: more are "
        "refused."
    )
    def occurrences(self) -> list[InvitationOccurrence]:
        return [_occurrence(item) for item in self.found.items()]


def _bar(bar: calendars.Bar) -> InvitationBar:
    schedule = bar.invitation.schedule()
    return InvitationBar(
        invitation=invitation_type(bar.invitation),
        first_day=bar.spans[0].day,
        last_day=bar.spans[-1].day,
        weekdays=[each for each in Weekday if each in schedule.weekdays],
        slot_start=schedule.slot.start if schedule.slot else None,
        slot_end=schedule.slot.end if schedule.slot else None,
    )


def _occurrence(item: calendars.CalendarItem) -> InvitationOccurrence:
    return InvitationOccurrence(
        invitation=invitation_type(item.invitation),
        day=item.occurrence.day,
        starts_at=item.occurrence.opens_at,
        ends_at=item.occurrence.closes_at,
    )


def calendar_type(found: calendars.Calendar) -> Calendar:
    """What opens on these days, as the API shows it."""
    return Calendar(found=found, first_day=found.first_day, last_day=found.last_day)
