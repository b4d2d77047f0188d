"""An older client's document is refused by the new name of what it asks for, also where the schema is kept to oneself."""

import asyncio
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

import httpx
import pytest
from graphql import GraphQLInputObjectType, get_named_type, is_leaf_type

from api.renamed import NAMES
from api.whole_schema import build_schema
from tests.api.schema_changes import ROOT, announced
from tests.databases import Database, Servers
from tests.processes import Process, hands
from tests.serving import Served

OLD = {
    "a type": (
        'mutation { signIn(input: { email: "a", password: "b" }) { ... on TotpRequired { ticket } } }',
        "TotpRequired is now RequestedTotp.",
    ),
    "a field": (
        "mutation { signOut { ... on Throttled { retryAfter } } }",
        "Throttled.retryAfter is now retryAfterSeconds.",
    ),
    "a root": (
        'mutation { remoteUnlock(input: { lockId: "x" }) { __typename } }',
        "Mutation.remoteUnlock is now openLockRemotely.",
    ),
    "a field that has fields now": (
        'mutation { updateLock(input: { lockId: "x" }) { ... on LockWithoutKeypad { locks } } }',
        "LockWithoutKeypad.locks is now locks { name }.",
    ),
    "a field of what has pages now": (
        '{ node(id: "x") { ... on Pin { locks { name } } } }',
        "Pin.locks is now locks { nodes { name } }.",
    ),
    "a field of an input": (
        'mutation { createPin(input: { siteId: "x", ownerId: "y" }) { __typename } }',
        "CreatePinInput.ownerId is now owner: { memberId }.",
    ),
    "an argument": (
        '{ site(id: "x") { accessRules(memberId: "y") { nodes { id } } } }',
        "Site.accessRules(memberId) is now memberIds.",
    ),
}


@pytest.fixture(scope="module")
def database(servers: Servers) -> Database:
    return asyncio.run(servers.fresh("sqlite", None))


@pytest.fixture(scope="module")
def production(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    process = Process.start(database, tmp_path_factory.mktemp("production"), env="production")
    try:
        yield process.until_ready()
    finally:
        process.stop()


@pytest.mark.parametrize("what", OLD)
def test_in_production_the_new_name_is_told_and_nothing_else(
    production: Process, what: str
) -> None:
    """One error, the same when it is sent again, beside other mistakes of the document too."""
    document, told = OLD[what]
    url = f"{production.url}/graphql"
    for query in (document, document, f"{document} fragment F on Nothing {{ x }}"):
        (error,) = httpx.post(url, json={"query": query}).json()["errors"]
        assert error["message"] == told
        assert error["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED"}


async def test_a_socket_tells_the_same(production: Process, database: Database) -> None:
    """As the payload of `error`."""
    async with hands(production, database) as served:
        house = await served.site()
        async with await served.socket({"token": house.token}) as socket:
            for document, told in OLD.values():
                with pytest.raises(RuntimeError, match=f"^{re.escape(told)}$"):
                    await anext(socket.subscribe(document))


async def test_in_development_it_comes_before_what_graphql_says(served: Served) -> None:
    """Whose suggestions know no old names."""
    for document, told in OLD.values():
        errors = (await served.post(document)).json()["errors"]
        assert errors[0]["message"] == told
        assert len(errors) > 1


def test_no_row_of_the_table_is_about_what_is_still_so() -> None:
    """Each names a type that is gone, or a field or value that is gone or of another kind."""
    types = build_schema(development=False)._schema.type_map
    for place, new in NAMES.items():
        owner, _, rest = place.partition(".")
        if not rest:
            assert owner not in types, place
            continue
        name, _, argument = rest.rstrip(")").partition("(")
        kind = types[owner]
        there = getattr(kind, "fields", None) or getattr(kind, "values", {})
        if argument:
            assert argument not in there[name].args, place
        elif name in there:
            assert not isinstance(kind, GraphQLInputObjectType), place
            assert is_leaf_type(get_named_type(there[name].type)) == ("{" not in new), place


async def test_a_field_of_a_variable_is_told_too(production: Process, database: Database) -> None:
    """By the new name alone: nothing of the value, nor what else the input wants."""
    query = (
        "mutation($input: RevokeApiTokenInput!) { revokeApiToken(input: $input) { __typename } }"
    )
    variables = {"input": {"siteId": "site_0", "tokenId": "secret"}}
    async with hands(production, database) as served:
        (error,) = (await served.post(query, **variables)).json()["errors"]
        assert error["message"] == "RevokeApiTokenInput.tokenId is now apiTokenId."
        house = await served.site()
        async with await served.socket({"token": house.token}) as socket:
            with pytest.raises(RuntimeError, match=r"tokenId is now apiTokenId\.$"):
                await anext(socket.subscribe(query, **variables))


def test_every_old_name_stands_in_the_manual_too() -> None:
    """Who reads docs/api.md before changing a client finds there whatever a refused document would be told."""
    written = announced((ROOT / "docs" / "api.md").read_text("utf-8"))
    missing = [
        name
        for name in NAMES
        if not any(fnmatchcase(name, each) or name.split(".")[0] == each for each in written)
    ]
    assert not missing
