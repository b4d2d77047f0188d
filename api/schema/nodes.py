"""Node, connections and cursors (the Relay server specification)."""

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, Any, ForwardRef, Generic, TypeVar
from uuid import UUID

import strawberry

from api.schema.growth import GROWS
from domain.clock import Clock
from domain.errors import InvalidInput, NotFound
from domain.node_ids import node_id, read_node_id
from domain.security import base64url

T = TypeVar("T")
AnyRow = TypeVar("AnyRow")
LARGEST_PAGE = 100
USUAL_PAGE = 50
MOST_IDS = 1000

TheSite = Annotated[strawberry.ID, strawberry.argument(description="The site.")]
First = Annotated[
    int | None,
    strawberry.argument(description="How many items at most, 1 to 100; null: 50."),
]
After = Annotated[
    str | None, strawberry.argument(description="A cursor: the page begins behind its item.")
]


@strawberry.interface(description=f"Anything with an id of its own. {GROWS}")
class Node:
    id: strawberry.ID = strawberry.field(description="The id, good wherever an id is asked for.")


@strawberry.type(description="Where a page begins and ends.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether there is more.")
    has_previous_page: bool = strawberry.field(
        description="Whether the page begins behind a cursor, so that there was something before it."
    )
    start_cursor: str | None = strawberry.field(description="The cursor of the first item.")
    end_cursor: str | None = strawberry.field(description="Give it as `after` for the next page.")


@strawberry.type(description="One item of a page.")
class Edge(Generic[T]):
    node: T = strawberry.field(description="The item.")
    cursor: str = strawberry.field(description="Give it as `after` to go on behind this item.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The items with their cursors.")
    nodes: list[T] = strawberry.field(description="The items alone.")
    page_info: PageInfo = strawberry.field(description="Where the page begins and ends.")
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @strawberry.field(
        description="How many items the whole list has, narrowed as asked, whatever the page."
    )
    async def total_count(self) -> int:
        return await self.count()


_CONVERTERS: dict[type, Callable[[Any, Clock], Node]] = {}


def shows(table: type, convert: Callable[[Any, Clock], Node]) -> None:
    """Makes `node_of` convert the rows of this table so."""
    _CONVERTERS[table] = convert


def node_of(row: object, clock: Clock) -> Any:
    """A row as the API shows it, for a file that stands below the one that holds its type.

    GraphQL's types name each other in circles (a lock its tags, a tag its locks); their files do not. A file imports what
    stands below it. Where a field shows what stands above, its type is a `list_above`, and its values come from here.
    """
    return _CONVERTERS[type(row)](row, clock)


def type_above(module: str, name: str) -> Any:
    """The type of this name, for the `graphql_type` of a field in a file that stands below the type's."""
    return Annotated[ForwardRef(name), strawberry.lazy(module)]


def list_above(module: str, name: str) -> Any:
    """A list of such a type."""
    return list[type_above(module, name)]  # type: ignore[misc]


def pages_above(module: str, name: str) -> Any:
    """Pages of such a type."""
    return Connection[type_above(module, name)]  # type: ignore[misc]


def global_id(kind: str, key: UUID) -> strawberry.ID:
    """The id of a node as clients see it."""
    return strawberry.ID(node_id(kind, key))


def kind_of_type(name: str) -> str:
    """The kind in the ids of this type: `access_rule` for `AccessRule`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def key_of(kind: str, text: str, field: str) -> UUID:
    """The key in an id of this kind. Raises NotFound, as for an id that names nothing."""
    key = read_node_id(kind, text)
    if key is None:
        raise NotFound(field)
    return key


def chosen_key_of(kind: str, text: str | None, field: str) -> UUID | None:
    """As `key_of` for an id that may be left out, and is None then; an empty id names nothing like any other."""
    return None if text is None or text is strawberry.UNSET else key_of(kind, text, field)


def keys_of(kind: str, texts: list[strawberry.ID] | None, field: str) -> list[UUID] | None:
    """The keys in a list of ids; None stays None. Raises NotFound, and InvalidInput for more than 1,000."""
    if texts is not None and len(texts) > MOST_IDS:
        raise InvalidInput(field, f"Give at most {MOST_IDS} ids.")
    return None if texts is None else [key_of(kind, text, field) for text in texts]


_NUMBER_CURSOR = re.compile(r"e([0-9]{1,18})", re.ASCII)
"""Eighteen digits are less than the column holds."""


def number_cursor(number: int) -> str:
    """The cursor of an item in a numbered list; `e0` stands before the first. Opaque to clients."""
    return f"e{number}"


def number_at(cursor: str) -> int:
    """The number that such a cursor stands for. Raises InvalidInput for what is not one."""
    match = _NUMBER_CURSOR.fullmatch(cursor)
    if match is None:
        raise _no_cursor()
    return int(match[1])


def _no_cursor() -> InvalidInput:
    return InvalidInput("after", "This is not a cursor of this list.")


def _key_cursor(key: UUID) -> str:
    return base64url.encode(key.hex.encode())


def _key_at(cursor: str) -> UUID:
    try:
        return UUID(base64url.decode(cursor).decode("ascii"))
    except ValueError:
        raise _no_cursor() from None


def _size(first: int | None) -> int:
    first = USUAL_PAGE if first is None else first
    if not 1 <= first <= LARGEST_PAGE:
        raise InvalidInput("first", f"A page has 1 to {LARGEST_PAGE} items.")
    return first


def _connection(
    edges: list[Edge[Any]],
    after: str | None,
    count: Callable[[], Awaitable[int]],
    *,
    more: bool,
) -> Connection[Any]:
    return Connection(
        edges=edges,
        nodes=[edge.node for edge in edges],
        page_info=PageInfo(
            has_next_page=more,
            has_previous_page=after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
        count=count,
    )


async def page(
    rows: Any,
    convert: Any,
    *,
    first: int | None,
    after: str | None,
    numbered: bool = False,
    newest_first: bool = False,
) -> Connection[Any]:
    """A page of a query set, by keyset: go on behind the cursor; one statement whatever the depth.

    The order is that of the keys; of the `number` column in a `numbered` list. Raises InvalidInput for a cursor that is
    none, and for `first` outside 1 to 100.
    """
    first = _size(first)
    whole = rows
    key = "number" if numbered else "id"
    if after is not None:
        comparison = f"{key}__lt" if newest_first else f"{key}__gt"
        rows = rows.filter(**{comparison: number_at(after) if numbered else _key_at(after)})
    found = await rows.order_by(f"-{key}" if newest_first else key).limit(first + 1)
    edges = [
        Edge(
            node=convert(row),
            cursor=number_cursor(row.number) if numbered else _key_cursor(row.id),
        )
        for row in found[:first]
    ]
    return _connection(edges, after, whole.count, more=len(found) > first)


def _id_of(row: Any) -> UUID:
    key: UUID = row.id
    return key


def page_of_loaded(
    rows: Iterable[AnyRow],
    convert: Callable[[AnyRow], Any],
    *,
    first: int | None,
    after: str | None,
    key: Callable[[AnyRow], UUID] = _id_of,
) -> Connection[Any]:
    """A page of rows that a loader has read whole, so that a list in a list costs no statement of its own.

    The order is that of the keys, and the cursors are those of `page`. Raises InvalidInput as `page`.
    """
    first = _size(first)
    behind = None if after is None else _key_at(after)
    whole = sorted(rows, key=key)
    found = [row for row in whole if behind is None or key(row) > behind]
    edges = [Edge(node=convert(row), cursor=_key_cursor(key(row))) for row in found[:first]]

    async def count() -> int:
        return len(whole)

    return _connection(edges, after, count, more=len(found) > first)
