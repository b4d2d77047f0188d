"""How a delivery changes what a lock holds: whole, in order, once; or not at all.

Phones and sockets repeat, reorder, withhold and lose. A delivery that continues from what the lock
has is applied whole; anything else changes nothing, whatever it says. So no removal is skipped, and
no old delivery brings a removed PIN back.
"""

from dataclasses import replace

from domain.link.entries import Entry
from domain.link.events import LockEventKind
from domain.link.messages import DeliveryBody
from domain.link.state import payload_hash, state_sum
from domain.link.wire import Malformed
from locksim.core import Core
from locksim.credentials import Credentials, unread_in
from locksim.journal import NewEvent
from locksim.state import Gathering, LockState


def taken(
    core: Core, state: LockState, epoch: int, body: DeliveryBody, uptime_ms: int
) -> tuple[LockState, Credentials]:
    """What the lock holds after a delivery, and what that says; nothing is written.

    A short PIN that equals a PIN which has now come is dropped: the server's PIN stays. Raises Malformed, also for what
    this firmware does not read, and UnknownZone.
    """
    if unread_in(body.entries, core.provisioning.firmware.reads):
        raise Malformed("delivery.entries", "must be what this firmware reads")
    state = applied(state, epoch, body)
    credentials = core.credentials_of(state)
    used = state.smartpins.used
    displaced = [name for name, smartpin in used.items() if smartpin.short_pin in credentials.pins]
    if not displaced:
        return state, credentials
    dropped = [NewEvent(LockEventKind.SHORT_PIN_DROPPED, entry_id=name) for name in displaced]
    memory = state.smartpins.without_short_pins(displaced)
    return core.recorded(replace(state, smartpins=memory), uptime_ms, *dropped), credentials


def applied(state: LockState, epoch: int, body: DeliveryBody) -> LockState:
    """The state after the delivery; the same state where it does not apply.

    One with `from <= applied < to` in the lock's own epoch applies; a snapshot if (epoch, to) is
    above the lock's own. The parts of a snapshot are gathered and swapped in at once, and parts of
    a newer snapshot displace those of an older one.
    """
    if not body.snapshot:
        continues = body.from_revision <= state.applied < body.to_revision
        if epoch != state.epoch or not continues:
            return state
        entries = dict(state.entries)
        for entry in body.entries:
            entries.pop(entry.id, None)
            if entry.payload is not None:
                entries[entry.id] = entry
        gathering = state.gathering
        if gathering and (gathering.epoch, gathering.to_revision) <= (epoch, body.to_revision):
            gathering = None
        return replace(state, entries=entries, applied=body.to_revision, gathering=gathering)
    if (epoch, body.to_revision) <= (state.epoch, state.applied):
        return state
    return _snapshot(state, epoch, body)


def _snapshot(state: LockState, epoch: int, body: DeliveryBody) -> LockState:
    gathering = state.gathering
    if gathering is not None:
        newest = (gathering.epoch, gathering.to_revision)
        if (epoch, body.to_revision) < newest:
            return state
        if (epoch, body.to_revision) > newest or gathering.parts != body.parts:
            gathering = None
    if gathering is None:
        gathering = Gathering(epoch, body.to_revision, body.parts, {})
    gathered = {**gathering.gathered, body.part: body.entries}
    if len(gathered) < body.parts:
        return replace(state, gathering=replace(gathering, gathered=gathered))
    entries: dict[str, Entry] = {}
    for part in sorted(gathered):
        entries.update((entry.id, entry) for entry in gathered[part])
    return replace(state, entries=entries, epoch=epoch, applied=body.to_revision, gathering=None)


def sum_of(state: LockState) -> str:
    """The sum of the lock's own state, as it is acknowledged."""
    return state_sum(
        (entry.id, entry.version, payload_hash(entry.payload))
        for entry in state.entries.values()
        if entry.payload is not None
    )
