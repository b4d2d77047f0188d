"""The lists of a site: the rows of each, narrowed as asked, as query sets that a page is cut from.

A choice by other rows is a subquery, so that a page stays one statement whatever it chooses among. Every function here
filters by the site, so that no list shows rows of another one.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import Q, Subquery
from tortoise.queryset import QuerySet

from domain.access_rules.tables import AccessRule, AccessRuleLock, AccessRuleLockTag
from domain.actors import Role
from domain.alerts.tables import Alert, AlertKind
from domain.audit.tables import AuditRow
from domain.database.rows import column
from domain.database.search_text import folded
from domain.errors import InvalidInput
from domain.inputs.moments import in_utc
from domain.invitations.states import invitations_in_states
from domain.invitations.tables import Invitation, InvitationLock
from domain.link.events import LockEventKind
from domain.locks.kits import pending
from domain.locks.rules import Connectivity
from domain.locks.states import online_at
from domain.locks.tables import Hub, Lock, Provisioning
from domain.people.tables import ApiToken, ApiTokenSite, Member
from domain.pins.states import pins_in_states
from domain.pins.tables import Pin
from domain.schedules.states import CredentialState
from domain.sites.service import zone_of
from domain.sites.tables import Site
from domain.smartpins.states import smart_pins_in_states
from domain.smartpins.tables import SmartPin
from domain.sync.rules import SyncStatus
from domain.sync.status import locks_in_statuses
from domain.sync.tables import EntryState, LockEntry, LockEvent
from domain.tags.tables import Tag, TaggedLock, TagKind, TagTarget

MOST_CHOICES = 100
"""How many ids or values a list is narrowed to at once."""
LONGEST_SEARCH = 100
"""In characters: as long as the longest name."""

SHORT_SPAN = 1_000
"""Events of one."""


@dataclass(frozen=True, slots=True)
class Span:
    """The moments from `since` on and before `until`, both in UTC; None: no limit."""

    since: datetime | None = None
    until: datetime | None = None


def span(
    since: datetime | None,
    until: datetime | None,
    *,
    fields: tuple[str, str] = ("since", "until"),
) -> Span:
    """The span that a list is asked for in these fields, in UTC. Raises InvalidInput for one that holds no moment, or has
    no offset.
    """
    asked = Span(
        in_utc(fields[0], since) if since is not None else None,
        in_utc(fields[1], until) if until is not None else None,
    )
    if asked.since is not None and asked.until is not None and asked.until <= asked.since:
        raise InvalidInput(fields[1], "The end is after the start.")
    return asked


def open_span(open_from: datetime | None, open_to: datetime | None) -> Span:
    """As `span`, for what is open at some moment of it."""
    return span(open_from, open_to, fields=("open_from", "open_to"))


def _open(rows: Any, within: Span, start: str, end: str) -> Any:
    """Only what is open at some moment of the span: an empty start column is the beginning of time."""
    if within.until is not None:
        begun: dict[str, Any] = {f"{start}__lt": within.until}
        always: dict[str, Any] = {f"{start}__isnull": True}
        rows = rows.filter(Q(**begun) | Q(**always))
    return _only(rows, **{f"{end}__gt": within.since})


def _searched(rows: Any, words: str | None, *columns: str) -> Any:
    """Only rows with all of these words, each of them in one of the columns (`search_text`, unless others are given).

    A word is found in any case, in either spelling of its accents, and as a part of another. Raises InvalidInput for more
    than 100 characters and for what cannot be printed: no name holds either, SQLite takes no long pattern, and PostgreSQL
    no NUL.
    """
    if len(words or "") > LONGEST_SEARCH:
        raise InvalidInput("search", f"Search for at most {LONGEST_SEARCH} characters.")
    asked = folded(words or "").strip()
    if not asked.isprintable():
        raise InvalidInput("search", "Search for printable characters.")
    for word in set(asked.split()):
        found = [Q(**{f"{column}__contains": word}) for column in columns or ("search_text",)]
        rows = rows.filter(Q(*found, join_type=Q.OR))
    return rows


def _only(rows: Any, **wanted: Any) -> Any:
    """Only those with these values; None stands for any value."""
    return rows.filter(**{name: value for name, value in wanted.items() if value is not None})


def check_some(field: str, values: Collection[Any] | None) -> None:
    """Raises InvalidInput for an empty choice, which is a mistake since it would show nothing, and for more than 100."""
    if values is None:
        return
    if not values:
        raise InvalidInput(field, "Name at least one, or leave the field out.")
    if len(values) > MOST_CHOICES:
        raise InvalidInput(field, f"Name at most {MOST_CHOICES}.")


def locks_of(
    site_id: UUID,
    search: str | None,
    *,
    online: bool | None,
    statuses: Collection[SyncStatus] | None,
    locked_out: bool | None,
    connectivities: Collection[Connectivity] | None,
    hub_ids: Collection[UUID] | None,
    tag_ids: Collection[UUID] | None,
    now: datetime,
) -> QuerySet[Lock]:
    """Locks. Raises InvalidInput."""
    for field, values in (
        ("statuses", statuses),
        ("connectivities", connectivities),
        ("hub_ids", hub_ids),
        ("tag_ids", tag_ids),
    ):
        check_some(field, values)
    rows = _searched(Lock.filter(site_id=site_id, deleted_at=None), search)
    rows = _only(rows, connectivity__in=connectivities, hub_id__in=hub_ids)
    if online is not None:
        rows = rows.filter(online_at(now) if online else ~online_at(now))
    if locked_out is not None:
        rows = rows.filter(locked_out_since__isnull=not locked_out)
    if statuses is not None:
        rows = locks_in_statuses(rows, site_id, statuses)
    if tag_ids is not None:
        tagged = TaggedLock.filter(tag_id__in=tag_ids).values("lock_id")
        rows = rows.filter(id__in=Subquery(tagged))
    found: QuerySet[Lock] = rows
    return found


def hubs_of(site_id: UUID, search: str | None) -> QuerySet[Hub]:
    """Hubs. Raises InvalidInput."""
    rows: QuerySet[Hub] = _searched(Hub.filter(site_id=site_id, deleted_at=None), search)
    return rows


def members_of(
    site_id: UUID, search: str | None, roles: Collection[Role] | None
) -> QuerySet[Member]:
    """Members. Raises InvalidInput."""
    check_some("roles", roles)
    rows = _searched(Member.filter(site_id=site_id, removed_at=None), search)
    found: QuerySet[Member] = _only(rows, role__in=roles)
    return found


def tags_of(
    site_id: UUID,
    kinds: Collection[TagKind] | None,
    targets: Collection[TagTarget] | None,
    search: str | None,
) -> QuerySet[Tag]:
    """Tags. Raises InvalidInput."""
    check_some("kinds", kinds)
    check_some("targets", targets)
    rows = _searched(Tag.filter(site_id=site_id, deleted_at=None), search)
    found: QuerySet[Tag] = _only(rows, kind__in=kinds, target__in=targets)
    return found


def invitations_of(
    site_id: UUID,
    states: Collection[CredentialState] | None,
    lock_ids: Collection[UUID] | None,
    search: str | None,
    within: Span,
    now: datetime,
) -> QuerySet[Invitation]:
    """Invitations whose interval meets the span; removed ones only if that state is asked for. Raises InvalidInput."""
    check_some("states", states)
    check_some("lock_ids", lock_ids)
    rows = invitations_in_states(Invitation.filter(site_id=site_id), states, now)
    rows = _open(rows, within, "valid_from", "valid_until")
    if lock_ids is not None:
        chosen = InvitationLock.filter(lock_id__in=lock_ids).values("invitation_id")
        rows = rows.filter(id__in=Subquery(chosen))
    found: QuerySet[Invitation] = _searched(rows, search)
    return found


def access_rules_of(
    site_id: UUID, member_ids: Collection[UUID] | None, lock_ids: Collection[UUID] | None
) -> QuerySet[AccessRule]:
    """Access rules. `lock_ids`: those that open one of them now, by its id or by a tag that holds it.

    Raises InvalidInput.
    """
    check_some("member_ids", member_ids)
    check_some("lock_ids", lock_ids)
    rows = AccessRule.filter(site_id=site_id, deleted_at=None)
    if lock_ids is not None:
        tags = Subquery(TaggedLock.filter(lock_id__in=lock_ids).values("tag_id"))
        named = AccessRuleLock.filter(lock_id__in=lock_ids).values("rule_id")
        by_tag = AccessRuleLockTag.filter(tag_id__in=tags).values("rule_id")
        rows = rows.filter(Q(id__in=Subquery(named)) | Q(id__in=Subquery(by_tag)))
    found: QuerySet[AccessRule] = _only(rows, member_id__in=member_ids)
    return found


def alerts_of(
    site_id: UUID, kinds: Collection[AlertKind] | None, seen: bool | None
) -> QuerySet[Alert]:
    """Alerts of these kinds, seen or not; None: all."""
    rows = Alert.filter(site_id=site_id)
    if kinds is not None:
        rows = rows.filter(kind__in=list(kinds))
    if seen is not None:
        rows = rows.filter(seen_at__isnull=not seen)
    return rows


def pins_of(
    site: Site,
    states: Collection[CredentialState] | None,
    owner_ids: Collection[UUID] | None,
    lock_ids: Collection[UUID] | None,
    search: str | None,
    now: datetime,
) -> QuerySet[Pin]:
    """PINs; removed ones only if that state is asked for. `lock_ids`: those that one of the locks should hold, and those
    that it may still hold: it has not acknowledged that they have left, or what it holds is not known.

    Searched by their notes and by their owner's name. Raises InvalidInput.
    """
    check_some("states", states)
    check_some("owner_ids", owner_ids)
    check_some("lock_ids", lock_ids)
    rows = pins_in_states(Pin.filter(site_id=site.id), states, zone_of(site), now)
    if lock_ids is not None:
        leaving = Q(pending_since__isnull=False) | Q(lock__state_unknown=True)
        held = LockEntry.filter(lock_id__in=lock_ids, pin_id__isnull=False, gone_at=None)
        held = held.filter(leaving | ~Q(state=EntryState.REMOVED))
        rows = rows.filter(id__in=Subquery(held.values("pin_id")))
    rows = _searched(rows, search, "search_text", "owner__search_text")
    found: QuerySet[Pin] = _only(rows, owner_id__in=owner_ids)
    return found


def smart_pins_of(
    site_id: UUID,
    states: Collection[CredentialState] | None,
    lock_ids: Collection[UUID] | None,
    search: str | None,
    within: Span,
    now: datetime,
) -> QuerySet[SmartPin]:
    """SmartPINs of locks that are there, open within the span; searched by the guest's name. Raises InvalidInput."""
    check_some("states", states)
    check_some("lock_ids", lock_ids)
    rows: Any = SmartPin.filter(site_id=site_id, lock__deleted_at=None)
    rows = _open(rows, within, "opens_at", "closes_at")
    rows = _only(smart_pins_in_states(rows, states, now), lock_id__in=lock_ids)
    found: QuerySet[SmartPin] = _searched(rows, search)
    return found


async def events_of(
    site_id: UUID,
    lock_ids: Collection[UUID] | None,
    member_ids: Collection[UUID] | None,
    kinds: Collection[LockEventKind] | None,
    within: Span,
) -> QuerySet[LockEvent]:
    """What locks reported, by the lock's time where it had one, else by when it was recorded. Raises InvalidInput."""
    check_some("lock_ids", lock_ids)
    check_some("member_ids", member_ids)
    check_some("kinds", kinds)
    rows: QuerySet[LockEvent] = _only(
        LockEvent.filter(site_id=site_id),
        lock_id__in=lock_ids,
        member_id__in=member_ids,
        kind__in=kinds,
    )
    return rows if within == Span() else await _events_within(site_id, rows, within)


async def _events_within(
    site_id: UUID, rows: QuerySet[LockEvent], within: Span
) -> QuerySet[LockEvent]:
    """Those of a short span by their numbers, found by their moments; of a long one those that are met on the way along all
    numbers. Only the number of events that there are tells which of the two takes less.
    """
    of_site = LockEvent.filter(site_id=site_id)
    found = _only(of_site, moment__gte=within.since, moment__lt=within.until)
    numbers = await column(found.limit(SHORT_SPAN + 1), "number")
    if len(numbers) <= SHORT_SPAN:
        return rows.filter(number__in=numbers)
    if within.since is not None:
        rows = rows.exclude(
            moment__lt=within.since
        )  # SQLite seeks no negated comparison in an index
    if within.until is not None:
        rows = rows.exclude(moment__gte=within.until)
    return rows


def provisioning_kits_of(site_id: UUID, now: datetime) -> QuerySet[Provisioning]:
    """The kits that a lock of the site may still prove."""
    return Provisioning.filter(pending(now), lock__site_id=site_id, lock__deleted_at=None)


def api_tokens_of(site_id: UUID) -> QuerySet[ApiToken]:
    """API tokens that were not revoked."""
    for_this_site = ApiTokenSite.filter(site_id=site_id).values("token_id")
    return ApiToken.filter(id__in=Subquery(for_this_site), revoked_at=None)


def audit_of(site_id: UUID, within: Span) -> QuerySet[AuditRow]:
    """The site's chain of the audit."""
    rows: QuerySet[AuditRow] = _only(
        AuditRow.filter(chain=site_id), at__gte=within.since, at__lt=within.until
    )
    return rows
