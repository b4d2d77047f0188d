"""A lock as a state machine without I/O: what happens goes in, what is to be done comes out.

So everything a lock decides can be tested without a socket, a clock or a thread: the driver passes in
what happens, with the uptime at which it does, and carries out what is in `outbox`. The one thing
that is not left to the driver is that the disk comes first: it is passed in, and written before
anything is put into the outbox. `uptime_ms` is the lock's own and never goes back.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from domain.security.passwords import derive_verifier
from locksim.core import Core
from locksim.disk import Disk
from locksim.keypad import Key, Keypads, SlowHash
from locksim.phone_link import Answer, PhoneLink, Presented
from locksim.provisioning import Provisioning
from locksim.server_link import ServerLink
from locksim.signals import FeedStart, Inbound, Outbound
from locksim.state import LockState


@dataclass(frozen=True, slots=True)
class KeypadView:
    """What a person in front of one of several keypads could see."""

    reader_id: str
    name: str
    typed: int
    pin_enabled: bool


@dataclass(frozen=True, slots=True)
class LockView:
    """What a person in front of the lock could see."""

    bolt_drawn: bool
    typed: int
    """Digits in the entry so far, at the first keypad."""
    locked_out: bool
    pin_enabled: bool
    smartpin_enabled: bool
    now_ms: int | None
    """Trusted time (Unix, ms), or None: the lock has no time."""
    keypads: tuple[KeypadView, ...] = ()
    """Its keypads, where it knows which reader each is."""


class Firmware:
    """A lock from one start to the next. `outbox` holds what it wants done, in order."""

    def __init__(
        self,
        provisioning: Provisioning,
        disk: Disk,
        *,
        uptime_ms: int,
        battery_ms: int | None,
        random_bytes: Callable[[int], bytes],
        slow_hash: SlowHash = derive_verifier,
    ) -> None:
        """Start from the disk. `battery_ms` is the battery-backed clock (Unix, ms), if it runs.

        On an empty disk that clock is what the installer set. A disk of another incarnation is from
        before a factory reset, and forgotten. Raises DiskDamaged and StateUnreadable.
        """
        self._core = Core(
            provisioning,
            disk,
            uptime_ms=uptime_ms,
            battery_ms=battery_ms,
            random_bytes=random_bytes,
        )
        self._keypads = Keypads(self._core, slow_hash)
        self._link = ServerLink(self._core)
        self._phones = PhoneLink(self._core)

    @property
    def outbox(self) -> deque[Outbound]:
        """What is to be done, in order; the driver takes it out."""
        return self._core.outbox

    @property
    def state(self) -> LockState:
        """The durable state, as it is on disk."""
        return self._core.state

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which dates, slots and weekdays are read."""
        return self._core.credentials.zone

    def view(self, uptime_ms: int) -> LockView:
        """What can be seen from outside."""
        return LockView(
            bolt_drawn=self._core.bolt_falls_ms is not None,
            typed=self._keypads.typed(),
            locked_out=self._core.state.tries.locked,
            pin_enabled=self._core.credentials.pin_enabled,
            smartpin_enabled=self._core.credentials.smartpin_enabled,
            now_ms=self._core.clock.now_ms(uptime_ms),
            keypads=tuple(
                KeypadView(
                    each.reader_id,
                    each.name,
                    self._keypads.typed(each.reader_id),
                    self._core.credentials.at(each.reader_id).pin_enabled,
                )
                for each in self._core.provisioning.keypads
            ),
        )

    def prove(self, challenge: str) -> str:
        """The proof for `connection_init`, over the nonce that `lockChallenge` gave."""
        return self._link.prove(challenge)

    def connected(self, uptime_ms: int) -> FeedStart:
        """A socket is open: with what to subscribe. The first report is in the outbox."""
        start = self._link.connected(uptime_ms)
        self._link.offer_report()
        return start

    def disconnected(self) -> None:
        """The socket is gone."""
        self._link.disconnected()

    def receive(self, message: Inbound, uptime_ms: int) -> None:
        """Take one message from the server."""
        self._core.tick(uptime_ms)
        self._link.receive(message, uptime_ms)
        self._link.offer_report()

    def press(self, key: Key, uptime_ms: int, reader: str | None = None) -> None:
        """Take one key at the keypad of this reader (None: the first); Enter takes the time of one Argon2."""
        self._core.tick(uptime_ms)
        self._keypads.press(key, uptime_ms, reader)
        self._link.offer_report()

    def present_card(self, uid: bytes, uptime_ms: int) -> None:
        """Take an NFC card, by its UID."""
        self._core.tick(uptime_ms)
        self._core.present_card(uid, uptime_ms)
        self._link.offer_report()

    def hello(self, uptime_ms: int) -> bytes:
        """A phone has come close: what the lock says to it. Raises NoCourier."""
        self._core.tick(uptime_ms)
        return self._phones.hello(uptime_ms)

    def present(self, presented: Presented, uptime_ms: int) -> Answer:
        """Take what a phone hands over, by Bluetooth."""
        self._core.tick(uptime_ms)
        answer = self._phones.present(presented, uptime_ms)
        self._link.offer_report()
        return answer

    def tick(self, uptime_ms: int) -> None:
        """Do what time alone makes due."""
        self._core.tick(uptime_ms)
        self._keypads.tick(uptime_ms)
        self._link.tick(uptime_ms)
        self._link.offer_report()

    def wake_ms(self, uptime_ms: int) -> int:
        """The uptime by which `tick` should be called, if nothing happens before."""
        due = [*self._core.due_ms(uptime_ms), self._keypads.due_ms, self._link.due_ms]
        return min(each for each in due if each is not None)
