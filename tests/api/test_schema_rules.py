"""The printed schema keeps its rules, and each rule finds what breaks it in a small schema that keeps all others."""

import inspect
from collections.abc import Callable
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema

from tests.api import schema_rules
from tests.api.schema_rules import Offenders

Rule = Callable[[GraphQLSchema], Offenders]

PRINTED = Path(__file__).parents[2] / "schema.graphql"
RULES: dict[str, Rule] = {
    name: rule
    for name, rule in vars(schema_rules).items()
    if inspect.isfunction(rule)
    and rule.__module__ == schema_rules.__name__
    and not name.startswith("_")
}


@pytest.fixture(scope="module")
def printed() -> GraphQLSchema:
    return build_schema(PRINTED.read_text("utf-8"))


@pytest.mark.parametrize("rule", RULES)
def test_the_printed_schema_keeps_the_rule(printed: GraphQLSchema, rule: str) -> None:
    """What breaks it is listed; docs/api.md says what the rule is for."""
    assert list(RULES[rule](printed)) == []


KEEPS_ALL = '''
"""Anything. Others may be added."""
interface Node { id: ID! }

"""A failure. Others may be added."""
interface Error { message: String! code: ErrorCode! path: [String!] }

"""A code. Others may be added."""
enum ErrorCode { INVALID_INPUT NOT_ALLOWED NOT_FOUND THROTTLED }

"""A moment."""
scalar DateTime @specifiedBy(url: "https://www.rfc-editor.org/rfc/rfc3339#section-5.6")

"""Days."""
enum Weekday { MONDAY }

"""How it is. Others may be added."""
enum Status { GOOD }

type InvalidInput implements Error { message: String! code: ErrorCode! path: [String!] field: String! }
type NotAllowed implements Error { message: String! code: ErrorCode! path: [String!] }
type NotFound implements Error { message: String! code: ErrorCode! path: [String!] field: String! }
type Throttled implements Error { message: String! code: ErrorCode! path: [String!]
  """Seconds to wait."""
  retryAfterSeconds: Int! }

type Site implements Node { id: ID! createdAt: DateTime! timezone: String!
  doors(first: Int = 50, after: String, statuses: [Status!], doorIds: [ID!], from: DateTime): DoorConnection
  """At most 10."""
  newest: [Door!] }
type DoorConnection { nodes: [Door!]! }
type Door implements Node { id: ID! createdAt: DateTime! site: Site! name: String! weekdays: [Weekday!]! }
type Member implements Node { id: ID! createdAt: DateTime! site: Site! name: String! }
type Tag implements Node { id: ID! createdAt: DateTime! site: Site! name: String! }

type CreatedDoor { door: Door secret: String! }
input CreateDoorInput { siteId: ID! name: String! grantee: GranteeInput owner: PinOwnerInput
  subject: AccessSubjectInput target: PinModeTargetInput }
input GranteeInput @oneOf { memberId: ID memberTagId: ID }
input AccessSubjectInput @oneOf { doorId: ID memberId: ID }
input PinOwnerInput @oneOf { memberId: ID memberTagId: ID }
input PinModeTargetInput @oneOf { doorId: ID siteId: ID }

"""What createDoor answers. Others may be added."""
union CreateDoorResult = CreatedDoor | InvalidInput | NotFound | NotAllowed | Throttled

type Query {
  """A site. For its members."""
  site(id: ID!): Site
  """A nonce."""
  lockChallenge(lockId: ID!): String!
}
type Mutation {
  """Makes a door. For OWNER and SUPER_ADMIN."""
  createDoor(input: CreateDoorInput!): CreateDoorResult
  """A lock's word."""
  reportLock(input: ReportLockInput!): ReportLockResult!
}
type Subscription {
  """Follows doors. For anyone."""
  doorChanges(siteId: ID!): Door
  """What the lock should get."""
  lockFeed(lockId: ID!, incarnation: String!, epoch: Int!, appliedRevision: Int!): LockFeedMessage!
}

union LockFeedMessage = Delivery | UnlockCommand | SealedTime
type Delivery { id: ID! sealed: String! }
type UnlockCommand { id: ID! sealed: String! }
type SealedTime { id: ID! sealed: String! }
union ReportLockResult = LockReported | InvalidInput
type LockReported { stateId: String eventsUpTo: Int! refused: [RefusedEvent!]! }
type RefusedEvent { sequence: Int code: String! message: String! }
input ReportLockInput { lockId: ID! }
'''

BREAKS: dict[str, tuple[str, str, list[str]]] = {
    "a_mutation_is_called_by_a_verb_and_a_noun": (
        "createDoor(input: CreateDoorInput!): CreateDoorResult",
        "doorMake(input: CreateDoorInput!): CreateDoorResult",
        ["doorMake"],
    ),
    "a_mutation_takes_one_input": (
        "createDoor(input: CreateDoorInput!)",
        "createDoor(input: CreateDoorInput)",
        ["createDoor"],
    ),
    "a_mutation_answers_a_union_of_its_name": (
        "(input: CreateDoorInput!): CreateDoorResult",
        "(input: CreateDoorInput!): CreatedDoor",
        ["createDoor"],
    ),
    "a_result_begins_with_what_was_done": (
        "= CreatedDoor | InvalidInput",
        "= InvalidInput | CreatedDoor",
        ["createDoor"],
    ),
    "an_error_has_message_code_and_path": ("NOT_FOUND THROTTLED", "NOT_FOUND", ["Throttled"]),
    "every_mutation_answers_the_common_errors": (
        "NotFound | NotAllowed | Throttled",
        "NotFound | NotAllowed",
        ["createDoor"],
    ),
    "all_of_an_answer_can_be_asked_at_once": (
        "type CreatedDoor { door: Door secret: String! }",
        "type CreatedDoor { door: Door secret: String! code: String! }",
        ["CreateDoorResult: Fields 'code' conflict"],
    ),
    "a_root_may_be_null": ("site(id: ID!): Site", "site(id: ID!): Site!", ["Query.site"]),
    "a_list_has_pages_or_a_bound": ('"""At most 10."""', '"""Some."""', ["Site.newest"]),
    "a_filter_takes_a_list": (
        "statuses: [Status!]",
        "status: Status",
        ["Site.doors(status)"],
    ),
    "a_name_has_one_scalar": (
        "type Tag implements Node { id: ID!",
        "type Tag implements Node { id: ID! timezone: ID",
        ["timezone: ID, String"],
    ),
    "a_number_with_a_unit_says_it_in_its_name": (
        "retryAfterSeconds: Int!",
        "retryAfter: Int!",
        ["Throttled.retryAfter"],
    ),
    "a_moment_ends_in_at_until_or_since": (
        "name: String! weekdays",
        "name: String! opened: DateTime weekdays",
        ["Door.opened"],
    ),
    "a_time_zone_is_called_timezone": ("timezone: String!", "zone: String!", ["Site.zone"]),
    "a_scalar_is_specified": (
        'DateTime @specifiedBy(url: "https://www.rfc-editor.org/rfc/rfc3339#section-5.6")',
        "DateTime",
        ["DateTime"],
    ),
    "a_secret_is_in_no_query": (
        "name: String! weekdays",
        "name: String! digits: String weekdays",
        ["Door.digits"],
    ),
    "what_stands_beside_a_secret_may_be_null": (
        "{ door: Door secret",
        "{ door: Door! secret",
        ["CreatedDoor.door"],
    ),
    "a_node_knows_its_site_and_its_age": (
        "type Tag implements Node { id: ID! createdAt: DateTime! site: Site!",
        "type Tag implements Node { id: ID!",
        ["Tag.createdAt", "Tag.site"],
    ),
    "an_id_is_named_after_what_it_names": (
        "input CreateDoorInput { siteId: ID!",
        "input CreateDoorInput { houseId: ID!",
        ["CreateDoorInput.houseId"],
    ),
    "what_may_grow_says_so": (
        '"""How it is. Others may be added."""',
        '"""How it is."""',
        ["Status"],
    ),
    "an_operation_says_who_may_call_it": (
        '"""Makes a door. For OWNER and SUPER_ADMIN."""',
        '"""Makes a door."""',
        ["Mutation.createDoor"],
    ),
    "alternatives_are_one_of": (
        "input GranteeInput @oneOf",
        "input GranteeInput",
        ["GranteeInput"],
    ),
    "what_locks_in_the_field_send_is_valid": (
        "LockFeedMessage!",
        "LockFeedMessage",
        ["lockFeed"],
    ),
}
"""For each rule a change to the schema that keeps them all, and what the rule then finds."""


def test_every_rule_has_a_schema_that_breaks_it() -> None:
    """A rule that cannot fail holds nothing."""
    assert BREAKS.keys() == RULES.keys()


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_finds_what_breaks_it_and_nothing_else(rule: str) -> None:
    """In a schema that keeps every rule nothing is found; one change to it, and the place is named."""
    before, after, offenders = BREAKS[rule]
    assert KEEPS_ALL.count(before) == 1
    assert list(RULES[rule](build_schema(KEEPS_ALL))) == []
    assert list(RULES[rule](build_schema(KEEPS_ALL.replace(before, after)))) == offenders
