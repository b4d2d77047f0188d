"""A normalised cache that we did not write (@urql/exchange-graphcache), fed by the answers of mutations alone.

Applications keep what they have read by type and id. Whether that goes well is decided by the schema: what an answer
holds, what it is called, and what has an id of its own.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLObjectType, GraphQLUnionType, build_schema, get_named_type

from tests.api.clients.program import Program, running
from tests.api.every_mutation import AT_A_SITE, Furniture
from tests.api.schema_documents import leaves
from tests.serving import House, Served

FOLDER = Path(__file__).parent / "urql_graphcache"
PRINTED = Path(__file__).parents[3] / "schema.graphql"
SCHEMA = build_schema(PRINTED.read_text("utf-8"))
SHOWN_ONCE = {"code", "digits", "token", "secret", "programmingCode", "qrSvg", "web", "mailto"}
"""The names under which a mutation shows what nobody may keep."""


@dataclass(frozen=True)
class Life:
    """A noun's life at a site: the list of `Site` that shows it, and the mutations that make, change and end it."""

    list_: str
    shown: str
    make: str
    changes: tuple[str, ...] = ()
    end: str = ""


LIVES = {
    "Hub": Life("hubs", "name", "createHub", ("updateHub",), "deleteHub"),
    "Lock": Life("locks", "name connectivity", "createLock", ("updateLock",), "deleteLock"),
    "Member": Life("members", "name", "createMember", ("updateMember",), "removeMember"),
    "Tag": Life("tags", "name", "createTag", (), "deleteTag"),
    "AccessRule": Life(
        "accessRules",
        "schedule { slotStart }",
        "createAccessRule",
        ("updateAccessRule",),
        "deleteAccessRule",
    ),
    "Invitation": Life("invitations", "name state", "createInvitation", (), "deleteInvitation"),
    "Pin": Life("pins", "state", "createPin", ("blockPin", "unblockPin"), "deletePin"),
    "SmartPin": Life("smartPins", "state", "createSmartPin", ("blockSmartPin",)),
    "ApiToken": Life("apiTokens", "name", "createApiToken", (), "revokeApiToken"),
    "ProvisioningKit": Life(
        "provisioningKits", "incarnation", "provisionLock", (), "cancelProvisioningKit"
    ),
}
"""The nouns that a page of the site shows."""


def result_of(mutation: str) -> GraphQLObjectType:
    """The type of what the mutation answers when all went well."""
    assert SCHEMA.mutation_type is not None
    union = get_named_type(SCHEMA.mutation_type.fields[mutation].type)
    assert isinstance(union, GraphQLUnionType)
    done: GraphQLObjectType = union.types[0]
    return done


def document(mutation: str, noun: str) -> str:
    """The mutation, with all that its answer shows, and of the noun what the page shows and where it belongs."""
    result = result_of(mutation)
    big = mutation[0].upper() + mutation[1:]
    owner = "sites { id }" if noun == "ApiToken" else "site { id }"
    chosen = " ".join(
        f"{name} {{ id {owner} {LIVES[noun].shown} }}"
        if get_named_type(field.type).name == noun
        else f"{name} {{ {leaves(kind, depth=0)} }}"
        if isinstance(kind := get_named_type(field.type), GraphQLObjectType)
        else name
        for name, field in result.fields.items()
    )
    return f"""mutation($input: {big}Input!) {{ answer: {mutation}(input: $input) {{ __typename
      ... on {result.name} {{ {chosen} }} ... on Error {{ message code path }} }} }}"""


def secrets(answer: Any) -> Iterator[str]:
    """What an answer shows once."""
    if isinstance(answer, dict):
        for name, value in answer.items():
            if name in SHOWN_ONCE and isinstance(value, str):
                yield value
            yield from secrets(value)
    elif isinstance(answer, list):
        for each in answer:
            yield from secrets(each)


class Page:
    """What an application shows of a house, by its cache alone."""

    def __init__(self, program: Program, house: House) -> None:
        self._program = program
        self._house = house
        self._seen_once: list[str] = []

    def _list(self, noun: str) -> str:
        life = LIVES[noun]
        return (
            f"query($site: ID!) {{ site(id: $site) {{ id {life.list_} "
            f"{{ nodes {{ __typename id {life.shown} }} }} }} }}"
        )

    async def open(self, noun: str) -> None:
        """Reads the list once; from now on it is only looked at."""
        self._program.start(noun, "watch", self._list(noun), site=self._house.id)
        await self.now(noun)

    async def now(self, noun: str) -> dict[str, Any]:
        """What the list shows after the next change, by id."""
        shown = (await self._program.data(noun))["site"][LIVES[noun].list_]["nodes"]
        return {each["id"]: each for each in shown}

    async def at_the_server(self, noun: str) -> dict[str, Any]:
        """What the list would show if it were read anew."""
        answer = await self._house.ask(self._list(noun), site=self._house.id)
        return {each["id"]: each for each in answer["site"][LIVES[noun].list_]["nodes"]}

    async def change(self, mutation: str, noun: str, **asked: Any) -> dict[str, Any]:
        """The answer of a mutation; what it shows once is kept in mind."""
        self._program.start(mutation, "mutation", document(mutation, noun), input=asked)
        answer: dict[str, Any] = (await self._program.data(mutation))["answer"]
        assert answer["__typename"] == result_of(mutation).name, answer
        self._seen_once += secrets(answer)
        return answer

    async def holds_no_secret(self) -> int:
        """Looks through all that the cache holds; says how many queries the server was asked until now."""
        self._program.start("holds", "holds")
        data = await self._program.data("holds")
        held = json.dumps(data["held"])
        assert self._house.id in held, "the cache is read"
        assert [each for each in self._seen_once if each in held] == []
        return int(data["asked"])


def named_after(noun: str) -> str:
    """The field of an answer that holds the noun, and the first part of the id in an input."""
    return noun[0].lower() + noun[1:]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize("noun", LIVES)
async def test_the_life_of_a_thing_is_followed_without_another_query(
    served: Served, noun: str
) -> None:
    """Made, changed and ended by mutations whose answers alone tell the cache; what they showed once, it does not hold."""
    house = await served.site()
    things, life = Furniture(house), LIVES[noun]
    asked = await things.filled(AT_A_SITE[life.make].asked)
    headers = json.dumps({"authorization": f"Bearer {house.token}"})

    async with running(
        FOLDER, "cache.mjs", f"{served.url}/graphql", headers, str(PRINTED)
    ) as program:
        page = Page(program, house)
        await page.open(noun)
        made = (await page.change(life.make, noun, **asked))[named_after(noun)]
        await page.holds_no_secret()
        assert (await page.now(noun))[made["id"]] == await at(page, noun, made["id"])
        for change in life.changes:
            fields = await things.filled(AT_A_SITE[change].asked)
            await page.change(change, noun, **{**fields, f"{named_after(noun)}Id": made["id"]})
            assert (await page.now(noun))[made["id"]] == await at(page, noun, made["id"]), change
        if life.end:
            ended = {f"{named_after(noun)}Id": made["id"]}
            if life.end == "revokeApiToken":
                ended["siteId"] = house.id
            await page.change(life.end, noun, **ended)
            assert made["id"] not in await page.now(noun)
            assert made["id"] not in await page.at_the_server(noun)
        queries = await page.holds_no_secret()

    assert queries == 1


async def at(page: Page, noun: str, key: str) -> Any:
    """The thing as the server shows it."""
    return (await page.at_the_server(noun))[key]


READERS = """query($id: ID!) { node(id: $id) { ... on Lock { id pinSupported pinEnabled
  readers { id name pinEnabled } } } }"""
READER = "reader { id name pinEnabled lock { id pinSupported pinEnabled } }"
FAILED = "... on Error { message code path }"


async def done(program: Program, mutation: str, chosen: str, **asked: Any) -> Any:
    """What a mutation answers; fails the test where it was not done."""
    kind = mutation[0].upper() + mutation[1:]
    document = f"""mutation($input: {kind}Input!) {{ answer: {mutation}(input: $input) {{ __typename
      ... on {result_of(mutation).name} {{ {chosen} }} {FAILED} }} }}"""
    program.start(mutation, "mutation", document, input=asked)
    answer = (await program.data(mutation))["answer"]
    assert answer["__typename"] == result_of(mutation).name, answer
    return answer


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_lock_is_what_its_readers_make_of_it(served: Served) -> None:
    """A reader that is made, switched or taken away changes what the cache shows of the lock: its answer names the lock."""
    house = await served.site()
    lock = await Furniture(house).the("lock")
    headers = json.dumps({"authorization": f"Bearer {house.token}"})
    arguments = (f"{served.url}/graphql", headers, str(PRINTED))

    async with running(FOLDER, "cache.mjs", *arguments) as program:
        program.start("lock", "watch", READERS, id=lock)
        (first,) = (await program.data("lock"))["node"]["readers"]
        made = (await done(program, "createReader", READER, lockId=lock, name="Back"))["reader"]
        assert [each["id"] for each in (await program.data("lock"))["node"]["readers"]] == [
            first["id"],
            made["id"],
        ]
        switched = "readers { id pinEnabled lock { id pinEnabled } }"
        await done(program, "setPinMode", switched, target={"lockId": lock}, enabled=False)
        shown = (await program.data("lock"))["node"]
        assert not shown["pinEnabled"]
        assert [each["pinEnabled"] for each in shown["readers"]] == [False, False]
        for each in (first, made):
            await done(program, "deleteReader", READER, readerId=each["id"])
            shown = (await program.data("lock"))["node"]
        assert (shown["readers"], shown["pinSupported"]) == ([], False)


PHONES = """query($id: ID!) { node(id: $id) { ... on Invitation { id devicesUsed
  devices { id name } } } }"""


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_phone_that_is_removed_leaves_its_invitation(served: Served) -> None:
    """And the invitation's count goes down: the answer names the invitation."""
    house = await served.site()
    lock = await Furniture(house).the("lock")
    made = await house.invitation(lock)
    phone = await served.phone().redeem(made["invitationCode"]["code"])
    headers = json.dumps({"authorization": f"Bearer {house.token}"})
    arguments = (f"{served.url}/graphql", headers, str(PRINTED))

    async with running(FOLDER, "cache.mjs", *arguments) as program:
        program.start("invitation", "watch", PHONES, id=made["invitation"]["id"])
        (shown,) = (await program.data("invitation"))["node"]["devices"]
        assert shown["id"] == phone["device"]["id"]
        chosen = "device { id invitation { id devicesUsed } }"
        await done(program, "removeDevice", chosen, deviceId=shown["id"])
        after = (await program.data("invitation"))["node"]
        assert (after["devicesUsed"], after["devices"]) == (0, [])


SIGN_INS = "query { me { ... on Account { id sessions { nodes { id current } } } } }"


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_sign_in_that_is_ended_leaves_its_account(served: Served) -> None:
    """A person's own page: with two sign-ins, one ends the other."""
    house = await served.site()
    email = house.owner.email
    other, here = served.browser(), served.browser()
    await other.sign_in(email)
    await here.sign_in(email)
    cookies = "; ".join(f"{name}={value}" for name, value in here.http.cookies.items())
    headers = json.dumps({"origin": served.url, "cookie": cookies})
    arguments = (f"{served.url}/graphql", headers, str(PRINTED))

    async with running(FOLDER, "cache.mjs", *arguments) as program:
        program.start("me", "watch", SIGN_INS)
        shown = (await program.data("me"))["me"]["sessions"]["nodes"]
        (ended,) = [each["id"] for each in shown if not each["current"]]
        await done(program, "endSession", "session { id account { id } }", sessionId=ended)
        left = (await program.data("me"))["me"]["sessions"]["nodes"]
        assert [each["current"] for each in left] == [True]
