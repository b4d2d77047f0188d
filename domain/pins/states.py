"""Where PINs are in their lives."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tortoise.expressions import Q

from domain.pins.tables import Pin, PinStatus
from domain.schedules.states import CredentialState, between_days, in_states, state_of


def pin_state(pin: Pin, zone: ZoneInfo, now: datetime) -> CredentialState:
    """The state of a PIN of a site in this zone; a personal one has no days, so it never is UPCOMING or ENDED."""
    return state_of(
        pin.schedule(),
        zone,
        now,
        removed=pin.status is PinStatus.REMOVED,
        blocked=pin.status is PinStatus.BLOCKED,
    )


def pins_in_states(
    rows: Any, states: Collection[CredentialState] | None, zone: ZoneInfo, now: datetime
) -> Any:
    """PINs of a site in this zone, narrowed to these states; None: to all but removed ones."""
    conditions = {
        CredentialState.REMOVED: Q(status=PinStatus.REMOVED),
        CredentialState.BLOCKED: Q(status=PinStatus.BLOCKED),
        **between_days(zone, now),
    }
    return in_states(rows, states, conditions)
