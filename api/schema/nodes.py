"""Node, connections and cursors (the Relay server specification)."""

import re
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import strawberry

from domain.errors import InvalidInput, NotFound
from domain.node_ids import node_id, read_node_id
from domain.security import base64url

T = TypeVar("T")
LARGEST_PAGE = 100
MOST_IDS = 1000
LARGEST_NUMBER = 2**63 - 1

TheSite = Annotated[strawberry.ID, strawberry.argument(description="The site.")]
First = Annotated[int, strawberry.argument(description="How many items at most, 1 to 100.")]
After = Annotated[
    str | None, strawberry.argument(description="A cursor: the page begins behind its item.")
]
Search = Annotated[
    str | None, strawberry.argument(description="Only names that hold these words, in any case.")
]


def only(text: str) -> Any:
    """The description of a filter: "Only those ..."."""
    return strawberry.argument(description=f"Only those {text}.")


AtLock = Annotated[strawberry.ID | None, only("of this lock")]


@strawberry.interface(description="Anything with an id of its own.")
class Node:
    id: strawberry.ID = strawberry.field(description="The id, good wherever an id is asked for.")


@strawberry.type(description="Where a page ends.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether there is more.")
    end_cursor: str | None = strawberry.field(description="Give it as `after` for the next page.")


@strawberry.type(description="One item of a page.")
class Edge(Generic[T]):
    node: T = strawberry.field(description="The item.")
    cursor: str = strawberry.field(description="Give it as `after` to go on behind this item.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The items with their cursors.")
    nodes: list[T] = strawberry.field(description="The items alone.")
    page_info: PageInfo = strawberry.field(description="Where the page ends.")


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
    """As `key_of` for an id that may be left out; None stays None, and an empty id names nothing like any other."""
    return None if text is None else key_of(kind, text, field)


def keys_of(kind: str, texts: list[strawberry.ID] | None, field: str) -> list[UUID] | None:
    """The keys in a list of ids; None stays None. Raises NotFound, and InvalidInput for more than 1,000."""
    if texts is not None and len(texts) > MOST_IDS:
        raise InvalidInput(field, f"Give at most {MOST_IDS} ids.")
    return None if texts is None else [key_of(kind, text, field) for text in texts]


def _cursor(value: UUID | int) -> str:
    text = str(value) if isinstance(value, int) else value.hex
    return base64url.encode(text.encode())


def _read_cursor(text: str, numbered: bool) -> UUID | int:
    try:
        value = base64url.decode(text).decode("ascii")
        if not numbered:
            return UUID(value)
        return max(0, min(int(value), LARGEST_NUMBER))
    except ValueError:
        raise InvalidInput("after", "This is not a cursor of this list.") from None


async def page(
    rows: Any,
    convert: Any,
    *,
    first: int,
    after: str | None,
    key: str = "id",
    newest_first: bool = False,
) -> Connection[Any]:
    """A page of a query set, by keyset: order by `key`, go on behind the cursor; one statement whatever the depth.

    Raises InvalidInput for a cursor that is none, and for `first` outside 1 to 100.
    """
    if not 1 <= first <= LARGEST_PAGE:
        raise InvalidInput("first", f"A page has 1 to {LARGEST_PAGE} items.")
    if after is not None:
        comparison = f"{key}__lt" if newest_first else f"{key}__gt"
        rows = rows.filter(**{comparison: _read_cursor(after, key != "id")})
    found = await rows.order_by(f"-{key}" if newest_first else key).limit(first + 1)
    shown = found[:first]
    edges = [Edge(node=convert(row), cursor=_cursor(getattr(row, key))) for row in shown]
    return Connection(
        edges=edges,
        nodes=[edge.node for edge in edges],
        page_info=PageInfo(
            has_next_page=len(found) > first,
            end_cursor=edges[-1].cursor if edges else None,
        ),
    )
