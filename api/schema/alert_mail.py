"""Alerts: which were seen, and which are mailed to whom."""

from collections.abc import Sequence

import strawberry

from api.schema.activity_kinds import ActivityKind
from api.schema.members import Member, member_type
from domain.alerts.letters import readers_of
from domain.alerts.tables import AlertKind
from domain.errors import InvalidInput
from domain.sites import tables


@strawberry.type(description="Which alerts of a site are mailed, and to whom.")
class AlertMail:
    kinds: list[ActivityKind] = strawberry.field(
        description="The kinds; none: nothing is mailed. At most one of each."
    )
    members: list[Member] = strawberry.field(
        description="The members who get the letters now: those chosen who have accepted and may read the site. At most 20."
    )


async def alert_mail_type(site: tables.Site) -> AlertMail:
    """What a site has chosen."""
    return AlertMail(
        kinds=[ActivityKind(each) for each in site.alert_mail_kinds or ()],
        members=[member_type(each) for each in await readers_of(site.id)],
    )


def alert_kinds(kinds: Sequence[ActivityKind] | None) -> list[AlertKind] | None:
    """The kinds of alerts among all kinds; None stays None. Raises InvalidInput for one that no alert has."""
    if kinds is None:
        return None
    known = {each.value for each in AlertKind}
    if any(each.value not in known for each in kinds):
        raise InvalidInput("kinds", "Give kinds of alerts, such as LOCKOUT.")
    return [AlertKind(each.value) for each in kinds]


@strawberry.input(description="Which alerts are to be mailed, and to whom.")
class SetAlertMailInput:
    site_id: strawberry.ID = strawberry.field(description="The site.")
    kinds: list[ActivityKind] = strawberry.field(
        description="Of these kinds of alerts; none: nothing is mailed."
    )
    member_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list,
        description="To these members, 20 at most, who have accepted and may read the site.",
    )


@strawberry.type(description="What is mailed from now on.")
class SetAlertMail:
    alert_mail: AlertMail = strawberry.field(description="The kinds, and to whom.")


@strawberry.input(description="Alerts that somebody has seen.")
class MarkAlertsSeenInput:
    site_id: strawberry.ID = strawberry.field(description="The site.")
    alert_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The newest that was seen: it and all older ones are; null: all that there are.",
    )


@strawberry.type(description="The alerts are seen, for everybody.")
class MarkedAlertsSeen:
    marked: int = strawberry.field(description="How many were unseen before.")
