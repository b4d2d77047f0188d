"""Lists: pages that neither lose nor repeat, and filters. What they cost: test_list_costs.py."""

from datetime import timedelta
from typing import Any

from tests.serving import House, Served

INVITATIONS = """query($id: ID!, $first: Int, $after: String, $states: [CredentialState!], $locks: [ID!], $search: String) {
  site(id: $id) { invitations(first: $first, after: $after, states: $states, lockIds: $locks, search: $search) {
    nodes { id name } edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""


async def _page(house: House, **asked: Any) -> dict[str, Any]:
    data = await house.ask(INVITATIONS, id=house.id, **{"first": 50, **asked})
    page: dict[str, Any] = data["site"]["invitations"]
    return page


async def _names(house: House, **asked: Any) -> list[str]:
    return [node["name"] for node in (await _page(house, **asked))["nodes"]]


async def test_pages_neither_lose_nor_repeat_while_the_list_grows_and_shrinks(
    served: Served,
) -> None:
    """Proves the keyset: newest first, each old invitation once, though others are made and deleted meanwhile."""
    house = await served.site()
    lock = (await house.lock())["lockId"]
    for number in range(7):
        await house.invitation(lock, name=f"Guest {number}")
    seen: list[str] = []
    after = None
    while True:
        page = await _page(house, first=3, after=after)
        seen += [node["name"] for node in page["nodes"]]
        assert [edge["node"]["id"] for edge in page["edges"]] == [n["id"] for n in page["nodes"]]
        assert page["pageInfo"]["startCursor"] == page["edges"][0]["cursor"]
        assert page["pageInfo"]["endCursor"] == page["edges"][-1]["cursor"]
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
        await house.invitation(lock, name="Late guest")
        # Deleting the very row of the cursor must not lose the place.
        await house.change("deleteInvitation", invitationId=page["nodes"][-1]["id"])

    assert seen == [f"Guest {number}" for number in reversed(range(7))]
    assert await _names(house, first=1) == ["Late guest"]
    assert (await _page(house, after=after, first=100))["pageInfo"]["hasNextPage"] is False


async def test_a_page_that_cannot_be_is_refused_with_a_code(served: Served) -> None:
    """Proves coded errors, never an internal one, for sizes, cursors and searches that cannot be."""
    house = await served.site()
    for asked, field in (
        ("invitations(first: 0)", "first"),
        ("invitations(first: 101)", "first"),
        ("locks(first: -1)", "first"),
        ('invitations(after: "zz")', "after"),
        ('members(after: "\u00e9")', "after"),
        ('events(after: "YWJj")', "after"),
        ('events(after: "e99999999999999999999")', "after"),  # beyond any column
        ("events(kinds: [])", "kinds"),
        ('events(from: "2026-01-01T00:00:00")', "from"),
        ('events(to: "0001-01-01T00:00:00+14:00")', "to"),
        ('events(from: "2026-01-02T00:00:00Z", to: "2026-01-02T01:00:00+01:00")', "to"),
        ('pins(search: "a\\u0000b")', "search"),
        ('invitations(search: "a\\u0000b")', "search"),
        (f'invitations(search: "{"x" * 101}")', "search"),
        (f'members(search: "{"x" * 30_000}")', "search"),
    ):
        answer = await served.post(
            f"query($id: ID!) {{ site(id: $id) {{ {asked} {{ nodes {{ id }} }} }} }}",
            {"authorization": f"Bearer {house.token}"},
            id=house.id,
        )
        (error,) = answer.json()["errors"]
        assert (error["extensions"]["code"], error["extensions"].get("field")) == (
            "BAD_USER_INPUT",
            field,
        ), (asked, error)


async def test_null_for_first_is_a_page_of_the_usual_size(served: Served) -> None:
    """A client whose variable is null gets fifty, as one who left it out; an empty page has no cursors."""
    house = await served.site()
    empty = await _page(house, first=None)
    lock = (await house.lock())["lockId"]
    for _ in range(51):
        await house.invitation(lock)
    page = await _page(house, first=None)

    assert empty["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": False,
        "startCursor": None,
        "endCursor": None,
    }
    assert (len(page["nodes"]), page["pageInfo"]["hasNextPage"]) == (50, True)


async def test_invitations_are_filtered_by_state_lock_and_name(served: Served) -> None:
    """Proves each filter, one without a start among the active ones, and that % and _ in a search mean themselves."""
    house = await served.site()
    front, flat = (await house.lock("Front"))["lockId"], (await house.lock("Flat"))["lockId"]
    now = served.clock()
    soon, later = (now + timedelta(minutes=1)).isoformat(), (now + timedelta(hours=9)).isoformat()
    made = {
        "Over": await house.invitation(front, name="Over", endsAt=soon),
        "Open": await house.invitation(front, name="Open", startsAt=None, endsAt=later),
        "100% sure": await house.invitation(flat, name="100% sure", endsAt=later),
        "a_b": await house.invitation(
            front,
            flat,
            name="a_b",
            startsAt=(now + timedelta(hours=8)).isoformat(),
            endsAt=later,
        ),
        "Gone": await house.invitation(front, name="Gone", endsAt=later),
    }
    await house.change("deleteInvitation", invitationId=made["Gone"]["invitation"]["id"])
    served.clock.advance(timedelta(minutes=2))

    assert await _names(house) == ["a_b", "100% sure", "Open", "Over"]
    assert await _names(house, states=["ACTIVE"]) == ["100% sure", "Open"]
    assert await _names(house, states=["UPCOMING"]) == ["a_b"]
    assert await _names(house, states=["ENDED"]) == ["Over"]
    assert await _names(house, states=["REMOVED"]) == ["Gone"]
    assert await _names(house, locks=[flat]) == ["a_b", "100% sure"]
    assert await _names(house, locks=[flat], states=["ACTIVE"]) == ["100% sure"]
    assert await _names(house, search="OVE") == ["Over"]
    assert await _names(house, search="%") == ["100% sure"]
    assert await _names(house, search="_") == ["a_b"]
    assert await _names(house, search="\\") == []
    assert await _names(house, search="  ") == await _names(house)
    assert await _names(house, search="x" * 100) == []
    other = await served.site("Other")
    assert await _names(other, locks=[flat]) == []


async def test_a_search_knows_the_case_of_all_letters(served: Served) -> None:
    """Proves "in any case" beyond ASCII: accents, Greek, Cyrillic; not the same letter without its accent."""
    house = await served.site()
    for name in ("Élan", "ÖZGÜR", "Σοφία", "Жанна", "Elan"):
        await house.lock(name)

    async def found(words: str) -> set[str]:
        data = await house.ask(
            "query($id: ID!, $words: String) { site(id: $id)"
            " { locks(search: $words) { nodes { name } } } }",
            id=house.id,
            words=words,
        )
        return {node["name"] for node in data["site"]["locks"]["nodes"]}

    assert await found("élan") == await found("ÉLAN") == {"Élan"}
    assert await found("özgür") == {"ÖZGÜR"}
    assert await found("ΣΟΦ") == {"Σοφία"}
    assert await found("жанна") == {"Жанна"}
    assert await found("elan") == {"Elan"}
