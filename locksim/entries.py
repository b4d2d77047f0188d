"""What a finished entry at the keypad is: a PIN that opens, one that does not now, or a wrong one.

Pure: the firmware counts the entry before it asks and acts on the answer. The dangerous mistake is
a shortcut that tells entries apart: the one Argon2 is spent on every entry, of whatever length and
in whatever state of the lock, before this is asked.
"""

from dataclasses import dataclass
from datetime import datetime

from domain.access.decision import Decision, DenialReason, Denied, Granted, decide
from domain.access.pin_shape import LONGEST, SHORTEST, SMARTPIN_LENGTH
from domain.link.events import LockEventKind, OpeningMethod
from locksim.holdings import Holdings
from locksim.journal import Happening


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an entry turned out to be."""

    decision: Decision
    method: OpeningMethod = OpeningMethod.PIN
    entry_id: str | None = None
    """The PIN that was recognised; a recognised PIN is no wrong entry, even if it is denied."""

    @property
    def wrong(self) -> bool:
        """Whether the entry stays counted."""
        return self.entry_id is None and not self.opens

    @property
    def opens(self) -> bool:
        """Whether the door opens."""
        return isinstance(self.decision, Granted)

    @property
    def happening(self) -> Happening:
        """The event; it holds no digits."""
        if isinstance(self.decision, Denied):
            return Happening(
                LockEventKind.DENIED,
                method=self.method,
                entry_id=self.entry_id,
                reasons=self.decision.reasons,
            )
        return Happening(LockEventKind.OPENED, method=self.method, entry_id=self.entry_id)


def method_of(length: int) -> OpeningMethod:
    """As what an entry of this many digits is meant."""
    return OpeningMethod.SMARTPIN if length == SMARTPIN_LENGTH else OpeningMethod.PIN


def turned_off(holdings: Holdings, length: int) -> Verdict | None:
    """The denial of an entry that cannot open because PIN mode is off; it is not evaluated.

    None if the entry is to be counted and evaluated. Where PIN mode is on, a SmartPIN counts as a
    wrong entry also when SmartPINs are off, since wrong entries of any length count.
    """
    if holdings.pin_enabled:
        return None
    if length != SMARTPIN_LENGTH:
        return Verdict(Denied.because(DenialReason.PIN_MODE_OFF))
    if holdings.smartpin_enabled:
        return None
    reasons = (DenialReason.PIN_MODE_OFF, DenialReason.SMARTPIN_OFF)
    return Verdict(Denied(reasons), method_of(length))


def locked_out(length: int) -> Verdict:
    """The denial of every entry during a lockout; it is not evaluated."""
    return Verdict(Denied.because(DenialReason.PIN_LOCKOUT), method_of(length))


def judge(holdings: Holdings, length: int, digest: bytes, now: datetime | None) -> Verdict:
    """The verdict on an entry of this many digits and this digest, at trusted time or without."""
    if length == SMARTPIN_LENGTH:
        return _smartpin(holdings)
    if not SHORTEST <= length <= LONGEST:
        return Verdict(Denied.because(DenialReason.WRONG_LENGTH))
    pin = holdings.pins.get(digest)
    if pin is None:
        return Verdict(Denied.because(DenialReason.UNKNOWN_CREDENTIAL))
    return Verdict(decide(pin.schedules, holdings.zone, now), entry_id=pin.entry_id)


def _smartpin(holdings: Holdings) -> Verdict:
    """Ten digits. The window codec has its place here; until then every code is unknown."""
    reason = DenialReason.UNKNOWN_CREDENTIAL
    if not holdings.smartpin_enabled:
        reason = DenialReason.SMARTPIN_OFF
    return Verdict(Denied.because(reason), OpeningMethod.SMARTPIN)
