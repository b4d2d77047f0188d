"""Console sign-ins, and the tickets with which they, phones and scripts open sockets."""

from datetime import datetime

import strawberry
from strawberry.types import Info

from api.schema.nodes import Node, global_id, node_of, type_above
from domain.actors import AccountActor
from domain.people import tables


@strawberry.type(description="A console sign-in.")
class Session(Node):
    row: strawberry.Private[tables.Session]
    created_at: datetime = strawberry.field(description="When it began.")
    expires_at: datetime = strawberry.field(description="When it ends by itself.")
    current: bool = strawberry.field(description="Whether it is the one that asks.")

    @strawberry.field(
        description="The account that it is signed in to.",
        graphql_type=type_above("api.schema.accounts", "Account"),
    )
    async def account(self, info: Info) -> Node:
        row = await info.context.loaders.account.load(self.row.account_id)
        account: Node = node_of(row, info.context.clock)
        return account


def session_type(row: tables.Session, asking: AccountActor) -> Session:
    """A console sign-in as the API shows it to its own person."""
    return Session(
        id=global_id("session", row.id),
        row=row,
        created_at=row.created_at,
        expires_at=row.expires_at,
        current=row.id == asking.session_id,
    )


@strawberry.input(description="One of the caller's own sessions.")
class EndSessionInput:
    session_id: strawberry.ID = strawberry.field(description="The session.")


@strawberry.type(description="The session has ended.")
class EndedSession:
    session: Session = strawberry.field(description="The session.")


@strawberry.type(description="Opens one websocket within thirty seconds, as whoever asked.")
class CreatedSocketTicket:
    ticket: str = strawberry.field(description="For connection_init.")
    expires_at: datetime = strawberry.field(description="Good until then, once.")
