"""Access rules: what members may open with a phone or a personal PIN."""

from datetime import date, time
from typing import Annotated

import strawberry
from strawberry.types import Info

from api.schema.credentials import Credential, zone_at
from api.schema.growth import GROWS
from api.schema.locks import Lock, lock_type
from api.schema.members import Member, member_type
from api.schema.nodes import global_id, shows
from api.schema.schedules import schedule_type
from api.schema.tags import Tag, tag_type
from api.schema.warnings import OF_A_CREDENTIAL, OF_LEASES, Warning_, warning_types, warnings_of
from domain.access.schedule import Weekday
from domain.access_rules import tables
from domain.locks import tables as locks
from domain.schedules.changes import AccessLimit
from domain.schedules.states import CredentialState, state_of
from domain.warnings import leases

Grantee = Annotated[
    Member | Tag,
    strawberry.union("Grantee", description=f"Whom an access rule lets in. {GROWS}"),
]


@strawberry.type(description="A member, or a tag of members, may open locks at times.")
class AccessRule(Credential):
    row: strawberry.Private[tables.AccessRule]

    @strawberry.field(description="The name of the member or of the tag.")
    async def label(self, info: Info) -> str:
        return (await self._grantee(info)).name

    @strawberry.field(description="Where it is in its life; it is never BLOCKED or VOID.")
    async def state(self, info: Info) -> CredentialState:
        return state_of(
            self.row.schedule(),
            await zone_at(info, self.row),
            info.context.clock(),
            removed=self.row.deleted_at is not None,
        )

    @strawberry.field(description="Whom it lets in: a member, or whoever a tag holds.")
    async def grantee(self, info: Info) -> Grantee:
        return await self._grantee(info)

    async def _grantee(self, info: Info) -> Member | Tag:
        loaders = info.context.loaders
        if self.row.member_id is not None:
            return member_type(await loaders.member.load(self.row.member_id))
        return tag_type(await loaders.tag.load(self.row.member_tag_id))

    async def rows_of_locks(self, info: Info) -> list[locks.Lock]:
        rows: list[locks.Lock] = await info.context.loaders.locks_of_rule.load(self.row.id)
        return rows

    @strawberry.field(
        description="The locks that were chosen by their ids. At most 1000. Null, with an error, for whoever may not read "
        "the site."
    )
    async def chosen_locks(self, info: Info) -> list[Lock] | None:
        await self.check_may_read(info)
        rows = await info.context.loaders.chosen_locks_of_rule.load(self.row.id)
        return [lock_type(row.lock, info.context.clock) for row in rows]

    @strawberry.field(
        description="The tags by which locks were chosen. At most 1000. Null, with an error, for whoever may not read the "
        "site."
    )
    async def lock_tags(self, info: Info) -> list[Tag] | None:
        await self.check_may_read(info)
        rows = await info.context.loaders.lock_tags_of_rule.load(self.row.id)
        return [tag_type(row.tag) for row in rows]

    @strawberry.field(description=OF_A_CREDENTIAL)
    async def warnings(self, info: Info) -> list[Warning_]:
        return await warnings_of(info, info.context.loaders.warnings_of_rule, self.row)


def access_rule_type(row: tables.AccessRule) -> AccessRule:
    """A rule as the API shows it."""
    return AccessRule(
        id=global_id("access_rule", row.id),
        row=row,
        created_at=row.created_at,
        schedule=schedule_type(row.schedule()),
    )


shows(tables.AccessRule, lambda row, _: access_rule_type(row))


@strawberry.input(description="Whom a rule lets in: exactly one.", one_of=True)
class GranteeInput:
    member_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="A member."
    )
    member_tag_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="A tag of members: whoever it holds, now and later."
    )


@strawberry.input(description="A new access rule.")
class CreateAccessRuleInput:
    site_id: strawberry.ID = strawberry.field(description="The site.")
    grantee: GranteeInput = strawberry.field(description="Whom it lets in.")
    lock_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Locks, by id."
    )
    lock_tag_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Tags of locks; what they hold, now and later."
    )
    valid_from: date | None = strawberry.field(default=None, description="The first day.")
    valid_until: date | None = strawberry.field(default=None, description="The last day.")
    slot_start: time | None = strawberry.field(default=None, description="Daily from this time.")
    slot_end: time | None = strawberry.field(default=None, description="Daily until this time.")
    weekdays: list[Weekday] | None = strawberry.field(
        default=None, description="The allowed days; omitted: every day."
    )


@strawberry.input(
    description="Changes to a rule. An omitted field keeps its value; null clears a limit."
)
class UpdateAccessRuleInput:
    access_rule_id: strawberry.ID = strawberry.field(description="The rule.")
    lock_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="All the locks by id, from now on; null is refused."
    )
    lock_tag_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="All the tags of locks, from now on; null is refused."
    )
    valid_from: date | None = strawberry.field(
        default=strawberry.UNSET, description="The first day; null: no limit."
    )
    valid_until: date | None = strawberry.field(
        default=strawberry.UNSET, description="The last day; null: no limit."
    )
    slot_start: time | None = strawberry.field(
        default=strawberry.UNSET, description="Daily from this time; null (both): all day."
    )
    slot_end: time | None = strawberry.field(
        default=strawberry.UNSET, description="Daily until this time; null (both): all day."
    )
    weekdays: list[Weekday] | None = strawberry.field(
        default=strawberry.UNSET, description="The allowed days; null: every day."
    )


@strawberry.input(description="A rule to delete.")
class DeleteAccessRuleInput:
    access_rule_id: strawberry.ID = strawberry.field(description="The rule.")


@strawberry.type(description="The new rule.")
class CreatedAccessRule:
    access_rule: AccessRule = strawberry.field(description="The rule.")

    @strawberry.field(description=OF_A_CREDENTIAL)
    async def warnings(self, info: Info) -> list[Warning_]:
        return await warnings_of(info, info.context.loaders.warnings_of_rule, self.access_rule.row)


@strawberry.type(description="The rule as it is now.")
class UpdatedAccessRule:
    access_rule: AccessRule = strawberry.field(description="The rule.")
    widened: list[AccessLimit] = strawberry.field(description="What opens more than before.")
    narrowed: list[AccessLimit] = strawberry.field(description="What opens less than before.")

    @strawberry.field(
        description=f"{OF_A_CREDENTIAL} And whether a lease opens where it does no more, until when."
    )
    async def warnings(self, info: Info) -> list[Warning_]:
        clock, row = info.context.clock, self.access_rule.row
        found = await warnings_of(info, info.context.loaders.warnings_of_rule, row)
        return [*found, *warning_types(await leases.of_rule(row, clock()), clock)]


@strawberry.type(
    description="The rule is gone: for phones at once, for PINs as each lock hears of it."
)
class DeletedAccessRule:
    access_rule: AccessRule = strawberry.field(description="The rule as it was.")

    @strawberry.field(description=OF_LEASES)
    async def warnings(self, info: Info) -> list[Warning_]:
        clock = info.context.clock
        return warning_types(await leases.of_rule(self.access_rule.row, clock()), clock)
