"""Who may do what: the role table, read by the one place that checks every operation.

A permission that is missing from the table is allowed to nobody.
"""

from enum import StrEnum

from domain.actors import Role, Standing


class Permission(StrEnum):
    """What a member or a token may do at a site, by role."""

    SITE_SETTINGS = "SITE_SETTINGS"
    DOORS = "DOORS"
    PIN_MODE = "PIN_MODE"
    CREDENTIALS = "CREDENTIALS"
    READ = "READ"
    READ_CODES = "READ_CODES"
    READ_AUDIT = "READ_AUDIT"
    OWN_ACCESS = "OWN_ACCESS"


class Grade(StrEnum):
    """A role, with LIMITED_ADMIN split by `can_edit`."""

    OWNER = "OWNER"
    SUPER_ADMIN = "SUPER_ADMIN"
    LIMITED_EDITOR = "LIMITED_EDITOR"
    LIMITED_READER = "LIMITED_READER"
    USER = "USER"


_OWNER = frozenset({Grade.OWNER})
_DOORS = _OWNER | {Grade.SUPER_ADMIN}
_EDITORS = _DOORS | {Grade.LIMITED_EDITOR}
_READERS = _EDITORS | {Grade.LIMITED_READER}
_ALL = _READERS | {Grade.USER}

ALLOWED: dict[Permission, frozenset[Grade]] = {
    Permission.SITE_SETTINGS: _OWNER,
    Permission.DOORS: _DOORS,
    Permission.PIN_MODE: _EDITORS,
    Permission.CREDENTIALS: _EDITORS,
    Permission.READ: _READERS,
    Permission.READ_CODES: _EDITORS,
    Permission.READ_AUDIT: _DOORS,
    Permission.OWN_ACCESS: _ALL,
}

_RANK = {
    Grade.USER: 0,
    Grade.LIMITED_READER: 1,
    Grade.LIMITED_EDITOR: 2,
    Grade.SUPER_ADMIN: 3,
    Grade.OWNER: 4,
}

_HIGHEST_GRANTABLE: dict[Grade, Grade | None] = {
    Grade.OWNER: Grade.OWNER,
    Grade.SUPER_ADMIN: Grade.LIMITED_EDITOR,
    Grade.LIMITED_EDITOR: Grade.USER,
    Grade.LIMITED_READER: None,
    Grade.USER: None,
}


def grade(role: Role, can_edit: bool) -> Grade:
    """The row of the table for a role; `can_edit` matters for LIMITED_ADMIN only."""
    if role is Role.LIMITED_ADMIN:
        return Grade.LIMITED_EDITOR if can_edit else Grade.LIMITED_READER
    return Grade(role.value)


def allows(standing: Standing, permission: Permission) -> bool:
    """Whether somebody of this standing holds the permission."""
    return grade(standing.role, standing.can_edit) in ALLOWED.get(permission, frozenset())


def lesser(standing: Standing, limit: Standing) -> Standing:
    """The lower of two standings at one site, with no member of its own."""
    lower = min((standing, limit), key=lambda each: _RANK[grade(each.role, each.can_edit)])
    return Standing(standing.site_id, lower.role, lower.can_edit, None)


def may_give(giver: Grade, given: Grade) -> bool:
    """Whether `giver` may make somebody `given`, or change or remove somebody who is `given`."""
    highest = _HIGHEST_GRANTABLE[giver]
    return highest is not None and _RANK[given] <= _RANK[highest]
