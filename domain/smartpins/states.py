"""Where SmartPINs are in their lives."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from tortoise.expressions import Q

from domain.schedules.states import (
    CredentialState,
    between_moments,
    in_states,
    state_of_moments,
)
from domain.smartpins.tables import SmartPin


def is_blocked(row: SmartPin) -> bool:
    """Whether it is to open nothing, by an admin's wish or since it was blocked at the lock's keypad."""
    return row.blocked_at is not None or row.blocked_at_door is not None


def smart_pin_state(row: SmartPin, now: datetime) -> CredentialState:
    """The state of a SmartPIN as far as the site wants: a lock may not have heard of a block. Never REMOVED."""
    return state_of_moments(
        row.schedule(), now, void=row.dead_at is not None, blocked=is_blocked(row)
    )


def smart_pins_in_states(
    rows: Any, states: Collection[CredentialState] | None, now: datetime
) -> Any:
    """SmartPINs narrowed to these states; None: all of them, since none is ever removed."""
    if states is None:
        return rows
    conditions = {
        CredentialState.VOID: Q(dead_at__isnull=False),
        CredentialState.BLOCKED: Q(blocked_at__isnull=False) | Q(blocked_at_door__isnull=False),
        **between_moments("opens_at", "closes_at", now),
    }
    return in_states(rows, states, conditions)
