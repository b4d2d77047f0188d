"""Where invitations are in their lives."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from tortoise.expressions import Q

from domain.invitations.tables import Invitation
from domain.schedules.states import (
    CredentialState,
    between_moments,
    in_states,
    state_of_moments,
)


def invitation_state(invitation: Invitation, now: datetime) -> CredentialState:
    """The state of an invitation; never BLOCKED or VOID."""
    return state_of_moments(invitation.schedule(), now, removed=invitation.deleted_at is not None)


def invitations_in_states(
    rows: Any, states: Collection[CredentialState] | None, now: datetime
) -> Any:
    """Invitations narrowed to these states; None: to all but removed ones."""
    conditions = {
        CredentialState.REMOVED: Q(deleted_at__isnull=False),
        **between_moments("valid_from", "valid_until", now),
    }
    return in_states(rows, states, conditions)
