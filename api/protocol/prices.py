"""What the fields of one schema cost, beyond the plain field that each of them is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from graphql import (
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    get_nullable_type,
)

PAGE_FIELDS: Final = frozenset({"edges", "nodes"})


@dataclass(frozen=True, slots=True)
class Prices:
    """`fields` ("Type.field") that cost more than 1, and how many items to assume in `lists` without pages.

    Lists go by the field's name alone: one name stands for all lists of that name.
    """

    fields: Mapping[str, int] = field(default_factory=dict)
    lists: Mapping[str, int] = field(default_factory=dict)


NO_PRICES: Final = Prices()


def with_all_lists(prices: Prices, schema: GraphQLSchema, list_size: int) -> Prices:
    """The prices with every list of the schema in them; one that they do not name has `list_size` items.

    A connection that shares its name with a list is priced as a page, by what is selected of it.
    """
    lists = {
        name: prices.lists.get(name, list_size)
        for kind in schema.type_map.values()
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
        and not kind.name.startswith("__")
        for name, each in kind.fields.items()
        if isinstance(get_nullable_type(each.type), GraphQLList) and name not in PAGE_FIELDS
    }
    return Prices(prices.fields, lists)
