"""Bugs that a lock may have, each planted into the simulated one: what `latchwork lock-check` must find."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from api.lock_check.rules import Rule
from domain.link.entries import Entry
from domain.link.keys import LinkKeys
from domain.link.messages import DeliveryBody, UnlockCommandBody
from domain.link.proof import make_proof
from domain.link.sealing import MessageKind
from domain.link.wire import canonical
from locksim import deliveries, journal, server_link
from locksim.connection import Connection
from locksim.core import Core
from locksim.disk import FileDisk
from locksim.server_link import Nonce, Nonces, ServerLink, Session
from locksim.state import LockState

Patch = pytest.MonkeyPatch


class LateDisk:
    """A disk that writes what it was given when it is given the next."""

    def __init__(self, path: Path) -> None:
        self._disk = FileDisk(path, sync=False)
        self._late: bytes | None = None

    def read(self) -> bytes | None:
        """What has really been written."""
        return self._disk.read()

    def write(self, state: bytes) -> None:
        """The one before."""
        if self._late is not None:
            self._disk.write(self._late)
        self._late = state


def _applying(
    patch: Patch, change: Callable[[LockState, int, DeliveryBody], tuple[LockState, DeliveryBody]]
) -> None:
    """A lock that takes another state, or another body, for what it has."""
    right = deliveries.applied

    def wrong(state: LockState, epoch: int, body: DeliveryBody) -> LockState:
        taken, read = change(state, epoch, body)
        after = right(taken, epoch, read)
        return state if after is taken else after

    patch.setattr(deliveries, "applied", wrong)


def applies_a_gap(patch: Patch) -> None:
    """Changes from any revision."""
    _applying(
        patch,
        lambda state, _, body: (
            state,
            body
            if body.snapshot
            else replace(body, from_revision=min(body.from_revision, state.applied)),
        ),
    )


def applies_an_old_snapshot(patch: Patch) -> None:
    """Whatever it has itself."""
    _applying(
        patch,
        lambda state, _, body: (
            replace(state, epoch=0, applied=0) if body.snapshot else state,
            body,
        ),
    )


def applies_another_epoch(patch: Patch) -> None:
    """Changes are changes."""
    _applying(patch, lambda state, epoch, body: (replace(state, epoch=epoch), body))


def applies_part_by_part(patch: Patch) -> None:
    """Each part as if it were all."""
    _applying(patch, lambda state, _, body: (state, replace(body, part=1, parts=1)))


def ignores_removals(patch: Patch) -> None:
    """What is not there cannot be applied."""
    _applying(
        patch,
        lambda state, _, body: (
            state,
            replace(body, entries=tuple(each for each in body.entries if each.payload is not None)),
        ),
    )


def opens_for_what_it_removed(patch: Patch) -> None:
    """Its sum is right, and its keypad looks up a list that only grows."""
    right = Core.credentials_of
    ever: dict[str, Entry] = {}

    def wrong(self: Core, state: LockState) -> Any:
        ever.update(state.entries)
        return right(self, replace(state, entries={**ever, **state.entries}))

    patch.setattr(Core, "credentials_of", wrong)


def says_a_wrong_sum(patch: Patch) -> None:
    """One that leaves the versions out."""
    right = deliveries.sum_of

    def wrong(state: LockState) -> str:
        entries = {name: replace(each, version=1) for name, each in state.entries.items()}
        return right(replace(state, entries=entries))

    patch.setattr(deliveries, "sum_of", wrong)


def takes_any_nonce(patch: Patch) -> None:
    """As if it were its newest."""
    patch.setattr(Nonces, "find", lambda self, _value, _uptime_ms: self.current)


def takes_a_command_again(patch: Patch) -> None:
    """No id is remembered."""
    right = ServerLink._refusal

    def wrong(self: ServerLink, command: UnlockCommandBody, uptime_ms: int) -> Any:
        own, self._core.state = self._core.state, replace(self._core.state, commands=())
        try:
            return right(self, command, uptime_ms)
        finally:
            self._core.state = own

    patch.setattr(ServerLink, "_refusal", wrong)


def has_no_deadlines(patch: Patch) -> None:
    """A command is good for as long as its nonce."""
    right = ServerLink._refusal
    patch.setattr(
        ServerLink,
        "_refusal",
        lambda self, command, uptime_ms: right(self, replace(command, seconds=60), uptime_ms),
    )


def checks_no_tag(patch: Patch) -> None:
    """Decrypts without asking whether anything was changed, or whom it was for."""

    def wrong(
        key: bytes, _kind: MessageKind, _lock: str, _life: str, sealed: bytes
    ) -> tuple[int, bytes]:
        counter = sealed[10:22] + (2).to_bytes(4, "big")
        body = Cipher(algorithms.AES(key), modes.CTR(counter)).decryptor().update(sealed[22:-16])
        return int.from_bytes(sealed[2:10], "big"), body

    patch.setattr(server_link, "unseal_message", wrong)


def takes_fields_that_it_does_not_know(patch: Patch) -> None:
    """A reader that picks out what it knows."""
    right = UnlockCommandBody.decode
    names = ("commandId", "nonce", "opens", "releasesLockout", "seconds")

    def wrong(data: bytes) -> UnlockCommandBody:
        read = orjson.loads(data)
        return right(canonical({name: read[name] for name in names}))

    patch.setattr(UnlockCommandBody, "decode", wrong)


def sets_its_clock_by_a_repetition(patch: Patch) -> None:
    """Nothing remembers that the nonce was used."""
    patch.setattr(
        Nonce, "has_set_clock", property(lambda _: False, lambda _, __: None), raising=False
    )


def skips_numbers(patch: Patch) -> None:
    """Every event takes two."""
    right = journal.recorded

    def wrong(state: LockState, now_ms: int | None, *events: Any) -> LockState:
        after = right(state, now_ms, *events)
        return replace(after, next_sequence=after.next_sequence + (after is not state))

    patch.setattr(journal, "recorded", wrong)


def answers_with_the_next_nonce(patch: Patch) -> None:
    """Up to half a minute late."""
    patch.setattr(Session, "acknowledge", lambda self: setattr(self, "_ack_refused", True))


def says_all_at_once(patch: Patch) -> None:
    """A report does not wait for the answer to the one before."""
    right = Session.next_report

    def wrong(self: Session, state: LockState) -> Any:
        self._under_way = False
        return right(self, state)

    patch.setattr(Session, "next_report", wrong)


def forgets_what_was_refused(patch: Patch) -> None:
    """An event was said, so it is forgotten."""
    right = ServerLink._report_answered

    def wrong(self: ServerLink, *, recorded: bool) -> None:
        if not recorded:
            self._core.commit(replace(self._core.state, events=()))
        right(self, recorded=recorded)

    patch.setattr(ServerLink, "_report_answered", wrong)


def answers_no_pings(patch: Patch) -> None:
    """A pong is never sent."""
    right = Connection._send

    async def wrong(self: Connection, message: Any) -> None:
        if message["type"] != "pong":
            await right(self, message)

    patch.setattr(Connection, "_send", wrong)


def _losing(patch: Patch, **lost: Any) -> None:
    """A lock that has this of its state after each start."""
    right = LockState.decode
    patch.setattr(
        LockState, "decode", lambda data: replace(right(data), **{k: v() for k, v in lost.items()})
    )


def loses_parts(patch: Patch) -> None:
    """They were in RAM only."""
    _losing(patch, gathering=lambda: None)


def loses_commands(patch: Patch) -> None:
    """Their ids were in RAM only."""
    _losing(patch, commands=tuple)


def has_another_name_after_each_start(patch: Patch) -> None:
    """The state id is made when power comes."""
    _losing(patch, state_id=lambda: secrets.token_hex(16))


def signs_with_another_key(patch: Patch) -> None:
    """The proof is made with the key of the digests."""
    patch.setattr(
        server_link,
        "make_proof",
        lambda keys, *rest: make_proof(LinkKeys(keys.digest, keys.digest, keys.bundle), *rest),
    )


def names_its_proofs_alike(patch: Patch) -> None:
    """One jti for all."""
    patch.setattr(
        server_link,
        "make_proof",
        lambda keys, lock, nonce, _: make_proof(keys, lock, nonce, "mine"),
    )


@dataclass(frozen=True)
class Bug:
    """A bug, the scenario that meets it, and the rule that is found broken."""

    plant: Callable[[Patch], None]
    scenario: str
    rule: Rule


BUGS = (
    Bug(applies_a_gap, "leaves-gaps", Rule.GAP),
    Bug(applies_an_old_snapshot, "leaves-old-snapshots", Rule.OLD_SNAPSHOT),
    Bug(applies_another_epoch, "leaves-other-epochs", Rule.OTHER_EPOCH),
    Bug(applies_part_by_part, "gathers-parts", Rule.PARTS),
    Bug(ignores_removals, "takes-changes", Rule.REMOVAL),
    Bug(opens_for_what_it_removed, "opens-for-pins", Rule.REMOVED_PIN),
    Bug(says_a_wrong_sum, "takes-a-snapshot", Rule.STATE_SUM),
    Bug(takes_any_nonce, "refuses-stale-nonces", Rule.STALE_NONCE),
    Bug(takes_a_command_again, "carries-out", Rule.COMMAND_ONCE),
    Bug(has_no_deadlines, "keeps-deadlines", Rule.DEADLINE),
    Bug(checks_no_tag, "refuses-what-is-unreadable", Rule.UNREADABLE_DELIVERY),
    Bug(checks_no_tag, "refuses-unreadable-orders", Rule.UNREADABLE_COMMAND),
    Bug(takes_fields_that_it_does_not_know, "refuses-malformed-orders", Rule.MALFORMED_COMMAND),
    Bug(sets_its_clock_by_a_repetition, "believes-time-once", Rule.TIME_ONCE),
    Bug(skips_numbers, "carries-out", Rule.SEQUENCE),
    Bug(says_all_at_once, "waits-for-answers", Rule.ONE_REPORT),
    Bug(forgets_what_was_refused, "says-events-again", Rule.EVENTS_STAY),
    Bug(answers_no_pings, "answers-pings", Rule.PONG),
    Bug(loses_parts, "keeps-parts", Rule.PARTS_ON_DISK),
    Bug(loses_commands, "remembers-orders", Rule.COMMAND_REMEMBERED),
    Bug(has_another_name_after_each_start, "tells-of-its-start", Rule.STATE_ID),
    Bug(names_its_proofs_alike, "comes-back", Rule.PROOF_ONCE),
)
