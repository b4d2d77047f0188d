"""What access rules amount to: for each member the locks they may open, with every schedule under which they may.

Tags count as they are now. Everything is read anew and nothing of it is stored, so that no rule grants anything once it,
its member or its tag has gone.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from uuid import UUID

from tortoise.expressions import Q

from domain.access.schedule import Schedule
from domain.access_rules.tables import AccessRule, AccessRuleLock, AccessRuleLockTag
from domain.database.rows import column
from domain.people.tables import Member
from domain.tags.tables import TaggedLock, TaggedMember

Grants = dict[UUID, list[Schedule]]
"""The schedules by lock."""


RulesByLock = dict[UUID, list[AccessRule]]
"""The rules that grant a lock, by lock, oldest first."""


async def grants_of_members(member_ids: Collection[UUID]) -> dict[UUID, Grants]:
    """For each of these members who are still there: what they may open, and when."""
    return {
        member_id: {lock_id: _schedules(rules) for lock_id, rules in by_lock.items()}
        for member_id, by_lock in (await rules_of_members(member_ids)).items()
    }


def _schedules(rules: Iterable[AccessRule]) -> list[Schedule]:
    """Each once."""
    found: list[Schedule] = []
    for rule in rules:
        if rule.schedule() not in found:
            found.append(rule.schedule())
    return found


async def rules_of_members(member_ids: Collection[UUID]) -> dict[UUID, RulesByLock]:
    """For each of these members who are still there: the rules by which they may open a lock."""
    if not member_ids:
        return {}
    members = await Member.filter(id__in=list(member_ids), removed_at=None)
    tags_of: dict[UUID, set[UUID]] = defaultdict(set)
    for tagged in await TaggedMember.filter(
        member_id__in=[member.id for member in members], tag__deleted_at=None
    ):
        tags_of[tagged.member_id].add(tagged.tag_id)
    tag_ids = {tag_id for held in tags_of.values() for tag_id in held}
    rules = await AccessRule.filter(
        Q(member_id__in=[member.id for member in members]) | Q(member_tag_id__in=list(tag_ids)),
        deleted_at=None,
    ).order_by("id")
    locks = await locks_of_rules([rule.id for rule in rules])
    found: dict[UUID, RulesByLock] = {}
    for member in members:
        by_lock: RulesByLock = defaultdict(list)
        for rule in rules:
            if rule.member_id == member.id or rule.member_tag_id in tags_of[member.id]:
                for lock_id in locks[rule.id]:
                    by_lock[lock_id].append(rule)
        found[member.id] = dict(by_lock)
    return found


async def locks_of_rules(rule_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """The locks of each rule, by id and by what its tags hold now; deleted locks left out."""
    found: dict[UUID, set[UUID]] = {rule_id: set() for rule_id in rule_ids}
    by_id = AccessRuleLock.filter(rule_id__in=list(rule_ids), lock__deleted_at=None)
    for row in await by_id:
        found[row.rule_id].add(row.lock_id)
    choices = await AccessRuleLockTag.filter(rule_id__in=list(rule_ids), tag__deleted_at=None)
    held: dict[UUID, set[UUID]] = defaultdict(set)
    for tagged in await TaggedLock.filter(
        tag_id__in=list({choice.tag_id for choice in choices}), lock__deleted_at=None
    ):
        held[tagged.tag_id].add(tagged.lock_id)
    for choice in choices:
        found[choice.rule_id] |= held[choice.tag_id]
    return found


async def members_of_rules(rules: Collection[AccessRule]) -> set[UUID]:
    """The members whom these rules name, directly or by what their tags hold now."""
    tags = {rule.member_tag_id for rule in rules if rule.member_tag_id is not None}
    named = {rule.member_id for rule in rules if rule.member_id is not None}
    return named | set(await column(TaggedMember.filter(tag_id__in=list(tags)), "member_id"))


async def rules_naming_tag(tag_id: UUID) -> list[AccessRule]:
    """The rules that choose their locks or their members by this tag."""
    by_locks = await column(AccessRuleLockTag.filter(tag_id=tag_id), "rule_id")
    rules = await AccessRule.filter(id__in=by_locks, deleted_at=None)
    return [*rules, *await AccessRule.filter(member_tag_id=tag_id, deleted_at=None)]


async def rules_naming_lock(lock_id: UUID) -> list[AccessRule]:
    """The rules that reach this lock, by id or by a tag that holds it now."""
    ids = set(await column(AccessRuleLock.filter(lock_id=lock_id), "rule_id"))
    tags = await column(TaggedLock.filter(lock_id=lock_id), "tag_id")
    ids |= set(await column(AccessRuleLockTag.filter(tag_id__in=tags), "rule_id"))
    return await AccessRule.filter(id__in=list(ids), deleted_at=None)
