"""The role table, as written in credentials.md, against the one that the code reads."""

from uuid import uuid4

import pytest

from domain.actors import Role, Standing
from domain.people.rules import ALLOWED, Grade, Permission, allows, grade, lesser, may_give

GRADES = (
    Grade.OWNER,
    Grade.SUPER_ADMIN,
    Grade.LIMITED_EDITOR,
    Grade.LIMITED_READER,
    Grade.USER,
)
TABLE = {
    Permission.SITE_SETTINGS: "y....",
    Permission.DOORS: "yy...",
    Permission.PIN_MODE: "yyy..",
    Permission.CREDENTIALS: "yyy..",
    Permission.READ: "yyyy.",
    Permission.READ_CODES: "yyy..",
    Permission.READ_AUDIT: "yy...",
    Permission.OWN_ACCESS: "yyyyy",
}
GIVING = {
    Grade.OWNER: "yyyyy",
    Grade.SUPER_ADMIN: "..yyy",
    Grade.LIMITED_EDITOR: "....y",
    Grade.LIMITED_READER: ".....",
    Grade.USER: ".....",
}


def standing(of: Grade) -> Standing:
    role = {Grade.LIMITED_EDITOR: Role.LIMITED_ADMIN, Grade.LIMITED_READER: Role.LIMITED_ADMIN}
    can_edit = of is not Grade.LIMITED_READER
    return Standing(uuid4(), role.get(of) or Role(of.value), can_edit, None)


def test_permissions_are_those_of_the_table() -> None:
    """Proves every cell, that every permission has its row, and that one without a row is nobody's."""
    assert set(TABLE) == set(Permission) == set(ALLOWED)
    for permission, row in TABLE.items():
        for of, cell in zip(GRADES, row, strict=True):
            assert allows(standing(of), permission) == (cell == "y"), (permission, of)


def test_roles_are_given_as_the_table_says() -> None:
    """Proves every pair of giver and given."""
    for giver, row in GIVING.items():
        for given, cell in zip(GRADES, row, strict=True):
            assert may_give(giver, given) == (cell == "y"), (giver, given)


def test_whoever_acts_for_somebody_may_what_both_may() -> None:
    """Proves every pair of a token's ceiling and its maker's grade, for every permission; the member is neither's."""
    for own in GRADES:
        for makers in GRADES:
            both = lesser(standing(own), standing(makers))
            assert both.member_id is None
            for permission in Permission:
                expected = all(allows(standing(each), permission) for each in (own, makers))
                assert allows(both, permission) == expected, (own, makers, permission)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.LIMITED_ADMIN])
def test_can_edit_matters_for_limited_admins_only(role: Role) -> None:
    """Proves that `can_edit` widens nobody else."""
    assert grade(role, True) is grade(role, False)
    assert grade(Role.LIMITED_ADMIN, True) is Grade.LIMITED_EDITOR
    assert grade(Role.LIMITED_ADMIN, False) is Grade.LIMITED_READER
