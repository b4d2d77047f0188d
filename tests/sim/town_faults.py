"""Faults that a town can be given on purpose, to show that its rules find their kind: a habit of the product's, left out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from domain.invitations import service as invitations
from domain.link.entries import Entry
from domain.link.messages import DeliveryBody
from domain.sync import settling
from locksim import clock, server_link
from locksim.phone_link import PhoneLink
from locksim.server_link import Nonce, Nonces
from locksim.state import LockState
from tests.locksim import rig

Patch = pytest.MonkeyPatch


def acknowledges_before_it_writes(patch: Patch) -> None:
    """A lock's disk has what it was given before last, and the lock goes on as if it had all."""
    write, read = rig.MemoryDisk.write, rig.MemoryDisk.read

    def late(self: Any, state: bytes) -> None:
        write(self, state)
        self.state, self.late = getattr(self, "late", None) or state, state

    def found(self: Any) -> bytes | None:
        self.late = None
        return read(self)

    patch.setattr(rig.MemoryDisk, "write", late)
    patch.setattr(rig.MemoryDisk, "read", found)


class AnyLife(str):
    """An incarnation that is everybody's."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False


def ignores_the_incarnation(patch: Patch) -> None:
    """A lock with another secret goes on with the state of its life before."""
    decode = LockState.decode

    def whose(data: bytes) -> LockState:
        state = decode(data)
        return replace(state, incarnation=AnyLife(state.incarnation))

    patch.setattr(LockState, "decode", staticmethod(whose))


def takes_a_stale_nonce(patch: Patch) -> None:
    """A lock takes any nonce for one that it made just now."""
    find = Nonces.find

    def any_found(self: Nonces, value: str, uptime_ms: int) -> Nonce:
        return find(self, value, uptime_ms) or Nonce(value, uptime_ms)

    patch.setattr(server_link.Nonces, "find", any_found)


class _Forever(dict[str, Any]):
    """Hellos that are always of this moment."""

    def pop(self, key: str, default: object = None) -> float:
        return float("inf")


def takes_an_old_hello(patch: Patch) -> None:
    """A lock takes a bundle for any hello, its own or not, however long ago."""
    init = PhoneLink.__init__

    def lasting(self: Any, of: Any) -> None:
        init(self, of)
        self._hellos = _Forever()

    patch.setattr(PhoneLink, "__init__", lasting)


def forgets_a_tombstone(patch: Patch) -> None:
    """The server hands out what is new and changed, and leaves out what is to be removed."""
    _leave_out(patch, lambda entries: [each.payload is None for each in entries])


def cuts_with_a_gap(patch: Patch) -> None:
    """The server hands out a delivery without the first of its changes."""
    _leave_out(
        patch, lambda entries: [place == 0 < len(entries) - 1 for place in range(len(entries))]
    )


def _leave_out(patch: Patch, missing: Callable[[Sequence[Entry]], Sequence[bool]]) -> None:
    body = DeliveryBody

    def cut(*fields: Any) -> Any:
        whole = body(*fields)
        if whole.snapshot:
            return whole
        left_out = missing(whole.entries)
        kept = [each for each, gone in zip(whole.entries, left_out, strict=True) if not gone]
        return replace(whole, entries=tuple(kept))

    patch.setattr("domain.sync.deliveries.DeliveryBody", cut)


def trusts_the_clock(patch: Patch) -> None:
    """A lock believes its battery's clock at every start, whatever time it has known before."""
    init = clock.TrustedClock.__init__

    def believing(
        self: Any, *, battery_ms: int | None, mark_ms: int | None, uptime_ms: int
    ) -> None:
        init(self, battery_ms=battery_ms, mark_ms=None, uptime_ms=uptime_ms)

    patch.setattr(clock.TrustedClock, "__init__", believing)


def counts_a_phone_twice(patch: Patch) -> None:
    """A phone takes two of the places of its invitation."""
    take = invitations._take_place

    async def twice(*of: Any) -> None:
        await take(*of)
        await take(*of)

    patch.setattr(invitations, "_take_place", twice)


def settles_what_was_lost(patch: Patch) -> None:
    """With whatever a lock acknowledges, all that was handed out to it counts as arrived."""
    judged = settling._judged

    def all_arrived(told: Any, handed_out: Any) -> Any:
        newest = max(
            (each for each in handed_out if each.epoch == told.lock.epoch),
            key=lambda each: each.to_revision,
            default=None,
        )
        if newest is not None and newest.to_revision > told.applied:
            told = replace(
                told,
                delivery_id=newest.id,
                applied=newest.to_revision,
                state_sum=newest.expected_sum or told.state_sum,
            )
        return judged(told, handed_out)

    patch.setattr(settling, "_judged", all_arrived)


@dataclass(frozen=True)
class Planted:
    """A fault, and what a town says of it."""

    plant: Callable[[Patch], None]
    said: str


PLANTED = (
    Planted(
        acknowledges_before_it_writes, "said to be|was lost|something else|clock that went back"
    ),
    Planted(ignores_the_incarnation, "out of step|something else|said to be"),
    Planted(takes_a_stale_nonce, "opened too late|opened twice|what time it is"),
    Planted(takes_an_old_hello, "what time it is"),
    Planted(forgets_a_tombstone, "something else|said to be|exactly what is wanted"),
    Planted(cuts_with_a_gap, "something else|said to be|exactly what is wanted"),
    Planted(trusts_the_clock, "clock that went back"),
    Planted(counts_a_phone_twice, "counted twice|place was refused"),
    Planted(settles_what_was_lost, "said to be|something else|opened"),
)
