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
    query = "query($id: ID!, $lock: ID!) { site(id: $id) { events(lockIds: [$lock]) { nodes { id } } } }"
    error = await refused(house, query, house.token, id=house.id, lock=house.id)
    assert error["extensions"] == {"code": "NOT_FOUND", "field": "lockIds"}


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


ERROR = "fragment E on Error { __typename message code path }"
REFUSED: dict[str, tuple[str, dict[str, Any], str, list[str] | None]] = {
    "site": ("createLock", {"siteId": "site_0", "name": "Door"}, "NOT_FOUND", ["siteId"]),
    "empty": (
        "createSite",
        {"name": " ", "timezone": "Europe/Rome", "systemType": "EASY"},
        "INVALID_INPUT",
        ["name"],
    ),
    "inside": (
        "updateSite",
        {"siteId": "<site>", "pinPolicy": {"minLength": 3}},
        "POLICY_VIOLATION",
        ["pinPolicy", "minLength"],
    ),
    "list": (
        "createLock",
        {"siteId": "<site>", "name": "Door", "readers": [{"name": "Street"}, {"name": " "}]},
        "INVALID_INPUT",
        ["readers", "1", "name"],
    ),
    "long": (
        "createTag",
        {"siteId": "<site>", "name": "Doors", "target": "LOCK", "lockIds": ["", "x" * 1025]},
        "INVALID_INPUT",
        ["lockIds", "1"],
    ),
    "times": (
        "createInvitation",
        {"siteId": "<site>", "name": "Gus", "endsAt": "2099-01-01T00:00:00Z", "slotStart": "06:00"},
        "INVALID_SCHEDULE",
        ["slotEnd"],
    ),
    "link": ("resetPassword", {"token": "x", "password": "y"}, "LINK_NOT_USABLE", None),
    "person": ("confirmPassword", {"password": "x"}, "NOT_ALLOWED", None),
}
"""By alias: a mutation with an input that is refused, and with what code and path."""


def _everything_refused(house: House) -> tuple[str, dict[str, Any]]:
    asked = {
        alias: {**fields, **({"siteId": house.id} if fields.get("siteId") == "<site>" else {})}
        for alias, (_, fields, _, _) in REFUSED.items()
    }
    names = {alias: case[0] for alias, case in REFUSED.items()}
    variables = ", ".join(
        f"${alias}: {name[0].upper()}{name[1:]}Input!" for alias, name in names.items()
    )
    fields = " ".join(
        f"{alias}: {name}(input: ${alias}) {{ ...E }}" for alias, name in names.items()
    )
    return f"mutation({variables}) {{ {fields} signOut {{ ...E }} }} {ERROR}", asked


async def test_one_fragment_reads_every_error_of_every_result(served: Served) -> None:
    """Code and path, whatever the mutation, over HTTP and a socket; the code says what the type says."""
    house = await served.site()
    query, asked = _everything_refused(house)
    by_http = await house.ask(query, **asked)
    async with await served.socket({"token": house.token}) as socket:
        by_socket = await anext(socket.subscribe(query, **asked))

    assert by_http == by_socket
    told = {alias: (each["code"], each["path"]) for alias, each in by_http.items()}
    assert told == {
        **{alias: (code, path) for alias, (_, _, code, path) in REFUSED.items()},
        "signOut": ("NOT_ALLOWED", None),
    }
    for each in by_http.values():
        assert each["__typename"].upper() == each["code"].replace("_", "")
        assert each["message"]


async def test_whoever_has_not_signed_in_is_told_apart(served: Served) -> None:
    """NotAllowed says so by its code, as errors at the top level do."""
    query = "mutation { signOut { ...E } } " + ERROR
    answer = (await served.post(query)).json()["data"]["signOut"]
    assert (answer["__typename"], answer["code"]) == ("NotAllowed", "UNAUTHENTICATED")
