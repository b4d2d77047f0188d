"""The lock's side of the link to the server: what it believes of messages, and what it reports.

Seals, revisions, nonces and remembered ids decide; who carried a message does not count. The
dangerous mistake is to act on a message that is old: an order to open, a removed PIN, a time.
"""

from dataclasses import replace

from domain.access.decision import DenialReason
from domain.link.events import LockEventKind, OpeningMethod
from domain.link.messages import DeliveryBody, SealedTimeBody, UnlockCommandBody
from domain.link.proof import make_proof
from domain.link.sealing import MessageKind, Unreadable, unseal_message
from domain.link.wire import Malformed, identifier
from locksim import deliveries, journal
from locksim.clock import LATEST_MS, SETTING_NOTICED_MS
from locksim.core import Core, unread_in
from locksim.holdings import Holdings, UnknownZone
from locksim.journal import Happening
from locksim.nonces import Nonce
from locksim.signals import (
    Acknowledgement,
    Delivery,
    FeedStart,
    Inbound,
    Reported,
    ReportRefused,
    SealedTime,
    SetBattery,
    Signal,
    UnlockCommand,
)
from locksim.state import LockState
from locksim.uplink import Uplink

REMEMBERED_COMMANDS = 256
"""Ids of commands kept; their nonces are dead long before as many have come."""
_JTI_BYTES = 16


class ServerLink:
    """The connection of one lock, while there is one, and the messages that come over it."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._uplink: Uplink | None = None

    @property
    def due_ms(self) -> int | None:
        """The uptime at which the next nonce is due, while connected."""
        return self._uplink.nonces.renew_ms if self._uplink else None

    def prove(self, challenge: str) -> str:
        """The proof that opens a socket, over the server's challenge."""
        jti = self._core.random_bytes(_JTI_BYTES).hex()
        return make_proof(self._core.keys, self._core.provisioning.lock_id, challenge, jti)

    def connected(self, uptime_ms: int) -> FeedStart:
        """A socket is open: fresh nonces, the last answer again, all events that are left."""
        own, state = self._core.provisioning, self._core.state
        self._uplink = Uplink(self._core.random_bytes, uptime_ms)
        return FeedStart(own.lock_id, own.incarnation, state.epoch, state.applied)

    def disconnected(self) -> None:
        """The socket is gone, and its nonces with it."""
        self._uplink = None

    def tick(self, uptime_ms: int) -> None:
        """Make a new nonce when it is due."""
        if self._uplink is not None and uptime_ms >= self._uplink.nonces.renew_ms:
            self._uplink.renew(uptime_ms)

    def offer_report(self) -> None:
        """Put the report that is due into the outbox, if there is one."""
        report = self._uplink.next_report(self._core.state) if self._uplink else None
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

    def _forget_events(self, told: Reported, uptime_ms: int) -> None:
        core, state = self._core, self._core.state
        if told.state_id == state.state_id:
            now_ms = core.clock.now_ms(uptime_ms)
            state = journal.refused(state, told.refused, now_ms)
            core.commit(journal.acknowledged(state, told.events_up_to, now_ms))

    def _take_delivery(self, message: Delivery, uptime_ms: int) -> None:
        """Apply it or leave everything; either way say so, unless it is nobody's."""
        core = self._core
        refusal = Happening(LockEventKind.DELIVERY_REFUSED)
        try:
            epoch, data = self._unseal(MessageKind.DELIVERY, message.sealed)
        except Unreadable:
            core.record(uptime_ms, refusal)
            return
        try:
            body = DeliveryBody.decode(data)
            if unread_in(body.entries, core.provisioning.firmware.reads):
                raise Malformed("delivery.entries", "must be what this firmware reads")
            state = deliveries.applied(core.state, epoch, body)
            holdings = core.holdings_of(state)
            state = _without_displaced(core, state, holdings, uptime_ms)
        except (Malformed, UnknownZone):
            # It was sealed for this lock, so the server's own name for it is worth saying.
            named = replace(refusal, delivery_id=_name(message))
            state, holdings = core.recorded(core.state, uptime_ms, named), core.holdings
        answer = Acknowledgement(message.id, deliveries.sum_of(state))
        core.commit(replace(state, last_ack=answer))
        core.holdings = holdings
        if self._uplink is not None:
            self._uplink.answer_due()

    def _take_command(self, message: UnlockCommand, uptime_ms: int) -> None:
        """Carry it out once, in time; its id is on disk before the bolt moves."""
        core = self._core
        try:
            _, data = self._unseal(MessageKind.UNLOCK_COMMAND, message.sealed)
            command = UnlockCommandBody.decode(data)
        except (Unreadable, Malformed):
            core.record(uptime_ms, Happening(LockEventKind.COMMAND_REFUSED))
            return
        refused = self._refusal(command, uptime_ms)
        if refused is not None:
            kind, reasons = LockEventKind.COMMAND_REFUSED, (refused,)
            core.record(uptime_ms, _of_command(kind, command, reasons))
            return
        commands = (*core.state.commands, command.command_id)[-REMEMBERED_COMMANDS:]
        state = replace(core.state, commands=commands)
        locked = state.budget.locked
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
        if nonce is None or nonce.told_time or body.unix_ms > LATEST_MS:
            return
        nonce.told_time = True
        before = core.clock.now_ms(uptime_ms)
        core.clock.set(body.unix_ms, uptime_ms)
        core.outbox.append(SetBattery(body.unix_ms))
        state = journal.acknowledged(core.state, body.event_floor, body.unix_ms)
        if before is None:
            state = replace(state, budget=state.budget.timed_anew(body.unix_ms))
        if before is None or abs(body.unix_ms - before) > SETTING_NOTICED_MS:
            state = core.recorded(state, uptime_ms, Happening(LockEventKind.CLOCK_SET))
        if before is None or state.mark_ms is None or body.unix_ms < state.mark_ms:
            state = replace(state, mark_ms=body.unix_ms)
        core.commit(state)

    def _nonce(self, value: str, uptime_ms: int) -> Nonce | None:
        return self._uplink.nonces.find(value, uptime_ms) if self._uplink else None

    def _unseal(self, kind: MessageKind, sealed: bytes) -> tuple[int, bytes]:
        own = self._core.provisioning
        key = self._core.keys.bundle
        return unseal_message(key, kind, own.lock_id, own.incarnation, sealed)

    def _report_answered(self, *, recorded: bool) -> None:
        if self._uplink is not None:
            self._uplink.answered(recorded=recorded)


def _name(message: Delivery) -> str | None:
    """The name beside a seal, which is not proven: None if it could not be kept."""
    try:
        return identifier(message.id, "id")
    except Malformed:
        return None


def _without_displaced(
    core: Core, state: LockState, holdings: Holdings, uptime_ms: int
) -> LockState:
    """The state without the short PINs that equal a PIN which has now come: the synchronised one wins."""
    guests = state.guest_book.guests
    displaced = [name for name, guest in guests.items() if guest.short_pin in holdings.pins]
    if not displaced:
        return state
    told = [Happening(LockEventKind.SHORT_PIN_DROPPED, entry_id=name) for name in displaced]
    book = state.guest_book.without_short_pins(displaced)
    return core.recorded(replace(state, guest_book=book), uptime_ms, *told)


def _of_command(
    kind: LockEventKind, command: UnlockCommandBody, reasons: tuple[DenialReason, ...] = ()
) -> Happening:
    return Happening(
        kind, method=OpeningMethod.REMOTE, command_id=command.command_id, reasons=reasons
    )
