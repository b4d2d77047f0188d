"""Operations on access rules."""

from api.context import Call
from api.operations import AtSite, mutation
from api.resolvers.given_fields import given_fields
from api.schema.access_rules import (
    CreateAccessRuleInput,
    CreatedAccessRule,
    DeleteAccessRuleInput,
    DeletedAccessRule,
    UpdateAccessRuleInput,
    UpdatedAccessRule,
    access_rule_type,
)
from api.schema.errors import InvalidSchedule, PinTooShort
from api.schema.nodes import chosen_key_of, key_of, keys_of
from api.schema.schedules import schedule_of
from domain.access_rules import service
from domain.access_rules.tables import AccessRule
from domain.people.rules import Permission

_AT_SITE = AtSite(Permission.CREDENTIALS)
_AT_RULE = AtSite(Permission.CREDENTIALS, "access_rule_id", "access_rule", AccessRule)


@mutation(_AT_SITE, InvalidSchedule, PinTooShort)
async def create_access_rule(call: Call, input: CreateAccessRuleInput) -> CreatedAccessRule:
    """Lets a member, or whoever a tag holds, open locks with a phone and with their personal PINs."""
    rule = await service.create_access_rule(
        call.installation,
        call.by,
        member_id=chosen_key_of("member", input.grantee.member_id, "grantee.member_id"),
        member_tag_id=chosen_key_of("tag", input.grantee.member_tag_id, "grantee.member_tag_id"),
        lock_ids=keys_of("lock", input.lock_ids, "lock_ids"),
        lock_tag_ids=keys_of("tag", input.lock_tag_ids, "lock_tag_ids"),
        schedule=schedule_of(input),
        now=call.now,
    )
    return CreatedAccessRule(access_rule=access_rule_type(rule))


@mutation(_AT_RULE, InvalidSchedule, PinTooShort)
async def update_access_rule(call: Call, input: UpdateAccessRuleInput) -> UpdatedAccessRule:
    """Changes what the input names and nothing else; says what became wider or narrower by it."""
    changed = await service.update_access_rule(
        call.installation,
        call.by,
        access_rule_id=key_of("access_rule", input.access_rule_id, "access_rule_id"),
        fields=given_fields(input, "access_rule_id"),
        now=call.now,
    )
    return UpdatedAccessRule(
        access_rule=access_rule_type(changed.rule),
        widened=list(changed.widened),
        narrowed=list(changed.narrowed),
    )


@mutation(_AT_RULE)
async def delete_access_rule(call: Call, input: DeleteAccessRuleInput) -> DeletedAccessRule:
    """Ends a rule: for phones at once, for personal PINs as each lock hears of it."""
    key = key_of("access_rule", input.access_rule_id, "access_rule_id")
    rule = await service.delete_access_rule(
        call.installation, call.by, access_rule_id=key, now=call.now
    )
    return DeletedAccessRule(access_rule=access_rule_type(rule))
