"""What sync announces to the floors above: what has become known of what locks hold, and what they told."""

from dataclasses import dataclass
from uuid import UUID

from domain.facts import Fact


@dataclass(frozen=True, slots=True)
class EntriesSettled(Fact):
    """Of these entries their locks have acknowledged another version than before, `applied_version`."""

    entry_ids: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class IncarnationBegan(Fact):
    """The lock has proven a new secret: it holds nothing, and knows nothing that was made with an earlier one.

    Announced before its entries are written anew for it.
    """

    lock_id: UUID


@dataclass(frozen=True, slots=True)
class EventsRecorded(Fact):
    """The lock has told events that are new, and they are stored."""

    lock_id: UUID
    event_ids: frozenset[UUID]
    entry_names: frozenset[str]
    """The entries that they name, as the lock calls them."""
