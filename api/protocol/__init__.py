"""The protocols, apart from what is said in them: GraphQL over HTTP and graphql-transport-ws for
any schema.

Nothing here knows a lock or a member. What it protects is everything behind it, so its dangerous
mistakes are those of a door: to let a request through before it is authenticated, to stand open
(unbounded bodies, documents, sockets, memory), or to tell a stranger what is inside (exceptions,
the schema, a log with secrets in it).

How to mount it (with `Route` and `WebSocketRoute`; a `Mount` would redirect `/graphql` to
`/graphql/`)::

    schema = strawberry.Schema(Query, Mutation, Subscription,
    **build_schema_kwargs(development=False))

    class Endpoint(GraphQLApp):
        async def authenticate_http(self, request, body): ...  # and the other hooks

    endpoint = Endpoint(schema, development=False)
    app = Starlette(routes=[Route("/graphql", endpoint), WebSocketRoute("/graphql", endpoint)])
    uvicorn.run(app, **server_options())

`development` is asked for in two places because the schema is made once and outlives the
endpoint: both must agree.
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
    """What to pass to `strawberry.Schema` so that its documents are limited, cached and, in
    production, flat.

    `config` and `extensions` are the schema's own; they are kept (hints to field names only in
    development).
    """
    config = config or StrawberryConfig()
    if not development:
        config.disable_field_suggestions = True
    return {
        "extensions": [*protocol_extensions(development=development, limits=limits), *extensions],
        "config": config,
    }
