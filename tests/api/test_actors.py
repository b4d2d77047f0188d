"""Who asks, and who did something: one union, of which others see a name and only oneself the rest."""

import asyncio
from typing import Any

import pytest

from api.tour.socket import Socket
from domain.actors import Role
from tests.serving import PASSWORD, House, Served

DID = """query($id: ID!) { site(id: $id) { auditLog(first: 1) { nodes { action actor {
  ... on Account { id email members { nodes { id } } sessions { nodes { id } } devices { nodes { id } } }
  ... on ApiToken { id name role canEdit expiresAt lastUsedAt createdBy { __typename } sites { name } }
} } } } }"""
PERSONS_OWN = ("members", "sessions", "devices")
TOKENS_OWN = ("role", "canEdit", "expiresAt", "lastUsedAt", "createdBy", "sites")


class WholeAnswers(Socket):
    """A socket that gives an answer with its errors."""

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The first message's payload: `data` and `errors`."""
        queue = self._queues["whole"] = asyncio.Queue()
        payload = {"query": query, "variables": variables}
        await self._send({"id": "whole", "type": "subscribe", "payload": payload})
        message = await asyncio.wait_for(queue.get(), 10)
        assert message is not None
        answer: dict[str, Any] = message["payload"]
        return answer


async def seen(house: House, token: str) -> tuple[dict[str, Any], list[list[Any]]]:
    """Who did the last thing at the house, as somebody sees them; and the paths of what was refused."""
    answer = await house.served.post(DID, {"authorization": f"Bearer {token}"}, id=house.id)
    errors = answer.json().get("errors", [])
    assert {each["extensions"]["code"] for each in errors} <= {"NOT_ALLOWED"}
    nodes = answer.json()["data"]["site"]["auditLog"]["nodes"]
    return nodes[0]["actor"], [each["path"] for each in errors]


@pytest.mark.parametrize("over", ["http", "socket"])
async def test_others_see_who_a_person_is_and_not_what_is_theirs(served: Served, over: str) -> None:
    """What is refused is null with an error of its own; what stands beside it stays. Over HTTP and over a socket."""
    house = await served.site()
    await house.member("Eve", Role.OWNER, email="eve@example.com")
    eve = served.browser()
    await eve.sign_in("eve@example.com")
    await eve.change("createHub", "", siteId=house.id, name="Hub")

    if over == "http":
        actor, refused = await seen(house, house.token)
    else:
        async with await WholeAnswers.open(served.url, {"token": house.token}) as socket:
            message = await socket.ask(DID, id=house.id)
        actor = message["data"]["site"]["auditLog"]["nodes"][0]["actor"]
        refused = [each["path"] for each in message["errors"]]

    assert actor["email"] == "eve@example.com"
    assert [actor[name] for name in PERSONS_OWN] == [None] * 3
    assert sorted(path[-1] for path in refused) == sorted(PERSONS_OWN)
    assert (await house.ask("query($id: ID!) { node(id: $id) { id } }", id=actor["id"])) == {
        "node": None
    }


async def test_a_person_sees_all_of_themselves(served: Served) -> None:
    """By `me`: what they are at each site, their sign-ins and their phones, in pages; by `node` too."""
    house, other = await served.site(), await served.site("Other")
    for each in (house, other):
        await each.member("Eve", email="eve@example.com")
    eve, phone = served.browser(), served.phone()
    signed_in = await eve.change(
        "signIn",
        "... on SignedIn { account { email members { nodes { name role } } sessions { nodes { current } } } }",
        email="eve@example.com",
        password=PASSWORD,
    )
    sign_in = (
        """mutation($i: SignInInput!) { signIn(input: $i) { ... on SignedIn { accessToken } } }"""
    )
    asked = {"email": "eve@example.com", "password": PASSWORD, "deviceName": "Eve's"}
    phone.token = (await phone.ask(sign_in, i=asked))["signIn"]["accessToken"]
    query = """{ me { ... on Account { id email
      members(first: 1) { nodes { site { name } } pageInfo { hasNextPage endCursor } }
      sessions { nodes { current account { email } } }
      devices { nodes { name createdAt account { email } invitation { id } } } } } }"""

    me = (await eve.ask(query))["me"]
    behind = """query($after: String) { me { ... on Account { members(after: $after) {
      nodes { site { name } } } } } }"""
    rest = await eve.ask(behind, after=me["members"]["pageInfo"]["endCursor"])
    found = await eve.ask("query($id: ID!) { node(id: $id) { __typename } }", id=me["id"])

    assert signed_in["account"] == {
        "email": "eve@example.com",
        "members": {"nodes": [{"name": "Eve", "role": "USER"}] * 2},
        "sessions": {"nodes": [{"current": True}]},
    }
    assert me["members"]["nodes"] == [{"site": {"name": "House"}}]
    assert me["members"]["pageInfo"]["hasNextPage"] is True
    assert rest["me"]["members"]["nodes"] == [{"site": {"name": "Other"}}]
    account = {"email": "eve@example.com"}
    assert me["sessions"]["nodes"] == [{"current": True, "account": account}]
    (device,) = me["devices"]["nodes"]
    assert (device["name"], device["account"], device["invitation"]) == ("Eve's", account, None)
    assert found["node"] == {"__typename": "Account"}


async def test_a_script_is_known_by_name_and_shows_the_rest_to_whoever_manages_it(
    served: Served,
) -> None:
    """A reader of the audit sees that it was this script; an owner, and the script itself, see what it may do."""
    house = await served.site()
    script = await house.make_token(Role.LIMITED_ADMIN)
    reader = await house.make_token(Role.SUPER_ADMIN)
    made = await house.change("createMember", token=script, siteId=house.id, name="Ada")
    assert made["__typename"] == "CreatedMember"

    by_reader, refused = await seen(house, reader)
    by_owner, nothing = await seen(house, house.token)
    me = "{ me { ... on ApiToken { name role canEdit expiresAt lastUsedAt createdBy { __typename } sites { name } } } }"
    by_itself = (await house.ask(me, token=script))["me"]

    assert by_reader["name"] == "LIMITED_ADMIN"
    assert [by_reader[name] for name in TOKENS_OWN] == [None] * 6
    assert sorted(path[-1] for path in refused) == sorted(TOKENS_OWN)
    assert nothing == []
    assert (by_owner["role"], by_owner["canEdit"]) == ("LIMITED_ADMIN", True)
    assert (by_owner["createdBy"], by_owner["sites"]) == (None, [{"name": "House"}])
    assert {name: by_itself[name] for name in ("role", "canEdit", "sites")} == {
        name: by_owner[name] for name in ("role", "canEdit", "sites")
    }


async def test_a_guests_phone_does_not_see_its_invitation(served: Served) -> None:
    """An invitation's name is for admins; who it is for the phone is told by its homes. A reader sees the phone's."""
    house = await served.site()
    made = await house.invitation((await house.lock())["lockId"], name="Owes us rent")
    phone = served.phone()
    device = (await phone.redeem(made["code"]))["device"]
    query = "{ me { ... on Device { id name account { email } invitation { name } } } }"

    answer = (await phone.send(query)).json()
    node = "query($id: ID!) { node(id: $id) { ... on Device { invitation { name } } } }"
    by_owner = await house.ask(node, id=device["id"])

    assert answer["data"]["me"] == {
        "id": device["id"],
        "name": "My phone",
        "account": None,
        "invitation": None,
    }
    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["me", "invitation"], "NOT_ALLOWED")
    assert by_owner["node"]["invitation"] == {"name": "Owes us rent"}
