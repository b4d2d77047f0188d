"""One connection to the server, as the lock sees it: its nonces, and what is still to be said.

Made anew for each socket and never written to disk. One report is under way at a time; whatever
comes up meanwhile goes into the next. The dangerous mistake is to take silence for consent: an
event stays until the server says that it has it, and the last answer to a delivery is repeated on
each connection.
"""

from collections.abc import Callable

from locksim import journal
from locksim.nonces import Nonces
from locksim.signals import Report
from locksim.state import LockState


class Uplink:
    """What this connection has told so far."""

    def __init__(self, random_bytes: Callable[[int], bytes], uptime_ms: int) -> None:
        self.nonces = Nonces(random_bytes, uptime_ms)
        self._nonce_due = True
        self._ack_due = True
        self._told_up_to = 0
        self._ack_refused = False
        self._under_way = False

    def renew(self, uptime_ms: int) -> None:
        """A new nonce; with it whatever the server has not taken so far is told again."""
        self.nonces.renew(uptime_ms)
        self._nonce_due = True
        self._ack_due = self._ack_due or self._ack_refused
        self._ack_refused = False
        self._told_up_to = 0

    def answer_due(self) -> None:
        """A delivery was answered: tell it."""
        self._ack_due = True

    def answered(self, *, recorded: bool) -> None:
        """The report came back. What was refused is told again with the next nonce, not at once."""
        self._under_way = False
        self._ack_refused = self._ack_refused or not recorded

    def next_report(self, state: LockState) -> Report | None:
        """The report that is due, now under way; None if there is nothing to say or one is."""
        if self._under_way:
            return None
        events = journal.batch(state, self._told_up_to)
        if not (self._nonce_due or self._ack_due or events):
            return None
        report = Report(
            applied_revision=state.applied,
            nonce=self.nonces.current.value,
            ack=state.last_ack if self._ack_due else None,
            events=events,
        )
        self._told_up_to = max((event.sequence for event in events), default=self._told_up_to)
        self._nonce_due = self._ack_due = False
        self._under_way = True
        return report
