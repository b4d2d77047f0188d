"""What the lock's entries amount to: the PINs to look up, the settings, the cards, the blocked SmartPINs.

The entries are the truth on disk; this is the same in the form in which the keypad asks. Without a
settings entry PIN mode is off, and SmartPINs are as the installer has set them: what was never said
is not granted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.access.schedule import Schedule
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
from locksim.earlier_entries import as_read_today


class UnknownZone(ValueError):
    """The settings name a zone that the lock's zone database does not have."""


@dataclass(frozen=True)
class HeldPin:
    """A PIN that the lock would recognise."""

    entry_id: str
    schedules: tuple[Schedule, ...]


@dataclass(frozen=True)
class Holdings:
    """The entries of a lock, read."""

    zone: ZoneInfo
    pin_enabled: bool = False
    smartpin_enabled: bool = False
    lockout_release_minutes: int | None = None
    pins: Mapping[bytes, HeldPin] = field(default_factory=dict, repr=False)
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
        """Reads live entries; zone and SmartPINs are as provisioned until settings say otherwise.

        Should two entries hold one digest, which uniqueness in a site forbids, both are honoured.
        Raises UnknownZone and Malformed.
        """
        settings: SettingsPayload | None = None
        pins: dict[bytes, HeldPin] = {}
        cards, blocked = set(), set()
        activation = False
        for entry in entries.values():
            payload = read_payload(entry.kind, as_read_today(entry.payload))
            if isinstance(payload, PinPayload):
                other = pins.get(payload.digest)
                schedules = payload.schedules + (other.schedules if other else ())
                pins[payload.digest] = HeldPin(entry.id, schedules)
            elif isinstance(payload, SettingsPayload):
                settings = payload
            elif isinstance(payload, CardPayload):
                cards.add(payload.card_digest)
            elif isinstance(payload, SmartPinBlockPayload):
                blocked.add(smartpin_entry_id(payload.code_digest))
            elif isinstance(payload, SmartPinRulesPayload):
                activation = payload.activation_required
        held = cls(
            zone=provisioned_zone,
            smartpin_enabled=provisioned_smartpins,
            pins=pins,
            cards=frozenset(cards),
            blocked=frozenset(blocked),
            activation_required=activation,
        )
        if settings is None:
            return held
        try:
            zone = ZoneInfo(settings.zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise UnknownZone("settings.zone: is not known to this lock") from None
        return replace(
            held,
            zone=zone,
            pin_enabled=settings.pin_enabled,
            smartpin_enabled=settings.smartpin_enabled,
            lockout_release_minutes=settings.lockout_release_minutes,
            pin_readers=None if settings.pin_readers is None else frozenset(settings.pin_readers),
        )
