"""The lock's entries as the keypad asks for them: PINs by their digest, settings, cards, blocked SmartPINs.

The entries are the truth on disk; this is what they say. Without a settings entry PIN mode is off,
and SmartPINs are as the installer has set them.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.access.schedule import Schedule
from domain.link import features
from domain.link.entries import (
    CardPayload,
    Entry,
    PinPayload,
    SettingsPayload,
    SmartPinBlockPayload,
    SmartPinRulesPayload,
    read_payload,
    smartpin_entry_id,
)
from locksim.state import as_read_today


def unread_in(entries: Iterable[Entry], reads: Collection[str]) -> set[str]:
    """The ids of the entries that need what this firmware does not read."""
    return {
        entry.id
        for entry in entries
        if entry.payload is not None and features.unread(entry.kind, entry.payload, reads)
    }


class UnknownZone(ValueError):
    """The settings name a zone that the lock's zone database does not have."""


@dataclass(frozen=True)
class KnownPin:
    """A PIN that the lock would recognise."""

    entry_id: str
    schedules: tuple[Schedule, ...]


@dataclass(frozen=True)
class Credentials:
    """What the entries of a lock say."""

    zone: ZoneInfo
    pin_enabled: bool = False
    smartpin_enabled: bool = False
    lockout_release_minutes: int | None = None
    pins: Mapping[bytes, KnownPin] = field(default_factory=dict, repr=False)
    """By their digest under the lock's key."""
    cards: frozenset[bytes] = field(default=frozenset(), repr=False)
    blocked: frozenset[str] = frozenset()
    """The names of SmartPINs that the server has blocked; they are, for as long as the entry is held."""
    activation_required: bool = False
    """Whether a SmartPIN dies that was not used within a day of its start."""
    pin_readers: frozenset[str] | None = None
    """The readers at which PIN mode is on, where it is off at others; None: it is the same at all."""

    def at(self, reader: str) -> Self:
        """What holds at the keypad of this reader: PIN mode is on only where it was said to be."""
        if self.pin_readers is None or reader in self.pin_readers:
            return self
        return replace(self, pin_enabled=False)

    @classmethod
    def of(
        cls,
        entries: Mapping[str, Entry],
        provisioned_zone: ZoneInfo,
        *,
        provisioned_smartpins: bool = False,
    ) -> Self:
        """From live entries; zone and SmartPINs are as provisioned until settings say otherwise.

        Two entries of one digest, which uniqueness in a site forbids, open when either does.
        Raises UnknownZone and Malformed.
        """
        settings: SettingsPayload | None = None
        pins: dict[bytes, KnownPin] = {}
        cards, blocked = set(), set()
        activation = False
        for entry in entries.values():
            payload = read_payload(entry.kind, as_read_today(entry.payload))
            if isinstance(payload, PinPayload):
                other = pins.get(payload.digest)
                schedules = payload.schedules + (other.schedules if other else ())
                pins[payload.digest] = KnownPin(entry.id, schedules)
            elif isinstance(payload, SettingsPayload):
                settings = payload
            elif isinstance(payload, CardPayload):
                cards.add(payload.card_digest)
            elif isinstance(payload, SmartPinBlockPayload):
                blocked.add(smartpin_entry_id(payload.code_digest))
            elif isinstance(payload, SmartPinRulesPayload):
                activation = payload.activation_required
        found = cls(
            zone=provisioned_zone,
            smartpin_enabled=provisioned_smartpins,
            pins=pins,
            cards=frozenset(cards),
            blocked=frozenset(blocked),
            activation_required=activation,
        )
        if settings is None:
            return found
        try:
            zone = ZoneInfo(settings.zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise UnknownZone("settings.zone: is not known to this lock") from None
        return replace(
            found,
            zone=zone,
            pin_enabled=settings.pin_enabled,
            smartpin_enabled=settings.smartpin_enabled,
            lockout_release_minutes=settings.lockout_release_minutes,
            pin_readers=None if settings.pin_readers is None else frozenset(settings.pin_readers),
        )
