"""A refusal names a field that its input has, and nothing that an input holds is dropped without a word."""

from typing import Any

import pytest

from domain.actors import Role
from domain.locks.tables import Lock
from domain.node_ids import read_node_id
from tests.serving import House, Served

FIELD = "... on InvalidInput { field } ... on NotFound { field } ... on PolicyViolation { field }"


async def refused(house: House, mutation: str, **asked: Any) -> tuple[str, str]:
    """The kind of the refusal and the field that it names."""
    fields = FIELD if mutation == "updateSite" else FIELD.rpartition(" ... ")[0]
    answer = await house.change(mutation, fields, **asked)
    assert "field" in answer, answer
    return answer["__typename"], answer["field"]


async def test_a_reader_of_a_lock_that_is_gone_is_named_by_the_readers_field(
    served: Served,
) -> None:
    """Renamed or taken off: these inputs have no lock."""
    house = await served.site()
    lock_id = (await house.lock())["lockId"]
    query = "query($id: ID!) { node(id: $id) { ... on Lock { readers { id } } } }"
    reader = (await house.ask(query, id=lock_id))["node"]["readers"][0]["id"]
    await Lock.filter(id=read_node_id("lock", lock_id)).update(deleted_at=served.clock())

    renamed = await refused(house, "updateReader", readerId=reader, name="Keypad")
    removed = await refused(house, "deleteReader", readerId=reader)

    assert renamed == removed == ("NotFound", "readerId")


@pytest.mark.parametrize(
    ("field", "value"),
    [("minLength", 3), ("maxLength", 10), ("autoLength", 3), ("guessLimit", 1)],
)
async def test_a_fault_inside_the_pin_policy_names_its_place(
    served: Served, field: str, value: int
) -> None:
    """Out of bounds or null: `pinPolicy.minLength` and so on."""
    house = await served.site()
    wrong, null = [
        await refused(house, "updateSite", siteId=house.id, pinPolicy={field: each})
        for each in (value, None)
    ]

    assert wrong == ("PolicyViolation", f"pinPolicy.{field}")
    assert null == ("InvalidInput", f"pinPolicy.{field}")


async def test_what_a_role_decides_by_itself_is_not_asked_for_in_vain(served: Served) -> None:
    """canEdit for a USER: refused, made and changed; higher roles edit whatever is said, and the answer shows it."""
    house = await served.site()
    user = await house.member("Emil")
    admin = await house.member("Ada", Role.SUPER_ADMIN, can_edit=True, email="ada@example.com")
    limited = await house.member("Lea", Role.LIMITED_ADMIN, email="lea@example.com")

    made = await refused(
        house, "createMember", siteId=house.id, name="Otto", role="USER", canEdit=True
    )
    given = await refused(house, "updateMember", memberId=user, canEdit=True)
    lowered = await refused(house, "updateMember", memberId=limited, role="USER", canEdit=True)
    fine = [
        await house.change("updateMember", memberId=user, canEdit=False),
        await house.change("updateMember", memberId=admin, canEdit=False),
        await house.change("updateMember", memberId=limited, canEdit=True),
        await house.change("updateMember", memberId=limited, role="USER"),
    ]

    assert {made, given, lowered} == {("InvalidInput", "canEdit")}
    assert {each["__typename"] for each in fine} == {"UpdatedMember"}
