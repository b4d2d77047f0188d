"""Where a credential is in its life, asked of one row or of a table: both by the same order of precedence.

Only the interval counts, the end of the last day's slot over midnight included; weekdays and the hours between do not.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from tortoise.expressions import F, Q

from domain.access.schedule import ONE_DAY, Schedule


class CredentialState(StrEnum):
    """VOID opens nothing any more because its lock got a new secret; REMOVED is for good. Not every kind has every state."""

    UPCOMING = "UPCOMING"
    ACTIVE = "ACTIVE"
    ENDED = "ENDED"
    BLOCKED = "BLOCKED"
    REMOVED = "REMOVED"
    VOID = "VOID"


PRECEDENCE = (
    CredentialState.REMOVED,
    CredentialState.VOID,
    CredentialState.ENDED,
    CredentialState.BLOCKED,
    CredentialState.UPCOMING,
)
"""The first of these that holds is the state; where none does, it is ACTIVE."""

Conditions = Mapping[CredentialState, Q]
"""When each of `PRECEDENCE` holds, of rows of a table; each is true or false, never NULL, so that it can be negated."""


def state_of(
    schedule: Schedule,
    zone: ZoneInfo,
    now: datetime,
    *,
    removed: bool = False,
    void: bool = False,
    blocked: bool = False,
) -> CredentialState:
    """The state at `now` of a credential with this schedule, at a site in this zone."""
    day = schedule.day_of(now.astimezone(zone))
    holds = {
        CredentialState.REMOVED: removed,
        CredentialState.VOID: void,
        CredentialState.ENDED: not schedule.lasts_beyond(day, now),
        CredentialState.BLOCKED: blocked,
        CredentialState.UPCOMING: not schedule.begins_by(day, now),
    }
    return next((state for state in PRECEDENCE if holds[state]), CredentialState.ACTIVE)


def state_of_moments(
    schedule: Schedule,
    now: datetime,
    *,
    removed: bool = False,
    void: bool = False,
    blocked: bool = False,
) -> CredentialState:
    """As `state_of`, of a schedule from moment to moment, which is the same in every zone."""
    return state_of(schedule, ZoneInfo("UTC"), now, removed=removed, void=void, blocked=blocked)


def between_moments(start: str, end: str, now: datetime) -> dict[CredentialState, Q]:
    """ENDED and UPCOMING of rows with moments in these columns, `start <= t < end`; NULL is no limit."""
    ended: dict[str, Any] = {f"{end}__isnull": False, f"{end}__lte": now}
    upcoming: dict[str, Any] = {f"{start}__isnull": False, f"{start}__gt": now}
    return {CredentialState.ENDED: Q(**ended), CredentialState.UPCOMING: Q(**upcoming)}


def between_days(zone: ZoneInfo, now: datetime) -> dict[CredentialState, Q]:
    """ENDED and UPCOMING of rows with `ScheduleColumns` whose `valid_from` and `valid_until` are days."""
    wall = now.astimezone(zone)
    today, yesterday = wall.date(), wall.date() - ONE_DAY
    # The part after midnight of a slot that began yesterday. Slots are stored as whole seconds, so the second that has
    # begun compares as the moment itself does.
    morning = Q(
        slot_end__isnull=False,
        slot_end__gt=wall.time().isoformat("seconds"),
        slot_end__lt=F("slot_start"),
    )
    ended = Q(valid_until__lt=yesterday) | (Q(valid_until=yesterday) & ~morning)
    upcoming = Q(valid_from__gt=today) | (Q(valid_from=today) & morning)
    return {
        CredentialState.ENDED: Q(valid_until__isnull=False) & ended,
        CredentialState.UPCOMING: Q(valid_from__isnull=False) & upcoming,
    }


def in_states(rows: Any, states: Collection[CredentialState] | None, conditions: Conditions) -> Any:
    """A query set narrowed to these states; None: to all but REMOVED. No row has a state without a condition."""
    if states is None:
        return rows.filter(~conditions[CredentialState.REMOVED])
    return rows.filter(
        Q(*(_condition(state, conditions) for state in sorted(set(states))), join_type=Q.OR)
    )


def _condition(state: CredentialState, conditions: Conditions) -> Q:
    if state is not CredentialState.ACTIVE and state not in conditions:
        return Q(id__in=[])
    before = PRECEDENCE[: PRECEDENCE.index(state)] if state in PRECEDENCE else PRECEDENCE
    met = [~conditions[each] for each in before if each in conditions]
    if state in conditions:
        met.append(conditions[state])
    return Q(*met)
