"""What a client is told when something cannot be: a code it can act on, wherever in the document it arose."""

from typing import Any

import pytest

from domain.actors import Role
from tests.serving import House, Served

AUDIT = "query($id: ID!) { site(id: $id) { name auditLog { nodes { number } } } }"
LOCKS = """query($id: ID!, $first: Int, $after: String) { site(id: $id) {
  name locks(first: $first, after: $after) { nodes { id } } } }"""


async def refused(house: House, query: str, token: str, **variables: Any) -> dict[str, Any]:
    """The only error of an operation."""
    answer = await house.served.post(query, {"authorization": f"Bearer {token}"}, **variables)
    (error,) = answer.json()["errors"]
    assert answer.status_code == 200
    assert "requestId" not in error["extensions"], "it was masked"
    given: dict[str, Any] = error
    return given


async def test_a_field_above_the_callers_role_is_refused_by_name(served: Served) -> None:
    """Site.locks for a USER, Site.auditLog for a LIMITED_ADMIN: NOT_ALLOWED at the field, not an internal error."""
    house = await served.site()
    user = await house.make_token(Role.USER, can_edit=False)
    admin = await house.make_token(Role.LIMITED_ADMIN)

    locks = await refused(house, LOCKS, user, id=house.id)
    audit = await refused(house, AUDIT, admin, id=house.id)

    assert (locks["extensions"]["code"], locks["path"]) == ("NOT_ALLOWED", ["site", "locks"])
    assert (audit["extensions"]["code"], audit["path"]) == ("NOT_ALLOWED", ["site", "auditLog"])


@pytest.mark.parametrize(
    ("arguments", "field"),
    [({"first": 1000}, "first"), ({"first": 0}, "first"), ({"after": "no cursor"}, "after")],
)
async def test_an_argument_of_a_field_that_cannot_be_used_is_named(
    served: Served, arguments: dict[str, Any], field: str
) -> None:
    """A page that is too large or a cursor that is none: BAD_USER_INPUT and which argument it was."""
    house = await served.site()
    error = await refused(house, LOCKS, house.token, id=house.id, **{"first": 10, **arguments})
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": field}


async def test_an_id_of_something_else_in_a_field_names_nothing(served: Served) -> None:
    """NOT_FOUND with the argument, as for an id that does not exist."""
    house = await served.site()
    query = (
        "query($id: ID!, $lock: ID!) { site(id: $id) { events(lockId: $lock) { nodes { id } } } }"
    )
    error = await refused(house, query, house.token, id=house.id, lock=house.id)
    assert error["extensions"] == {"code": "NOT_FOUND", "field": "lockId"}


async def test_a_refused_subscription_ends_with_the_same_codes(served: Served) -> None:
    """`error` for a stream that may not be read, with the socket left open for others."""
    house = await served.site()
    other = await served.site("Other")
    async with await served.socket({"token": house.token}) as socket:
        query = "subscription($id: ID!, $after: String) { lockEvents(siteId: $id, after: $after) { id } }"
        for variables, message in (
            ({"id": other.id}, "nothing with this id"),
            ({"id": house.id, "after": "no cursor"}, "not a cursor"),
        ):
            with pytest.raises(RuntimeError, match=message):
                await anext(socket.subscribe(query, **variables))
        assert await anext(socket.subscribe("{ me { ... on ApiToken { name } } }")) == {
            "me": {"name": "OWNER"}
        }


async def test_a_field_of_a_mutations_result_is_refused_in_the_same_way(served: Served) -> None:
    """The change is made all the same: the error's path says that only the answer to it failed."""
    house = await served.site()
    query = """mutation($input: UpdateSiteInput!) { updateSite(input: $input) {
      ... on UpdatedSite { site { locks(first: 1000) { nodes { id } } } } } }"""
    error = await refused(house, query, house.token, input={"siteId": house.id, "name": "New name"})
    after = await house.ask("query($id: ID!) { site(id: $id) { name } }", id=house.id)
    assert error["path"] == ["updateSite", "site", "locks"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "first"}
    assert after["site"]["name"] == "New name"
