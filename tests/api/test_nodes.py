"""`node`: everything with an id of its own is found by it, by those who may see it and by nobody else."""

from typing import Any
from uuid import uuid4

import pytest
from graphql import GraphQLInterfaceType

from api.whole_schema import build_schema
from domain.actors import Role, command_line_at
from domain.alerts.service import raise_alert
from domain.alerts.tables import AlertKind
from domain.node_ids import kind_of, node_id
from tests.api.bare_lock import BareLock
from tests.api.every_mutation import Furniture
from tests.api.member_steps import MembersPhone
from tests.browser import Browser
from tests.serving import House, Served

NODE = "query($id: ID!) { node(id: $id) { __typename id } }"
OWN = """{ me { ... on Account { id devices { nodes { id } } sessions { nodes { id } } } } }"""
FURNITURE = {
    "Site": "site",
    "Lock": "lock",
    "Hub": "hub",
    "Reader": "reader",
    "Member": "member",
    "Tag": "lock tag",
    "AccessRule": "access rule",
    "Invitation": "invitation",
    "Pin": "pin",
    "SmartPin": "smart pin",
    "ApiToken": "token",
    "ProvisioningKit": "kit",
}
"""What an owner makes, by its type; of the rest see below."""


def implementers() -> set[str]:
    """The names of all types that implement Node."""
    schema = build_schema(development=False)._schema
    node = schema.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    return {each.name for each in schema.get_possible_types(node)}


async def one_of_each(house: House) -> dict[str, str]:
    """An id of each type that belongs to the house: what its owner makes, an event, and a guest's phone."""
    things = Furniture(house)
    made = {name: await things.the(kind) for name, kind in FURNITURE.items()}
    entry = await house.lock("Cellar")
    async with BareLock(house.served, entry) as lock:
        await lock.report(lock.event())
    by = command_line_at(house.row.id)
    await raise_alert(by, AlertKind.LETTER_NOT_SENT, house.served.clock())
    happened = await house.ask(
        "query($id: ID!) { site(id: $id) { events(first: 1) { nodes { id } } alerts { nodes { id } }"
        " auditLog(first: 1) { nodes { id } } } }",
        id=house.id,
    )
    guest = await house.served.phone().redeem((await house.invitation(entry["lockId"]))["code"])
    return made | {
        "LockEvent": happened["site"]["events"]["nodes"][0]["id"],
        "Alert": happened["site"]["alerts"]["nodes"][0]["id"],
        "AuditEntry": happened["site"]["auditLog"]["nodes"][0]["id"],
        "Device": guest["device"]["id"],
    }


async def owner_of(house: House) -> tuple[Browser, dict[str, str]]:
    """The owner at the console, and the ids of their own phone and sign-in."""
    email = house.owner.email
    await MembersPhone(house.served).sign_in(email)
    console = house.served.browser()
    await console.sign_in(email)
    own = (await console.ask(OWN))["me"]
    return console, {
        "Account": own["id"],
        "Device": own["devices"]["nodes"][0]["id"],
        "Session": own["sessions"]["nodes"][0]["id"],
    }


async def test_everything_that_is_a_node_is_found_by_its_id(served: Served) -> None:
    """Proves it for every implementer of Node in the schema, so that a new one cannot be forgotten."""
    house = await served.site()
    of_site = await one_of_each(house)
    console, own = await owner_of(house)

    assert {*of_site, *own} == implementers()
    for name, key in [*of_site.items(), *own.items()]:
        found = await console.ask(NODE, id=key)
        assert found["node"] == {"__typename": name, "id": key}, name


async def test_a_script_finds_what_is_its_sites_and_nobodys_own_things(served: Served) -> None:
    """Proves the same by token; people's phones and sign-ins are theirs alone, even for an owner's token."""
    house = await served.site()
    of_site = await one_of_each(house)
    _, own = await owner_of(house)
    user = await house.make_token(Role.USER, can_edit=False)
    myself = (await house.ask("{ me { ... on Node { id } } }", token=user))["me"]["id"]

    for name, key in of_site.items():
        assert (await house.ask(NODE, id=key))["node"] == {"__typename": name, "id": key}, name
        seen = (await house.ask(NODE, token=user, id=key))["node"]
        assert (seen is not None) == (name == "Site"), f"a USER sees {name}"
    for key in own.values():
        assert (await house.ask(NODE, id=key))["node"] is None
    assert (await house.ask(NODE, token=user, id=myself))["node"]["__typename"] == "ApiToken"


async def test_a_foreign_node_answers_like_an_unknown_one(served: Served) -> None:
    """Proves for every type that its id tells the owner of another site nothing."""
    mine, theirs = await served.site("Mine"), await served.site("Theirs")
    of_theirs = await one_of_each(theirs)
    _, own = await owner_of(theirs)
    console, _ = await owner_of(mine)

    for key in [*of_theirs.values(), *own.values()]:
        unknown = node_id(kind_of(key) or "", uuid4())
        answers: list[Any] = [await console.post(NODE, id=each) for each in (key, unknown)]
        assert answers == [{"data": {"node": None}}] * 2, key


@pytest.mark.parametrize(
    ("mutation", "argument", "kind"),
    [
        ("deleteHub", "hubId", "hub"),
        ("deleteReader", "readerId", "reader"),
        ("revokeApiToken", "apiTokenId", "token"),
        ("deleteAccessRule", "accessRuleId", "access rule"),
        ("deleteLock", "lockId", "lock"),
    ],
)
async def test_what_is_gone_is_not_found(
    served: Served, mutation: str, argument: str, kind: str
) -> None:
    """Deleted and revoked things are there no more, and nor is the reader of a lock that was deleted."""
    house = await served.site()
    things = Furniture(house)
    key = await things.the(kind)
    gone = [key, await things.the("reader")] if kind == "lock" else [key]
    more = {"siteId": house.id} if kind == "token" else {}
    answer = await house.change(mutation, **{argument: key, **more})

    assert "message" not in answer, answer
    for each in gone:
        assert (await house.ask(NODE, id=each))["node"] is None


async def test_what_lists_and_pins_still_name_is_found_after_its_end(served: Served) -> None:
    """A deleted invitation, a removed member and their removed PIN, for readers of the site; for nobody else."""
    house, other = await served.site(), await served.site("Other")
    things = Furniture(house)
    made = {kind: await things.the(kind) for kind in ("invitation", "member", "pin")}
    await house.change("deleteInvitation", invitationId=made["invitation"])
    await house.change("removeMember", memberId=made["member"])
    listed = """query($id: ID!) { site(id: $id) { invitations(states: [REMOVED]) { nodes { id } }
      pins(states: [REMOVED]) { nodes { id owner { id } } } } }"""
    site = (await house.ask(listed, id=house.id))["site"]
    reader = await house.make_token(Role.LIMITED_ADMIN, can_edit=False)
    user = await house.make_token(Role.USER, can_edit=False)

    assert site["invitations"]["nodes"] == [{"id": made["invitation"]}]
    assert site["pins"]["nodes"] == [{"id": made["pin"], "owner": {"id": made["member"]}}]
    for kind, key in made.items():
        assert (await house.ask(NODE, token=reader, id=key))["node"]["id"] == key, kind
        for token in (user, other.token):
            assert (await house.ask(NODE, token=token, id=key))["node"] is None, kind


async def test_sign_ins_and_phones_that_ended_are_not_found(served: Served) -> None:
    """Proves it for a session that was ended and a phone that was removed, by their own person."""
    console, own = await owner_of(await served.site())
    device = await console.change("removeDevice", "", deviceId=own["Device"])
    other = served.browser()
    await other.sign_in("owner-house@example.com")
    session = await other.change("endSession", "", sessionId=own["Session"])

    assert (device["__typename"], session["__typename"]) == ("RemovedDevice", "EndedSession")
    for key in (own["Device"], own["Session"]):
        assert (await other.ask(NODE, id=key))["node"] is None


async def test_what_the_audit_names_is_found_by_it(served: Served) -> None:
    """Proves that targetId is an id like any other, of the type that targetKind names."""
    house = await served.site()
    things = Furniture(house)
    made = {name: await things.the(kind) for name, kind in FURNITURE.items()}
    query = """query($id: ID!) { site(id: $id) { auditLog(first: 100) {
      nodes { targetKind targetId } } } }"""

    entries = (await house.ask(query, id=house.id))["site"]["auditLog"]["nodes"]
    for entry in entries:
        found = (await house.ask(NODE, id=entry["targetId"]))["node"]
        assert found == {"__typename": entry["targetKind"], "id": entry["targetId"]}
    del made["ProvisioningKit"]  # at its making the audit names its lock
    assert {each["targetId"] for each in entries} >= set(made.values())
