"""The lists that hang on a site: the rows of each, narrowed as asked, as query sets that a page is cut from.

A choice by other rows is a subquery, so that a page stays one statement whatever it chooses among. The dangerous
direction: a list that forgets its site. Every function here takes the site's id and begins with it.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import Subquery
from tortoise.queryset import QuerySet

from domain.access_rules.tables import AccessRule
from domain.alerts.tables import Alert
from domain.audit.tables import AuditRow
from domain.errors import InvalidInput
from domain.invitations import service as invitations
from domain.invitations.rules import InvitationStatus
from domain.invitations.tables import Invitation, InvitationLock
from domain.locks.tables import Hub, Lock
from domain.people.actors import Role
from domain.people.tables import ApiToken, ApiTokenSite, Member
from domain.pins.tables import Pin, PinStatus
from domain.smartpins import service as smartpins
from domain.smartpins.rules import SmartPinStatus
from domain.smartpins.tables import SmartPin
from domain.sync.tables import EntryState, LockEntry, LockEvent
from domain.tags.tables import Tag, TagKind, TagTarget

LONGEST_SEARCH = 100
"""In characters: as long as the longest name."""


def _searched(rows: Any, words: str | None, column: str = "name") -> Any:
    """Only names that hold these words, in any case.

    Raises InvalidInput for more than 100 characters and for what cannot be printed: no name holds either, SQLite takes
    no long pattern, and PostgreSQL no NUL.
    """
    words = (words or "").strip()
    if len(words) > LONGEST_SEARCH:
        raise InvalidInput("search", f"Search for at most {LONGEST_SEARCH} characters.")
    if not words.isprintable():
        raise InvalidInput("search", "Search for printable characters.")
    return rows.filter(**{f"{column}__icontains": words}) if words else rows


def _only(rows: Any, **wanted: Any) -> Any:
    """Only those with these values; None asks for nothing."""
    return rows.filter(**{name: value for name, value in wanted.items() if value is not None})


def locks_of(site_id: UUID, search: str | None) -> QuerySet[Lock]:
    """Locks. Raises InvalidInput."""
    rows: QuerySet[Lock] = _searched(Lock.filter(site_id=site_id, deleted_at=None), search)
    return rows


def hubs_of(site_id: UUID) -> QuerySet[Hub]:
    """Hubs."""
    return Hub.filter(site_id=site_id, deleted_at=None)


def members_of(site_id: UUID, search: str | None, role: Role | None) -> QuerySet[Member]:
    """Members. Raises InvalidInput."""
    rows = _searched(Member.filter(site_id=site_id, removed_at=None), search)
    found: QuerySet[Member] = _only(rows, role=role)
    return found


def tags_of(site_id: UUID, kind: TagKind | None, target: TagTarget | None) -> QuerySet[Tag]:
    """Tags."""
    rows = Tag.filter(site_id=site_id, deleted_at=None)
    found: QuerySet[Tag] = _only(rows, kind=kind, target=target)
    return found


def invitations_of(
    site_id: UUID,
    status: InvitationStatus | None,
    lock_id: UUID | None,
    search: str | None,
    now: datetime,
) -> QuerySet[Invitation]:
    """Invitations, deleted ones only by that status. Raises InvalidInput."""
    rows = invitations.having_status(Invitation.filter(site_id=site_id), status, now)
    if lock_id is not None:
        chosen = InvitationLock.filter(lock_id=lock_id).values("invitation_id")
        rows = rows.filter(id__in=Subquery(chosen))
    found: QuerySet[Invitation] = _searched(rows, search)
    return found


def access_rules_of(site_id: UUID, member_id: UUID | None) -> QuerySet[AccessRule]:
    """Access rules."""
    rows = AccessRule.filter(site_id=site_id, deleted_at=None)
    found: QuerySet[AccessRule] = _only(rows, member_id=member_id)
    return found


def alerts_of(site_id: UUID) -> QuerySet[Alert]:
    """Alerts."""
    return Alert.filter(site_id=site_id)


def pins_of(
    site_id: UUID, status: PinStatus | None, owner_id: UUID | None, lock_id: UUID | None
) -> QuerySet[Pin]:
    """PINs, removed ones only by that status. `lock_id`: those that the lock should hold."""
    rows: Any = Pin.filter(site_id=site_id)
    rows = rows.exclude(status=PinStatus.REMOVED) if status is None else rows.filter(status=status)
    if lock_id is not None:
        held = LockEntry.filter(lock_id=lock_id, pin_id__isnull=False)
        held = held.exclude(state=EntryState.REMOVED)
        rows = rows.filter(id__in=Subquery(held.values("pin_id")))
    found: QuerySet[Pin] = _only(rows, owner_id=owner_id)
    return found


def smart_pins_of(
    site_id: UUID,
    status: SmartPinStatus | None,
    lock_id: UUID | None,
    search: str | None,
    now: datetime,
) -> QuerySet[SmartPin]:
    """SmartPINs of locks that are there; searched by the guest's name. Raises InvalidInput."""
    rows: Any = SmartPin.filter(site_id=site_id, lock__deleted_at=None)
    rows = _only(smartpins.having_status(rows, status, now), lock_id=lock_id)
    found: QuerySet[SmartPin] = _searched(rows, search, "guest_name")
    return found


def events_of(site_id: UUID, lock_id: UUID | None) -> QuerySet[LockEvent]:
    """What locks reported."""
    found: QuerySet[LockEvent] = _only(LockEvent.filter(site_id=site_id), lock_id=lock_id)
    return found


def api_tokens_of(site_id: UUID) -> QuerySet[ApiToken]:
    """API tokens that were not revoked."""
    here = ApiTokenSite.filter(site_id=site_id).values("token_id")
    return ApiToken.filter(id__in=Subquery(here), revoked_at=None)


def audit_of(site_id: UUID) -> QuerySet[AuditRow]:
    """The site's chain of the audit."""
    return AuditRow.filter(chain=site_id)
