"""A token does at each moment at most what its maker may, and ends with whatever it stands on; on both databases."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.actors import Role
from domain.audit.tables import AuditRow
from domain.bus import current
from domain.database import use_case
from domain.node_ids import node_id, read_node_id
from domain.people.rules import Grade, grade
from domain.people.tables import Account, ApiToken, ApiTokenSite, Member
from tests.api.every_mutation import ADMINS, EDITORS, GRADES, OWNERS
from tests.browser import Browser
from tests.serving import House, Served
from tests.waiting import becomes

MAKER = "maker@example.com"
EVENTS = "subscription($s: ID!) { lockEvents(siteId: $s) { id } }"
READ = "query($id: ID!) { site(id: $id) { members { nodes { id } } } }"
TOKENS = """query($id: ID!) { site(id: $id) { apiTokens { nodes {
  id name createdAt lastUsedAt createdBy { __typename ... on Account { email } ... on ApiToken { id name } } } } } }"""
MADE = "... on CreatedApiToken { token apiToken { id } }"


class Maker:
    """An owner who signed in on the console, and what the operator's token makes of them."""

    def __init__(self, house: House, member: str, browser: Browser) -> None:
        self.house, self.member, self.browser = house, member, browser

    @classmethod
    async def at(cls, house: House) -> "Maker":
        member = await house.member("Maker", Role.OWNER, email=MAKER)
        browser = house.served.browser()
        await browser.sign_in(MAKER)
        return cls(house, member, browser)

    async def token(self, name: str = "OWNER", **more: Any) -> dict[str, str]:
        """A token made on the console: its text and its id."""
        answer = await self.browser.change("createApiToken", MADE, **self._asked(name, more))
        return {"token": answer["token"], "id": answer["apiToken"]["id"]}

    async def child(self, parent: dict[str, str], name: str = "OWNER") -> dict[str, str]:
        """A token made by a token."""
        asked = self._asked(name, {})
        answer = await self.house.change("createApiToken", MADE, token=parent["token"], **asked)
        return {"token": answer["token"], "id": answer["apiToken"]["id"]}

    def _asked(self, name: str, more: dict[str, Any]) -> dict[str, Any]:
        role, _, can_edit = name.partition(" + ")
        asked = {"siteId": self.house.id, "name": name, "role": role, "canEdit": bool(can_edit)}
        return asked | more

    async def become(self, name: str) -> None:
        """The operator gives them this grade."""
        role, _, can_edit = name.partition(" + ")
        asked: dict[str, Any] = {"memberId": self.member, "role": role, "canEdit": bool(can_edit)}
        answer = await self.house.change("updateMember", **asked)
        assert answer["__typename"] == "UpdatedMember", answer

    async def leave(self) -> None:
        """The operator removes them."""
        answer = await self.house.change("removeMember", memberId=self.member)
        assert answer["__typename"] == "RemovedMember", answer


async def status(house: House, token: str) -> int:
    return (await house.served.post("{ me { ... on Node { id } } }", bearer(token))).status_code


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_a_token_may_what_both_it_and_its_maker_may(served: Served) -> None:
    """Proves it for every grade of the token and every grade that its maker comes to have, downwards and up again."""
    house = await served.site(seat_limit=1000)
    maker = await Maker.at(house)
    hub = (
        await house.change(
            "createHub", "... on CreatedHub { hub { id } }", siteId=house.id, name="Hub"
        )
    )["hub"]["id"]
    user = await house.member("User")
    tokens = {name: (await maker.token(name))["token"] for name in GRADES}
    tries: list[tuple[set[str], str, dict[str, Any]]] = [
        (OWNERS, "updateSite", {"siteId": house.id, "name": "House"}),
        (ADMINS, "updateHub", {"hubId": hub, "name": "Gate"}),
        (EDITORS, "updateMember", {"memberId": user, "name": "Bea"}),
    ]
    wrong = []
    for present in [*GRADES, GRADES[0]]:
        await maker.become(present)
        for ceiling, token in tokens.items():
            for allowed, mutation, asked in tries:
                answer = await house.change(mutation, token=token, **asked)
                expected = {present, ceiling} <= allowed
                if (answer["__typename"] != "NotAllowed") != expected:
                    wrong.append((present, ceiling, mutation, answer))
            answer = (await served.post(READ, bearer(token), id=house.id)).json()
            if ("errors" not in answer) != ("USER" not in {present, ceiling}):
                wrong.append((present, ceiling, "read", answer))
    assert not wrong


async def test_a_demoted_owner_is_not_made_owner_again_by_a_token(served: Served) -> None:
    """Proves the attack: by the token, its child and its grandchild, for the maker and for an accomplice."""
    house = await served.site()
    maker = await Maker.at(house)
    accomplice = await house.member("Eve", Role.USER, email="eve@example.com")
    first = await maker.token()
    second = await maker.child(first)
    third = await maker.child(second)
    await maker.become("USER")

    for each in (first, second, third):
        for member in (maker.member, accomplice):
            asked = {"memberId": member, "role": "OWNER"}
            answer = await house.change("updateMember", token=each["token"], **asked)
            assert answer["__typename"] == "NotAllowed"
        invited = {"siteId": house.id, "name": "Eve", "role": "OWNER", "email": "e@example.com"}
        answer = await house.change("createMember", token=each["token"], **invited)
        assert answer["__typename"] == "NotAllowed"
        asked = {"siteId": house.id, "name": "Again", "role": "OWNER"}
        answer = await house.change("createApiToken", token=each["token"], **asked)
        assert answer["__typename"] == "NotAllowed"


async def test_removing_a_member_ends_their_tokens_there_for_good(served: Served) -> None:
    """Proves it for children too, that the audit of the site is told, and that a new membership revives none."""
    house = await served.site()
    maker = await Maker.at(house)
    first = await maker.token()
    child = await maker.child(first)
    await maker.leave()

    assert [await status(house, each["token"]) for each in (first, child)] == [401, 401]
    told = AuditRow.filter(chain=house.row.id, action="removeMember", target_kind="ApiToken")
    keys = {row.target_id for row in await told}
    assert keys == {read_node_id("api_token", each["id"]) for each in (first, child)}
    again = await house.member("Maker", Role.OWNER, email=MAKER)
    assert again
    assert [await status(house, each["token"]) for each in (first, child)] == [401, 401]


async def test_a_maker_s_other_sites_are_not_concerned(served: Served) -> None:
    """Proves that a token for two sites loses one of them with its maker, and goes on at the other."""
    house, other = await served.site(), await served.site("Other")
    maker = await Maker.at(house)
    await other.member("Maker", Role.SUPER_ADMIN, email=MAKER)
    token = await maker.token()
    await also_at(token["id"], other)
    hub = {"name": "Hub"}

    owner_there = await other.change("updateSite", token=token["token"], siteId=other.id, name="X")
    admin_there = await other.change("createHub", token=token["token"], siteId=other.id, **hub)
    await maker.leave()
    gone = await house.change("createHub", token=token["token"], siteId=house.id, **hub)
    stays = await other.change("createHub", token=token["token"], siteId=other.id, **hub)

    assert owner_there["__typename"] == "NotAllowed", "at each site what its maker is there"
    assert admin_there["__typename"] == "CreatedHub"
    assert gone["__typename"] == "NotFound"
    assert stays["__typename"] == "CreatedHub"


@use_case
async def also_at(token_id: str, house: House) -> None:
    """The token acts on another site too."""
    await ApiTokenSite.create(token_id=read_node_id("api_token", token_id), site=house.row)


async def test_revoking_a_token_ends_all_that_it_made(served: Served) -> None:
    """Proves it for children and grandchildren, with the sites that they made, and not for the maker's other tokens."""
    house = await served.site()
    maker = await Maker.at(house)
    first, sibling = await maker.token(), await maker.token()
    child = await maker.child(first)
    grandchild = await maker.child(child, "USER")
    by_operator = await house.make_token(Role.OWNER)
    heir = await maker.child({"token": by_operator, "id": ""})

    answer = await house.change(
        "revokeApiToken",
        "... on RevokedApiToken { everywhere }",
        siteId=house.id,
        apiTokenId=first["id"],
    )
    own = (await ApiToken.get(id=read_node_id("api_token", heir["id"]))).parent_id
    assert own is not None
    await house.change("revokeApiToken", siteId=house.id, apiTokenId=node_id("api_token", own))

    assert answer["everywhere"] is True
    ended = [first["token"], child["token"], grandchild["token"], by_operator, heir["token"]]
    assert [await status(house, each) for each in ended] == [401] * 5
    assert await status(house, sibling["token"]) == 200


async def test_a_child_that_is_made_while_its_parent_is_revoked_does_not_live(
    served: Served,
) -> None:
    """Proves the race: whichever comes first, nothing of the family answers afterwards."""
    house = await served.site()
    maker = await Maker.at(house)
    for _ in range(3):
        parent = await maker.token()
        asked = {"siteId": house.id, "name": "Child", "role": "OWNER"}

        async def child(
            parent: dict[str, str] = parent, asked: dict[str, Any] = asked
        ) -> str | None:
            document = (
                "mutation($input: CreateApiTokenInput!) { answer: createApiToken(input: $input)"
                f" {{ {MADE} }} }}"
            )
            answer = await served.post(document, bearer(parent["token"]), input=asked)
            if answer.status_code != 200:
                return None
            token: str | None = answer.json()["data"]["answer"].get("token")
            return token

        made = await asyncio.gather(
            *(child() for _ in range(4)),
            house.change("revokeApiToken", siteId=house.id, apiTokenId=parent["id"]),
            *(child() for _ in range(4)),
        )
        living = [each for each in made if isinstance(each, str)]
        assert [await status(house, each) for each in living] == [401] * len(living)


async def test_a_site_that_a_token_makes_is_its_maker_s(served: Served) -> None:
    """Proves that the account owns it, that the tokens above may act on it, and that a demotion there binds the token."""
    house = await served.site()
    maker = await Maker.at(house)
    parent = await maker.token()
    child, sibling = await maker.child(parent), await maker.token()
    fields = {"name": "New", "timezone": "UTC", "systemType": "STANDARD"}
    selected = "... on CreatedSite { site { id members { nodes { id role email } } } }"
    new = (await house.change("createSite", selected, token=child["token"], **fields))["site"]

    assert [(each["role"], each["email"]) for each in new["members"]["nodes"]] == [("OWNER", MAKER)]
    mine = await maker.browser.ask("{ sites { nodes { name } } }")
    assert [each["name"] for each in mine["sites"]["nodes"]] == ["House", "New"]
    for each, expected in ((child, "UpdatedSite"), (parent, "UpdatedSite"), (sibling, "NotFound")):
        asked = {"siteId": new["id"], "name": "N"}
        answer = await house.change("updateSite", token=each["token"], **asked)
        assert answer["__typename"] == expected
    other_owner = {"siteId": new["id"], "name": "Owner", "role": "OWNER", "email": "o@example.com"}
    await house.change("createMember", token=child["token"], **other_owner)
    await accepted("o@example.com", served)
    owner = served.browser()
    await owner.sign_in("o@example.com")
    demoted = await owner.change(
        "updateMember", memberId=new["members"]["nodes"][0]["id"], role="USER"
    )
    assert demoted["__typename"] == "UpdatedMember"
    answer = await house.change("updateSite", token=child["token"], siteId=new["id"], name="Mine")
    assert answer["__typename"] == "NotAllowed"


async def test_sockets_and_streams_end_with_their_maker_s_rights(served: Served) -> None:
    """Proves within two seconds: a demotion ends the stream, a removal the socket, also of a child."""
    house = await served.site()
    maker = await Maker.at(house)
    parent = await maker.token()
    child = await maker.child(parent)
    for end, each in (
        (lambda: maker.become("USER"), parent),
        (lambda: maker.become("USER"), child),
    ):
        await maker.become("OWNER")
        async with await served.socket({"token": each["token"]}) as socket:
            await loses_stream(house, socket, end)
    await maker.become("OWNER")
    sockets = [await served.socket({"token": each["token"]}) for each in (parent, child)]
    await maker.leave()
    for socket in sockets:
        assert await socket.closed(within_seconds=2) == (4403, "Your access has ended")


async def loses_stream(house: House, socket: Any, end: Callable[[], Awaitable[None]]) -> None:
    waiting = asyncio.ensure_future(anext(socket.subscribe(EVENTS, s=house.id)))
    await becomes(lambda: f"events:{house.row.id}" in current().topics)
    await end()
    with pytest.raises(RuntimeError):
        await asyncio.wait_for(waiting, 2)
    await becomes(lambda: f"events:{house.row.id}" not in current().topics)


async def test_a_token_for_several_sites_ends_at_the_one_whose_owner_revokes_it(
    served: Served,
) -> None:
    """Proves that it goes on at the other, that its children do likewise, and which audits are told."""
    house, other = await served.site(), await served.site("Other")
    maker = await Maker.at(house)
    await other.member("Maker", Role.OWNER, email=MAKER)
    token = await maker.token()
    child = await maker.child(token)
    for each in (token, child):
        await also_at(each["id"], other)
    asked = {"siteId": other.id, "apiTokenId": token["id"]}
    revoked = "... on RevokedApiToken { everywhere }"

    answer = await other.change("revokeApiToken", revoked, **asked)
    again = await other.change("revokeApiToken", revoked, **asked)

    assert answer["everywhere"] is False
    assert again["__typename"] == "NotFound"
    for each in (token, child):
        sites = (await house.ask("{ sites { nodes { name } } }", token=each["token"]))["sites"][
            "nodes"
        ]
        assert sites == [{"name": "House"}]
    keys = {read_node_id("api_token", each["id"]) for each in (token, child)}
    assert await told(other) == keys
    assert await told(house) == set()
    listed = (await other.ask(TOKENS, id=other.id))["site"]["apiTokens"]["nodes"]
    assert not {each["id"] for each in listed} & {token["id"], child["id"]}

    answer = await house.change("revokeApiToken", revoked, siteId=house.id, apiTokenId=token["id"])
    assert answer["everywhere"] is True, "no other site was left to it"
    assert await status(house, token["token"]) == 401


async def test_its_maker_and_an_owner_of_all_its_sites_end_it_everywhere(served: Served) -> None:
    """Proves both, also for a maker who is a USER by now; each site's audit is told; others may not."""
    house, other = await served.site(), await served.site("Other")
    maker = await Maker.at(house)
    for site in (house, other):
        await site.member("Boss", Role.OWNER, email="boss@example.com")
    await other.member("Maker", Role.OWNER, email=MAKER)
    boss, user = served.browser(), served.browser()
    await boss.sign_in("boss@example.com")
    await house.member("Ulla", Role.SUPER_ADMIN, email="ulla@example.com")
    await user.sign_in("ulla@example.com")
    mine, theirs = await maker.token(), await maker.token()
    for each in (mine, theirs):
        await also_at(each["id"], other)
    await maker.become("USER")
    revoked = "... on RevokedApiToken { everywhere }"

    refused = await user.change("revokeApiToken", "", siteId=house.id, apiTokenId=mine["id"])
    by_maker = await maker.browser.change(
        "revokeApiToken", revoked, siteId=house.id, apiTokenId=mine["id"]
    )
    by_boss = await boss.change("revokeApiToken", revoked, siteId=other.id, apiTokenId=theirs["id"])

    assert refused["__typename"] == "NotAllowed"
    assert (by_maker["everywhere"], by_boss["everywhere"]) == (True, True)
    for each in (mine, theirs):
        assert await status(house, each["token"]) == 401
    keys = {read_node_id("api_token", each["id"]) for each in (mine, theirs)}
    assert await told(house) == await told(other) == keys


async def told(house: House) -> set[Any]:
    """The tokens of whose revocation the audit of this site knows."""
    rows = AuditRow.filter(chain=house.row.id, action="revokeApiToken")
    return {row.target_id for row in await rows}


async def test_who_made_a_token_when_and_its_last_use_are_shown(served: Served) -> None:
    """Proves it for a person's, a token's and the operator's; the use is noted once a minute at most."""
    house = await served.site()
    maker = await Maker.at(house)
    first = await maker.token()
    child = await maker.child(first, "USER")

    async def shown() -> dict[str, Any]:
        nodes = (await house.ask(TOKENS, id=house.id))["site"]["apiTokens"]["nodes"]
        return {each["id"]: each for each in nodes}

    before = await shown()
    assert before[first["id"]]["createdBy"] == {"__typename": "Account", "email": MAKER}
    by_a_token = {"__typename": "ApiToken", "id": first["id"], "name": "OWNER"}
    assert before[child["id"]]["createdBy"] == by_a_token
    assert [each["createdBy"] for each in before.values()].count(None) == 1, "the operator's"
    created = datetime.fromisoformat(before[child["id"]]["createdAt"])
    assert timedelta(0) <= served.clock() - created < timedelta(minutes=5)
    assert before[child["id"]]["lastUsedAt"] is None
    seen = []
    for moved in (0, 30, 31):
        served.clock.advance(timedelta(seconds=moved))
        await status(house, child["token"])
        seen.append(datetime.fromisoformat((await shown())[child["id"]]["lastUsedAt"]))
    assert created <= seen[0] == seen[1], "once a minute at most"
    assert seen[2] - seen[1] >= timedelta(minutes=1)


def test_the_grades_here_are_all_there_are() -> None:
    """Proves that no grade is left out above."""
    names = [name.partition(" + ") for name in GRADES]
    assert {grade(Role(role), bool(can_edit)) for role, _, can_edit in names} == set(Grade)


async def accepted(email: str, served: Served) -> None:
    """Whoever was invited has accepted, with the password of all people here."""
    account = await served._account(email)
    await _accepted(email, account, served)


@use_case
async def _accepted(email: str, account: Account, served: Served) -> None:
    joined = {"account_id": account.id, "invited_email": None, "accepted_at": served.clock()}
    await Member.filter(invited_email=email).update(**joined)


async def test_one_person_has_a_bounded_number_of_tokens(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their own, those of their tokens, and at other sites count together, also when they are made at once; one that has
    ended makes room. Tokens of the command line are not concerned.
    """
    monkeypatch.setattr("domain.people.api_tokens.MOST_OF_ONE_PERSON", 4)
    house, other = await served.site(), await served.site("Other")
    maker = await Maker.at(house)
    first = await maker.token("OWNER")
    made = await house.change(
        "createSite",
        "... on CreatedSite { site { id } }",
        token=first["token"],
        name="Third",
        timezone="Europe/Rome",
        systemType="EASY",
    )
    sites = [house.id, made["site"]["id"]] * 4
    asked = "... on CreatedApiToken { apiToken { id } } ... on InvalidInput { field }"
    answers = await asyncio.gather(
        *(
            house.change(
                "createApiToken", asked, token=first["token"], siteId=each, name="N", role="USER"
            )
            for each in sites
        )
    )
    got = [each for each in answers if each["__typename"] == "CreatedApiToken"]
    assert len(got) == 3
    assert {each.get("field") for each in answers if each not in got} == {"siteId"}

    token_id = got[0]["apiToken"]["id"]
    site_id = sites[answers.index(got[0])]
    await house.change("revokeApiToken", token=first["token"], siteId=site_id, apiTokenId=token_id)
    again = await house.change(
        "createApiToken", asked, token=first["token"], siteId=house.id, name="N", role="USER"
    )
    assert again["__typename"] == "CreatedApiToken"
    assert all([await other.make_token(Role.OWNER) for _ in range(5)])
