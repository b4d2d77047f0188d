"""The rules of the schema (docs/api.md), each a function of the printed schema alone that names what breaks it."""

import re
from collections.abc import Iterator
from pathlib import Path

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    OverlappingFieldsCanBeMergedRule,
    get_named_type,
    get_nullable_type,
    is_specified_scalar_type,
    parse,
    validate,
)

from tests.api.schema_documents import leaves

Offenders = Iterator[str]

PARTICIPLES = {
    "accept": "Accepted",
    "assign": "Assigned",
    "block": "Blocked",
    "cancel": "Cancelled",
    "change": "Changed",
    "confirm": "Confirmed",
    "create": "Created",
    "delete": "Deleted",
    "disable": "Disabled",
    "end": "Ended",
    "enroll": "Enrolled",
    "open": "Opened",
    "pair": "Paired",
    "provision": "Provisioned",
    "reassign": "Reassigned",
    "redeem": "Redeemed",
    "erase": "Erased",
    "mark": "Marked",
    "remove": "Removed",
    "renew": "Renewed",
    "request": "Requested",
    "reset": "Reset",
    "reveal": "Revealed",
    "revoke": "Revoked",
    "send": "Sent",
    "set": "Set",
    "submit": "Submitted",
    "unblock": "Unblocked",
    "update": "Updated",
}
"""The verbs of mutations, and how their results begin. A new verb is a word of the whole API: think twice."""
SIGNING = {"signIn": "SignedIn", "signInWithTotp": "SignedIn", "signOut": "SignedOut"}
"""Verbs that are whole without a noun."""
WITHOUT_INPUT = {"createSocketTicket", "enrollTotp", "signOut"}
"""There is nothing to say. GraphQL has no empty input; an optional one that comes later breaks nobody's document."""
SECRETS = {
    "accessToken",
    "code",
    "digits",
    "invitationCode",
    "programmingCode",
    "qrSvg",
    "recoveryCodes",
    "secret",
    "shareLinks",
    "ticket",
    "token",
    "uri",
}
"""What is shown in the answer of a mutation and nowhere else. As an enum, `code` is none."""
WHOLE = {
    "AccessChange.homes",
    "Door.schedules",
    "Home.doors",
    "LockReported.refused",
    "LockTooOld.locks",
    "LockWithoutKeypad.locks",
    "Query.homes",
    "SetPinMode.readers",
    "Warning.locks",
}
"""Lists without pages: one answer about what was just asked, or what a phone needs when it has no network."""
CLOSED = {"PinKind", "TagKind", "TagTarget", "Weekday"}
"""Enums to which nothing is ever added."""
ONE_OF = {"AccessSubjectInput", "GranteeInput", "PinModeTargetInput", "PinOwnerInput"}
WITHOUT_SITE = {"Account", "ApiToken", "Device", "Session", "Site"}
"""Nodes that are a person's, an invitation's or of several sites."""
LOCK_OPERATIONS = {"lockChallenge", "lockFeed", "reportLock"}
LOCK_TYPES = {
    "Delivery",
    "DeliveryAckInput",
    "LockFeedMessage",
    "LockReported",
    "LockSettings",
    "PinProfile",
    "RefusedEvent",
    "ReportLockInput",
    "ReportLockResult",
    "SealedTime",
    "UnlockCommand",
}
"""What locks in the field say, and what is installed on them, word for word (docs/lock.md): it stays as it is."""
LOCK_SCALARS = {"Int64", "LockEventInput"}


def _big(name: str) -> str:
    return name[0].upper() + name[1:]


def _types(schema: GraphQLSchema) -> Iterator[GraphQLNamedType]:
    for name, kind in schema.type_map.items():
        if not name.startswith("__") and name not in LOCK_TYPES:
            yield kind


def _fields(schema: GraphQLSchema) -> Iterator[tuple[str, str, GraphQLField]]:
    """All fields of objects and interfaces, but those of locks: the type's name, the field's, the field."""
    for kind in _types(schema):
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in kind.fields.items():
                if name not in LOCK_OPERATIONS:
                    yield kind.name, name, field


def _asked(
    schema: GraphQLSchema,
) -> Iterator[tuple[str, str, GraphQLArgument | GraphQLInputField]]:
    """All arguments and fields of inputs, but those of locks: the place, the name, what it is."""
    for owner, name, field in _fields(schema):
        for argument, of_argument in field.args.items():
            yield f"{owner}.{name}({argument})", argument, of_argument
    for kind in _types(schema):
        if isinstance(kind, GraphQLInputObjectType):
            for name, of_input in kind.fields.items():
                yield f"{kind.name}.{name}", name, of_input


def _mutations(schema: GraphQLSchema) -> dict[str, GraphQLField]:
    fields = schema.mutation_type.fields if schema.mutation_type else {}
    return {name: each for name, each in fields.items() if name not in LOCK_OPERATIONS}


def _roots(schema: GraphQLSchema) -> Iterator[tuple[str, GraphQLField]]:
    for root in (schema.query_type, schema.mutation_type, schema.subscription_type):
        for name, field in root.fields.items() if root else ():
            if name not in LOCK_OPERATIONS:
                yield f"{root.name if root else ''}.{name}", field


def _is_error(kind: GraphQLObjectType) -> bool:
    return "Error" in {each.name for each in kind.interfaces}


def _results(schema: GraphQLSchema) -> dict[str, tuple[GraphQLObjectType, ...]]:
    """The types that each mutation answers, in order."""
    return {
        name: union.types
        for name, field in _mutations(schema).items()
        if isinstance(union := get_named_type(field.type), GraphQLUnionType)
    }


def a_mutation_is_called_by_a_verb_and_a_noun(schema: GraphQLSchema) -> Offenders:
    """`createLock`; the verb is one of the known ones."""
    shape = re.compile(f"({'|'.join(PARTICIPLES)})[A-Z][A-Za-z]*")
    yield from (
        name for name in _mutations(schema) if name not in SIGNING and not shape.fullmatch(name)
    )


def a_mutation_takes_one_input(schema: GraphQLSchema) -> Offenders:
    """`createLock(input: CreateLockInput!)`."""
    for name, field in _mutations(schema).items():
        taken = {argument: str(each.type) for argument, each in field.args.items()}
        wanted = {} if name in WITHOUT_INPUT else {"input": f"{_big(name)}Input!"}
        if taken != wanted:
            yield name


def a_mutation_answers_a_union_of_its_name(schema: GraphQLSchema) -> Offenders:
    """`createLock: CreateLockResult`."""
    for name, field in _mutations(schema).items():
        kind = get_named_type(field.type)
        if kind.name != f"{_big(name)}Result" or not isinstance(kind, GraphQLUnionType):
            yield name


def a_result_begins_with_what_was_done(schema: GraphQLSchema) -> Offenders:
    """First `CreatedLock`, participle and noun, and whatever else is no error; then the errors."""
    begins = re.compile(
        f"({'|'.join(PARTICIPLES.values())})[A-Z][A-Za-z]*|{'|'.join(SIGNING.values())}"
    )
    for name, types in _results(schema).items():
        done = [kind.name for kind in types if not _is_error(kind)]
        verb = next((each for each in PARTICIPLES if re.match(f"{each}[A-Z]", name)), "")
        first = SIGNING.get(name) or PARTICIPLES.get(verb, "?")
        begun = bool(types) and types[0].name.startswith(first)
        if not begun or done != [kind.name for kind in types[: len(done)]]:
            yield name
        else:
            yield from (f"{name}: {each}" for each in done if not begins.fullmatch(each))


def an_error_has_message_code_and_path(schema: GraphQLSchema) -> Offenders:
    """By the interface `Error`; its code is the type's name in capitals, a value of `ErrorCode`."""
    error, codes = schema.type_map.get("Error"), schema.type_map.get("ErrorCode")
    if not isinstance(error, GraphQLInterfaceType):
        yield "Error"
        return
    shape = {name: str(field.type) for name, field in error.fields.items()}
    if shape != {"message": "String!", "code": "ErrorCode!", "path": "[String!]"}:
        yield "Error"
    known = set(codes.values) if isinstance(codes, GraphQLEnumType) else set()
    for kind in schema.get_implementations(error).objects:
        if re.sub(r"(?<!^)(?=[A-Z])", "_", kind.name).upper() not in known:
            yield kind.name


def every_mutation_answers_the_common_errors(schema: GraphQLSchema) -> Offenders:
    """Whatever else it may answer."""
    common = {"InvalidInput", "NotAllowed", "NotFound", "Throttled"}
    for name, types in _results(schema).items():
        if not common <= {kind.name for kind in types}:
            yield name


def all_of_an_answer_can_be_asked_at_once(schema: GraphQLSchema) -> Offenders:
    """One document may ask every field of every member of a union or an interface: no two of a name differ in type."""
    for kind in _types(schema):
        if kind.name == "Node" or not isinstance(kind, GraphQLUnionType | GraphQLInterfaceType):
            continue
        members = schema.get_possible_types(kind)
        chosen = " ".join(f"... on {each.name} {{ {leaves(each)} }}" for each in members)
        if not chosen:
            continue
        shared = leaves(kind) if isinstance(kind, GraphQLInterfaceType) else ""
        document = parse(f"fragment All on {kind.name} {{ {shared} {chosen} }}")
        faults = validate(schema, document, [OverlappingFieldsCanBeMergedRule])
        yield from {f"{kind.name}: {fault.message.split(' because')[0]}": None for fault in faults}


def a_root_may_be_null(schema: GraphQLSchema) -> Offenders:
    """What fails is null with an error at its path, and takes nothing else of the document along."""
    yield from (place for place, field in _roots(schema) if isinstance(field.type, GraphQLNonNull))


def a_list_has_pages_or_a_bound(schema: GraphQLSchema) -> Offenders:
    """A list of things is a connection, or its description says "At most N"; lists of values are short by nature."""
    for owner, name, field in _fields(schema):
        inside, place = get_named_type(field.type), f"{owner}.{name}"
        if inside.name.endswith("Connection"):
            arguments = {argument: str(each.type) for argument, each in field.args.items()}
            if (arguments.get("first"), arguments.get("after")) != ("Int", "String"):
                yield place
        elif isinstance(get_nullable_type(field.type), GraphQLList):
            values = isinstance(inside, GraphQLScalarType | GraphQLEnumType)
            page = owner.endswith("Connection") and name in {"edges", "nodes"}
            bound = re.search(r"[Aa]t most (one|[0-9]+)", field.description or "")
            warnings = inside.name == "Warning"
            if not (values or page or bound or warnings or place in WHOLE):
                yield place


def a_filter_takes_a_list(schema: GraphQLSchema) -> Offenders:
    """`states`, `lockIds`: a value that becomes a list later would break every variable."""
    for owner, name, field in _fields(schema):
        if not get_named_type(field.type).name.endswith("Connection"):
            continue
        for argument, each in field.args.items():
            inside = get_named_type(each.type)
            one = not isinstance(get_nullable_type(each.type), GraphQLList)
            if one and (isinstance(inside, GraphQLEnumType) or inside.name == "ID"):
                yield f"{owner}.{name}({argument})"


def a_name_has_one_scalar(schema: GraphQLSchema) -> Offenders:
    """The same name never means a date here and a moment there."""
    found: dict[str, set[str]] = {}
    insides = [(name, get_named_type(field.type)) for _, name, field in _fields(schema)]
    insides += [(name, get_named_type(each.type)) for _, name, each in _asked(schema)]
    for name, inside in insides:
        if isinstance(inside, GraphQLScalarType):
            found.setdefault(name, set()).add(inside.name)
    yield from (
        f"{name}: {', '.join(sorted(kinds))}" for name, kinds in found.items() if len(kinds) > 1
    )


_UNIT = re.compile(r"\b(second|minute|hour|day|KiB)s?\b", re.IGNORECASE)


def a_number_with_a_unit_says_it_in_its_name(schema: GraphQLSchema) -> Offenders:
    """`retryAfterSeconds`, `maxDays`."""
    places = [(f"{owner}.{name}", name, each) for owner, name, each in _fields(schema)]
    for place, name, each in [*places, *_asked(schema)]:
        said = _UNIT.search((each.description or "").split(". ")[0])
        number = get_named_type(each.type).name in {"Int", "Int64", "Float"}
        if number and said and said[1].lower() not in name.lower():
            yield place


def a_moment_ends_in_at_until_or_since(schema: GraphQLSchema) -> Offenders:
    """`createdAt`; the limits of a list are `from`, `to`, `openFrom` and `openTo`, and what a question is about is `at`."""
    places = [(f"{owner}.{name}", name, each) for owner, name, each in _fields(schema)]
    for place, name, each in [*places, *_asked(schema)]:
        limit = place.endswith(")") and name in {"from", "to", "openFrom", "openTo"}
        if get_named_type(each.type).name == "DateTime" and not (
            limit or re.search("(^at|At|Until|Since)$", name)
        ):
            yield place


def a_time_zone_is_called_timezone(schema: GraphQLSchema) -> Offenders:
    """Everywhere but on the lock."""
    places = [(f"{owner}.{name}", name) for owner, name, _ in _fields(schema)]
    for place, name in [*places, *((place, name) for place, name, _ in _asked(schema))]:
        if "zone" in name.lower() and "timezone" not in name.lower():
            yield place


def a_scalar_is_specified(schema: GraphQLSchema) -> Offenders:
    """By an address where its form is written down."""
    for kind in _types(schema):
        if not isinstance(kind, GraphQLScalarType) or kind.specified_by_url:
            continue
        if kind.name not in LOCK_SCALARS and not is_specified_scalar_type(kind):
            yield kind.name


def _reachable(schema: GraphQLSchema) -> set[str]:
    """The names of all types that a query or a subscription can show."""
    found: set[str] = set()
    waiting = [root for root in (schema.query_type, schema.subscription_type) if root]
    while waiting:
        kind = waiting.pop()
        if kind.name in found:
            continue
        found.add(kind.name)
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            inside = [get_named_type(field.type) for field in kind.fields.values()]
            waiting += [each for each in inside if isinstance(each, GraphQLNamedType)]  # type: ignore[misc]
        if isinstance(kind, GraphQLUnionType | GraphQLInterfaceType):
            waiting += schema.get_possible_types(kind)
    return found


def _is_secret(name: str, field: GraphQLField) -> bool:
    return name in SECRETS and not isinstance(get_named_type(field.type), GraphQLEnumType)


def a_secret_is_in_no_query(schema: GraphQLSchema) -> Offenders:
    """Not in a node, nor anywhere else where a cache would keep it: mutations show secrets."""
    reached = _reachable(schema)
    for owner, name, field in _fields(schema):
        if owner in reached and _is_secret(name, field):
            yield f"{owner}.{name}"


def what_stands_beside_a_secret_may_be_null(schema: GraphQLSchema) -> Offenders:
    """So that whatever else fails does not take along what is shown once."""
    for owner, name, field in _fields(schema):
        kind = schema.type_map[owner]
        if not isinstance(kind, GraphQLObjectType) or owner in {"Mutation", "Query"}:
            continue
        shows = any(_is_secret(each, of) for each, of in kind.fields.items())
        inside = get_named_type(field.type)
        computed = isinstance(inside, GraphQLObjectType | GraphQLUnionType | GraphQLInterfaceType)
        plain = inside.name in LOCK_TYPES or name == "invitationCode"
        if shows and computed and not plain and isinstance(field.type, GraphQLNonNull):
            yield f"{owner}.{name}"


def a_node_knows_its_site_and_its_age(schema: GraphQLSchema) -> Offenders:
    """`site` and `createdAt`; of what happened, `recordedAt`."""
    node = schema.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    for kind in schema.get_implementations(node).objects:
        types = {name: str(field.type) for name, field in kind.fields.items()}
        if "DateTime!" not in (types.get("createdAt"), types.get("recordedAt")):
            yield f"{kind.name}.createdAt"
        if kind.name not in WITHOUT_SITE and types.get("site") != "Site!":
            yield f"{kind.name}.site"


def an_id_is_named_after_what_it_names(schema: GraphQLSchema) -> Offenders:
    """`apiTokenId`, `lockIds`; an owner is a member."""
    for place, name, each in _asked(schema):
        if get_named_type(each.type).name != "ID" or name in {"id", "ownerIds"}:
            continue
        parts = re.fullmatch(r"(?:[a-z]+(?=[A-Z]))?([A-Za-z]+?)Ids?", name)
        whole = re.fullmatch(r"([A-Za-z]+?)Ids?", name)
        named = {_big(found[1]) for found in (parts, whole) if found}
        if not named & set(schema.type_map):
            yield place


def what_may_grow_says_so(schema: GraphQLSchema) -> Offenders:
    """Enums, unions and interfaces end with "Others may be added.", but for those that are closed."""
    for kind in _types(schema):
        if isinstance(kind, GraphQLEnumType | GraphQLUnionType | GraphQLInterfaceType):
            grows = (kind.description or "").endswith("Others may be added.")
            if grows == (kind.name in CLOSED):
                yield kind.name


def an_operation_says_who_may_call_it(schema: GraphQLSchema) -> Offenders:
    """In the last sentence of its description: "For ..."."""
    for place, field in _roots(schema):
        if not re.search(r"(^|[.:;] )For [^.]+\.$", field.description or ""):
            yield place


def alternatives_are_one_of(schema: GraphQLSchema) -> Offenders:
    """Inputs of which exactly one field is given are marked so, and each is known here."""
    marked = {
        kind.name
        for kind in _types(schema)
        if isinstance(kind, GraphQLInputObjectType) and kind.is_one_of
    }
    yield from sorted(marked ^ ONE_OF)


LOCK_DOCUMENT = Path(__file__).parents[2] / "docs" / "lock.md"


def what_locks_in_the_field_send_is_valid(schema: GraphQLSchema) -> Offenders:
    """The documents of docs/lock.md, letter by letter, and what they answer is not null."""
    written = re.findall(r"```graphql\n(.*?)```", LOCK_DOCUMENT.read_text("utf-8"), re.DOTALL)
    for document in written:
        yield from (fault.message for fault in validate(schema, parse(document)))
    for root in (schema.query_type, schema.mutation_type, schema.subscription_type):
        for name in sorted(LOCK_OPERATIONS & set(root.fields if root else ())):
            if root and not isinstance(root.fields[name].type, GraphQLNonNull):
                yield name
