"""What a phone carries between the server and a lock without a network: hello, lease, bundle and receipt.

The phone is the wire, and not to be trusted: it may read none of it, change, withhold, repeat or mix it. So a bundle is for
one nonce, which the lock made for this connection; a lease is for one phone's key, one lock and some minutes; and what
a receipt says of the lock is proven by its seal, whoever hands it in and whenever. A hello is proven but not fresh: what it
says decides from where the next bundle is cut, and nothing is believed to be gone because of it.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from domain.access.schedule import Schedule
from domain.link.claims import Claim
from domain.link.entries import MAX_SCHEDULES
from domain.link.keys import LinkKeys
from domain.link.messages import (
    MAX_PARTS,
    MAX_REVISION,
    MAX_UNIX_MS,
    DeliveryBody,
    nonce_in,
)
from domain.link.schedules import schedule_from_wire, schedule_to_wire
from domain.link.wire import (
    Malformed,
    canonical,
    decode_bytes,
    decode_moment,
    encode_moment,
    exact_fields,
    identifier,
    integer,
    items,
    known_fields,
    read_object,
    text,
)
from domain.security import base64url
from domain.security.keys import mac

MAX_HELLO_BYTES = 3 * 1024
MAX_BUNDLE_DELIVERIES = 64
"""Deliveries in one bundle, each part of a snapshot counted."""
MAX_BUNDLE_FRAME_BYTES = 4 * 1024
"""More than a bundle's other fields ever take: the part of a snapshot that leaves so much of a body fits into a bundle."""
MAX_RECEIPT_BYTES = 8 * 1024
"""Of a receipt's body: in base64 it fits into a request of somebody who has not signed in."""
MAX_RECEIPTS = 64
"""Receipts that a lock gives to a phone at once."""
MAX_RECEIPT_EVENTS = 100
PUBLIC_KEY_BYTES = 65
"""An uncompressed point of P-256 (SEC 1, 2.3.3)."""
SIGNATURE_BYTES = 64
"""r and s of ES256, 32 bytes each (RFC 7518, 3.4)."""
THUMBPRINT_BYTES = 32
_HELLO_VERSION = b"\x01"
_HELLO = b"latchwork/hello/v1"
_OPENING = b"latchwork/opening/v1"
_MAC_BYTES = 32
_HELLO_FIELDS = frozenset(
    {
        "lockId",
        "incarnation",
        "epoch",
        "appliedRevision",
        "gathering",
        "stateId",
        "eventsFrom",
        "link",
        "reads",
        "nonce",
    }
)
_GATHERING_FIELDS = frozenset({"epoch", "toRevision", "parts", "next"})
_LEASE_FIELDS = frozenset({"leaseId", "device", "schedules", "until", "requiredRevision"})
_BUNDLE_FIELDS = frozenset({"nonce", "deliveries", "unixMs", "stateId", "eventFloor"})
_RECEIPT_FIELDS = frozenset(
    {"appliedRevision", "deliveryId", "stateSum", "stateId", "eventsFrom", "events"}
)
_SUM_LENGTH = 64


class HelloRefused(Exception):
    """It is no hello, or was not made with this key, or was changed."""


@dataclass(frozen=True)
class Gathered:
    """A snapshot of which a lock has some parts: `next` is the first that it lacks."""

    epoch: int
    to_revision: int
    parts: int
    next: int

    def to_wire(self) -> dict[str, object]:
        """As a hello carries it."""
        return {
            "epoch": self.epoch,
            "toRevision": self.to_revision,
            "parts": self.parts,
            "next": self.next,
        }

    @classmethod
    def from_wire(cls, value: object) -> Self:
        """Raises Malformed."""
        fields = exact_fields(value, "hello.gathering", _GATHERING_FIELDS)
        parts = integer(fields["parts"], "hello.gathering.parts", 1, MAX_PARTS)
        return cls(
            epoch=integer(fields["epoch"], "hello.gathering.epoch", 0, MAX_REVISION),
            to_revision=integer(
                fields["toRevision"], "hello.gathering.toRevision", 1, MAX_REVISION
            ),
            parts=parts,
            next=integer(fields["next"], "hello.gathering.next", 1, parts),
        )


@dataclass(frozen=True)
class Hello:
    """What a lock says first to a phone: who it is, where it is, and the nonce of this connection."""

    lock_id: str
    incarnation: str
    epoch: int
    applied_revision: int
    gathering: Gathered | None
    state_id: str
    events_from: int
    """The sequence of the oldest event that it still keeps, or of its next one."""
    claim: Claim
    nonce: str = field(repr=False)

    def encode(self, keys: LinkKeys) -> bytes:
        """Version (1 byte), HMAC-SHA256 (32) under the link key, canonical JSON."""
        body = canonical(
            {
                "lockId": self.lock_id,
                "incarnation": self.incarnation,
                "epoch": self.epoch,
                "appliedRevision": self.applied_revision,
                "gathering": self.gathering and self.gathering.to_wire(),
                "stateId": self.state_id,
                "eventsFrom": self.events_from,
                "nonce": self.nonce,
                **self.claim.to_payload(),
            }
        )
        return _HELLO_VERSION + mac(keys.link, _HELLO, body) + body

    @classmethod
    def claimed(cls, data: bytes) -> Self:
        """As written by anyone: to find the lock whose keys to try. Raises HelloRefused, and UnknownLinkVersion."""
        if not data.startswith(_HELLO_VERSION) or len(data) > MAX_HELLO_BYTES:
            raise HelloRefused
        try:
            fields = known_fields(
                read_object(data[1 + _MAC_BYTES :], "hello"), "hello", _HELLO_FIELDS
            )
            gathering = fields["gathering"]
            return cls(
                lock_id=identifier(fields["lockId"], "hello.lockId"),
                incarnation=identifier(fields["incarnation"], "hello.incarnation"),
                epoch=integer(fields["epoch"], "hello.epoch", 0, MAX_REVISION - 1),
                applied_revision=integer(
                    fields["appliedRevision"], "hello.appliedRevision", 0, MAX_REVISION
                ),
                gathering=None if gathering is None else Gathered.from_wire(gathering),
                state_id=identifier(fields["stateId"], "hello.stateId"),
                events_from=integer(fields["eventsFrom"], "hello.eventsFrom", 1),
                claim=Claim.read(fields),
                nonce=nonce_in(fields, "hello"),
            )
        except Malformed:
            raise HelloRefused from None

    @classmethod
    def read(cls, keys: LinkKeys, data: bytes) -> Self:
        """The same, proven: made with this lock's link key. Raises HelloRefused, and UnknownLinkVersion."""
        hello = cls.claimed(data)
        expected = mac(keys.link, _HELLO, data[1 + _MAC_BYTES :])
        if not hmac.compare_digest(expected, data[1 : 1 + _MAC_BYTES]):
            raise HelloRefused
        return hello


@dataclass(frozen=True)
class LeaseBody:
    """A right to open one lock with one phone until a moment."""

    lease_id: str
    thumbprint: bytes
    """Of the phone's key (RFC 7638), 32 bytes."""
    schedules: tuple[Schedule, ...]
    """It opens when any of them does."""
    until: datetime
    """From this moment on it opens nothing."""
    required_revision: int
    """What the lock must have applied, in the epoch of the lease; 0 asks for nothing."""

    def encode(self) -> bytes:
        """Canonical JSON. Raises Malformed for a body that `decode` would refuse."""
        data = canonical(
            {
                "leaseId": self.lease_id,
                "device": base64url.encode(self.thumbprint),
                "schedules": [schedule_to_wire(each) for each in self.schedules],
                "until": encode_moment(self.until),
                "requiredRevision": self.required_revision,
            }
        )
        self.decode(data)
        return data

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Raises Malformed, naming the field."""
        fields = exact_fields(read_object(data, "lease"), "lease", _LEASE_FIELDS)
        schedules = items(fields["schedules"], "lease.schedules", MAX_SCHEDULES)
        return cls(
            lease_id=identifier(fields["leaseId"], "lease.leaseId"),
            thumbprint=decode_bytes(fields["device"], "lease.device", THUMBPRINT_BYTES),
            schedules=tuple(schedule_from_wire(each, "lease.schedules") for each in schedules),
            until=decode_moment(fields["until"], "lease.until"),
            required_revision=integer(
                fields["requiredRevision"], "lease.requiredRevision", 0, MAX_REVISION
            ),
        )


@dataclass(frozen=True)
class CarriedDelivery:
    """One delivery, or one part of a snapshot, in a bundle; read when it is applied."""

    id: str
    """By which the lock acknowledges it."""
    body: Mapping[str, object] = field(repr=False)

    def read(self) -> DeliveryBody:
        """Raises Malformed, naming the field."""
        return DeliveryBody.from_wire(self.body)


@dataclass(frozen=True)
class BundleBody:
    """What a phone brings to a lock: applied whole or not at all, over the nonce of this connection."""

    nonce: str = field(repr=False)
    deliveries: tuple[CarriedDelivery, ...]
    """In the order in which they are applied; the parts of a snapshot have one id."""
    unix_ms: int
    """The time, as in a SealedTimeBody."""
    state_id: str
    event_floor: int
    """The lock may forget its events of `state_id` up to this sequence; 0 says nothing."""

    def encode(self) -> bytes:
        """Canonical JSON. Raises Malformed for a body that `decode` would refuse."""
        data = canonical(
            {
                "nonce": self.nonce,
                "deliveries": [{"id": each.id, **each.body} for each in self.deliveries],
                "unixMs": self.unix_ms,
                "stateId": self.state_id,
                "eventFloor": self.event_floor,
            }
        )
        for each in self.decode(data).deliveries:
            each.read()
        return data

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Raises Malformed, naming the field; what is in a delivery is read apart, so that its refusal can name it."""
        fields = exact_fields(read_object(data, "bundle"), "bundle", _BUNDLE_FIELDS)
        carried = items(fields["deliveries"], "bundle.deliveries", MAX_BUNDLE_DELIVERIES)
        return cls(
            nonce=nonce_in(fields, "bundle"),
            deliveries=tuple(_carried(each) for each in carried),
            unix_ms=integer(fields["unixMs"], "bundle.unixMs", 0, MAX_UNIX_MS),
            state_id=identifier(fields["stateId"], "bundle.stateId"),
            event_floor=integer(fields["eventFloor"], "bundle.eventFloor", 0),
        )


def _carried(value: object) -> CarriedDelivery:
    if not isinstance(value, dict):
        raise Malformed("bundle.deliveries", "must be objects")
    body = {name: each for name, each in value.items() if name != "id"}
    return CarriedDelivery(identifier(value.get("id"), "bundle.deliveries.id"), body)


@dataclass(frozen=True)
class ReceiptBody:
    """What a lock tells the server through a phone: what it holds, and what has happened."""

    applied_revision: int
    delivery_id: str | None
    """The delivery that it took last; None: none yet."""
    state_sum: str
    """Of its state, 64 hexadecimal digits."""
    state_id: str
    events_from: int
    """The sequence of the oldest event that it keeps, or of its next one: what is below it keeps no more."""
    events: tuple[Mapping[str, Any], ...]
    """As `LockEventBody.to_report` makes them."""

    def encode(self) -> bytes:
        """Canonical JSON. Raises Malformed for a body that `decode` would refuse."""
        data = canonical(
            {
                "appliedRevision": self.applied_revision,
                "deliveryId": self.delivery_id,
                "stateSum": self.state_sum,
                "stateId": self.state_id,
                "eventsFrom": self.events_from,
                "events": list(self.events),
            }
        )
        self.decode(data)
        return data

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Raises Malformed. Events are read one by one (`domain.sync.told_events`); a field that is not listed is one of a
        newer lock, and is passed over."""
        fields = known_fields(read_object(data, "receipt"), "receipt", _RECEIPT_FIELDS)
        delivery_id = fields["deliveryId"]
        state_sum = text(fields["stateSum"], "receipt.stateSum")
        if len(state_sum) != _SUM_LENGTH:
            raise Malformed("receipt.stateSum", "must be 64 hexadecimal digits")
        events: Sequence[Any] = items(fields["events"], "receipt.events", MAX_RECEIPT_EVENTS)
        return cls(
            applied_revision=integer(
                fields["appliedRevision"], "receipt.appliedRevision", 0, MAX_REVISION
            ),
            delivery_id=None
            if delivery_id is None
            else identifier(delivery_id, "receipt.deliveryId"),
            state_sum=state_sum,
            state_id=identifier(fields["stateId"], "receipt.stateId"),
            events_from=integer(fields["eventsFrom"], "receipt.eventsFrom", 1),
            events=tuple(events),
        )


def opening_message(lock_id: str, nonce: str) -> bytes:
    """What a phone signs to open: a fixed text, the lock's id and the nonce of its hello, each behind its length (8 bytes,
    big-endian), so that the signature is good for nothing else."""
    parts = (_OPENING, lock_id.encode("utf-8"), nonce.encode("utf-8"))
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def key_thumbprint(public_key: bytes) -> bytes:
    """The thumbprint (RFC 7638) of a P-256 key, given as its uncompressed point. Raises ValueError for what is none."""
    if len(public_key) != PUBLIC_KEY_BYTES:
        raise ValueError("a public key has 65 bytes")
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
    x, y = base64url.encode(public_key[1:33]), base64url.encode(public_key[33:])
    return sha256(canonical({"crv": "P-256", "kty": "EC", "x": x, "y": y})).digest()


def proves_key(
    public_key: bytes, signature: bytes, thumbprint: bytes, lock_id: str, nonce: str
) -> bool:
    """Whether the key is that of the thumbprint, and has signed the opening of this lock over this nonce (ES256)."""
    try:
        if not hmac.compare_digest(key_thumbprint(public_key), thumbprint):
            return False
        if len(signature) != SIGNATURE_BYTES:
            return False
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
        r, s = (int.from_bytes(signature[at : at + 32], "big") for at in (0, 32))
        point.verify(
            encode_dss_signature(r, s), opening_message(lock_id, nonce), ec.ECDSA(SHA256())
        )
    except (ValueError, InvalidSignature):
        return False
    return True
