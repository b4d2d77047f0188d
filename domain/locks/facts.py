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
    """A lock was taken out of its site."""

    lock_id: UUID


@dataclass(frozen=True, slots=True)
class KeypadsChanged(Fact):
    """A lock has a reader more or less than before."""

    lock_id: UUID


@dataclass(frozen=True, slots=True)
class LockSettingsChanged(Fact):
    """These locks should hold other settings than before: PIN mode, SmartPINs, the first ones of a new lock."""

    lock_ids: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class CardPaired(Fact):
    """A lock has another card that ends a lockout."""

    lock_id: UUID


@dataclass(frozen=True, slots=True)
class KitEnded(Fact):
    """A provisioning kit that no lock had proven can be proven no more."""

    kit_id: UUID
