"""The protocols, whatever is said in them: GraphQL over HTTP and graphql-transport-ws.

Nothing here knows a lock or a member; any schema can be served. Nothing runs before it is
authenticated; bodies, documents, sockets and memory are bounded; and neither an answer nor a log
tells what is inside (exceptions, the schema, secrets).

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

from collections.abc import Callable
from typing import TypedDict

from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from api.protocol.application import GraphQLApp
from api.protocol.buckets import Spender
from api.protocol.caching import Documents
from api.protocol.documents import GuardedDocuments
from api.protocol.execution import bounded_execution
from api.protocol.guard import Client, ClientOf, Guard
from api.protocol.limits import STRANGERS, Limits
from api.protocol.masking import PublicError, request_id
from api.protocol.messages import Closing
from api.protocol.prices import Prices
from api.protocol.renaming import Renamed
from api.protocol.requests import RequestRefused
from api.protocol.server import server_options
from api.protocol.socket_limits import SocketLimits

__all__ = [
    "STRANGERS",
    "Client",
    "ClientOf",
    "Closing",
    "Documents",
    "GraphQLApp",
    "Guard",
    "GuardedDocuments",
    "Limits",
    "Prices",
    "PublicError",
    "Renamed",
    "RequestRefused",
    "SchemaKwargs",
    "SocketLimits",
    "Spender",
    "build_schema_kwargs",
    "request_id",
    "server_options",
]


class SchemaKwargs(TypedDict):
    """The keyword arguments of `strawberry.Schema` that this package decides."""

    extensions: list[Callable[[], SchemaExtension]]
    config: StrawberryConfig
    execution_context_class: type[StrawberryGraphQLCoreExecutionContext]


def build_schema_kwargs(
    *,
    development: bool = False,
    limits: Limits | None = None,
    strangers: Limits = STRANGERS,
    prices: Prices | None = None,
    renamed: Renamed | None = None,
    client_of: ClientOf = lambda context: None,
) -> SchemaKwargs:
    """What to pass to `strawberry.Schema`, so that its documents are limited and cached.

    For one schema: call it once for each. Outside `development`, documents that do not validate get
    one flat error, `__schema` is refused and `__type` is null. `prices` are those of the fields that cost more
    than a plain one, `renamed` is what documents of an older schema are told all the same. `client_of` tells who asks, by
    an operation's context: `strangers` are the limits for whoever is not known, and each client has a share of what runs
    at a time.
    """
    guard = Guard(
        development=development,
        limits=limits,
        strangers=strangers,
        prices=prices,
        renamed=renamed,
        client_of=client_of,
    )
    return {
        "extensions": [lambda: GuardedDocuments(guard)],
        "config": StrawberryConfig(disable_field_suggestions=not development),
        "execution_context_class": bounded_execution((limits or Limits()).items),
    }
