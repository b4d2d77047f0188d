"""What a document of the product's own schema may come to, refused before anything is read.

Here and not with the protocol's limits: which lists are long is known to the schema.
"""

from typing import Any
from uuid import uuid4

import pytest
from graphql import parse, validate

from api.context import Context, Identity
from api.whole_schema import build_schema
from domain.actors import Role, TokenActor
from domain.clock import system_clock

NOTHING: Any = None
KNOWN = Context(
    NOTHING, system_clock, Identity(TokenActor(uuid4(), "Script", Role.OWNER, True), "192.0.2.1")
)
"""Somebody with a token: strangers have limits of their own, which come before a price."""
TO_AND_FRO = (
    '{ node(id: "x") { ... on Lock { '
    + "tags { nodes { locks { nodes { " * 2
    + "id"
    + " } } } }" * 2
    + " } } }"
)
HOSTILE = {
    "a lock's tags' locks' tags' locks": TO_AND_FRO,
    "the same from every lock": 'query { site(id: "x") { locks(first: 100) { nodes { tags { nodes { members'
    " { nodes { tags { nodes { members { nodes { id } } } } } } } } } } } }",
    "a hundred calendars": "{"
    + "".join(
        f' a{n}: site(id: "x") {{ calendar(firstDay: "2024-01-01", lastDay: "2024-02-01") {{ occurrences {{ day }} }} }}'
        for n in range(100)
    )
    + "}",
    "all sites and their locks a hundred times": "{"
    + " ".join(
        f"a{n}: sites {{ nodes {{ id locks {{ nodes {{ id name }} }} }} }}" for n in range(100)
    )
    + "}",
}


HONEST = {
    "what the README asks first, and more of it": "{ sites(first: 10) { nodes { id name timezone seats { used limit }"
    " members { nodes"
    " { id name role email tags(first: 5) { nodes { id name } } } }"
    " locks { nodes { id name online connectivity sync { pending status }"
    " readers { id name hasKeypad } tags(first: 5) { nodes { id name } } hub { id name } } } } } }",
    "a hundred PINs with all that is known of them": 'query { site(id: "x") { pins(first: 100) { nodes { id kind state'
    " notes owner { id name } locks(first: 10) { nodes { id name } } lockTags { id name }"
    " schedule { validFrom validUntil slotStart slotEnd weekdays }"
    " lockSync(first: 10) { nodes { lock { id name } status wantedVersion appliedVersion opensNow pendingSince"
    " propagation } } } } } }",
    "a hundred invitations with their phones": 'query { site(id: "x") { invitations(first: 100) { nodes { id name'
    " codeHint state devices { id name createdAt } devicesUsed deviceLimit locks(first: 10) { nodes { id name } }"
    " schedule { startsAt endsAt slotStart slotEnd weekdays } } } } }",
    "a month of the calendar": 'query { site(id: "x") { calendar(firstDay: "2026-12-01",'
    ' lastDay: "2027-01-01") { occurrences { day startsAt endsAt invitation { id name } } } } }',
}


@pytest.mark.parametrize("document", HONEST.values(), ids=HONEST)
async def test_what_a_console_asks_is_within_the_price(document: str) -> None:
    """Proves that no screen of the product's own is refused for its price."""
    schema = build_schema(development=True)
    result = await schema.execute(document, context_value=KNOWN)
    told = [each.message for each in result.errors or () if "limit" in (each.extensions or {})]
    assert told == []
    assert validate(schema._schema, parse(document)) == []


@pytest.mark.parametrize("document", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("development", [False, True])
async def test_lists_in_lists_have_their_price(document: str, development: bool) -> None:
    """Proves that going to and fro between lists, and asking for a long one often, is too expensive."""
    result = await build_schema(development=development).execute(document, context_value=KNOWN)
    assert result.errors is not None
    (error,) = result.errors
    assert (error.extensions or {}).get("limit") == "cost", error.message


async def test_the_price_of_a_list_tells_nothing_of_the_schema() -> None:
    """Proves one flat answer, where there is no such field, for the name of a long list and for no name at all."""
    schema = build_schema(development=False)
    answers = [
        await schema.execute("{ me { " + name + " { " + "id " * 400 + "} } }", context_value=KNOWN)
        for name in ("sites", "zebras")
    ]
    assert [[error.message for error in each.errors or ()] for each in answers] == [
        ["The document does not match the schema"]
    ] * 2
