"""What a document of the product's own schema may come to, refused before anything is read.

Here and not with the protocol's limits: which lists are long is known to the schema.
"""

import pytest

from api.schema.build import build_schema

TO_AND_FRO = (
    '{ node(id: "x") { ... on Lock { ' + "tags { locks { " * 2 + "id" + " } }" * 2 + " } } }"
)
HOSTILE = {
    "a lock's tags' locks' tags' locks": TO_AND_FRO,
    "the same from every lock": 'query { site(id: "x") { locks(first: 100) { nodes { tags { members'
    " { tags { members { id } } } } } } } }",
    "a hundred calendars": "{"
    + "".join(
        f' a{n}: invitationCalendar(siteId: "x", from: "2024-01-01", to: "2024-02-01") {{ day }}'
        for n in range(100)
    )
    + "}",
    "all sites and their seats a hundred times": "{"
    + " ".join(f"a{n}: sites {{ id name timezone seats {{ used limit }} }}" for n in range(100))
    + "}",
}


@pytest.mark.parametrize("document", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("development", [False, True])
async def test_lists_without_pages_have_their_price(document: str, development: bool) -> None:
    """Proves that going to and fro between lists, and asking for a long one often, is too expensive."""
    result = await build_schema(development=development).execute(document)
    assert result.errors is not None
    (error,) = result.errors
    assert (error.extensions or {}).get("limit") == "cost", error.message


async def test_the_price_of_a_list_tells_nothing_of_the_schema() -> None:
    """Proves one flat answer, where there is no such field, for the name of a long list and for no name at all."""
    schema = build_schema(development=False)
    answers = [
        await schema.execute("{ me { " + name + " { " + "id " * 400 + "} } }")
        for name in ("sites", "zebras")
    ]
    assert [[error.message for error in each.errors or ()] for each in answers] == [
        ["The document does not match the schema"]
    ] * 2
