"""Warnings: what was done, and why it may not open yet all the same."""

from collections.abc import Iterable
from datetime import datetime

import strawberry
from strawberry.dataloader import DataLoader
from strawberry.types import Info

from api.loaders import Asked
from api.schema.nodes import Node, list_above, node_of
from domain.access_rules.tables import AccessRule
from domain.clock import Clock
from domain.invitations.tables import Invitation
from domain.pins.tables import Pin
from domain.smartpins.tables import SmartPin
from domain.warnings.doors import Warned
from domain.warnings.rules import WarningCode

OF_LEASES = (
    "Whether a phone that was at the door may still open there with the lease that it carries, and until when; empty: none "
    "may. Nobody can take a lease back."
)
OF_A_CREDENTIAL = (
    "Why it may not open yet, as things are now; empty: nothing is known to be in its way."
)


@strawberry.type(
    name="Warning",
    description="Something that was done, or is there, but will not work at some locks as things are now.",
)
class Warning_:  # noqa: N801 - Python has a Warning of its own
    code: WarningCode = strawberry.field(description="What is in the way.")
    message: str = strawberry.field(description="The same for a person, with the locks' names.")
    locks: list[Node] = strawberry.field(
        description="Where, by name.", graphql_type=list_above("api.schema.locks", "Lock")
    )
    ends_at: datetime | None = strawberry.field(
        description="When it is over by itself; null: not by itself."
    )


def warning_types(found: Iterable[Warned], clock: Clock) -> list[Warning_]:
    """Warnings as the API shows them."""
    return [
        Warning_(
            code=each.code,
            message=each.message,
            locks=[node_of(row, clock) for row in each.locks],
            ends_at=each.ends_at,
        )
        for each in found
    ]


async def warnings_of(
    info: Info,
    loader: DataLoader[Asked, list[Warned]],
    row: Pin | SmartPin | Invitation | AccessRule,
) -> list[Warning_]:
    """The warnings of one credential, given as its row."""
    clock = info.context.clock
    return warning_types(await loader.load((row.id, clock())), clock)
