"""Why a door opens: one question, and a grid of them."""

from api.context import Call
from api.operations import AtSite, query
from api.schema.explanations import (
    AccessExplanation,
    AccessGrid,
    ExplainAccessGridInput,
    ExplainAccessInput,
    explanation_type,
    grid_type,
    subject_of,
)
from api.schema.nodes import key_of
from domain.explaining import service
from domain.locks.tables import Lock
from domain.people.rules import Permission


@query(AtSite(Permission.OWN_ACCESS, "lock_id", "lock", Lock))
async def explain_access(call: Call, input: ExplainAccessInput) -> AccessExplanation:
    """Why a door opens, or does not: every reason, what is wanted and what the lock holds, and when it would open next.

    Whoever may not read the site asks about themselves alone, their own PINs and phones.
    """
    found = await service.explain_access(
        call.by,
        subject=subject_of(input.subject, "subject"),
        lock_id=key_of("lock", input.lock_id, "lock_id"),
        at=input.at,
        now=call.now,
    )
    return explanation_type(found, call.context.clock)


@query(AtSite(Permission.READ))
async def explain_access_grid(call: Call, input: ExplainAccessGridInput) -> AccessGrid:
    """Who opens what: the answer of `explainAccess` for each of the subjects at each of the locks, in short."""
    rows = await service.explain_access_grid(
        call.by,
        subjects=[
            subject_of(each, f"subjects.{index}") for index, each in enumerate(input.subjects)
        ],
        lock_ids=[
            key_of("lock", each, f"lock_ids.{index}") for index, each in enumerate(input.lock_ids)
        ],
        at=input.at,
        now=call.now,
    )
    return grid_type(rows, call.context.clock)
