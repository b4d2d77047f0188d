"""Expected failures: why a use case declined, said so that the caller can act on it.

Every class here is one GraphQL error type of the same name; `api/schema/errors.py` holds the one table that maps them.
Messages end up on screens and in logs, so they never carry PIN digits, codes, tokens or anything a caller typed.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.access.decision import DenialReason
from smartpin import Limits, WindowFault


class Refusal(Exception):
    """A use case declined, nothing was changed. `message` is for people."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidInput(Refusal):
    """A value cannot be used; `field` names the use case's parameter, or with a dot what is inside it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class InvalidSchedule(InvalidInput):
    """The five schedule fields do not make a schedule."""


class PolicyViolation(InvalidInput):
    """The site's (or the installation's) policy does not allow this value."""


class CursorAhead(InvalidInput):
    """A cursor of events that the site does not have, as after the restoring of a backup."""

    def __init__(self, field: str) -> None:
        super().__init__(field, "This cursor is ahead of the site's events. Read them anew.")


class CursorExpired(InvalidInput):
    """A cursor of events behind which some were deleted by the site's rule."""

    def __init__(self, field: str) -> None:
        super().__init__(
            field,
            "Events behind this cursor are not kept any more. Read them anew, from the oldest that is there.",
        )


class NotFound(Refusal):
    """No such thing for this caller. A foreign id answers exactly like one that does not exist."""

    def __init__(self, field: str = "id") -> None:
        super().__init__("There is nothing with this id that you may see.")
        self.field = field


class NotAllowed(Refusal):
    """The caller is known, but may not do this."""

    def __init__(self, message: str = "You may not do this.") -> None:
        super().__init__(message)


class NotSignedIn(NotAllowed):
    """The caller showed no credential, or one that has ended."""

    def __init__(self, message: str = "Sign in first.") -> None:
        super().__init__(message)


class Throttled(Refusal):
    """Too many tries; `retry_after_seconds` is a whole number."""

    def __init__(
        self, retry_after_seconds: int, message: str = "Too many tries. Wait, then try again."
    ) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class FeatureNotInPlan(Refusal):
    """The site's plan does not include the add-on; `feature` is a `domain.sites.rules.SiteFeature`."""

    def __init__(self, feature: StrEnum, name: str) -> None:
        super().__init__(f"This site's plan does not include {name}.")
        self.feature = feature


class SeatLimitReached(Refusal):
    """Members and invitations that have not ended fill the plan."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"All {limit} seats of this site are taken. Remove a member, delete an invitation, or enlarge the plan."
        )
        self.limit = limit


class InvitationNotRedeemable(Refusal):
    """One answer for unknown, ended and deleted codes: a guess learns nothing."""

    def __init__(self) -> None:
        super().__init__(
            "This invitation code cannot be redeemed. Check it, or ask your host for another."
        )


class DeviceLimitReached(Refusal):
    """The invitation already has as many devices as it may."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"This invitation is already in use on {limit} device(s), as many as it allows."
        )
        self.limit = limit


class AccessDenied(Refusal):
    """The door stays closed, for every one of `reasons`; none: the lock itself refused and did not say why.

    `next_at` is the first moment at which the caller's schedules open; None: none does any more, or they are open and the
    lock refused.
    """

    def __init__(self, reasons: Sequence[DenialReason], next_at: datetime | None = None) -> None:
        if reasons:
            super().__init__("The door did not open: " + ", ".join(reasons) + ".")
        else:
            super().__init__(
                "The door did not open: the lock refused the command and gave no reason."
            )
        self.reasons = tuple(reasons)
        self.next_at = next_at


class LockOffline(Refusal):
    """The lock has no live connection, so nothing was sent to it."""

    def __init__(self, last_contact_at: datetime | None) -> None:
        super().__init__("The lock is not connected. Nothing was sent to it.")
        self.last_contact_at = last_contact_at


class LockDidNotAnswer(Refusal):
    """The command was handed out and no answer came in time: the outcome is unknown until an event tells it."""

    def __init__(self) -> None:
        super().__init__(
            "The lock did not answer in time. It may still have opened; its events will tell."
        )


class LockNeverSetUp(Refusal):
    """No secret of the lock is in force or may still be proven."""

    def __init__(self) -> None:
        super().__init__("The lock has never been set up: provision it, and install the kit.")


class HelloNotAcceptable(Refusal):
    """What a phone brought of a lock is no hello of it in its present life."""

    def __init__(self) -> None:
        super().__init__(
            "This is no hello of the lock. Hold the phone to the door again; if that does not help, provision the lock anew."
        )


class ReceiptNotAcceptable(Refusal):
    """One answer for what is damaged, forged, of another lock, or of a life of the lock that is over."""

    def __init__(self) -> None:
        super().__init__(
            "This is no receipt of the lock in its present life. Do not send it again."
        )


class SignInFailed(Refusal):
    """One answer for an unknown account, a wrong password and a wrong second factor."""

    def __init__(self) -> None:
        super().__init__("E-mail, password or code is wrong.")


class WrongAddress(Refusal):
    """A browser's page is not at the installation's public URL, so that it would get a cookie of no use."""

    def __init__(self, expected_origin: str) -> None:
        super().__init__(
            f"This page is not at the address of this installation. Open {expected_origin} instead."
        )
        self.expected_origin = expected_origin


class PasswordNotConfirmed(Refusal):
    """The password must have been confirmed within the last minutes."""

    def __init__(self) -> None:
        super().__init__("Type your password again first (confirmPassword), then go on.")


class LinkNotUsable(Refusal):
    """One answer for a mailed link that is unknown, used or too old."""

    def __init__(self) -> None:
        super().__init__("This link cannot be used any more. Ask for a new one.")


class MailNotSent(Refusal):
    """So many letters of the site wait for the mail server that no more are taken."""

    def __init__(self) -> None:
        super().__init__(
            "A thousand letters of this site wait for a mail server that takes none. Nothing was changed; "
            "try again later, and tell whoever runs this server."
        )


class StillInUse(Refusal):
    """The thing cannot be deleted while others use it."""


class AlreadyExists(Refusal):
    """There is one already, `existing`, as its row; another would be one too many."""

    def __init__(self, existing: object, message: str) -> None:
        super().__init__(message)
        self.existing = existing


class InvalidPin(InvalidInput):
    """Not ASCII digits."""

    def __init__(self) -> None:
        super().__init__("digits", "A PIN consists of the digits 0 to 9.")


class PinTooShort(Refusal):
    """Shorter than the site's policy (or the lock's guess budget) asks; `min_length` would do."""

    def __init__(self, min_length: int, message: str = "") -> None:
        super().__init__(message or f"Take at least {min_length} digits.")
        self.min_length = min_length


class PinNotAcceptable(Refusal):
    """One answer for weak and for taken digits: a refusal tells nothing about anybody's PIN."""

    def __init__(self) -> None:
        super().__init__("This PIN cannot be used here. Choose another, or have one generated.")


class NamedRow(Protocol):
    """A row that has a name for people."""

    @property
    def name(self) -> str: ...


def _by_name(rows: Iterable[NamedRow]) -> tuple[NamedRow, ...]:
    return tuple(sorted(rows, key=lambda row: row.name))


def _names(rows: Iterable[NamedRow]) -> str:
    return ", ".join(row.name for row in rows)


class LockWithoutKeypad(Refusal):
    """PINs cannot be typed on these locks; `locks` are their rows, by name."""

    def __init__(self, locks: Iterable[NamedRow]) -> None:
        self.locks = _by_name(locks)
        super().__init__(f"These locks have no keypad: {_names(self.locks)}.")


class LockTooOld(Refusal):
    """The firmware of these locks (`locks`, rows by name) cannot hold what was asked; `needs` is what it would read."""

    def __init__(self, locks: Iterable[NamedRow], needs: Sequence[str], message: str = "") -> None:
        self.locks = _by_name(locks)
        self.needs = tuple(needs)
        asked = message or "The firmware of these locks cannot hold this"
        super().__init__(
            f"{asked}: {_names(self.locks)}. It would have to read {', '.join(needs)}."
        )


class InvalidWindow(Refusal):
    """A start and an end that make no SmartPIN window; `nearest` are spans that do, `limits` the windows that exist."""

    def __init__(
        self, message: str, fault: WindowFault, nearest: Sequence[object], limits: Limits
    ) -> None:
        super().__init__(f"{message} The nearest that work are in `nearest`.")
        self.fault = fault
        self.nearest = tuple(nearest)
        self.limits = limits


class NoFreeWindow(Refusal):
    """Every code of this window is given out; `nearest` holds the nearest span with a free one, if there is one."""

    def __init__(self, nearest: Sequence[object]) -> None:
        super().__init__("Every code for this time is given out. Ask for another start or end.")
        self.nearest = tuple(nearest)


class SmartPinsOff(Refusal):
    """The lock takes no SmartPINs; `reason` is a `domain.smartpins.rules.NoSmartPins`."""

    def __init__(self, reason: StrEnum, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class LockTimezoneUnknown(Refusal):
    """Days depend on the site's time zone, `timezone`, and the lock is not known to use it."""

    def __init__(self, timezone: str) -> None:
        super().__init__(
            f"This lock is not known to use the site's time zone, {timezone}. Let it take its settings first (Lock.sync "
            "says when it has), or, if it never has a network, provision it again. Up to 768 hours can be given now."
        )
        self.timezone = timezone


class SmartPinBlockedAtDoor(Refusal):
    """The SmartPIN was blocked at the lock's keypad: the lock keeps that by itself, until the window ends."""

    def __init__(self) -> None:
        super().__init__(
            "This SmartPIN was blocked at the lock's keypad, which cannot be undone from here. Make another."
        )
