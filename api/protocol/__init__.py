"""The protocols, apart from what is said in them: GraphQL over HTTP and graphql-transport-ws.

Nothing here knows a lock or a member; any schema can be served. What it protects is everything
behind it, so its dangerous mistakes are those of a door: to let a request through before it is
authenticated, to stand open (unbounded bodies, documents, sockets, memory), or to tell a stranger
what is inside (exceptions, the schema, a log with secrets in it).

How to mount it (with `Route` and `WebSocketRoute`; a `Mount` would redirect `/graphql` to
`/graphql/`)::

    kwargs = build_schema_kwargs(development=False)
    schema = strawberry.Schema(Query, Mutation, Subscription, **kwargs)

    class Endpoint(GraphQLApp):
        async def authenticate_http(self, request, body): ...  # and the other hooks

    endpoint = Endpoint(schema, development=False)
    app = Starlette(routes=[Route("/graphql", endpoint), WebSocketRoute("/graphql", endpoint)])
    uvicorn.run(app, **server_options())

Both are asked for `development`, and must agree: the schema answers for what is wrong with a
document, the endpoint for the rest.
"""

from collections.abc import Callable, Mapping
from typing import TypedDict

from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig

from api.protocol.caching import Documents
from api.protocol.documents import GuardedDocuments, SchemaLists
from api.protocol.http import GraphQLApp
from api.protocol.limits import Limits
from api.protocol.masking import PublicError, request_id
from api.protocol.messages import Closing
from api.protocol.requests import RequestRefused
from api.protocol.server import server_options
from api.protocol.socket_limits import SocketLimits

__all__ = [
    "Closing",
    "Documents",
    "GraphQLApp",
    "GuardedDocuments",
    "Limits",
    "PublicError",
    "RequestRefused",
    "SchemaKwargs",
    "SocketLimits",
    "build_schema_kwargs",
    "request_id",
    "server_options",
]


class SchemaKwargs(TypedDict):
    """The keyword arguments of `strawberry.Schema` that this package decides."""

    extensions: list[Callable[[], SchemaExtension]]
    config: StrawberryConfig


def build_schema_kwargs(
    *,
    development: bool = False,
    limits: Limits | None = None,
    list_sizes: Mapping[str, int] | None = None,
) -> SchemaKwargs:
    """What to pass to `strawberry.Schema`, so that its documents are limited and cached.

    For one schema: call it once for each. Outside `development`, documents that do not validate get
    one flat error, `__schema` is refused and `__type` is null. `list_sizes` are the sizes to assume
    for lists without pages that are longer than usual, by the field's name.
    """
    documents, limits = Documents(), limits or Limits()
    lists = SchemaLists(limits, list_sizes or {})
    return {
        "extensions": [lambda: GuardedDocuments(documents, limits, lists, development=development)],
        "config": StrawberryConfig(disable_field_suggestions=not development),
    }
