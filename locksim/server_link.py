"""The lock's side of the link to the server: what it believes of messages, and what it reports.

Seals, revisions, nonces and remembered ids decide; who carried a message does not count. None of them
lets a message act that is old: a command to open, a PIN that was removed since, a time.

`Nonces` are how a lock without a clock knows that a message was made just now and for it. `Session`
is one connection: its nonces, and what is still to be reported. `ServerLink` takes the messages.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from domain.access.decision import DenialReason
from domain.link.events import LockEventKind, OpeningMethod
from domain.link.messages import DeliveryBody, SealedTimeBody, UnlockCommandBody
from domain.link.nonces import (
    NONCE_BYTES,
    NONCE_LIFETIME_SECONDS,
    NONCE_REPORT_INTERVAL_SECONDS,
)
from domain.link.proof import make_proof
from domain.link.sealing import MessageKind, Unreadable, unseal_message
from domain.link.wire import Malformed, identifier
from domain.security import base64url
from locksim import deliveries, journal
from locksim.clock import LATEST_MS
from locksim.core import Core
from locksim.credentials import UnknownZone
from locksim.journal import NewEvent
from locksim.signals import (
    Acknowledgement,
    Delivery,
    FeedStart,
    Inbound,
    Report,
    Reported,
    ReportRefused,
    SealedTime,
    Signal,
    UnlockCommand,
)
from locksim.state import LockState

REMEMBERED_COMMANDS = 256
"""Ids of commands kept; their nonces are dead long before as many have come."""
_JTI_BYTES = 16
NONCE_INTERVAL_MS = NONCE_REPORT_INTERVAL_SECONDS * 1000
NONCE_LIFETIME_MS = NONCE_LIFETIME_SECONDS * 1000
NONCES_TAKEN = 2
"""How many of the newest nonces are taken."""


@dataclass
class Nonce:
    """One nonce of a connection."""

    value: str = field(repr=False)
    made_ms: int
    """Uptime of its making; deadlines are counted from here."""
    has_set_clock: bool = False
    """Whether it has already set the clock: sealed time counts once, so a repeat cannot."""


class Nonces:
    """The newest nonces of one connection.

    They live in RAM, so that nothing withheld survives a restart or another socket.
    """

    def __init__(self, random_bytes: Callable[[int], bytes], uptime_ms: int) -> None:
        self._random_bytes = random_bytes
        self._newest: list[Nonce] = []
        self.renew(uptime_ms)

    @property
    def current(self) -> Nonce:
        """The one to report."""
        return self._newest[-1]

    @property
    def renew_ms(self) -> int:
        """The uptime at which the next one is due."""
        return self.current.made_ms + NONCE_INTERVAL_MS

    def renew(self, uptime_ms: int) -> None:
        """Make a new one; the newest two are taken."""
        value = base64url.encode(self._random_bytes(NONCE_BYTES))
        self._newest = [*self._newest[1 - NONCES_TAKEN :], Nonce(value, uptime_ms)]

    def find(self, value: str, uptime_ms: int) -> Nonce | None:
        """The nonce of this value, if it is one of the newest two and not older than a minute."""
        for nonce in self._newest:
            if nonce.value == value and uptime_ms - nonce.made_ms <= NONCE_LIFETIME_MS:
                return nonce
        return None


class Session:
    """One connection: its nonces, and what it has reported so far. Made anew for each socket, never on disk.

    One report is under way at a time; whatever comes up meanwhile goes into the next. Silence is no
    consent: an event stays until the server says that it has it, and the last acknowledgement is
    repeated on each connection.
    """

    def __init__(self, random_bytes: Callable[[int], bytes], uptime_ms: int) -> None:
        self.nonces = Nonces(random_bytes, uptime_ms)
        self._nonce_due = True
        self._ack_due = True
        self._reported_up_to = 0
        self._ack_refused = False
        self._under_way = False

    def renew(self, uptime_ms: int) -> None:
        """A new nonce; with it whatever the server has not taken so far is reported again."""
        self.nonces.renew(uptime_ms)
        self._nonce_due = True
        self._ack_due = self._ack_due or self._ack_refused
        self._ack_refused = False
        self._reported_up_to = 0

    def acknowledge(self) -> None:
        """A delivery was applied or refused: acknowledge it."""
        self._ack_due = True

    def answered(self, *, recorded: bool) -> None:
        """The report came back. What was refused is reported again with the next nonce, not at once."""
        self._under_way = False
        self._ack_refused = self._ack_refused or not recorded

    def next_report(self, state: LockState) -> Report | None:
        """The report that is due, now under way; None if there is nothing to say or one is."""
        if self._under_way:
            return None
        events = journal.batch(state, self._reported_up_to)
        if not (self._nonce_due or self._ack_due or events):
            return None
        report = Report(
            applied_revision=state.applied,
            nonce=self.nonces.current.value,
            ack=state.last_ack if self._ack_due else None,
            events=events,
        )
        self._reported_up_to = max(
            (event.sequence for event in events), default=self._reported_up_to
        )
        self._nonce_due = self._ack_due = False
        self._under_way = True
        return report


class ServerLink:
    """The connection of one lock, while there is one, and the messages that come over it."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._session: Session | None = None

    @property
    def due_ms(self) -> int | None:
        """The uptime at which the next nonce is due, while connected."""
        return self._session.nonces.renew_ms if self._session else None

    def prove(self, challenge: str) -> str:
        """The proof that opens a socket, over the server's challenge."""
        jti = self._core.random_bytes(_JTI_BYTES).hex()
        return make_proof(self._core.keys, self._core.provisioning.lock_id, challenge, jti)

    def connected(self, uptime_ms: int) -> FeedStart:
        """A socket is open: fresh nonces; the last acknowledgement and all events that are left are reported again."""
        own, state = self._core.provisioning, self._core.state
        self._session = Session(self._core.random_bytes, uptime_ms)
        return FeedStart(own.lock_id, own.incarnation, state.epoch, state.applied)

    def disconnected(self) -> None:
        """The socket is gone, and its nonces with it."""
        self._session = None

    def tick(self, uptime_ms: int) -> None:
        """Make a new nonce when it is due."""
        if self._session is not None and uptime_ms >= self._session.nonces.renew_ms:
            self._session.renew(uptime_ms)

    def offer_report(self) -> None:
        """Put the report that is due into the outbox, if there is one."""
        report = self._session.next_report(self._core.state) if self._session else None
        if report is not None:
            self._core.outbox.append(report)

    def receive(self, message: Inbound, uptime_ms: int) -> None:
        """Take one message from the server."""
        match message:
            case Delivery():
                self._take_delivery(message, uptime_ms)
            case UnlockCommand():
                self._take_command(message, uptime_ms)
            case SealedTime():
                self._take_time(message, uptime_ms)
            case Reported():
                self._forget_events(message, uptime_ms)
                self._report_answered(recorded=True)
            case ReportRefused():
                self._report_answered(recorded=False)

    def _forget_events(self, answer: Reported, uptime_ms: int) -> None:
        core, state = self._core, self._core.state
        if answer.state_id == state.state_id:
            now_ms = core.clock.now_ms(uptime_ms)
            state = journal.refused(state, answer.refused, now_ms)
            core.commit(journal.acknowledged(state, answer.events_up_to, now_ms))

    def _take_delivery(self, message: Delivery, uptime_ms: int) -> None:
        """Apply it whole or change nothing; either way it is acknowledged, unless it does not open."""
        core = self._core
        refusal = NewEvent(LockEventKind.DELIVERY_REFUSED)
        try:
            epoch, data = self._unseal(MessageKind.DELIVERY, message.sealed)
        except Unreadable:
            core.record(uptime_ms, refusal)
            return
        try:
            body = DeliveryBody.decode(data)
            state, credentials = deliveries.taken(core, core.state, epoch, body, uptime_ms)
        except (Malformed, UnknownZone):
            # It was sealed for this lock, so the event names it as the server does.
            named = replace(refusal, delivery_id=_name(message))
            state, credentials = core.recorded(core.state, uptime_ms, named), core.credentials
        answer = Acknowledgement(message.id, deliveries.sum_of(state))
        core.commit(replace(state, last_ack=answer))
        core.credentials = credentials
        if self._session is not None:
            self._session.acknowledge()

    def _take_command(self, message: UnlockCommand, uptime_ms: int) -> None:
        """Carry it out once, in time; its id is on disk before the bolt moves."""
        core = self._core
        try:
            _, data = self._unseal(MessageKind.UNLOCK_COMMAND, message.sealed)
            command = UnlockCommandBody.decode(data)
        except (Unreadable, Malformed):
            core.record(uptime_ms, NewEvent(LockEventKind.COMMAND_REFUSED))
            return
        refused = self._refusal(command, uptime_ms)
        if refused is not None:
            kind, reasons = LockEventKind.COMMAND_REFUSED, (refused,)
            core.record(uptime_ms, _of_command(kind, command, reasons))
            return
        commands = (*core.state.commands, command.command_id)[-REMEMBERED_COMMANDS:]
        state = replace(core.state, commands=commands)
        locked = state.tries.locked
        if command.releases_lockout and locked:
            state = core.released(state, uptime_ms, command.command_id)
        if command.opens:
            state = core.recorded(state, uptime_ms, _of_command(LockEventKind.OPENED, command))
        core.commit(state)
        if command.opens:
            core.open(uptime_ms)
        else:
            core.outbox.append(Signal.RELEASED if locked else Signal.CLEARED)

    def _refusal(self, command: UnlockCommandBody, uptime_ms: int) -> DenialReason | None:
        if command.command_id in self._core.state.commands:
            return DenialReason.REPLAYED_COMMAND
        nonce = self._nonce(command.nonce, uptime_ms)
        if nonce is None or uptime_ms - nonce.made_ms > command.seconds * 1000:
            return DenialReason.STALE_COMMAND
        return None

    def _take_time(self, message: SealedTime, uptime_ms: int) -> None:
        """Set the clock, backwards too, if the message carries a nonce that has not yet done so."""
        core = self._core
        try:
            _, data = self._unseal(MessageKind.SEALED_TIME, message.sealed)
            body = SealedTimeBody.decode(data)
        except (Unreadable, Malformed):
            return
        nonce = self._nonce(body.nonce, uptime_ms)
        if nonce is None or nonce.has_set_clock or body.unix_ms > LATEST_MS:
            return
        nonce.has_set_clock = True
        core.commit(core.believing(core.state, body.unix_ms, body.event_floor, uptime_ms))

    def _nonce(self, value: str, uptime_ms: int) -> Nonce | None:
        return self._session.nonces.find(value, uptime_ms) if self._session else None

    def _unseal(self, kind: MessageKind, sealed: bytes) -> tuple[int, bytes]:
        own = self._core.provisioning
        key = self._core.keys.bundle
        return unseal_message(key, kind, own.lock_id, own.incarnation, sealed)

    def _report_answered(self, *, recorded: bool) -> None:
        if self._session is not None:
            self._session.answered(recorded=recorded)


def _name(message: Delivery) -> str | None:
    """The name beside a seal, which is not proven: None if it could not be kept."""
    try:
        return identifier(message.id, "id")
    except Malformed:
        return None


def _of_command(
    kind: LockEventKind, command: UnlockCommandBody, reasons: tuple[DenialReason, ...] = ()
) -> NewEvent:
    return NewEvent(
        kind, method=OpeningMethod.REMOTE, command_id=command.command_id, reasons=reasons
    )
