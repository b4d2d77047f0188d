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

from collections.abc import Callable, Iterable
from typing import TypedDict

from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig

from api.protocol.caching import Documents
from api.protocol.documents import protocol_extensions
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
    "Limits",
    "PublicError",
    "RequestRefused",
    "SchemaKwargs",
    "SocketLimits",
    "build_schema_kwargs",
    "protocol_extensions",
    "request_id",
    "server_options",
]


class SchemaKwargs(TypedDict):
    """The keyword arguments of `strawberry.Schema` that this package decides."""

    extensions: list[type[SchemaExtension] | Callable[[], SchemaExtension]]
    config: StrawberryConfig


def build_schema_kwargs(
    *,
    development: bool = False,
    limits: Limits | None = None,
    config: StrawberryConfig | None = None,
    extensions: Iterable[type[SchemaExtension] | Callable[[], SchemaExtension]] = (),
) -> SchemaKwargs:
    """What to pass to `strawberry.Schema`, so that its documents are limited and cached.

    In production (no `development`) their errors are flat too. `config` and `extensions` are the
    schema's own, and are kept.
    """
    return {
        "extensions": [*protocol_extensions(development=development, limits=limits), *extensions],
        "config": config or StrawberryConfig(disable_field_suggestions=not development),
    }
