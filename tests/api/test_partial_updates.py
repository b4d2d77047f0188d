"""Updates: an omitted field keeps its value; null clears it, or is refused by name where there must be a value."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLNonNull, get_named_type

from api.whole_schema import build_schema
from tests.api.every_mutation import Furniture
from tests.serving import Served

SCHEDULE = {"validFrom", "validUntil", "slotStart", "slotEnd", "weekdays"}
CLEARED = {
    "UpdateSiteInput": {"eventRetentionDays", "lockoutReleaseMinutes"},
    "UpdateLockInput": {"hubId"},
    "UpdatePinInput": {"notes", *SCHEDULE},
    "UpdateAccessRuleInput": SCHEDULE,
}
"""What null clears, by input; whatever else takes null must refuse it."""
UPDATED = {"tagId": "lock tag", "accessRuleId": "access rule"}
"""What stands for the id in the input, where that is not called as the thing is."""


def update_inputs() -> dict[str, GraphQLInputObjectType]:
    """Every input of an update in the schema."""
    types = build_schema(development=False)._schema.type_map
    return {
        name: each
        for name, each in types.items()
        if isinstance(each, GraphQLInputObjectType)
        and name.startswith("Update")
        and name.endswith("Input")
    }


def nulls(kind: GraphQLInputObjectType) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each way to say null in an input, and in inputs within it: the field's name, and what is sent."""
    for name, field in kind.fields.items():
        if isinstance(field.type, GraphQLNonNull):
            continue
        yield name, {name: None}
        within = get_named_type(field.type)
        if isinstance(within, GraphQLInputObjectType):
            for inner, sent in nulls(within):
                yield f"{name}.{inner}", {name: sent}


@pytest.mark.parametrize("name", sorted(update_inputs()))
async def test_null_clears_or_is_refused_by_name(served: Served, name: str) -> None:
    """No update passes over a null in silence: this walks every field of every update in the schema."""
    house = await served.site()
    things = Furniture(house)
    kind = update_inputs()[name]
    changed = name.removeprefix("Update").removesuffix("Input")
    at = next(iter(kind.fields))
    known = {at: await things.the(UPDATED.get(at, at.removesuffix("Id")))}
    wrong = []
    for field, sent in nulls(kind):
        refusing = "... on InvalidInput { field }"
        answer = await house.change(f"update{changed}", refusing, **known, **sent)
        said = (answer["__typename"], answer.get("field"))
        cleared = field in CLEARED.get(name, set())
        if said != ((f"Updated{changed}", None) if cleared else ("InvalidInput", field)):
            wrong.append((field, answer))
    assert wrong == []


async def test_the_part_of_the_pin_policy_that_is_at_fault_is_named(served: Served) -> None:
    """Each of the four by its own name, and nothing is changed."""
    house = await served.site()
    shown = "... on UpdatedSite { site { id } } ... on PolicyViolation { field }"
    for policy, field in (
        ({"minLength": 3}, "pinPolicy.minLength"),
        ({"minLength": 9}, "pinPolicy.minLength"),
        ({"maxLength": 10}, "pinPolicy.maxLength"),
        ({"maxLength": 3}, "pinPolicy.maxLength"),
        ({"minLength": 7}, "pinPolicy.autoLength"),
        ({"autoLength": 9}, "pinPolicy.autoLength"),
        ({"guessLimit": 99}, "pinPolicy.guessLimit"),
        ({"guessLimit": 2_000_000}, "pinPolicy.guessLimit"),
    ):
        answer = await house.change("updateSite", shown, siteId=house.id, pinPolicy=policy)
        assert (answer["__typename"], answer["field"]) == ("PolicyViolation", field), policy
    query = "query($id: ID!) { site(id: $id) { pinPolicy { minLength maxLength autoLength } } }"
    kept = (await house.ask(query, id=house.id))["site"]["pinPolicy"]
    assert kept == {"minLength": 4, "maxLength": 8, "autoLength": 6}
