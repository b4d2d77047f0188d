"""Documents written from the schema itself: whatever an answer may hold, asked for at once."""

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
)

Composite = GraphQLObjectType | GraphQLInterfaceType


def plain(kind: Composite) -> dict[str, GraphQLField]:
    """The fields that can be asked for without an argument."""
    return {
        name: field
        for name, field in kind.fields.items()
        if not any(
            argument.default_value is None and "!" in str(argument.type)[-1:]
            for argument in field.args.values()
        )
    }


def leaves(kind: GraphQLNamedType, *, depth: int = 1) -> str:
    """A selection of all fields of a type that have no fields of their own, and of the others `depth` levels down."""
    assert isinstance(kind, Composite)
    chosen = ["__typename"]
    for name, field in plain(kind).items():
        inside = get_named_type(field.type)
        if is_leaf_type(inside):
            chosen.append(name)
        elif depth and isinstance(inside, Composite):
            chosen.append(f"{name} {{ {leaves(inside, depth=depth - 1)} }}")
        else:
            chosen.append(f"{name} {{ __typename }}")
    return " ".join(chosen)
