"""Sites: settings, plan, seats, and the lists that hang on them."""

from datetime import date
from typing import Annotated

import strawberry
from strawberry.types import Info

from api.schema.access_rules import AccessRule, access_rule_type
from api.schema.activity_kinds import ActivityKind
from api.schema.api_tokens import ApiToken, api_token_type
from api.schema.calendars import Calendar, calendar_type
from api.schema.filters import (
    AtLock,
    AtLocks,
    HappenedFrom,
    HappenedTo,
    InStates,
    OfMember,
    OfMembers,
    OpenFrom,
    OpenTo,
    Search,
    only,
)
from api.schema.hubs import Hub, hub_type
from api.schema.invitations import Invitation, invitation_type
from api.schema.locks import Lock, lock_type
from api.schema.members import Member, member_type
from api.schema.nodes import (
    USUAL_PAGE,
    After,
    Connection,
    First,
    Node,
    chosen_key_of,
    global_id,
    keys_of,
    page,
    shows,
)
from api.schema.of_site import SeenSite
from api.schema.pins import Pin, pin_type
from api.schema.provisioning import ProvisioningKit, kit_type
from api.schema.records import Alert, AuditEntry, alert_type, audit_type
from api.schema.site_settings import PinPolicy, Seats, SiteFeatures
from api.schema.smartpins import SmartPin, smart_pin_type
from api.schema.sync import LockEvent, event_type, reported_kinds
from api.schema.tags import Tag, tag_type
from domain.actors import Role, Standing
from domain.errors import NotAllowed
from domain.invitations.calendar import LONGEST_RANGE, calendar
from domain.listing import site_lists as lists
from domain.people.rules import Permission, allows
from domain.sites import tables
from domain.sites.rules import SystemType
from domain.tags.tables import TagKind, TagTarget


@strawberry.type(description="The tenant boundary: one place with its doors and people.")
class Site(Node):
    row: strawberry.Private[tables.Site]
    standing: strawberry.Private[Standing | None]
    name: str = strawberry.field(description="What people call it; guests see it.")
    timezone: str = strawberry.field(description="Its IANA time zone.")
    system_type: SystemType = strawberry.field(description="Its plan's architecture.")
    features: SiteFeatures = strawberry.field(description="Its plan's add-ons.")
    pin_policy: PinPolicy = strawberry.field(description="What PINs it accepts.")
    lockout_release_minutes: int | None = strawberry.field(
        description="After how many minutes a keypad's lockout ends by itself; null: never."
    )
    smart_pin_activation: bool = strawberry.field(
        description="Whether a SmartPIN dies that was not used within a day of its start."
    )

    def _may(self, permission: Permission) -> None:
        """What only some members are shown. Raises NotAllowed."""
        if self.standing is None or not allows(self.standing, permission):
            raise NotAllowed

    @strawberry.field(description="Its plan's seats.")
    async def seats(self, info: Info) -> Seats:
        return Seats(
            used=await info.context.loaders.seats_used.load((self.row.id, info.context.clock())),
            limit=self.row.seat_limit,
        )

    @strawberry.field(description="Its locks.")
    async def locks(
        self, info: Info, first: First = USUAL_PAGE, after: After = None, search: Search = None
    ) -> Connection[Lock]:
        self._may(Permission.READ)
        clock = info.context.clock
        return await page(
            lists.locks_of(self.row.id, search),
            lambda row: lock_type(row, clock),
            first=first,
            after=after,
        )

    @strawberry.field(description="Its hubs.")
    async def hubs(
        self, first: First = USUAL_PAGE, after: After = None, search: Search = None
    ) -> Connection[Hub]:
        self._may(Permission.READ)
        return await page(lists.hubs_of(self.row.id, search), hub_type, first=first, after=after)

    @strawberry.field(description="Its members.")
    async def members(
        self,
        first: First = USUAL_PAGE,
        after: After = None,
        search: Search = None,
        role: Annotated[Role | None, only("of this role")] = None,
    ) -> Connection[Member]:
        self._may(Permission.READ)
        rows = lists.members_of(self.row.id, search, role)
        return await page(rows, member_type, first=first, after=after)

    @strawberry.field(description="Its tags.")
    async def tags(
        self,
        first: First = USUAL_PAGE,
        after: After = None,
        kind: Annotated[TagKind | None, only("of this kind")] = None,
        target: Annotated[TagTarget | None, only("that hold these")] = None,
        search: Search = None,
    ) -> Connection[Tag]:
        self._may(Permission.READ)
        rows = lists.tags_of(self.row.id, kind, target, search)
        return await page(rows, tag_type, first=first, after=after)

    @strawberry.field(
        description="Its invitations, newest first; removed ones only where `states` names REMOVED."
    )
    async def invitations(
        self,
        info: Info,
        first: First = USUAL_PAGE,
        after: After = None,
        states: InStates = None,
        lock_ids: AtLocks = None,
        search: Search = None,
        open_from: OpenFrom = None,
        open_to: OpenTo = None,
    ) -> Connection[Invitation]:
        self._may(Permission.READ)
        rows = lists.invitations_of(
            self.row.id,
            states,
            keys_of("lock", lock_ids, "lock_ids"),
            search,
            lists.open_span(open_from, open_to),
            info.context.clock(),
        )
        return await page(rows, invitation_type, first=first, after=after, newest_first=True)

    @strawberry.field(
        description="When the doors of its invitations open, on the local days from the first to the last, both included. "
        f"At most {LONGEST_RANGE.days} days at once. Null, with an error, for whoever may not read the site."
    )
    async def calendar(
        self,
        first_day: Annotated[date, strawberry.argument(description="The first day.")],
        last_day: Annotated[date, strawberry.argument(description="The last day.")],
    ) -> Calendar | None:
        self._may(Permission.READ)
        items = await calendar(self.row.id, first_day, last_day)
        return calendar_type(first_day, last_day, items)

    @strawberry.field(description="Its access rules.")
    async def access_rules(
        self,
        first: First = USUAL_PAGE,
        after: After = None,
        member_ids: OfMembers = None,
        lock_ids: Annotated[
            list[strawberry.ID] | None,
            only("that open one of these locks now, by its id or by a tag"),
        ] = None,
    ) -> Connection[AccessRule]:
        self._may(Permission.READ)
        rows = lists.access_rules_of(
            self.row.id,
            keys_of("member", member_ids, "member_ids"),
            keys_of("lock", lock_ids, "lock_ids"),
        )
        return await page(rows, access_rule_type, first=first, after=after)

    @strawberry.field(description="What its admins should know, newest first.")
    async def alerts(self, first: First = USUAL_PAGE, after: After = None) -> Connection[Alert]:
        self._may(Permission.READ)
        rows = lists.alerts_of(self.row.id)
        return await page(rows, alert_type, first=first, after=after, newest_first=True)

    @strawberry.field(description="Its PINs; removed ones only where `states` names REMOVED.")
    async def pins(
        self,
        info: Info,
        first: First = USUAL_PAGE,
        after: After = None,
        states: InStates = None,
        owner_ids: OfMembers = None,
        lock_ids: AtLocks = None,
        search: Annotated[
            str | None,
            only("with these words, in any case, in their notes or in their owner's name"),
        ] = None,
    ) -> Connection[Pin]:
        self._may(Permission.READ)
        rows = lists.pins_of(
            self.row,
            states,
            keys_of("member", owner_ids, "owner_ids"),
            keys_of("lock", lock_ids, "lock_ids"),
            search,
            info.context.clock(),
        )
        return await page(rows, pin_type, first=first, after=after)

    @strawberry.field(description="Its SmartPINs, newest first.")
    async def smart_pins(
        self,
        info: Info,
        first: First = USUAL_PAGE,
        after: After = None,
        states: InStates = None,
        lock_ids: AtLocks = None,
        search: Search = None,
        open_from: OpenFrom = None,
        open_to: OpenTo = None,
    ) -> Connection[SmartPin]:
        self._may(Permission.READ)
        rows = lists.smart_pins_of(
            self.row.id,
            states,
            keys_of("lock", lock_ids, "lock_ids"),
            search,
            lists.open_span(open_from, open_to),
            info.context.clock(),
        )
        return await page(rows, smart_pin_type, first=first, after=after, newest_first=True)

    @strawberry.field(
        description="What its locks reported, newest first; `from` and `to` go by `occurredAt`, or `recordedAt` without one."
    )
    async def events(
        self,
        first: First = USUAL_PAGE,
        after: After = None,
        lock_id: AtLock = None,
        member_id: OfMember = None,
        kinds: Annotated[
            list[ActivityKind] | None, only("of these kinds, of those that locks report")
        ] = None,
        from_: HappenedFrom = None,
        to: HappenedTo = None,
    ) -> Connection[LockEvent]:
        self._may(Permission.READ)
        rows = lists.events_of(
            self.row.id,
            chosen_key_of("lock", lock_id, "lock_id"),
            chosen_key_of("member", member_id, "member_id"),
            reported_kinds(kinds),
            lists.span(from_, to),
        )
        return await page(
            rows, event_type, first=first, after=after, numbered=True, newest_first=True
        )

    @strawberry.field(
        description="What was given out to be installed on its locks and may still be proven by one."
    )
    async def provisioning_kits(
        self, info: Info, first: First = USUAL_PAGE, after: After = None
    ) -> Connection[ProvisioningKit]:
        self._may(Permission.DOORS)
        rows = lists.provisioning_kits_of(self.row.id, info.context.clock())
        return await page(rows, kit_type, first=first, after=after)

    @strawberry.field(description="Its API tokens that were not revoked.")
    async def api_tokens(
        self, first: First = USUAL_PAGE, after: After = None
    ) -> Connection[ApiToken]:
        self._may(Permission.SITE_SETTINGS)
        rows = lists.api_tokens_of(self.row.id)
        return await page(rows, api_token_type, first=first, after=after)

    @strawberry.field(description="Who changed what, newest first.")
    async def audit_log(
        self,
        first: First = USUAL_PAGE,
        after: After = None,
        from_: HappenedFrom = None,
        to: HappenedTo = None,
    ) -> Connection[AuditEntry]:
        self._may(Permission.READ_AUDIT)
        rows = lists.audit_of(self.row.id, lists.span(from_, to))
        return await page(
            rows, audit_type, first=first, after=after, numbered=True, newest_first=True
        )


def site_type(row: tables.Site, standing: Standing | None) -> Site:
    """A site as the API shows it to somebody of this standing; None for a guest."""
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
        lockout_release_minutes=row.lockout_release_minutes,
        smart_pin_activation=row.smart_pin_activation,
    )


shows(SeenSite, lambda seen, _: site_type(seen.row, seen.standing))


@strawberry.type(description="The new site.")
class CreatedSite:
    site: Site = strawberry.field(description="The site.")


@strawberry.type(description="The site as it is now.")
class UpdatedSite:
    site: Site = strawberry.field(description="The site.")
