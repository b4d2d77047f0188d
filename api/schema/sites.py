"""Sites: settings, plan, seats, and the lists that hang on them."""

from typing import Annotated

import strawberry
from strawberry.types import Info
from tortoise.expressions import Subquery

from api.schema.access_rules import AccessRule, access_rule_type
from api.schema.api_tokens import ApiToken, api_token_type
from api.schema.hubs import Hub, hub_type
from api.schema.invitations import Invitation, invitation_type
from api.schema.locks import Lock, lock_type
from api.schema.members import Member, member_type
from api.schema.nodes import (
    After,
    AtLock,
    Connection,
    First,
    Node,
    Search,
    global_id,
    key_of,
    only,
    page,
    searched,
)
from api.schema.pins import Pin, pin_type
from api.schema.records import Alert, AuditEntry, alert_type, audit_type
from api.schema.site_settings import PinPolicy, Seats, SiteFeatures
from api.schema.smartpins import SmartPin, smart_pin_type
from api.schema.sync import LockEvent, event_type
from api.schema.tags import Tag, tag_type
from domain.access_rules import tables as rule_tables
from domain.alerts import tables as alert_tables
from domain.audit import tables as audit_tables
from domain.errors import NotAllowed
from domain.invitations import tables as invitation_tables
from domain.invitations.rules import InvitationStatus
from domain.invitations.service import having_status
from domain.locks import tables as lock_tables
from domain.people import tables as people_tables
from domain.people.actors import Role, Standing
from domain.people.rules import Permission, allows
from domain.pins import tables as pin_tables
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
        self, info: Info, first: First = 50, after: After = None, search: Search = None
    ) -> Connection[Lock]:
        self._may(Permission.READ)
        rows = lock_tables.Lock.filter(site_id=self.row.id, deleted_at=None)
        rows = searched(rows, search)
        clock = info.context.clock
        return await page(rows, lambda row: lock_type(row, clock), first=first, after=after)

    @strawberry.field(description="Its hubs.")
    async def hubs(self, first: First = 50, after: After = None) -> Connection[Hub]:
        self._may(Permission.READ)
        rows = lock_tables.Hub.filter(site_id=self.row.id, deleted_at=None)
        return await page(rows, hub_type, first=first, after=after)

    @strawberry.field(description="Its members.")
    async def members(
        self,
        first: First = 50,
        after: After = None,
        search: Search = None,
        role: Annotated[Role | None, only("of this role")] = None,
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
        first: First = 50,
        after: After = None,
        kind: Annotated[TagKind | None, only("of this kind")] = None,
        target: Annotated[TagTarget | None, only("that hold these")] = None,
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
        first: First = 50,
        after: After = None,
        status: Annotated[InvitationStatus | None, only("of this status")] = None,
        lock_id: AtLock = None,
        search: Search = None,
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
        first: First = 50,
        after: After = None,
        member_id: Annotated[strawberry.ID | None, only("of this member")] = None,
    ) -> Connection[AccessRule]:
        self._may(Permission.READ)
        rows = rule_tables.AccessRule.filter(site_id=self.row.id, deleted_at=None)
        if member_id is not None:
            rows = rows.filter(member_id=key_of("member", member_id, "memberId"))
        return await page(rows, access_rule_type, first=first, after=after)

    @strawberry.field(description="What its admins should know, newest first.")
    async def alerts(self, first: First = 50, after: After = None) -> Connection[Alert]:
        self._may(Permission.READ)
        rows = alert_tables.Alert.filter(site_id=self.row.id)
        return await page(rows, alert_type, first=first, after=after, newest_first=True)

    @strawberry.field(description="Its PINs that were not removed.")
    async def pins(
        self,
        first: First = 50,
        after: After = None,
        status: Annotated[
            PinStatus | None, only("of this status; omitted: all but removed ones")
        ] = None,
        owner_id: Annotated[strawberry.ID | None, only("of this member")] = None,
        lock_id: AtLock = None,
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
        first: First = 50,
        after: After = None,
        status: Annotated[SmartPinStatus | None, only("of this status")] = None,
        lock_id: AtLock = None,
        search: Search = None,
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
        self, first: First = 50, after: After = None, lock_id: AtLock = None
    ) -> Connection[LockEvent]:
        self._may(Permission.READ)
        rows = sync_tables.LockEvent.filter(site_id=self.row.id)
        if lock_id is not None:
            rows = rows.filter(lock_id=key_of("lock", lock_id, "lockId"))
        return await page(
            rows, event_type, first=first, after=after, key="number", newest_first=True
        )

    @strawberry.field(description="Its API tokens that were not revoked.")
    async def api_tokens(self, first: First = 50, after: After = None) -> Connection[ApiToken]:
        self._may(Permission.SITE_SETTINGS)
        ids = await people_tables.ApiTokenSite.filter(site_id=self.row.id).values_list(
            "token_id", flat=True
        )
        rows = people_tables.ApiToken.filter(id__in=list(ids), revoked_at=None)
        return await page(rows, api_token_type, first=first, after=after)

    @strawberry.field(description="Who changed what, newest first.")
    async def audit_log(self, first: First = 50, after: After = None) -> Connection[AuditEntry]:
        self._may(Permission.READ_AUDIT)
        rows = audit_tables.AuditRow.filter(chain=self.row.id)
        return await page(
            rows, audit_type, first=first, after=after, key="number", newest_first=True
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


@strawberry.type(description="The new site.")
class CreatedSite:
    site: Site = strawberry.field(description="The site.")


@strawberry.type(description="The site as it is now.")
class UpdatedSite:
    site: Site = strawberry.field(description="The site.")
