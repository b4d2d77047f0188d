"""Who may call what: everything declared, the role table of credentials.md, and foreign ids that tell nothing."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from graphql import GraphQLObjectType
from graphql import build_schema as read_schema

from api.operations import DECLARED, OperationKind
from api.whole_schema import build_schema
from domain.actors import Role
from domain.audit.tables import AuditRow
from domain.node_ids import kind_of, node_id
from tests.api.every_mutation import (
    ALL_BUT_LOCKS,
    AT_A_SITE,
    DOCUMENTS,
    EVERY,
    GRADES,
    LOCKS,
    PERSONS,
    PERSONS_AND_SCRIPTS,
    PHONES,
    Furniture,
)
from tests.serving import House, Served

REFUSED = {"NotAllowed", "NotFound"}


async def tokens(house: House) -> dict[str, str]:
    """An API token with each grade of the role table as its ceiling."""
    made = {}
    for name in GRADES:
        role, _, can_edit = name.partition(" + ")
        made[name] = await house.make_token(Role(role), can_edit=bool(can_edit))
    return made


def test_every_field_of_the_root_types_is_declared() -> None:
    """Proves that nothing can be called whose permission was not declared, and that all cases here are known."""
    schema = read_schema(build_schema(development=False).as_str())
    for kind in OperationKind:
        root = schema.get_type(kind.value)
        assert isinstance(root, GraphQLObjectType)
        declared = {name for name, each in DECLARED.items() if each.kind is kind}
        assert set(root.fields) == declared
    mutations = {name for name, each in DECLARED.items() if each.kind is OperationKind.MUTATION}
    assert mutations == EVERY, "a mutation without its line in tests/api/every_mutation.py"


async def test_each_role_may_what_the_table_says_and_nothing_else(served: Served) -> None:
    """Proves the table row by row, by calling: the refused change nothing and write no audit row."""
    house = await served.site(seat_limit=10_000)
    by_grade = await tokens(house)
    things = Furniture(house)
    wrong = []
    for name, case in AT_A_SITE.items():
        prepared = await things.filled(case.asked)
        before = await AuditRow.all().count()
        for grade in (each for each in GRADES if each not in case.allowed):
            answer = await house.change(name, token=by_grade[grade], **prepared)
            if answer["__typename"] != "NotAllowed":
                wrong.append((name, grade, answer))
        bare = await served.post(document(name), input=prepared)
        if bare.json()["data"]["answer"]["__typename"] != "NotAllowed":
            wrong.append((name, "nobody", bare.json()))
        if await AuditRow.all().count() != before:
            wrong.append((name, "audit rows of refused calls", {}))
        for grade in (each for each in GRADES if each in case.allowed):
            answer = await house.change(name, token=by_grade[grade], **prepared)
            if answer["__typename"] in REFUSED:
                wrong.append((name, grade, answer))
            if any(str(value).startswith("<new ") for value in case.asked.values()):
                prepared = await things.filled(case.asked)  # the one before is gone
    assert not wrong


def document(mutation: str) -> str:
    kind = mutation[0].upper() + mutation[1:]
    return (
        f"mutation($input: {kind}Input!) {{ answer: {mutation}(input: $input) "
        "{ __typename ... on Error { message } ... on NotFound { field } } }"
    )


async def test_a_guests_phone_may_only_what_is_its_own(served: Served) -> None:
    """Proves the column of the invited device, and that scripts and nobody have no account to change."""
    house = await served.site()
    entry = await house.lock()
    made = await house.invitation(entry["lockId"])
    phone = served.phone()
    await phone.redeem(made["code"])
    things = Furniture(house)

    for name, case in AT_A_SITE.items():
        prepared = await things.filled(case.asked)
        answer = (await phone.send(document(name), input=prepared)).json()
        assert answer["data"]["answer"]["__typename"] in REFUSED, name
    for name in PERSONS | PERSONS_AND_SCRIPTS | LOCKS:
        assert (await phone.ask(DOCUMENTS[name]))["answer"]["__typename"] == "NotAllowed"
    own = (
        await things.filled({"siteId": "<site>", "kind": "AUTO"}),
        {"pinId": await things.the("pin")},
    )
    for name, asked in zip(
        ("assignMyPin", "blockMyPin", "deleteMyPin"), (*own, own[1]), strict=True
    ):
        by_phone = (await phone.ask(document(name), input=asked))["answer"]
        assert by_phone["__typename"] in REFUSED, name
        by_script = await house.change(name, "", **asked)
        assert by_script["__typename"] in REFUSED, name
    for name in PERSONS | PHONES | LOCKS:
        assert (await house.ask(DOCUMENTS[name]))["answer"]["__typename"] in REFUSED, name
    for name in PERSONS | PERSONS_AND_SCRIPTS | LOCKS | PHONES | ALL_BUT_LOCKS:
        bare = (await served.post(DOCUMENTS[name])).json()
        assert bare["data"]["answer"]["__typename"] == "NotAllowed", name
    for query in ("{ sites { nodes { id } } }", '{ site(id: "site_0") { id } }'):
        nobody = (await served.post(query)).json()["errors"]
        assert nobody[0]["extensions"]["code"] == "UNAUTHENTICATED", query
    assert (await served.post("{ me { ... on Node { id } } }")).json() == {"data": {"me": None}}
    assert (await phone.ask("{ me { __typename } }"))["me"]["__typename"] == "Device"
    for query in ("{ sites { nodes { id } } }", '{ node(id: "lock_0") { id } }'):
        errors = (await phone.send(query)).json()["errors"]
        assert errors[0]["extensions"]["code"] == "NOT_ALLOWED"


@pytest.mark.parametrize("grade", GRADES)
async def test_a_member_may_what_their_role_may(served: Served, grade: str) -> None:
    """Proves that accounts stand under the same table as tokens: one mutation of each permission, by each role."""
    if served.database.is_postgresql and grade != "LIMITED_ADMIN":
        pytest.skip("the table itself was tried on PostgreSQL with tokens")
    house = await served.site()
    role, _, can_edit = grade.partition(" + ")
    await house.member("Cleo", Role(role), can_edit=bool(can_edit), email="cleo@example.com")
    console, things = served.browser(), Furniture(house)
    await console.sign_in("cleo@example.com")
    await things.the("lock")  # personal PINs are for sites with a keypad
    selected = "... on AssignedPin { pin { id } }"
    mine = await console.change("assignMyPin", selected, siteId=house.id, kind="AUTO")
    for own in ("blockMyPin", "deleteMyPin"):
        theirs = await console.change(own, "", pinId=await things.the("pin"))
        assert theirs["__typename"] == "NotFound", "another's"
        done = await console.change(own, "", pinId=mine["pin"]["id"])
        assert "message" not in done, done
    for name in ("updateSite", "createHub", "setPinMode", "createMember"):
        case = AT_A_SITE[name]
        answer = await console.change(name, "", **await things.filled(case.asked))
        assert (answer["__typename"] != "NotAllowed") == (grade in case.allowed), name
    readers = {*GRADES[:4]}
    for field, may in (
        ("members { nodes { id } }", readers),
        ("locks { nodes { id } }", readers),
        ("events { nodes { id } }", readers),
        ("invitations { nodes { id } }", readers),
        ("auditLog { nodes { number } }", set(GRADES[:2])),
        ("apiTokens { nodes { id } }", set(GRADES[:1])),
    ):
        answer = await console.post(
            f"query($id: ID!) {{ site(id: $id) {{ {field} }} }}", id=house.id
        )
        if grade in may:
            assert "errors" not in answer, (field, answer)
        else:
            assert answer["errors"][0]["extensions"]["code"] == "NOT_ALLOWED", (field, answer)


def ids_in(given: dict[str, Any], *above: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """The places of all ids in an input, from the outside in, with the ids; of a list the first counts."""
    for name, value in given.items():
        each = value[0] if isinstance(value, list) else value
        if isinstance(each, dict):
            yield from ids_in(each, *above, name)
        elif kind_of(str(each)) is not None:
            yield (*above, name), each


def swapped(prepared: dict[str, Any], place: tuple[str, ...], by: str) -> dict[str, Any]:
    """The input with the id at this place replaced."""
    name, *below = place
    present = prepared[name]
    if below:
        return prepared | {name: swapped(present, tuple(below), by)}
    return prepared | {name: [by] if isinstance(present, list) else by}


async def test_a_foreign_id_answers_exactly_like_an_unknown_one(served: Served) -> None:
    """Proves for every id in every input, byte for byte, that nobody learns what exists at another site."""
    mine = await served.site("Mine", seat_limit=10_000)
    theirs = await served.site("Theirs", seat_limit=10_000)
    bearer = {"authorization": f"Bearer {mine.token}"}
    own_house, there = Furniture(mine), Furniture(theirs)
    tried = nested = 0
    for mutation, case in AT_A_SITE.items():
        own, foreign = await own_house.filled(case.asked), await there.filled(case.asked)
        for place, other in ids_in(foreign):
            kind = kind_of(other) or ""
            before = await AuditRow.all().count()
            answers = [
                await served.post(document(mutation), bearer, input=swapped(own, place, each))
                for each in (other, ["made up", node_id(kind, uuid4())][tried % 2])
            ]
            assert answers[0].content == answers[1].content, (mutation, place)
            answer = answers[0].json()["data"]["answer"]
            assert answer["__typename"] == "NotFound", (mutation, place, answer)
            assert answer["field"] == ".".join(place)
            nested += len(place) > 1
            assert await AuditRow.all().count() == before
            tried += 1
    assert tried > len(AT_A_SITE)
    assert nested >= 3, "a PIN's owner, a rule's grantee, a PIN mode's target"


async def test_foreign_ids_in_queries_and_for_oneself_tell_nothing(served: Served) -> None:
    """Proves the same for queries, and for sessions, phones, doors and tokens of other people."""
    mine, theirs = await served.site("Mine"), await served.site("Theirs")
    entry = await mine.lock()
    guest = served.phone()
    await guest.redeem((await mine.invitation(entry["lockId"]))["code"])
    other_entry = await theirs.lock()
    other_guest = served.phone()
    other = await other_guest.redeem((await theirs.invitation(other_entry["lockId"]))["code"])
    console = served.browser()
    await console.sign_in("owner-mine@example.com")
    other_console = served.browser()
    await other_console.sign_in("owner-theirs@example.com")
    session = (await other_console.post("{ me { ... on Account { sessions { nodes { id } } } } }"))[
        "data"
    ]["me"]["sessions"]["nodes"][0]["id"]

    async def same(ask: Any, query: str, foreign: str, expected: Any) -> None:
        unknown = node_id(kind_of(foreign) or "", uuid4())
        answers = [await ask(query, id=each) for each in (foreign, unknown)]
        assert answers[0] == answers[1]
        assert answers[0]["data"] == expected, answers[0]

    not_found = {"answer": {"__typename": "NotFound"}}
    for name, field, foreign in (
        ("endSession", "sessionId", session),
        ("removeDevice", "deviceId", other["device"]["id"]),
    ):
        query = (
            f"mutation($id: ID!) {{ answer: {name}(input: {{ {field}: $id }}) {{ __typename }} }}"
        )
        await same(console.post, query, foreign, not_found)

    async def by_phone(query: str, **variables: Any) -> Any:
        return (await guest.send(query, **variables)).json()

    opening = "mutation($id: ID!) { answer: openLock(input: { lockId: $id }) { __typename } }"
    await same(by_phone, opening, other_entry["lockId"], not_found)
    node, site = (
        "query($id: ID!) { node(id: $id) { id } }",
        "query($id: ID!) { site(id: $id) { id } }",
    )
    there = Furniture(theirs)
    for foreign in (theirs.id, *[await there.the(each) for each in ("lock", "member", "pin")]):
        await same(console.post, node, foreign, {"node": None})
    await same(console.post, site, theirs.id, {"site": None})
    events = "query($id: ID!, $site: ID!) { site(id: $site) { events(lockIds: [$id]) { nodes { id } } } }"

    async def of_mine(query: str, **variables: Any) -> Any:
        return await console.post(query, site=mine.id, **variables)

    await same(of_mine, events, other_entry["lockId"], {"site": {"events": {"nodes": []}}})
