"""Invitations as a calendar shows them: the spans in which their doors open, day by day.

It shows the hours that the door keeps, since it asks the same schedules, with the same rules for both changes of the
clocks.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from tortoise.expressions import Q

from domain.access.schedule import ONE_DAY, Occurrence, occurrences
from domain.errors import InvalidInput
from domain.invitations.tables import Invitation
from domain.sites.service import live_site, zone_of

LONGEST_RANGE = timedelta(days=62)
MOST_OCCURRENCES = 5_000
FIRST_YEAR, LAST_YEAR = 1970, 9000


@dataclass(frozen=True, slots=True)
class CalendarItem:
    """One span in which one invitation opens."""

    invitation: Invitation
    occurrence: Occurrence


async def calendar(site_id: UUID, first_day: date, last_day: date) -> list[CalendarItem]:
    """What opens on the local days from the first to the last, both included, by time; deleted invitations left out.

    A span over midnight belongs to the day on which it begins. Raises InvalidInput for a range that is none, longer
    than 62 days, or holds more than 5,000 spans.
    """
    if first_day.year < FIRST_YEAR or last_day.year > LAST_YEAR:
        raise InvalidInput("first_day", f"Ask for days between {FIRST_YEAR} and {LAST_YEAR}.")
    if last_day < first_day:
        raise InvalidInput("last_day", "The last day is not before the first.")
    if last_day - first_day >= LONGEST_RANGE:
        raise InvalidInput("last_day", f"A range has at most {LONGEST_RANGE.days} days.")
    zone = zone_of(await live_site(site_id))
    rows = await _candidates(site_id, zone, first_day, last_day)
    # Two months cost a few milliseconds an invitation: not on the loop that serves the locks.
    return await asyncio.to_thread(_items, rows, zone, first_day, last_day)


async def _candidates(
    site_id: UUID, zone: ZoneInfo, first_day: date, last_day: date
) -> list[Invitation]:
    """Those whose validity touches the range; the night that begins on the last day ends on the one after."""
    begin = datetime.combine(first_day, time.min, zone).astimezone(UTC)
    end = datetime.combine(last_day + 2 * ONE_DAY, time.min, zone).astimezone(UTC)
    return await Invitation.filter(
        Q(valid_from=None) | Q(valid_from__lt=end),
        site_id=site_id,
        deleted_at=None,
        valid_until__gt=begin,
    ).order_by("id")


def _items(
    rows: Iterable[Invitation], zone: ZoneInfo, first_day: date, last_day: date
) -> list[CalendarItem]:
    items = []
    for row in rows:
        for occurrence in occurrences(row.schedule(), zone, first_day, last_day):
            items.append(CalendarItem(row, occurrence))
            if len(items) > MOST_OCCURRENCES:
                raise InvalidInput(
                    "last_day", "There is too much in this range: ask for a shorter one."
                )
    return sorted(items, key=lambda item: (item.occurrence.opens_at, item.invitation.id))
