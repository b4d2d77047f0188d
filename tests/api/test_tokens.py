"""API tokens: a ceiling, sites and an end; shown once, kept as a keyed hash."""

from datetime import datetime, timedelta
from typing import Any

import httpx

from domain.actors import Role
from domain.people.tables import ApiToken, ApiTokenSite
from tests.serving import House, Served

ME = "{ me { __typename ... on ApiToken { name role } } }"
SITES = "{ sites { nodes { id name } } }"


async def by(served: Served, token: str, query: str = ME) -> httpx.Response:
    return await served.post(query, {"authorization": f"Bearer {token}"})


async def made(house: House, **fields: Any) -> dict[str, str]:
    """A token by the API: its text and its id."""
    asked = {"siteId": house.id, "name": "Script", "role": "OWNER", **fields}
    selected = (
        "... on CreatedApiToken { token apiToken { id expiresAt } } ... on InvalidInput { field }"
    )
    answer = await house.change("createApiToken", selected, **asked)
    return answer | {"id": answer.get("apiToken", {}).get("id", "")}


async def names(house: House, token: str = "") -> list[str]:
    """The sites that a token sees."""
    return [
        site["name"] for site in (await house.ask(SITES, token=token or None))["sites"]["nodes"]
    ]


async def test_a_token_is_shown_once_and_recognised(served: Served) -> None:
    """Proves the prefix, that only a keyed hash is stored, and 401 for anything that is not a living token."""
    house = await served.site()
    token = (await made(house))["token"]

    assert token.startswith("lwt_")
    assert token not in str(await ApiToken.all().values())
    me = (await by(served, token)).json()["data"]["me"]
    assert me == {"__typename": "ApiToken", "name": "Script", "role": "OWNER"}
    for wrong in ("x", token[:-1], token.upper(), token + "x", token.replace("lwt", "lws")):
        answer = await by(served, wrong)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token"')
        assert "data" not in answer.json()
    url, params = f"{served.url}/graphql", {"query": ME, "access_token": token}
    in_url = await served.http.get(url, params=params)
    assert in_url.json() == {"data": {"me": None}}
    query = "query($id: ID!) { site(id: $id) { apiTokens { nodes { id name role } } } }"
    assert "lwt_" not in str(await house.ask(query, id=house.id))


async def test_a_token_ends_at_its_date_and_when_revoked(served: Served) -> None:
    """Proves both ends, at once; an end in the past is refused; a token cannot be revoked twice."""
    house = await served.site()
    now = served.clock()
    past = await made(house, expiresAt=(now - timedelta(seconds=1)).isoformat())
    assert (past["__typename"], past["field"]) == ("InvalidInput", "expiresAt")
    short = await made(house, expiresAt=(now + timedelta(minutes=5)).isoformat())
    other = await made(house)
    assert (await by(served, short["token"])).status_code == 200
    served.clock.advance(timedelta(minutes=5))
    assert (await by(served, short["token"])).status_code == 401
    asked = {"siteId": house.id, "apiTokenId": other["id"]}
    assert (await house.change("revokeApiToken", "", **asked))["__typename"] == "RevokedApiToken"
    assert (await by(served, other["token"])).status_code == 401
    assert (await house.change("revokeApiToken", "", **asked))["__typename"] == "NotFound"


async def test_a_token_outlives_neither_its_end_nor_its_maker(served: Served) -> None:
    """Proves that a token makes none that ends later, and that an end which is no moment is refused by name."""
    house = await served.site()
    soon = served.clock() + timedelta(hours=1)
    maker = await house.make_token(Role.OWNER, expires_at=soon)
    ends = "... on CreatedApiToken { apiToken { expiresAt } } ... on InvalidInput { field }"

    async def made(**fields: Any) -> dict[str, Any]:
        asked = {"siteId": house.id, "name": "Child", "role": "OWNER", **fields}
        return await house.change("createApiToken", ends, token=maker, **asked)

    heir = await made()
    late = await made(expiresAt=(soon + timedelta(seconds=1)).isoformat())
    strange = [
        await made(expiresAt=each) for each in ("2027-01-01T00:00:00", "9999-12-31T23:59:59-14:00")
    ]

    assert datetime.fromisoformat(heir["apiToken"]["expiresAt"]) == soon
    refused = [(each["__typename"], each["field"]) for each in (late, *strange)]
    assert refused == [("InvalidInput", "expiresAt")] * 3


async def test_a_token_acts_on_its_own_sites_only(served: Served) -> None:
    """Proves that a token sees and changes the sites it was made for, and makes no tokens for others."""
    mine, other = await served.site("Mine"), await served.site("Other")

    assert await names(mine) == ["Mine"]
    selected = "... on NotFound { field }"
    foreign = await mine.change("updateSite", selected, siteId=other.id, name="X")
    assert (foreign["__typename"], foreign["field"]) == ("NotFound", "siteId")
    answer = await mine.change("createApiToken", "", siteId=other.id, name="X", role="OWNER")
    assert answer["__typename"] == "NotFound"


async def test_a_token_that_makes_a_site_owns_it(served: Served) -> None:
    """Proves that the sites of that token alone grow by it, and that it may change the new one's settings."""
    house = await served.site()
    sibling = await house.make_token(Role.OWNER)
    fields = {"name": "New", "timezone": "Asia/Tokyo", "systemType": "ENTERPRISE"}
    done = await house.change(
        "createSite", "... on CreatedSite { site { id systemType } }", **fields
    )

    new = done["site"]["id"]
    assert done["site"]["systemType"] == "ENTERPRISE"
    assert await names(house) == ["House", "New"]
    assert await names(house, sibling) == ["House"]
    selected = "... on UpdatedSite { site { name } }"
    renamed = await house.change("updateSite", selected, siteId=new, name="N")
    assert renamed["site"] == {"name": "N"}
    foreign = await house.change("updateSite", "", token=sibling, siteId=new, name="X")
    assert foreign["__typename"] == "NotFound"
    wrong = await house.change("createSite", "", **fields | {"timezone": "Mars/Base"})
    assert wrong["__typename"] == "InvalidInput"
    assert await ApiTokenSite.all().count() == 3


async def test_an_account_that_makes_a_site_owns_it(served: Served) -> None:
    """Proves the same for a person, who becomes its one owner and needs nobody's permission."""
    await served.site()
    browser = served.browser()
    await browser.sign_in("owner-house@example.com")
    fields = {"name": "Mine", "timezone": "Europe/Rome", "systemType": "EASY"}
    site = "... on CreatedSite { site { members { nodes { role email } } seats { used } } }"
    done = await browser.change("createSite", site, **fields)
    owner = {"role": "OWNER", "email": "owner-house@example.com"}
    assert done["site"] == {"members": {"nodes": [owner]}, "seats": {"used": 1}}
