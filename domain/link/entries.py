"""Entries: what a lock holds, one credential or setting each, with its version.

Server and lock must agree on every byte of an entry, for the lock's state is compared by their hashes.
A field that a lock does not know may be a limit, so a payload with any other fields is refused whole
and the server is told. Kinds and fields are append-only: a new meaning is a new kind, or a field that
only locks get which have said that they read it (`features`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Self

from domain.access.schedule import Schedule
from domain.link.digests import DIGEST_BYTES
from domain.link.schedules import schedule_from_wire, schedule_to_wire
from domain.link.wire import (
    Malformed,
    boolean,
    decode_bytes,
    decode_moment,
    encode_moment,
    exact_fields,
    identifier,
    integer,
    items,
    text,
)
from domain.security import base64url

MAX_SCHEDULES = 64
"""Schedules of one PIN at one lock: as many access rules may a member have there."""
MAX_LOCKOUT_RELEASE_MINUTES = 7 * 24 * 60
_PIN_FIELDS = frozenset({"digest", "schedules"})
_SETTINGS_FIELDS = frozenset({"zone", "pinEnabled", "smartPinEnabled", "lockoutReleaseMinutes"})
MAX_PIN_READERS = 64
"""More readers than a lock has."""
_CARD_FIELDS = frozenset({"cardDigest"})
_BLOCK_FIELDS = frozenset({"codeDigest", "until"})
_RULES_FIELDS = frozenset({"activationRequired"})
_ENTRY_FIELDS = frozenset({"id", "kind", "version", "payload"})


class EntryKind(StrEnum):
    """What an entry is; the value stands on the wire and never changes."""

    PIN = "PIN"
    SETTINGS = "SETTINGS"
    CARD = "CARD"
    SMARTPIN_BLOCK = "SMARTPIN_BLOCK"
    SMARTPIN_RULES = "SMARTPIN_RULES"


@dataclass(frozen=True)
class PinPayload:
    """A PIN that opens when any of its schedules does; none means that it never opens.

    A blocked or removed PIN has no payload at all: its entry is a removal.
    """

    digest: bytes = field(repr=False)
    """`pin_digest` of its verifier under this lock's key, 32 bytes."""
    schedules: tuple[Schedule, ...]

    def to_payload(self) -> dict[str, object]:
        """As it is sealed and hashed."""
        return {
            "digest": base64url.encode(self.digest),
            "schedules": [schedule_to_wire(schedule) for schedule in self.schedules],
        }

    @classmethod
    def from_payload(cls, payload: object) -> Self:
        """Raises Malformed."""
        fields = exact_fields(payload, "pin", _PIN_FIELDS)
        schedules = items(fields["schedules"], "pin.schedules", MAX_SCHEDULES)
        return cls(
            digest=decode_bytes(fields["digest"], "pin.digest", DIGEST_BYTES),
            schedules=tuple(schedule_from_wire(each, "pin.schedules") for each in schedules),
        )


@dataclass(frozen=True)
class SettingsPayload:
    """What holds for the lock as a whole; one entry a lock."""

    zone: str
    """The site's IANA zone, in which dates, slots and weekdays are read."""
    pin_enabled: bool
    """PIN mode, on when it is on at any reader."""
    smartpin_enabled: bool
    lockout_release_minutes: int | None
    """Minutes after which a lockout ends by itself; None: only card or remote unlock end it."""
    pin_readers: tuple[str, ...] | None = None
    """The names of the readers at which PIN mode is on, sorted, when it is off at others; None: it is one at all."""

    def to_payload(self) -> dict[str, object]:
        """As it is sealed and hashed; `pinReaders` is there only where keypads differ, for locks that read it."""
        payload: dict[str, object] = {
            "zone": self.zone,
            "pinEnabled": self.pin_enabled,
            "smartPinEnabled": self.smartpin_enabled,
            "lockoutReleaseMinutes": self.lockout_release_minutes,
        }
        if self.pin_readers is not None:
            payload["pinReaders"] = list(self.pin_readers)
        return payload

    @classmethod
    def from_payload(cls, payload: object) -> Self:
        """Raises Malformed. Whether it knows the zone, the lock itself finds out."""
        names = _SETTINGS_FIELDS
        if isinstance(payload, dict) and "pinReaders" in payload:
            names = names | {"pinReaders"}
        fields = exact_fields(payload, "settings", names)
        minutes = fields["lockoutReleaseMinutes"]
        pin_enabled = boolean(fields["pinEnabled"], "settings.pinEnabled")
        return cls(
            zone=text(fields["zone"], "settings.zone"),
            pin_enabled=pin_enabled,
            smartpin_enabled=boolean(fields["smartPinEnabled"], "settings.smartPinEnabled"),
            lockout_release_minutes=None
            if minutes is None
            else integer(minutes, "settings.lockoutReleaseMinutes", 1, MAX_LOCKOUT_RELEASE_MINUTES),
            pin_readers=_pin_readers(fields["pinReaders"], pin_enabled)
            if "pinReaders" in fields
            else None,
        )


def _pin_readers(value: object, pin_enabled: bool) -> tuple[str, ...]:
    where = "settings.pinReaders"
    readers = tuple(identifier(each, where) for each in items(value, where, MAX_PIN_READERS))
    if not readers or not pin_enabled:
        raise Malformed(where, "must name readers where PIN mode is on")
    if list(readers) != sorted(set(readers)):
        raise Malformed(where, "must be sorted, each once")
    return readers


@dataclass(frozen=True)
class CardPayload:
    """The NFC card that ends a lockout; it opens nothing."""

    card_digest: bytes = field(repr=False)
    """`card_digest` of its UID under this lock's key, 32 bytes."""

    def to_payload(self) -> dict[str, object]:
        """As it is sealed and hashed."""
        return {"cardDigest": base64url.encode(self.card_digest)}

    @classmethod
    def from_payload(cls, payload: object) -> Self:
        """Raises Malformed."""
        fields = exact_fields(payload, "card", _CARD_FIELDS)
        return cls(card_digest=decode_bytes(fields["cardDigest"], "card.cardDigest", DIGEST_BYTES))


@dataclass(frozen=True)
class SmartPinBlockPayload:
    """A SmartPIN that opens nothing any more."""

    code_digest: bytes = field(repr=False)
    """`smartpin.Codec.block_tag` of its digits, under this lock's key, 32 bytes."""
    until: datetime
    """The end of its window: from then on the lock may forget the block."""

    def to_payload(self) -> dict[str, object]:
        """As it is sealed and hashed."""
        return {
            "codeDigest": base64url.encode(self.code_digest),
            "until": encode_moment(self.until),
        }

    @classmethod
    def from_payload(cls, payload: object) -> Self:
        """Raises Malformed."""
        fields = exact_fields(payload, "smartPinBlock", _BLOCK_FIELDS)
        return cls(
            code_digest=decode_bytes(
                fields["codeDigest"], "smartPinBlock.codeDigest", DIGEST_BYTES
            ),
            until=decode_moment(fields["until"], "smartPinBlock.until"),
        )


@dataclass(frozen=True)
class SmartPinRulesPayload:
    """What SmartPINs must comply with besides their windows; without this entry nothing is asked."""

    activation_required: bool
    """Whether a code dies that did not open this lock within a day of its start."""

    def to_payload(self) -> dict[str, object]:
        """As it is sealed and hashed."""
        return {"activationRequired": self.activation_required}

    @classmethod
    def from_payload(cls, payload: object) -> Self:
        """Raises Malformed."""
        fields = exact_fields(payload, "smartPinRules", _RULES_FIELDS)
        return cls(
            activation_required=boolean(
                fields["activationRequired"], "smartPinRules.activationRequired"
            )
        )


def smartpin_entry_id(tag: bytes) -> str:
    """How server and lock call a SmartPIN to each other, in entries and events.

    `tag` is `smartpin.Codec.block_tag` of its digits: it names the code in all its readings, and
    tells who has not the lock's secret neither the digits nor the window.
    """
    return f"sp_{base64url.encode(tag)}"


Payload = PinPayload | SettingsPayload | CardPayload | SmartPinBlockPayload | SmartPinRulesPayload

_PAYLOADS: Mapping[EntryKind, type[Payload]] = {
    EntryKind.PIN: PinPayload,
    EntryKind.SETTINGS: SettingsPayload,
    EntryKind.CARD: CardPayload,
    EntryKind.SMARTPIN_BLOCK: SmartPinBlockPayload,
    EntryKind.SMARTPIN_RULES: SmartPinRulesPayload,
}


def read_payload(kind: EntryKind, payload: object) -> Payload:
    """The payload of an entry of this kind. Raises Malformed."""
    return _PAYLOADS[kind].from_payload(payload)


@dataclass(frozen=True)
class Entry:
    """One credential or setting as a lock should hold it."""

    id: str
    """1 to 64 visible ASCII characters; the same for as long as the credential is at this lock."""
    kind: EntryKind
    version: int
    """Counts the entry's changes, from 1."""
    payload: dict[str, object] | None = field(repr=False)
    """What `to_payload` made; None is a removal: the lock drops the entry."""

    def to_wire(self) -> dict[str, object]:
        """As a delivery carries it."""
        return {
            "id": self.id,
            "kind": self.kind.value,
            "version": self.version,
            "payload": self.payload,
        }

    @classmethod
    def from_wire(cls, value: object) -> Self:
        """Raises Malformed, also for a payload that its kind does not allow."""
        fields = exact_fields(value, "entry", _ENTRY_FIELDS)
        kind = _kind(fields["kind"])
        payload = fields["payload"]
        if payload is not None:
            payload = read_payload(kind, payload).to_payload()
        return cls(
            id=identifier(fields["id"], "entry.id"),
            kind=kind,
            version=integer(fields["version"], "entry.version", 1),
            payload=payload,
        )


def _kind(value: object) -> EntryKind:
    try:
        return EntryKind(text(value, "entry.kind"))
    except ValueError:
        raise Malformed("entry.kind", "must be a known kind") from None
