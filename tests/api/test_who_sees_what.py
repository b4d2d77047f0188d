"""Who may ask and who sees what, for everything that is read: generated from the schema and from what operations declare.

Mutations have their table in `test_permissions`. A query, a subscription or a guarded field without its line here, or whose
description says something else than what it does, fails.
"""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from graphql import (
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)
from graphql import build_schema as read_schema

from api.context import Context, Identity
from api.operations import DECLARED, AtSite, OperationKind
from api.schema.explanations import ExplainAccessGridInput, ExplainAccessInput
from api.whole_schema import build_schema
from domain.actors import AccountActor, Actor, InvitedDeviceActor, LockActor, Role, TokenActor
from domain.errors import NotFound, NotSignedIn, Refusal
from domain.node_ids import node_id
from domain.people.rules import ALLOWED, Permission, grade
from domain.people.tables import ApiToken
from tests.api.every_mutation import GRADES, Furniture
from tests.api.member_steps import member_phone, rule
from tests.databases import only_sqlite
from tests.serving import House, Served

READERS, EVERYBODY = set(GRADES[:4]), set(GRADES)
PERSON, SCRIPT, GUEST, LOCK, NOBODY = "person", "script", "guest", "lock", "nobody"
AT_A_SITE: dict[str, tuple[set[str], str]] = {
    "site": (EVERYBODY, "site"),
    "explainAccess": (EVERYBODY, "lock"),
    "explainAccessGrid": (READERS, "site"),
    "siteAlerts": (READERS, "site"),
    "siteSync": (READERS, "site"),
    "lockEvents": (READERS, "site"),
    "pinSync": (READERS, "pin"),
}
"""Which grades may ask, and of what kind the id is that leads to the site."""
BY_KIND: dict[str, set[str]] = {
    "me": {PERSON, SCRIPT, GUEST, LOCK, NOBODY},
    "lockChallenge": {PERSON, SCRIPT, GUEST, LOCK, NOBODY},
    "node": {PERSON, SCRIPT},
    "sites": {PERSON, SCRIPT},
    "homes": {PERSON, GUEST},
    "myAccess": {PERSON, GUEST},
    "lockFeed": {LOCK},
}
"""What is about the caller and not about a site: which kinds of callers may ask."""


def arguments_of(name: str, key: str) -> dict[str, Any]:
    """The arguments that lead to a site, as a resolver gets them."""
    match name:
        case "explainAccess":
            return {"input": ExplainAccessInput(lock_id=key, subject=None)}  # type: ignore[arg-type]
        case "explainAccessGrid":
            return {"input": ExplainAccessGridInput(site_id=key, subjects=[], lock_ids=[])}  # type: ignore[arg-type]
    declared = DECLARED[name].rule
    assert isinstance(declared, AtSite)
    return {declared.field: key}


async def answer(context: Context, name: str, arguments: dict[str, Any]) -> tuple[str, str]:
    """What the place that permits every operation says."""
    try:
        await DECLARED[name].rule.permit(context, arguments)
    except Refusal as refusal:
        return type(refusal).__name__, refusal.message
    return "", ""


async def script(house: House, name: str) -> TokenActor:
    role, _, can_edit = name.partition(" + ")
    await house.make_token(Role(role), can_edit=bool(can_edit))
    row = await ApiToken.all().order_by("-id").first()
    assert row is not None
    return TokenActor(row.id, row.name, row.role, row.can_edit)


@only_sqlite
async def test_each_question_is_for_whom_the_table_says(served: Served) -> None:
    """Proves for every query and subscription, every grade and every kind of caller: allowed or refused; and that a foreign
    id is answered as one that names nothing, to the letter."""
    reads = {name for name, each in DECLARED.items() if each.kind is not OperationKind.MUTATION}
    assert reads == set(AT_A_SITE) | set(BY_KIND), "a query or subscription without its line here"
    mine, theirs = await served.site("Mine"), await served.site("Theirs")
    own, foreign = Furniture(mine), Furniture(theirs)
    actors: dict[str, Actor | None] = {
        PERSON: AccountActor(mine.owner.id, mine.owner.email),
        SCRIPT: await script(mine, "OWNER"),
        GUEST: InvitedDeviceActor(uuid4(), uuid4(), mine.row.id, "Phone", served.clock()),
        LOCK: LockActor(uuid4(), mine.row.id, "Door", "life", 1),
        NOBODY: None,
    }

    def context(actor: Actor | None) -> Context:
        return Context(served.installation, served.clock, Identity(actor, "192.0.2.1"))

    for name, kinds in BY_KIND.items():
        for kind, actor in actors.items():
            told, _ = await answer(context(actor), name, {})
            expected = "" if kind in kinds else "NotSignedIn" if actor is None else "NotAllowed"
            assert told == expected, (name, kind)
    scripts = {each: await script(mine, each) for each in GRADES}
    for name, (allowed, noun) in AT_A_SITE.items():
        there = arguments_of(name, await own.the(noun))
        for each, actor in scripts.items():
            told, _ = await answer(context(actor), name, there)
            assert told == ("" if each in allowed else "NotAllowed"), (name, each)
            elsewhere = [
                await answer(context(actor), name, arguments_of(name, key))
                for key in (await foreign.the(noun), node_id(noun, uuid4()), "made up", "")
            ]
            assert {told for told, _ in elsewhere} == {NotFound.__name__}, (name, each)
            assert len(set(elsewhere)) == 1, (name, each)
        assert (await answer(context(None), name, there))[0] == NotSignedIn.__name__
        for kind in (GUEST, LOCK):
            assert (await answer(context(actors[kind]), name, there))[0] == NotFound.__name__


GUARDS = {
    "may not read the site": Permission.READ,
    "whoever may read the site": Permission.READ,
    "may not provision locks": Permission.DOORS,
    "may not change its settings": Permission.SITE_SETTINGS,
    "may not read its audit": Permission.READ_AUDIT,
    "with an error, for guests": Permission.OWN_ACCESS,
}
"""How descriptions say who sees a field, and which permission that is."""


def guard_of(description: str) -> Permission | None:
    """Whom the description says that a field is for; None: for whoever sees the thing at all."""
    found = {permission for words, permission in GUARDS.items() if words in description}
    assert len(found) <= 1, description
    guarded = re.search("with an error, for", description)
    assert bool(found) == bool(guarded), f"who is it for? {description}"
    return found.pop() if found else None


def fields_of(
    schema: GraphQLSchema, name: str
) -> tuple[dict[str, Permission | None], Iterator[str]]:
    """The fields of a type that need no argument, with their guards; and selections of all of them, some at a time."""
    kind = schema.get_type(name)
    assert isinstance(kind, GraphQLObjectType)
    guards, selected = {}, []
    for field, each in kind.fields.items():
        if any(is_required_argument(argument) for argument in each.args.values()):
            continue
        inside = get_named_type(each.type)
        below = "" if is_leaf_type(inside) else " { __typename }"
        if inside.name.endswith("Connection"):
            field_asked = f"{field}(first: 1) {{ nodes {{ __typename }} }}"
        else:
            field_asked = f"{field}{below}"
        guards[field] = guard_of(each.description or "")
        selected.append(field_asked)
    return guards, (" ".join(selected[at : at + 6]) for at in range(0, len(selected), 6))


async def phone_of(house: House, name: str, lock: str) -> tuple[Any, set[Permission]]:
    """A phone of somebody of this grade, or of a guest, for whom this lock opens; and what they may."""
    if name == GUEST:
        guest = house.served.phone()
        await guest.redeem((await house.invitation(lock))["code"])
        return guest, set()
    role, _, can_edit = name.partition(" + ")
    phone, member = await member_phone(
        house, f"{role.lower()}{len(can_edit)}@example.com", Role(role), can_edit=bool(can_edit)
    )
    await rule(house, member, lock)
    await phone.change("assignMyPin", siteId=house.id, kind="AUTO")
    mine = grade(Role(role), bool(can_edit))
    return phone, {permission for permission, grades in ALLOWED.items() if mine in grades}


@only_sqlite
async def test_each_field_is_for_whom_its_description_says(served: Served) -> None:
    """Proves for every field of sites, locks and PINs, by every grade and by a guest: answered, or null with NOT_ALLOWED at
    that very place, as the description says."""
    schema = read_schema(build_schema(development=False).as_str())
    house = await served.site()
    lock = (await house.lock())["lockId"]
    for name in (*GRADES, GUEST):
        phone, held = await phone_of(house, name, lock)
        for kind, path, outside in (
            ("Site", ["homes", 0, "site"], "site {{ {} }}"),
            ("Lock", ["homes", 0, "doors", 0, "lock"], "doors {{ lock {{ {} }} }}"),
            ("Pin", ["homes", 0, "pins", 0], "pins {{ {} }}"),
        ):
            if kind == "Pin" and name == GUEST:
                continue  # guests have none
            guards, selections = fields_of(schema, kind)
            refused = {}
            for selected in selections:
                told = (await phone.send(f"{{ homes {{ {outside.format(selected)} }} }}")).json()
                for each in told.get("errors", ()):
                    assert each.get("path", [])[: len(path)] == path, (selected, told)
                    refused[each["path"][len(path)]] = each["extensions"]["code"]
            expected = {
                field: "NOT_ALLOWED"
                for field, guard in guards.items()
                if guard and guard not in held
            }
            assert refused == expected, (kind, name)
