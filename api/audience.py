"""For whom an operation is, in the schema's own words: made from the rule that decides it, so that it cannot lie."""

from collections.abc import Iterable
from typing import Final

from domain.actors import AccountActor, InvitedDeviceActor, LockActor, TokenActor
from domain.people.rules import ALLOWED, Grade, Permission

_KINDS: Final[dict[type, str]] = {
    AccountActor: "people who have signed in",
    TokenActor: "API tokens",
    InvitedDeviceActor: "invited phones",
    LockActor: "locks",
}
_GRADES: Final = {
    frozenset({Grade.LIMITED_EDITOR}): ("LIMITED_ADMIN with `canEdit`",),
    frozenset({Grade.LIMITED_EDITOR, Grade.LIMITED_READER}): ("LIMITED_ADMIN",),
    frozenset(): (),
}


def actors(kinds: Iterable[type]) -> str:
    """These kinds of callers: `people who have signed in and API tokens`."""
    return _listed([text for kind, text in _KINDS.items() if kind in set(kinds)])


def roles(permission: Permission) -> str:
    """Whoever holds the permission at a site, of members and tokens: `OWNER and SUPER_ADMIN`."""
    allowed = ALLOWED[permission]
    if allowed == frozenset(Grade):
        return "every role at the site"
    limited = _GRADES[allowed & {Grade.LIMITED_EDITOR, Grade.LIMITED_READER}]
    higher = [each for each in (Grade.OWNER, Grade.SUPER_ADMIN) if each in allowed]
    return _listed([*higher, *limited, *(each for each in (Grade.USER,) if each in allowed)])


def _listed(names: list[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
