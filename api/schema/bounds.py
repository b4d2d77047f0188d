"""How long the strings and lists of an input may be, whatever their meaning allows: checked before anything looks at them.

The schema is not built with a list that has no bound. A rule of the domain may be narrower, and says so in its own words.
"""

from collections.abc import Callable, Iterator
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLScalarType,
    GraphQLSchema,
    get_nullable_type,
)

from api.schema.activity_kinds import ActivityKind
from api.schema.errors import error_of
from api.schema.nodes import MOST_IDS
from domain.access.schedule import Weekday
from domain.actors import Role
from domain.errors import InvalidInput
from domain.explaining.service import MOST_SUBJECTS
from domain.link.courier import MAX_HELLO_BYTES, MAX_RECEIPT_BYTES
from domain.link.sealing import ENVELOPE_BYTES
from domain.locks.rules import MOST_READERS, Connectivity
from domain.schedules.states import CredentialState
from domain.sync.rules import SyncStatus
from domain.tags.tables import TagTarget


def base64_length(count: int) -> int:
    """The characters of so many bytes in base64url."""
    return -(-count * 4 // 3)


MOST_ITEMS = {
    "events": 1_000,  # as many as a message has room for; those above a report's 200 are left to the next
    "invitationIds": 100,
    "connectivities": len(Connectivity),
    "hubIds": MOST_IDS,
    "kinds": len(ActivityKind),
    "lockIds": MOST_IDS,
    "lockTagIds": MOST_IDS,
    "memberIds": MOST_IDS,
    "ownerIds": MOST_IDS,
    "readers": MOST_READERS,
    "roles": len(Role),
    "subjects": MOST_SUBJECTS,
    "tagIds": MOST_IDS,
    "states": len(CredentialState),
    "statuses": len(SyncStatus),
    "targets": len(TagTarget),
    "weekdays": len(Weekday),
}
"""Of each list in an input, by its name."""
LONGEST_STRING = 1024
"""Of strings in an input, in characters. A password has 1,024 bytes at most, everything else less, but for these."""
LONGER_STRINGS = {
    "hello": base64_length(MAX_HELLO_BYTES),
    "receipt": base64_length(MAX_RECEIPT_BYTES + ENVELOPE_BYTES),
}

Check = Callable[[Any, str], None]
"""Of a value at a place, such as `readers.1.name`. Raises InvalidInput, naming the place."""


def bound_inputs(schema: GraphQLSchema) -> None:
    """Makes every field of the schema that takes strings or lists refuse those that are too long.

    A mutation answers InvalidInput; elsewhere it is an error with the code BAD_USER_INPUT.
    """
    for kind in schema.type_map.values():
        for name, field in getattr(kind, "fields", {}).items():
            if isinstance(field, GraphQLField) and not kind.name.startswith("__"):
                checks = dict(_checks({n: a.type for n, a in field.args.items()}, kind, name))
                if checks:
                    _check_first(field, checks, typed=kind is schema.mutation_type)


def _check_first(field: GraphQLField, checks: dict[str, Check], *, typed: bool) -> None:
    resolve, subscribe = field.resolve, field.subscribe

    def checked(call: Callable[..., Any]) -> Callable[..., Any]:
        def bounded(source: Any, info: Any, **arguments: Any) -> Any:
            try:
                for name, value in arguments.items():
                    if name in checks and value is not None:
                        checks[name](value, "" if name == "input" else name)
            except InvalidInput as refusal:
                if typed:
                    return error_of(refusal, info.context.clock)
                raise
            return call(source, info, **arguments)

        return bounded

    if subscribe is not None:
        field.subscribe = checked(subscribe)
    elif resolve is not None:
        field.resolve = checked(resolve)


def _checks(
    types: dict[str, GraphQLInputType], owner: GraphQLNamedType, field: str
) -> Iterator[tuple[str, Check]]:
    for name, each in types.items():
        check = _check(each, name, f"{owner.name}.{field}({name})")
        if check is not None:
            yield name, check


def _check(kind: Any, name: str, place: str) -> Check | None:
    nullable = get_nullable_type(kind)
    match nullable:
        case GraphQLList():
            assert name in MOST_ITEMS, f"{place} is a list without a bound"
            return _list_check(_check(nullable.of_type, name, place), MOST_ITEMS[name])
        case GraphQLInputObjectType():
            return _object_check(
                dict(_checks({n: f.type for n, f in nullable.fields.items()}, nullable, "")),
                {n: f.out_name or n for n, f in nullable.fields.items()},
            )
        case GraphQLScalarType(name="String" | "ID"):
            return _string_check(LONGER_STRINGS.get(name, LONGEST_STRING))
        case _:
            return None


def _list_check(check: Check | None, most: int) -> Check:
    def checked(value: Any, at: str) -> None:
        if len(value) > most:
            raise InvalidInput(at, f"Give at most {most}.")
        if check is not None:
            for index, each in enumerate(value):
                if each is not None:
                    check(each, f"{at}.{index}")

    return checked


def _object_check(checks: dict[str, Check], keys: dict[str, str]) -> Check | None:
    def checked(value: Any, at: str) -> None:
        for name, check in checks.items():
            if (inside := value.get(keys[name])) is not None:
                check(inside, f"{at}.{name}" if at else name)

    return checked if checks else None


def _string_check(most: int) -> Check:
    def checked(value: Any, at: str) -> None:
        if isinstance(value, str) and len(value) > most:
            raise InvalidInput(at, f"Give at most {most} characters.")

    return checked
