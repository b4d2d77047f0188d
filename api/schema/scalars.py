"""Scalars beside those of GraphQL and Strawberry."""

from typing import NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

Int64 = NewType("Int64", int)
LockEventInput = NewType("LockEventInput", object)

SCALARS: dict[object, ScalarDefinition] = {
    Int64: strawberry.scalar(
        name="Int64",
        description="A whole number of up to 64 bits, as a JSON number.",
        serialize=int,
        parse_value=int,
    ),
    LockEventInput: strawberry.scalar(
        name="LockEventInput",
        description=(
            "What happened at the lock: an object with `stateId`, `sequence`, `kind`, and where they apply `at`, "
            "`method`, `entryId`, `commandId`, `reasons`, `count`, `deliveryId`; see docs/lock.md. Each is read by "
            "itself: one that cannot be read refuses nothing else."
        ),
        parse_value=lambda value: value,
    ),
}
