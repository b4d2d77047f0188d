"""A phone held to the door: what the lock believes of what it brings, and what it gives back. Section 18 of docs/lock.md.

The whole decision is here, without I/O. A lock without a network learns everything through phones that it does not trust:

1. *Hello*: where the lock is, proven, with a nonce of its own that is good for a minute and for one answer.
2. *The bundle*, if the phone brings one, is for that nonce or for nothing. It is applied whole, by one write: what it
   changes, the time, and which events may be forgotten. Otherwise nothing of it is.
3. *The lease* is looked at with what the lock knows now: is it for this lock, did the phone prove the key that it is for,
   has the lock what the lease asks for, does a schedule open, is it not over? (`domain.access.decision`, as at the keypad).
4. *The event goes to disk*, then the bolt moves.
5. *Receipts*: what the lock holds and all events that the server is not known to have, sealed. Any phone may carry them.

A lockout of the keypad does not concern phones: they guess nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import orjson

from domain.access.decision import Decision, DenialReason, Denied, Granted, decide
from domain.link.courier import (
    MAX_RECEIPT_BYTES,
    MAX_RECEIPT_EVENTS,
    MAX_RECEIPTS,
    BundleBody,
    Gathered,
    Hello,
    LeaseBody,
    ReceiptBody,
    proves_key,
)
from domain.link.events import LockEventBody, LockEventKind, OpeningMethod
from domain.link.features import Feature
from domain.link.keys import CourierKeys
from domain.link.nonces import NONCE_BYTES, NONCE_LIFETIME_SECONDS
from domain.link.sealing import MessageKind, Unreadable, seal_message, unseal_message
from domain.link.wire import Malformed
from domain.security import base64url
from locksim import deliveries, journal
from locksim.clock import LATEST_MS
from locksim.core import Core
from locksim.credentials import Credentials, UnknownZone
from locksim.journal import NewEvent
from locksim.signals import Acknowledgement, Signal
from locksim.state import LockState

NONCE_LIFETIME_MS = NONCE_LIFETIME_SECONDS * 1000
HELLOS_TAKEN = 4
"""Hellos that may be answered at one time: so many phones may stand at the door."""
_FRAME_BYTES = 1024
"""More than a receipt without events takes."""


class NoCourier(RuntimeError):
    """The firmware of this lock does not speak to phones."""


@dataclass(frozen=True, slots=True)
class Presented:
    """What a phone hands over, in answer to one hello."""

    nonce: str = field(repr=False)
    """Of that hello; over Bluetooth the connection says it."""
    lease: bytes | None = field(repr=False, default=None)
    bundle: bytes | None = field(repr=False, default=None)
    public_key: bytes = field(repr=False, default=b"")
    """The phone's key as an uncompressed point."""
    signature: bytes = field(repr=False, default=b"")
    """Of that key, over the opening of this lock with this nonce."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the lock says to the phone: whether it opened, else every reason, and what is to be carried to the server."""

    opened: bool
    reasons: tuple[DenialReason, ...]
    receipts: tuple[bytes, ...] = field(repr=False)
    """Sealed; to be handed in in this order."""


class PhoneLink:
    """The hellos of one lock that may still be answered, and what phones hand over."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._keys = CourierKeys.derive(core.provisioning.secret)
        self._hellos: dict[str, int] = {}
        """The uptime of each nonce's making; in RAM, so that nothing withheld survives a restart."""

    def hello(self, uptime_ms: int) -> bytes:
        """A phone has come close: where the lock is, and a fresh nonce. Raises NoCourier."""
        core, own, state = self._core, self._core.provisioning, self._core.state
        if Feature.COURIER not in own.firmware.reads:
            raise NoCourier
        nonce = base64url.encode(core.random_bytes(NONCE_BYTES))
        self._hellos[nonce] = uptime_ms
        for old in list(self._hellos)[:-HELLOS_TAKEN]:
            del self._hellos[old]
        return Hello(
            lock_id=own.lock_id,
            incarnation=own.incarnation,
            epoch=state.epoch,
            applied_revision=state.applied,
            gathering=_gathered(state),
            state_id=state.state_id,
            events_from=_events_from(state),
            claim=own.firmware,
            nonce=nonce,
        ).encode(core.keys)

    def present(self, presented: Presented, uptime_ms: int) -> Answer:
        """Take what a phone hands over; what is not for a hello of the last minute changes nothing."""
        made_ms = self._hellos.pop(presented.nonce, None)
        if made_ms is None or uptime_ms - made_ms > NONCE_LIFETIME_MS:
            return Answer(False, (DenialReason.STALE_NONCE,), ())
        brought = presented.bundle is not None and self._take_bundle(
            presented.bundle, presented.nonce, uptime_ms
        )
        decision: Decision | None = None
        if presented.lease is not None:
            decision = self._open_or_deny(presented.lease, presented, brought, uptime_ms)
        reasons = decision.reasons if isinstance(decision, Denied) else ()
        return Answer(isinstance(decision, Granted), reasons, self._receipts())

    # The bundle

    def _take_bundle(self, sealed: bytes, nonce: str, uptime_ms: int) -> bool:
        """Apply it whole or change nothing; whether the server made it for this hello."""
        core, own = self._core, self._core.provisioning
        refusal = NewEvent(LockEventKind.DELIVERY_REFUSED)
        try:
            epoch, data = unseal_message(
                core.keys.bundle, MessageKind.BUNDLE, own.lock_id, own.incarnation, sealed
            )
            bundle = BundleBody.decode(data)
        except (Unreadable, Malformed):
            core.record(uptime_ms, refusal)
            return False
        if bundle.nonce != nonce or bundle.unix_ms > LATEST_MS:
            core.record(uptime_ms, refusal)
            return False
        state, credentials = core.state, core.credentials
        for carried in bundle.deliveries:
            try:
                state, credentials = deliveries.taken(core, state, epoch, carried.read(), uptime_ms)
            except (Malformed, UnknownZone):
                # It was sealed for this lock, so the event and the acknowledgement name it; of the rest nothing is applied.
                state = core.recorded(
                    core.state, uptime_ms, replace(refusal, delivery_id=carried.id)
                )
                self._keep(_acknowledging(state, carried.id), core.credentials)
                return True
        if bundle.deliveries:
            state = _acknowledging(state, bundle.deliveries[-1].id)
        floor = bundle.event_floor if bundle.state_id == state.state_id else 0
        self._keep(core.believing(state, bundle.unix_ms, floor, uptime_ms), credentials)
        return True

    def _keep(self, state: LockState, credentials: Credentials) -> None:
        self._core.commit(state)
        self._core.credentials = credentials

    # The lease

    def _open_or_deny(
        self, sealed: bytes, presented: Presented, brought: bool, uptime_ms: int
    ) -> Decision:
        core = self._core
        decision, lease_id = self._decide(sealed, presented, brought, uptime_ms)
        granted = isinstance(decision, Granted)
        core.record(
            uptime_ms,
            NewEvent(
                LockEventKind.OPENED if granted else LockEventKind.DENIED,
                method=OpeningMethod.PHONE,
                lease_id=lease_id,
                reasons=() if isinstance(decision, Granted) else decision.reasons,
            ),
        )
        if granted:
            core.open(uptime_ms)
        else:
            core.outbox.append(Signal.DENIED)
        return decision

    def _decide(
        self, sealed: bytes, presented: Presented, brought: bool, uptime_ms: int
    ) -> tuple[Decision, str | None]:
        """Whether the lease opens now, with every reason why not; and its id, if it is this lock's."""
        core, own, state = self._core, self._core.provisioning, self._core.state
        try:
            epoch, data = unseal_message(
                self._keys.lease, MessageKind.LEASE, own.lock_id, own.incarnation, sealed
            )
            lease = LeaseBody.decode(data)
        except (Unreadable, Malformed):
            return Denied.because(DenialReason.FOREIGN_LEASE), None
        reasons: list[DenialReason] = []
        if not proves_key(
            presented.public_key,
            presented.signature,
            lease.thumbprint,
            own.lock_id,
            presented.nonce,
        ):
            reasons.append(DenialReason.FOREIGN_KEY)
        # A bundle that this firmware cannot read must not lock everybody out: bringing it is all that a phone can do.
        has = epoch == state.epoch and state.applied >= lease.required_revision
        if lease.required_revision and not (has or brought):
            reasons.append(DenialReason.LOCK_BEHIND)
        now = core.now(uptime_ms)
        if now is None:
            reasons.append(DenialReason.NO_TIME)
        elif now >= lease.until:
            reasons.append(DenialReason.ENDED)
        decision = decide(lease.schedules, core.credentials.zone, now)
        if isinstance(decision, Denied):
            reasons.extend(decision.reasons)
        return Denied(tuple(reasons)) if reasons else decision, lease.lease_id

    # Receipts

    def _receipts(self) -> tuple[bytes, ...]:
        """All that the server is to hear, in as many receipts as it takes."""
        state, above = self._core.state, 0
        receipts: list[bytes] = []
        while len(receipts) < MAX_RECEIPTS:
            events = journal.batch(
                state,
                above,
                most=MAX_RECEIPT_EVENTS,
                most_bytes=MAX_RECEIPT_BYTES - _FRAME_BYTES,
            )
            if receipts and not events:
                break
            receipts.append(self._receipt(state, events))
            if not events:
                break
            above = events[-1].sequence
        return tuple(receipts)

    def _receipt(self, state: LockState, events: tuple[LockEventBody, ...]) -> bytes:
        own = self._core.provisioning
        body = ReceiptBody(
            applied_revision=state.applied,
            delivery_id=None if state.last_ack is None else state.last_ack.delivery_id,
            state_sum=deliveries.sum_of(state),
            state_id=state.state_id,
            events_from=_events_from(state),
            events=tuple(_spelled(event) for event in events),
        )
        return seal_message(
            self._keys.receipt,
            MessageKind.RECEIPT,
            own.lock_id,
            own.incarnation,
            state.epoch,
            body.encode(),
        )


def _acknowledging(state: LockState, delivery_id: str) -> LockState:
    return replace(state, last_ack=Acknowledgement(delivery_id, deliveries.sum_of(state)))


def _events_from(state: LockState) -> int:
    return state.events[0].sequence if state.events else state.next_sequence


def _gathered(state: LockState) -> Gathered | None:
    """The parts of a snapshot that are here, where the first that is lacking is not the very first."""
    here = state.gathering
    if here is None:
        return None
    missing = next(part for part in range(1, here.parts + 1) if part not in here.gathered)
    return Gathered(here.epoch, here.to_revision, here.parts, missing) if missing > 1 else None


def _spelled(event: LockEventBody) -> Mapping[str, object]:
    report: dict[str, object] = orjson.loads(orjson.dumps(event.to_report()))
    return report
