"""Invitations as a calendar shows them: the spans in which their doors open, day by day.

It shows the hours that the door keeps, since it asks the same schedules, with the same rules for both changes of the
clocks.
"""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from heapq import nsmallest
from operator import itemgetter
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.access.schedule import ONE_DAY, Occurrence, occurrences
from domain.errors import InvalidInput
from domain.invitations.tables import Invitation
from domain.listing.site_lists import Span, invitations_of
from domain.schedules.states import CredentialState
from domain.sites.service import zone_of
from domain.sites.tables import Site

LONGEST_RANGE = timedelta(days=62)
MOST_OCCURRENCES = 5_000
MOST_BARS = 2_000
MOST_A_DAY = 20
FIRST_YEAR, LAST_YEAR = 1970, 9000


@dataclass(frozen=True, slots=True)
class Bar:
    """An invitation, and the spans in which it opens, by time; there is one."""

    invitation: Invitation
    spans: Sequence[Occurrence]


@dataclass(frozen=True, slots=True)
class CalendarItem:
    """One span in which one invitation opens."""

    invitation: Invitation
    occurrence: Occurrence


@dataclass(frozen=True, slots=True)
class Day:
    """A local day: how many spans belong to it, and the first of them, by time."""

    day: date
    count: int
    first: Sequence[CalendarItem]


@dataclass(frozen=True, slots=True)
class Calendar:
    """What opens on the local days from the first to the last, both included."""

    first_day: date
    last_day: date
    bars: Sequence[Bar]
    """By their first spans."""

    def items(self) -> list[CalendarItem]:
        """Every span, by time. Raises InvalidInput for more than 5,000."""
        if sum(len(bar.spans) for bar in self.bars) > MOST_OCCURRENCES:
            raise _too_much()
        return sorted(
            (CalendarItem(bar.invitation, span) for bar in self.bars for span in bar.spans),
            key=_time,
        )

    async def days(self, most: int) -> list[Day]:
        """Each day with so many of its spans at most."""
        return await asyncio.to_thread(self._days, most)

    def _days(self, most: int) -> list[Day]:
        found: dict[date, list[tuple[datetime, UUID, Bar, Occurrence]]] = {}
        for bar in self.bars:
            for span in bar.spans:
                each = (span.opens_at, bar.invitation.id, bar, span)
                found.setdefault(span.day, []).append(each)
        days = []
        for ordinal in range(self.first_day.toordinal(), self.last_day.toordinal() + 1):
            day = date.fromordinal(ordinal)
            spans = found.get(day, [])
            first = nsmallest(most, spans, key=itemgetter(0, 1))
            items = [CalendarItem(bar.invitation, span) for _, _, bar, span in first]
            days.append(Day(day, len(spans), items))
        return days


async def calendar_of(
    site: Site,
    first_day: date,
    last_day: date,
    *,
    states: Collection[CredentialState] | None,
    lock_ids: Collection[UUID] | None,
    search: str | None,
    now: datetime,
) -> Calendar:
    """The invitations that open on these days; removed ones only if that state is asked for.

    A span over midnight belongs to the day on which it begins. Raises InvalidInput for a range that is none or longer than
    62 days, and for more than 2,000 invitations.
    """
    if first_day.year < FIRST_YEAR or last_day.year > LAST_YEAR:
        raise InvalidInput("first_day", f"Ask for days between {FIRST_YEAR} and {LAST_YEAR}.")
    if last_day < first_day:
        raise InvalidInput("last_day", "The last day is not before the first.")
    if last_day - first_day >= LONGEST_RANGE:
        raise InvalidInput("last_day", f"A range has at most {LONGEST_RANGE.days} days.")
    zone = zone_of(site)
    touching = _touching(zone, first_day, last_day)
    rows = await (
        invitations_of(site.id, states, lock_ids, search, touching, now)
        .order_by("id")
        .limit(MOST_BARS + 1)
    )
    if len(rows) > MOST_BARS:
        raise _too_much()
    # A busy site's two months cost some hundred milliseconds: not on the loop that serves the locks.
    bars = await asyncio.to_thread(_bars, rows, zone, first_day, last_day)
    return Calendar(first_day, last_day, bars)


def _touching(zone: ZoneInfo, first_day: date, last_day: date) -> Span:
    """The night that begins on the last day ends on the one after."""
    return Span(
        datetime.combine(first_day, time.min, zone).astimezone(UTC),
        datetime.combine(last_day + 2 * ONE_DAY, time.min, zone).astimezone(UTC),
    )


def _bars(rows: Iterable[Invitation], zone: ZoneInfo, first_day: date, last_day: date) -> list[Bar]:
    bars = []
    for row in rows:
        schedule = row.schedule()
        if schedule.valid_from is None:
            # It opens from its creation on: before, nobody could have redeemed it.
            schedule = replace(schedule, valid_from=row.created_at)
        spans = list(occurrences(schedule, zone, first_day, last_day))
        if spans:
            bars.append(Bar(row, spans))
    return sorted(bars, key=lambda bar: (bar.spans[0].opens_at, bar.invitation.id))


def _time(item: CalendarItem) -> tuple[datetime, UUID]:
    return item.occurrence.opens_at, item.invitation.id


def _too_much() -> InvalidInput:
    return InvalidInput(
        "last_day", "There is too much in this range: ask for fewer days, or for some of the locks."
    )
