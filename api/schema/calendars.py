"""When the doors of invitations open, day by day."""

from datetime import date, datetime

import strawberry

from api.schema.invitations import Invitation, invitation_type
from domain.invitations.calendar import MOST_OCCURRENCES, CalendarItem


@strawberry.type(description="A span in which an invitation's doors open.")
class InvitationOccurrence:
    invitation: Invitation = strawberry.field(description="Which one.")
    day: date = strawberry.field(
        description="The local day to which it belongs: that on which it begins, also when it runs over midnight."
    )
    starts_at: datetime = strawberry.field(description="Open from here on.")
    ends_at: datetime = strawberry.field(description="Closed from here on.")


@strawberry.type(description="Some days of a site, and what opens on them.")
class Calendar:
    first_day: date = strawberry.field(description="The first day.")
    last_day: date = strawberry.field(description="The last day, included.")
    occurrences: list[InvitationOccurrence] = strawberry.field(
        description=f"When the doors of invitations open, by time. At most {MOST_OCCURRENCES}: more are refused."
    )


def calendar_type(first_day: date, last_day: date, items: list[CalendarItem]) -> Calendar:
    """What opens on these days, as the API shows it."""
    return Calendar(
        first_day=first_day,
        last_day=last_day,
        occurrences=[
            InvitationOccurrence(
                invitation=invitation_type(item.invitation),
                day=item.occurrence.day,
                starts_at=item.occurrence.opens_at,
                ends_at=item.occurrence.closes_at,
            )
            for item in items
        ],
    )
