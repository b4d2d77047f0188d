"""Access rules: who may open which locks when, with a phone or a personal PIN.

What an update leaves out stays as it was, so that no limit goes which nobody meant; what became wider or narrower is in
the answer.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain import topics
from domain.access.schedule import Schedule
from domain.access_rules.facts import GrantsChanged
from domain.access_rules.grants import locks_of_rules, members_of_rules
from domain.access_rules.tables import AccessRule, AccessRuleLock, AccessRuleLockTag
from domain.actors import Caller
from domain.audit.service import RecordedChange, changing_access
from domain.database import lock_row, use_case
from domain.errors import InvalidInput, NotFound
from domain.facts import announce
from domain.inputs.partial_updates import Fields, check_not_cleared
from domain.installation import Installation
from domain.link.entries import MAX_SCHEDULES
from domain.people.members import live_members
from domain.schedules.changes import AccessLimit, changed_schedule, difference
from domain.schedules.columns import schedule_columns
from domain.tags.choice import chosen_locks, replace_choice
from domain.tags.service import live_tags
from domain.tags.tables import TagTarget


@dataclass(frozen=True, slots=True)
class ChangedRule:
    """A rule after an update, with what became wider and what narrower."""

    rule: AccessRule
    widened: tuple[AccessLimit, ...]
    narrowed: tuple[AccessLimit, ...]


async def _choose(
    rule: AccessRule, lock_ids: Collection[UUID] | None, tag_ids: Collection[UUID] | None
) -> None:
    """Replaces the choice of locks by id, of tags, or both; None keeps. Raises InvalidInput, NotFound."""
    await chosen_locks(rule.site_id, lock_ids, tag_ids)
    await replace_choice(AccessRuleLock, {"rule_id": rule.id}, "lock_id", lock_ids)
    await replace_choice(AccessRuleLockTag, {"rule_id": rule.id}, "tag_id", tag_ids)


async def _check_number(rule: AccessRule) -> None:
    """At most half of the schedules that a lock takes for one PIN, so that a member's own rules leave room for those of
    the member's tags. Where the sum is too large all the same, the member's PINs refuse it as they follow.
    """
    same = AccessRule.filter(
        site_id=rule.site_id,
        member_id=rule.member_id,
        member_tag_id=rule.member_tag_id,
        deleted_at=None,
    )
    if await same.count() > MAX_SCHEDULES // 2:
        raise InvalidInput("grantee", f"At most {MAX_SCHEDULES // 2} rules for one member or tag.")


@use_case
async def create_access_rule(
    installation: Installation,
    by: Caller,
    *,
    member_id: UUID | None,
    member_tag_id: UUID | None,
    lock_ids: Collection[UUID] | None,
    lock_tag_ids: Collection[UUID] | None,
    schedule: Schedule,
    now: datetime,
) -> AccessRule:
    """A rule for a member or a member tag. Raises InvalidInput, NotFound, PinTooShort (personal PINs follow)."""
    if (member_id is None) == (member_tag_id is None):
        raise InvalidInput("grantee", "Name either a member or a tag of members.")
    if lock_ids is None and lock_tag_ids is None:
        raise InvalidInput("lock_ids", "Name the locks by lockIds, lockTagIds, or both.")
    async with changing_access(installation, by, "createAccessRule", now) as change:
        if member_id is not None:
            await live_members(by.site_id, [member_id], "grantee.member_id")
        if member_tag_id is not None:
            await live_tags(by.site_id, [member_tag_id], TagTarget.MEMBER, "grantee.member_tag_id")
        rule = await AccessRule.create(
            site_id=by.site_id,
            member_id=member_id,
            member_tag_id=member_tag_id,
            created_at=now,
            **schedule_columns(schedule),
        )
        await _choose(rule, lock_ids, lock_tag_ids)
        await _check_number(rule)
        await _announce(installation, change, rule, now)
        change.note("AccessRule", rule.id)
        return rule


async def _announce(
    installation: Installation, change: RecordedChange, rule: AccessRule, now: datetime
) -> None:
    """What the rule grants has changed, for all whom it names."""
    members = await members_of_rules([rule])
    await announce(installation, change, GrantsChanged(frozenset(members)), now)
    change.wake(*(topics.member(member_id) for member_id in members))


async def _held_rule(by: Caller, rule_id: UUID) -> AccessRule:
    rule = await lock_row(AccessRule, rule_id)
    if rule is None or rule.site_id != by.site_id or rule.deleted_at is not None:
        raise NotFound("access_rule_id")
    return rule


@use_case
async def update_access_rule(
    installation: Installation, by: Caller, *, access_rule_id: UUID, fields: Fields, now: datetime
) -> ChangedRule:
    """Changes what `fields` mentions (schedule fields, the choice of locks). Raises what `create_access_rule` does."""
    check_not_cleared(fields, "lock_ids", "lock_tag_ids")
    async with changing_access(installation, by, "updateAccessRule", now) as change:
        rule = await _held_rule(by, access_rule_id)
        before, old = (await locks_of_rules([rule.id]))[rule.id], rule.schedule()
        new = changed_schedule(old, fields)
        columns = schedule_columns(new)
        await rule.update_from_dict(columns).save(update_fields=list(columns))
        await _choose(rule, fields.get("lock_ids"), fields.get("lock_tag_ids"))
        await _announce(installation, change, rule, now)
        after = (await locks_of_rules([rule.id]))[rule.id]
        widened, narrowed = difference(old, new, before, after)
        change.note(
            "AccessRule", rule.id, changed=sorted(fields), widened=widened, narrowed=narrowed
        )
    return ChangedRule(rule, tuple(widened), tuple(narrowed))


@use_case
async def delete_access_rule(
    installation: Installation, by: Caller, *, access_rule_id: UUID, now: datetime
) -> AccessRule:
    """Ends a rule: for phones at once, for personal PINs as each lock acknowledges it. Raises NotFound."""
    async with changing_access(installation, by, "deleteAccessRule", now) as change:
        rule = await _held_rule(by, access_rule_id)
        rule.deleted_at = now
        await rule.save(update_fields=["deleted_at"])
        await _announce(installation, change, rule, now)
        change.note("AccessRule", rule.id)
        return rule
