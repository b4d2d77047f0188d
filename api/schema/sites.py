"""Sites: settings, plan, seats, and the lists that hang on them."""

from datetime import datetime

import strawberry
from strawberry.types import Info
from tortoise.expressions import Subquery

from api.schema.access_rules import AccessRule, access_rule_type
from api.schema.events import LockEvent, event_type
from api.schema.invitations import Invitation, invitation_type
from api.schema.locks import Hub, Lock, hub_type, lock_type
from api.schema.nodes import Connection, Node, global_id, key_of, page, searched
from api.schema.people import ApiToken, Member, api_token_type, member_type
from api.schema.pins import Pin, pin_type
from api.schema.smartpins import SmartPin, smart_pin_type
from api.schema.tags import Tag, tag_type
from domain.access_rules import tables as rule_tables
from domain.alerts import tables as alert_tables
from domain.alerts.tables import AlertKind
from domain.audit import tables as audit_tables
from domain.errors import NotAllowed
from domain.invitations import tables as invitation_tables
from domain.invitations.rules import InvitationStatus
from domain.invitations.service import having_status
from domain.locks import tables as lock_tables
from domain.people import tables as people_tables
from domain.people.actors import ActorKind, Role, Standing
from domain.people.rules import Permission, allows
from domain.pins import tables as pin_tables
from domain.pins.guess_budget import most_pins
from domain.pins.tables import PinStatus
from domain.sites import tables
from domain.sites.rules import SystemType
from domain.sites.service import seats_used
from domain.smartpins import tables as smart_pin_tables
from domain.smartpins.rules import SmartPinStatus
from domain.smartpins.service import having_status as having_smart_pin_status
from domain.sync import tables as sync_tables
from domain.sync.tables import EntryState
from domain.tags import tables as tag_tables
from domain.tags.tables import TagKind, TagTarget


@strawberry.type(description="The add-ons of a site's plan.")
class SiteFeatures:
    invitations: bool = strawberry.field(description="Whether invitations can be made.")
    custom_pins: bool = strawberry.field(description="Whether people may choose their PINs.")


@strawberry.type(description="The seats of a site's plan.")
class Seats:
    used: int = strawberry.field(description="Members, and invitations that have not ended.")
    limit: int = strawberry.field(description="How many there are.")


@strawberry.type(description="What the guess limit means for PINs of one length.")
class GuessBudget:
    length: int = strawberry.field(description="The digits.")
    pins_per_lock: int = strawberry.field(
        description="How many PINs of this length one lock may hold; none: take longer ones."
    )


@strawberry.type(description="What PINs a site accepts.")
class PinPolicy:
    min_length: int = strawberry.field(description="The fewest digits.")
    max_length: int = strawberry.field(description="The most digits.")
    auto_length: int = strawberry.field(description="The digits of generated PINs, at least.")
    guess_limit: int = strawberry.field(
        description="Ten tries at a lock open it with at most one chance in this many."
    )

    @strawberry.field(
        description="What that means, length by length. PINs that a lock has already stay when the limit is tightened."
    )
    def guess_budget(self) -> list[GuessBudget]:
        return [
            GuessBudget(length=length, pins_per_lock=most_pins(length, self.guess_limit))
            for length in range(self.min_length, self.max_length + 1)
        ]


@strawberry.type(description="A mutation by a person or a script.")
class AuditEntry:
    number: int = strawberry.field(description="Its place in the chain.")
    at: datetime = strawberry.field(description="When.")
    actor_kind: ActorKind = strawberry.field(description="What kind of caller.")
    actor_id: strawberry.ID | None = strawberry.field(description="Which one.")
    action: str = strawberry.field(description="The operation.")
    target_kind: str = strawberry.field(description="What kind of thing it changed.")
    target_id: strawberry.ID = strawberry.field(description="Which one.")


@strawberry.type(description="Something that the admins of a site should know.")
class Alert:
    kind: AlertKind = strawberry.field(description="What happened.")
    at: datetime = strawberry.field(description="When.")
    actor_kind: ActorKind = strawberry.field(description="What kind of caller caused it.")
    member_id: strawberry.ID | None = strawberry.field(description="Which member, if a member.")


def _alert_type(row: alert_tables.Alert) -> Alert:
    return Alert(
        kind=row.kind,
        at=row.at,
        actor_kind=row.actor_kind,
        member_id=global_id("member", row.member_id) if row.member_id else None,
    )


@strawberry.type(description="The tenant boundary: one place with its doors and people.")
class Site(Node):
    row: strawberry.Private[tables.Site]
    standing: strawberry.Private[Standing]
    name: str = strawberry.field(description="What people call it; guests see it.")
    timezone: str = strawberry.field(description="Its IANA time zone.")
    system_type: SystemType = strawberry.field(description="Its plan's architecture.")
    features: SiteFeatures = strawberry.field(description="Its plan's add-ons.")
    pin_policy: PinPolicy = strawberry.field(description="What PINs it accepts.")
    smart_pin_activation: bool = strawberry.field(
        description="Whether a SmartPIN dies that was not used within a day of its start."
    )

    def _may(self, permission: Permission) -> None:
        if not allows(self.standing, permission):
            raise NotAllowed

    @strawberry.field(description="Its plan's seats.")
    async def seats(self, info: Info) -> Seats:
        return Seats(
            used=await seats_used(self.row.id, info.context.clock()), limit=self.row.seat_limit
        )

    @strawberry.field(description="Its locks.")
    async def locks(
        self, info: Info, first: int = 50, after: str | None = None, search: str | None = None
    ) -> Connection[Lock]:
        self._may(Permission.READ)
        rows = lock_tables.Lock.filter(site_id=self.row.id, deleted_at=None)
        rows = searched(rows, search)
        clock = info.context.clock
        return await page(rows, lambda row: lock_type(row, clock), first=first, after=after)

    @strawberry.field(description="Its hubs.")
    async def hubs(self, first: int = 50, after: str | None = None) -> Connection[Hub]:
        self._may(Permission.READ)
        rows = lock_tables.Hub.filter(site_id=self.row.id, deleted_at=None)
        return await page(rows, hub_type, first=first, after=after)

    @strawberry.field(description="Its members.")
    async def members(
        self,
        first: int = 50,
        after: str | None = None,
        search: str | None = None,
        role: Role | None = None,
    ) -> Connection[Member]:
        self._may(Permission.READ)
        rows = people_tables.Member.filter(site_id=self.row.id, removed_at=None)
        rows = searched(rows, search)
        if role is not None:
            rows = rows.filter(role=role)
        return await page(rows, member_type, first=first, after=after)

    @strawberry.field(description="Its tags.")
    async def tags(
        self,
        first: int = 50,
        after: str | None = None,
        kind: TagKind | None = None,
        target: TagTarget | None = None,
    ) -> Connection[Tag]:
        self._may(Permission.READ)
        rows = tag_tables.Tag.filter(site_id=self.row.id, deleted_at=None)
        if kind is not None:
            rows = rows.filter(kind=kind)
        if target is not None:
            rows = rows.filter(target=target)
        return await page(rows, tag_type, first=first, after=after)

    @strawberry.field(description="Its invitations that were not deleted, newest first.")
    async def invitations(
        self,
        info: Info,
        first: int = 50,
        after: str | None = None,
        status: InvitationStatus | None = None,
        lock_id: strawberry.ID | None = None,
        search: str | None = None,
    ) -> Connection[Invitation]:
        self._may(Permission.READ)
        now = info.context.clock()
        rows = having_status(invitation_tables.Invitation.filter(site_id=self.row.id), status, now)
        if lock_id is not None:
            key = key_of("lock", lock_id, "lockId")
            chosen = invitation_tables.InvitationLock.filter(lock_id=key)
            rows = rows.filter(id__in=Subquery(chosen.values("invitation_id")))
        rows = searched(rows, search)
        return await page(
            rows,
            lambda row: invitation_type(row, now),
            first=first,
            after=after,
            newest_first=True,
        )

    @strawberry.field(description="Its access rules.")
    async def access_rules(
        self,
        info: Info,
        first: int = 50,
        after: str | None = None,
        member_id: strawberry.ID | None = None,
    ) -> Connection[AccessRule]:
        self._may(Permission.READ)
        rows = rule_tables.AccessRule.filter(site_id=self.row.id, deleted_at=None)
        if member_id is not None:
            rows = rows.filter(member_id=key_of("member", member_id, "memberId"))
        return await page(rows, access_rule_type, first=first, after=after)

    @strawberry.field(description="What its admins should know, newest first.")
    async def alerts(self, first: int = 50, after: str | None = None) -> Connection[Alert]:
        self._may(Permission.READ)
        rows = alert_tables.Alert.filter(site_id=self.row.id)
        return await page(rows, _alert_type, first=first, after=after, newest_first=True)

    @strawberry.field(description="Its PINs that were not removed.")
    async def pins(
        self,
        first: int = 50,
        after: str | None = None,
        status: PinStatus | None = None,
        owner_id: strawberry.ID | None = None,
        lock_id: strawberry.ID | None = None,
    ) -> Connection[Pin]:
        self._may(Permission.READ)
        rows = pin_tables.Pin.filter(site_id=self.row.id)
        rows = (
            rows.exclude(status=PinStatus.REMOVED) if status is None else rows.filter(status=status)
        )
        if owner_id is not None:
            rows = rows.filter(owner_id=key_of("member", owner_id, "ownerId"))
        if lock_id is not None:
            held = sync_tables.LockEntry.filter(
                lock_id=key_of("lock", lock_id, "lockId"), pin_id__isnull=False
            )
            ids = await held.exclude(state=EntryState.REMOVED).values_list("pin_id", flat=True)
            rows = rows.filter(id__in=list(ids))
        return await page(rows, pin_type, first=first, after=after)

    @strawberry.field(description="Its SmartPINs, newest first.")
    async def smart_pins(
        self,
        info: Info,
        first: int = 50,
        after: str | None = None,
        status: SmartPinStatus | None = None,
        lock_id: strawberry.ID | None = None,
        search: str | None = None,
    ) -> Connection[SmartPin]:
        self._may(Permission.READ)
        now = info.context.clock()
        rows = smart_pin_tables.SmartPin.filter(site_id=self.row.id, lock__deleted_at=None)
        rows = searched(having_smart_pin_status(rows, status, now), search, "guest_name")
        if lock_id is not None:
            rows = rows.filter(lock_id=key_of("lock", lock_id, "lockId"))
        return await page(
            rows,
            lambda row: smart_pin_type(row, now),
            first=first,
            after=after,
            newest_first=True,
        )

    @strawberry.field(description="What its locks reported, newest first.")
    async def events(
        self, first: int = 50, after: str | None = None, lock_id: strawberry.ID | None = None
    ) -> Connection[LockEvent]:
        self._may(Permission.READ)
        rows = sync_tables.LockEvent.filter(site_id=self.row.id)
        if lock_id is not None:
            rows = rows.filter(lock_id=key_of("lock", lock_id, "lockId"))
        return await page(
            rows, event_type, first=first, after=after, key="number", newest_first=True
        )

    @strawberry.field(description="Its API tokens that were not revoked.")
    async def api_tokens(self, first: int = 50, after: str | None = None) -> Connection[ApiToken]:
        self._may(Permission.SITE_SETTINGS)
        ids = await people_tables.ApiTokenSite.filter(site_id=self.row.id).values_list(
            "token_id", flat=True
        )
        rows = people_tables.ApiToken.filter(id__in=list(ids), revoked_at=None)
        return await page(rows, api_token_type, first=first, after=after)

    @strawberry.field(description="Who changed what, newest first.")
    async def audit_log(self, first: int = 50, after: str | None = None) -> Connection[AuditEntry]:
        self._may(Permission.READ_AUDIT)
        rows = audit_tables.AuditRow.filter(chain=self.row.id)
        return await page(
            rows, _audit_type, first=first, after=after, key="number", newest_first=True
        )


def _audit_type(row: audit_tables.AuditRow) -> AuditEntry:
    return AuditEntry(
        number=row.number,
        at=row.at,
        actor_kind=row.actor_kind,
        actor_id=global_id(row.actor_kind.value.lower(), row.actor_id) if row.actor_id else None,
        action=row.action,
        target_kind=row.target_kind,
        target_id=strawberry.ID(row.target_id.hex),
    )


def site_type(row: tables.Site, standing: Standing) -> Site:
    """A site as the API shows it to somebody of this standing."""
    return Site(
        id=global_id("site", row.id),
        row=row,
        standing=standing,
        name=row.name,
        timezone=row.timezone,
        system_type=row.system_type,
        features=SiteFeatures(
            invitations=row.invitations_enabled, custom_pins=row.custom_pins_enabled
        ),
        pin_policy=PinPolicy(
            min_length=row.pin_min_length,
            max_length=row.pin_max_length,
            auto_length=row.pin_auto_length,
            guess_limit=row.guess_limit,
        ),
        smart_pin_activation=row.smart_pin_activation,
    )


@strawberry.input(description="A new site; the caller's account owns it.")
class CreateSiteInput:
    name: str = strawberry.field(description="What people call it; guests see it.")
    timezone: str = strawberry.field(description="Its IANA time zone, such as Europe/Rome.")
    system_type: SystemType = strawberry.field(description="Its architecture; the plan fixes it.")


@strawberry.input(description="PIN lengths and the guess limit. An omitted field keeps its value.")
class PinPolicyInput:
    min_length: int | None = strawberry.field(
        default=None, description="The fewest digits, 4 or more."
    )
    max_length: int | None = strawberry.field(
        default=None, description="The most digits, 9 or fewer."
    )
    auto_length: int | None = strawberry.field(
        default=None, description="The digits of generated PINs."
    )
    guess_limit: int | None = strawberry.field(
        default=None, description="Ten tries open a lock with at most one chance in this many."
    )


@strawberry.input(description="Changes to a site's settings. An omitted field keeps its value.")
class UpdateSiteInput:
    site_id: strawberry.ID = strawberry.field(description="The site.")
    name: str | None = strawberry.field(default=None, description="Its new name.")
    timezone: str | None = strawberry.field(default=None, description="Its new IANA time zone.")
    pin_policy: PinPolicyInput | None = strawberry.field(
        default=None, description="What PINs it accepts from now on."
    )
    smart_pin_activation: bool | None = strawberry.field(
        default=None,
        description="Whether a SmartPIN dies that was not used within a day of its start; holds for those given out too.",
    )


@strawberry.type(description="The new site.")
class CreatedSite:
    site: Site = strawberry.field(description="The site.")


@strawberry.type(description="The site as it is now.")
class UpdatedSite:
    site: Site = strawberry.field(description="The site.")
