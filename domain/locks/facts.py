"""What locks announce to the floors above them."""

from dataclasses import dataclass
from uuid import UUID

from domain.facts import Fact


@dataclass(frozen=True, slots=True)
class LockMade(Fact):
    """A site has a new lock, with its readers."""

    lock_id: UUID


@dataclass(frozen=True, slots=True)
class LockRenamed(Fact):
    """A lock has another name."""

    lock_id: UUID


@dataclass(frozen=True, slots=True)
class LockGone(Fact):
    """A lock was removed from its site."""

    lock_id: UUID


@dataclass(frozen=True, slots=True)
class KeypadsChanged(Fact):
    """A reader was added to a lock, or removed from it."""

    lock_id: UUID


@dataclass(frozen=True, slots=True)
class LockSettingsChanged(Fact):
    """These locks should hold other settings than before: PIN mode, SmartPINs, the first ones of a new lock."""

    lock_ids: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class CardPaired(Fact):
    """A lock was paired with a card, which ends a lockout, in place of the one before."""

    lock_id: UUID


@dataclass(frozen=True, slots=True)
class KitEnded(Fact):
    """A pending provisioning kit has ended: no lock can prove it any more."""

    kit_id: UUID
