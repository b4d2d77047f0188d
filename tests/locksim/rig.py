"""A lock on the bench: firmware on a disk in memory, and the server's pen for its messages."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from domain.access.schedule import ALWAYS, Schedule
from domain.link.courier import BundleBody, CarriedDelivery, LeaseBody, ReceiptBody
from domain.link.digests import card_digest, pin_digest
from domain.link.entries import (
    CardPayload,
    Entry,
    EntryKind,
    PinPayload,
    SettingsPayload,
    SmartPinBlockPayload,
    SmartPinRulesPayload,
    smartpin_entry_id,
)
from domain.link.keys import CourierKeys, LinkKeys
from domain.link.messages import DeliveryBody, SealedTimeBody, UnlockCommandBody
from domain.link.sealing import MessageKind, seal_message, unseal_message
from domain.security.passwords import PasswordProfile
from locksim.provisioning import Provisioning
from locksim.signals import (
    Delivery,
    SealedTime,
    UnlockCommand,
)
from smartpin import Codec

LOCK_ID = "TG9jazox"
SALT = bytes(range(16))
CHEAP = PasswordProfile(time_cost=1, memory_kib=8, parallelism=1)
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
"""A Friday; 13:00 in Berlin."""
CARD = bytes.fromhex("04a1b2c3d4e5f6")


def unix_ms(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return int(moment.timestamp() * 1000)


def provisioning(*, incarnation: str = "life-1", secret: bytes = b"s" * 32) -> Provisioning:
    """A lock in Berlin with the cheapest Argon2 there is."""
    return Provisioning(
        lock_id=LOCK_ID,
        name="Front door",
        incarnation=incarnation,
        secret=secret,
        programming_code="90817263",
        zone=ZoneInfo("Europe/Berlin"),
        fixed_offset_minutes=60,
        pin_salt=SALT,
        pin_profile=CHEAP,
    )


class PowerCut(Exception):
    """The power goes while the disk writes."""


class MemoryDisk:
    """A disk that keeps what was written, and can be told to lose power at a write."""

    def __init__(self) -> None:
        self.state: bytes | None = None
        self.writes = 0
        self.cut_at: int | None = None
        """The number of the write during which power goes; 0 is the next."""
        self.keeps_cut_write = False
        """Whether the write that was cut had already reached the disk whole."""

    def read(self) -> bytes | None:
        """What was written last."""
        return self.state

    def write(self, state: bytes) -> None:
        """Replace the state, or raise PowerCut."""
        self.writes += 1
        if self.cut_at is not None:
            self.cut_at -= 1
            if self.cut_at < 0:
                if self.keeps_cut_write:
                    self.state = state
                raise PowerCut
        self.state = state


class FakeHash:
    """Instead of Argon2: counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, digits: str, salt: bytes, profile: PasswordProfile) -> bytes:
        """A verifier of 32 bytes."""
        self.asked += 1
        return verifier_of(digits, salt)


def verifier_of(digits: str, salt: bytes = SALT) -> bytes:
    """What FakeHash makes of digits."""
    return hashlib.sha256(salt + digits.encode()).digest()


@dataclass
class Pen:
    """Seals messages as the server would, under the keys of one incarnation."""

    lock: Provisioning
    epoch: int = 7
    numbered: int = 0

    @property
    def keys(self) -> LinkKeys:
        """The keys of the lock."""
        return LinkKeys.derive(self.lock.secret)

    def pin(
        self, name: str, digits: str, *schedules: Schedule, version: int = 1, never: bool = False
    ) -> Entry:
        """A PIN; unlimited, unless it has schedules or is never to open."""
        digest = pin_digest(self.keys, verifier_of(digits))
        payload = PinPayload(digest, () if never else schedules or (ALWAYS,))
        return Entry(name, EntryKind.PIN, version, payload.to_payload())

    def gone(self, name: str, version: int = 2) -> Entry:
        """A removal."""
        return Entry(name, EntryKind.PIN, version, None)

    def settings(
        self,
        *,
        pin: bool = True,
        smartpin: bool = False,
        zone: str = "Europe/Berlin",
        release: int | None = None,
        version: int = 1,
    ) -> Entry:
        """The settings entry."""
        payload = SettingsPayload(zone, pin, smartpin, release).to_payload()
        return Entry("settings", EntryKind.SETTINGS, version, payload)

    def block(self, code: str, until: datetime, *, version: int = 1) -> Entry:
        """A SmartPIN that the server has blocked."""
        tag = Codec(self.lock.secret).block_tag(code)
        payload = SmartPinBlockPayload(tag, until).to_payload()
        return Entry(smartpin_entry_id(tag), EntryKind.SMARTPIN_BLOCK, version, payload)

    def activation(self) -> Entry:
        """The rule that a SmartPIN must be used within a day of its start."""
        payload = SmartPinRulesPayload(activation_required=True).to_payload()
        return Entry("smartpin-rules", EntryKind.SMARTPIN_RULES, 1, payload)

    def card(self, uid: bytes = CARD) -> Entry:
        """The paired card."""
        payload = CardPayload(card_digest(self.keys, uid)).to_payload()
        return Entry("card", EntryKind.CARD, 1, payload)

    def delivery(
        self,
        start: int,
        end: int,
        *entries: Entry,
        epoch: int | None = None,
        snapshot: bool = False,
        part: int = 1,
        parts: int = 1,
    ) -> Delivery:
        """A delivery of revisions in (start, end]."""
        body = DeliveryBody(start, end, snapshot, part, parts, entries)
        sealed = self._seal(MessageKind.DELIVERY, body.encode(), epoch)
        return Delivery(self._name("delivery"), sealed)

    def snapshot(
        self, end: int, *entries: Entry, epoch: int | None = None, part: int = 1, parts: int = 1
    ) -> Delivery:
        """A snapshot, or one part of one."""
        return self.delivery(0, end, *entries, epoch=epoch, snapshot=True, part=part, parts=parts)

    def command(
        self,
        nonce: str,
        *,
        name: str = "command-1",
        seconds: int = 10,
        releases: bool = False,
        opens: bool = True,
    ) -> UnlockCommand:
        """An order to open."""
        body = UnlockCommandBody(name, nonce, seconds, releases, opens)
        sealed = self._seal(MessageKind.UNLOCK_COMMAND, body.encode(), None)
        return UnlockCommand(name, sealed)

    def time(self, nonce: str, moment: datetime, *, event_floor: int = 0) -> SealedTime:
        """The time."""
        body = SealedTimeBody(nonce, unix_ms(moment), event_floor)
        sealed = self._seal(MessageKind.SEALED_TIME, body.encode(), None)
        return SealedTime(self._name("time"), sealed)

    def bundle(
        self,
        nonce: str,
        moment: datetime,
        *bodies: DeliveryBody,
        state_id: str = "none",
        event_floor: int = 0,
        epoch: int | None = None,
    ) -> bytes:
        """What a phone brings over this nonce, with the time."""
        carried = tuple(CarriedDelivery(self._name("carried"), each.to_wire()) for each in bodies)
        body = BundleBody(nonce, carried, unix_ms(moment), state_id, event_floor)
        return self._seal(MessageKind.BUNDLE, body.encode(), epoch)

    def lease(
        self,
        thumbprint: bytes,
        until: datetime,
        *schedules: Schedule,
        required: int = 0,
        epoch: int | None = None,
    ) -> bytes:
        """The right of a phone to open; unlimited until its end, unless it has schedules."""
        body = LeaseBody(self._name("lease"), thumbprint, schedules or (ALWAYS,), until, required)
        key = CourierKeys.derive(self.lock.secret).lease
        return self._seal(MessageKind.LEASE, body.encode(), epoch, key)

    def read_receipt(self, sealed: bytes) -> tuple[int, ReceiptBody]:
        """The epoch of a receipt of this lock, and what it says."""
        key, own = CourierKeys.derive(self.lock.secret).receipt, self.lock
        epoch, data = unseal_message(key, MessageKind.RECEIPT, own.lock_id, own.incarnation, sealed)
        return epoch, ReceiptBody.decode(data)

    def _seal(
        self, kind: MessageKind, body: bytes, epoch: int | None, key: bytes | None = None
    ) -> bytes:
        own = self.lock
        at = self.epoch if epoch is None else epoch
        return seal_message(key or self.keys.bundle, kind, own.lock_id, own.incarnation, at, body)

    def _name(self, what: str) -> str:
        self.numbered += 1
        return f"{what}-{self.numbered}"
