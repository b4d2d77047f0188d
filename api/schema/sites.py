"""Sites: settings, plan, seats, and the lists that hang on them."""

import dataclasses
from datetime import date, datetime
from typing import Annotated

import strawberry
from strawberry.types import Info

from api.schema.access_rules import AccessRule, access_rule_type
from api.schema.activity_kinds import ActivityKind
from api.schema.alert_mail import AlertMail, alert_kinds, alert_mail_type
from api.schema.api_tokens import ApiToken, api_token_type
from api.schema.calendars import Calendar, calendar_type
from api.schema.filters import (
    AtLocks,
    HappenedFrom,
    HappenedTo,
    InStates,
    OfMembers,
    OpenFrom,
    OpenTo,
    Search,
    only,
)
from api.schema.hubs import Hub, hub_type
from api.schema.invitations import Invitation, invitation_type
from api.schema.locks import FOR_READERS, Lock, lock_type
from api.schema.members import Member, member_type
from api.schema.nodes import (
    USUAL_PAGE,
    After,
    Connection,
    First,
    Node,
    global_id,
    keys_of,
    page,
    shows,
)
from api.schema.of_site import SeenSite
from api.schema.pins import Pin, pin_type
from api.schema.provisioning import ProvisioningKit, kit_type
from api.schema.records import Alert, AuditEntry, alert_type, audit_type
from api.schema.site_settings import PinPolicy, Seats
from api.schema.site_summaries import SiteSummary
from api.schema.smartpins import SmartPin, smart_pin_type
from api.schema.sync import LockEvent, event_type, reported_kinds
from api.schema.tags import Tag, tag_type
from domain.actors import Role, Standing
from domain.errors import NotAllowed
from domain.listing import site_lists as lists
from domain.listing.calendars import LONGEST_RANGE, calendar_of
from domain.listing.summaries import summary_of
from domain.locks.rules import Connectivity
from domain.people.rules import Permission, allows
from domain.sites import tables
from domain.sites.rules import SiteFeature, SystemType
from domain.sync.rules import SyncStatus
from domain.tags.tables import TagKind, TagTarget

FOR_ALL_BUT_GUESTS = "Null, with an error, for guests."
FOR_DOORS = "Null, with an error, for whoever may not provision locks."
FOR_SETTINGS = "Null, with an error, for whoever may not change its settings."
FOR_AUDIT = "Null, with an error, for whoever may not read its audit."


@strawberry.type(description="The tenant boundary: one place with its doors and people.")
class Site(Node):
    row: strawberry.Private[tables.Site]
    standing: strawberry.Private[Standing | None]
    name: str = strawberry.field(description="What people call it; guests see it.")
    timezone: str = strawberry.field(description="Its IANA time zone.")
    created_at: datetime = strawberry.field(description="When it was made.")

    def _may(self, permission: Permission) -> None:
        """What only some members are shown. Raises NotAllowed."""
        if self.standing is None or not allows(self.standing, permission):
            raise NotAllowed

    def _check_no_guest(self) -> None:
        """What whoever has any role at the site is shown. Raises NotAllowed."""
        if self.standing is None:
            raise NotAllowed

    @strawberry.field(description=f"Its plan's architecture. {FOR_ALL_BUT_GUESTS}")
    def system_type(self) -> SystemType | None:
        self._check_no_guest()
        return self.row.system_type

    @strawberry.field(description=f"Its plan's add-ons. {FOR_ALL_BUT_GUESTS}")
    def features(self) -> list[SiteFeature] | None:
        self._check_no_guest()
        included = {
            SiteFeature.INVITATIONS: self.row.invitations_enabled,
            SiteFeature.CUSTOM_PINS: self.row.custom_pins_enabled,
        }
        return [feature for feature in SiteFeature if included[feature]]

    @strawberry.field(description=f"What PINs it accepts. {FOR_ALL_BUT_GUESTS}")
    def pin_policy(self) -> PinPolicy | None:
        self._check_no_guest()
        return PinPolicy(
            min_length=self.row.pin_min_length,
            max_length=self.row.pin_max_length,
            auto_length=self.row.pin_auto_length,
            guess_limit=self.row.guess_limit,
        )

    @strawberry.field(
        description="After how many minutes a keypad's lockout ends by itself; null: never. "
        f"{FOR_ALL_BUT_GUESTS}"
    )
    def lockout_release_minutes(self) -> int | None:
        self._check_no_guest()
        return self.row.lockout_release_minutes

    @strawberry.field(
        description="For how many minutes a lease opens a door that no network reaches: so long a phone may still open, "
        f"though its access was taken away. {FOR_ALL_BUT_GUESTS}"
    )
    def lease_minutes(self) -> int | None:
        self._check_no_guest()
        return self.row.lease_minutes

    @strawberry.field(
        description="Whether a SmartPIN dies that was not used within a day of its start. "
        f"{FOR_ALL_BUT_GUESTS}"
    )
    def smart_pin_activation(self) -> bool | None:
        self._check_no_guest()
        return self.row.smart_pin_activation

    @strawberry.field(
        description=f"For how many days its events are kept; null: for good. {FOR_ALL_BUT_GUESTS}"
    )
    def event_retention_days(self) -> int | None:
        self._check_no_guest()
        return self.row.event_retention_days

    @strawberry.field(description=f"Which alerts are mailed, and to whom. {FOR_READERS}")
    async def alert_mail(self) -> AlertMail | None:
        self._may(Permission.READ)
        return await alert_mail_type(self.row)

    @strawberry.field(description=f"How many of its alerts nobody has seen. {FOR_READERS}")
    async def unseen_alerts(self) -> int | None:
        self._may(Permission.READ)
        return await lists.alerts_of(self.row.id, None, False).count()

    @strawberry.field(description=f"Its plan's seats. {FOR_ALL_BUT_GUESTS}")
    async def seats(self, info: Info) -> Seats | None:
        self._check_no_guest()
        return Seats(
            used=await info.context.loaders.seats_used.load((self.row.id, info.context.clock())),
            limit=self.row.seat_limit,
        )

    @strawberry.field(
        description=f"How many there are of what, and how many need attention, at one moment. {FOR_READERS}"
    )
    async def summary(self, info: Info) -> SiteSummary | None:
        self._may(Permission.READ)
        found = await summary_of(self.row, info.context.clock())
        return SiteSummary(**dataclasses.asdict(found))

    @strawberry.field(description=f"Its locks. {FOR_READERS}")
    async def locks(
        self,
        info: Info,
        first: First = USUAL_PAGE,
        after: After = None,
        search: Search = None,
        online: Annotated[bool | None, only("that are online; false: that are not")] = None,
        statuses: Annotated[
            list[SyncStatus] | None, only("in these states of sync as a whole")
        ] = None,
        locked_out: Annotated[
            bool | None, only("whose keypad is locked out; false: whose keypad is not")
        ] = None,
        connectivities: Annotated[list[Connectivity] | None, only("connected so")] = None,
        hub_ids: Annotated[
            list[strawberry.ID] | None, only("connected by these hubs, at most 100")
        ] = None,
        tag_ids: Annotated[
            list[strawberry.ID] | None, only("with one of these tags, at most 100")
        ] = None,
    ) -> Connection[Lock] | None:
        self._may(Permission.READ)
        clock = info.context.clock
        return await page(
            lists.locks_of(
                self.row.id,
                search,
                online=online,
                statuses=statuses,
                locked_out=locked_out,
                connectivities=connectivities,
                hub_ids=keys_of("hub", hub_ids, "hub_ids"),
                tag_ids=keys_of("tag", tag_ids, "tag_ids"),
                now=clock(),
            ),
            lambda row: lock_type(row, clock),
            first=first,
            after=after,
        )

    @strawberry.field(description=f"Its hubs. {FOR_READERS}")
    async def hubs(
        self, first: First = USUAL_PAGE, after: After = None, search: Search = None
    ) -> Connection[Hub] | None:
        self._may(Permission.READ)
        return await page(lists.hubs_of(self.row.id, search), hub_type, first=first, after=after)

    @strawberry.field(description=f"Its members. {FOR_READERS}")
    async def members(
        self,
        first: First = USUAL_PAGE,
        after: After = None,
        search: Search = None,
        roles: Annotated[list[Role] | None, only("of these roles")] = None,
    ) -> Connection[Member] | None:
        self._may(Permission.READ)
        rows = lists.members_of(self.row.id, search, roles)
        return await page(rows, member_type, first=first, after=after)

    @strawberry.field(description=f"Its tags. {FOR_READERS}")
    async def tags(
        self,
        first: First = USUAL_PAGE,
        after: After = None,
        kinds: Annotated[list[TagKind] | None, only("of these kinds")] = None,
        targets: Annotated[list[TagTarget] | None, only("that hold these")] = None,
        search: Search = None,
    ) -> Connection[Tag] | None:
        self._may(Permission.READ)
        rows = lists.tags_of(self.row.id, kinds, targets, search)
        return await page(rows, tag_type, first=first, after=after)

    @strawberry.field(
        description=f"Its invitations, newest first; removed ones only where `states` names REMOVED. "
        f"{FOR_READERS}"
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
    ) -> Connection[Invitation] | None:
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
        info: Info,
        first_day: Annotated[date, strawberry.argument(description="The first day.")],
        last_day: Annotated[date, strawberry.argument(description="The last day.")],
        states: InStates = None,
        lock_ids: AtLocks = None,
        search: Search = None,
    ) -> Calendar | None:
        self._may(Permission.READ)
        found = await calendar_of(
            self.row,
            first_day,
            last_day,
            states=states,
            lock_ids=keys_of("lock", lock_ids, "lock_ids"),
            search=search,
            now=info.context.clock(),
        )
        return calendar_type(found)

    @strawberry.field(description=f"Its access rules. {FOR_READERS}")
    async def access_rules(
        self,
        first: First = USUAL_PAGE,
        after: After = None,
        member_ids: OfMembers = None,
        lock_ids: Annotated[
            list[strawberry.ID] | None,
            only("that open one of these locks now, by its id or by a tag"),
        ] = None,
    ) -> Connection[AccessRule] | None:
        self._may(Permission.READ)
        rows = lists.access_rules_of(
            self.row.id,
            keys_of("member", member_ids, "member_ids"),
            keys_of("lock", lock_ids, "lock_ids"),
        )
        return await page(rows, access_rule_type, first=first, after=after)

    @strawberry.field(description=f"What its admins should know, newest first. {FOR_READERS}")
    async def alerts(
        self,
        first: First = USUAL_PAGE,
        after: After = None,
        kinds: Annotated[
            list[ActivityKind] | None, only("of these kinds, of those that alerts have")
        ] = None,
        seen: Annotated[bool | None, only("that were seen, or that were not")] = None,
    ) -> Connection[Alert] | None:
        self._may(Permission.READ)
        rows = lists.alerts_of(self.row.id, alert_kinds(kinds), seen)
        return await page(rows, alert_type, first=first, after=after, newest_first=True)

    @strawberry.field(
        description=f"Its PINs; removed ones only where `states` names REMOVED. {FOR_READERS}"
    )
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
    ) -> Connection[Pin] | None:
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

    @strawberry.field(description=f"Its SmartPINs, newest first. {FOR_READERS}")
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
    ) -> Connection[SmartPin] | None:
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
        description=f"What its locks reported, newest first; `from` and `to` go by `occurredAt`, or `recordedAt` without "
        f"one. {FOR_READERS}"
    )
    async def events(
        self,
        first: First = USUAL_PAGE,
        after: After = None,
        lock_ids: AtLocks = None,
        member_ids: OfMembers = None,
        kinds: Annotated[
            list[ActivityKind] | None, only("of these kinds, of those that locks report")
        ] = None,
        from_: HappenedFrom = None,
        to: HappenedTo = None,
    ) -> Connection[LockEvent] | None:
        self._may(Permission.READ)
        rows = await lists.events_of(
            self.row.id,
            keys_of("lock", lock_ids, "lock_ids"),
            keys_of("member", member_ids, "member_ids"),
            reported_kinds(kinds),
            lists.span(from_, to),
        )
        return await page(
            rows, event_type, first=first, after=after, numbered=True, newest_first=True
        )

    @strawberry.field(
        description=f"What was given out to be installed on its locks and may still be proven by one. "
        f"{FOR_DOORS}"
    )
    async def provisioning_kits(
        self, info: Info, first: First = USUAL_PAGE, after: After = None
    ) -> Connection[ProvisioningKit] | None:
        self._may(Permission.DOORS)
        rows = lists.provisioning_kits_of(self.row.id, info.context.clock())
        return await page(rows, kit_type, first=first, after=after)

    @strawberry.field(description=f"Its API tokens that were not revoked. {FOR_SETTINGS}")
    async def api_tokens(
        self, first: First = USUAL_PAGE, after: After = None
    ) -> Connection[ApiToken] | None:
        self._may(Permission.SITE_SETTINGS)
        rows = lists.api_tokens_of(self.row.id)
        return await page(rows, api_token_type, first=first, after=after)

    @strawberry.field(description=f"Who changed what, newest first. {FOR_AUDIT}")
    async def audit_log(
        self,
        first: First = USUAL_PAGE,
        after: After = None,
        from_: HappenedFrom = None,
        to: HappenedTo = None,
    ) -> Connection[AuditEntry] | None:
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
        created_at=row.created_at,
    )


shows(SeenSite, lambda seen, _: site_type(seen.row, seen.standing))


@strawberry.type(description="The new site.")
class CreatedSite:
    site: Site = strawberry.field(description="The site.")


@strawberry.type(description="The site as it is now.")
class UpdatedSite:
    site: Site = strawberry.field(description="The site.")
