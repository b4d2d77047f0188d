"""What goes into a lock and what comes out of it, as values; the driver does the I/O.

The messages keep their seals here: only the firmware opens them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from domain.link.events import LockEventBody


@dataclass(frozen=True, slots=True)
class Delivery:
    """Entries for the lock, sealed."""

    id: str
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class UnlockCommand:
    """A command to open or to release a lockout, sealed."""

    id: str
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SealedTime:
    """The time, sealed with one of the lock's nonces."""

    id: str
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reported:
    """The server has recorded the lock's events of this state id up to this sequence.

    A report without events is answered without a state id.
    """

    state_id: str | None
    events_up_to: int
    refused: tuple[int, ...] = ()
    """The sequences of events that it will never take."""


@dataclass(frozen=True, slots=True)
class ReportRefused:
    """The server could not take the report; it is made again later."""


Inbound = Delivery | UnlockCommand | SealedTime | Reported | ReportRefused


class Signal(StrEnum):
    """What a person at the door sees and hears."""

    KEY = "KEY"
    """A key was taken."""
    CLEARED = "CLEARED"
    """The entry was cancelled."""
    GRANTED = "GRANTED"
    """Green."""
    DENIED = "DENIED"
    """Red, the same for every reason."""
    READY = "READY"
    """The keypad waits for the next entry of one of its own functions."""
    DONE = "DONE"
    """Two green flashes: what was asked for is done; the door stays as it was."""
    RELEASED = "RELEASED"
    """A lockout has ended; the door stays shut."""


@dataclass(frozen=True, slots=True)
class Bolt:
    """Draw the bolt, or let it fall."""

    drawn: bool


@dataclass(frozen=True, slots=True)
class SetBattery:
    """Set the battery-backed clock to this time (Unix, ms)."""

    unix_ms: int


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A delivery as the lock answered it, with the sum of the lock's state afterwards."""

    delivery_id: str
    state_sum: str


@dataclass(frozen=True, slots=True)
class Report:
    """What the lock tells the server in one message."""

    applied_revision: int
    nonce: str
    ack: Acknowledgement | None
    events: tuple[LockEventBody, ...]

    def to_input(self, lock_id: str) -> Mapping[str, object]:
        """As `reportLock` takes it."""
        ack = self.ack and {"deliveryId": self.ack.delivery_id, "stateSum": self.ack.state_sum}
        return {
            "lockId": lock_id,
            "appliedRevision": self.applied_revision,
            "nonce": self.nonce,
            "ack": ack,
            "events": [event.to_report() for event in self.events],
        }


Outbound = Signal | Bolt | SetBattery | Report


@dataclass(frozen=True, slots=True)
class FeedStart:
    """With what a lock subscribes its feed; a fresh one says epoch 0, revision 0."""

    lock_id: str
    incarnation: str
    epoch: int
    applied_revision: int
