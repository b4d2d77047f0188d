"""Expected failures as union members, and the two tables that map what the domain raises to what a client sees.

The words, in all of `api`: a refusal is raised where nothing was done (the domain's `Refusal`, HTTP's `RequestRefused`); an
error is what a client gets to read; a fault is an exception that nobody expected.
"""

import dataclasses
from collections.abc import Callable
from datetime import datetime, time
from typing import Any

import strawberry
from strawberry.utils.str_converters import to_camel_case

from api.protocol import RequestRefused
from api.schema.error_codes import ErrorCode, code_of_type
from api.schema.growth import GROWS
from api.schema.locks import Lock
from api.schema.nodes import Node, node_of
from domain import errors as domain
from domain.access.decision import DenialReason
from domain.clock import Clock
from domain.database import DatabaseUnavailable
from domain.database.rows import Row
from domain.sites.rules import SiteFeature
from domain.smartpins.rules import NoSmartPins
from smartpin import WindowFault


@strawberry.interface(
    description=f"An expected failure. Nothing was changed, unless the message says so. {GROWS}"
)
class Error:
    message: str = strawberry.field(description="What went wrong and what to do, for a person.")
    code: ErrorCode = strawberry.field(description="The same for a program.")
    path: list[str] | None = strawberry.field(
        description="Where in the mutation's input, from the outside in, items of lists by their index; null: nowhere."
    )


@strawberry.type(description="A field of the input cannot be used.")
class InvalidInput(Error):
    field: str = strawberry.field(description="The input field at fault.")


@strawberry.type(description="The five schedule fields do not make a schedule.")
class InvalidSchedule(Error):
    field: str = strawberry.field(description="The schedule field at fault.")


@strawberry.type(description="The site's or the installation's policy does not allow this value.")
class PolicyViolation(Error):
    field: str = strawberry.field(description="The input field at fault.")


@strawberry.type(description="No such thing for this caller; a foreign id answers the same.")
class NotFound(Error):
    field: str = strawberry.field(description="The input field that names nothing.")


@strawberry.type(description="The caller may not do this.")
class NotAllowed(Error):
    pass


@strawberry.type(description="Too many tries.")
class Throttled(Error):
    retry_after_seconds: int = strawberry.field(description="Seconds to wait before the next try.")


@strawberry.type(description="The site's plan does not include the add-on.")
class FeatureNotInPlan(Error):
    feature: SiteFeature = strawberry.field(description="The add-on that is missing.")


@strawberry.type(description="All seats of the plan are taken.")
class SeatLimitReached(Error):
    limit: int = strawberry.field(description="The number of seats.")


@strawberry.type(description="The code is unknown, ended or deleted: one answer for all three.")
class InvitationNotRedeemable(Error):
    pass


@strawberry.type(description="The invitation is in use on as many devices as it allows.")
class DeviceLimitReached(Error):
    limit: int = strawberry.field(description="The number of devices.")


@strawberry.type(description="The door stayed closed.")
class AccessDenied(Error):
    reasons: list[DenialReason] = strawberry.field(description="Every reason.")
    next_at: datetime | None = strawberry.field(
        description="The first moment at which the caller's schedules open this door; null: never, or they are open "
        "and the lock refused."
    )


@strawberry.type(description="The lock is not connected; nothing was sent to it.")
class LockOffline(Error):
    last_contact_at: datetime | None = strawberry.field(
        description="When the lock was last heard of; null: never."
    )


@strawberry.type(
    description="The lock did not answer in time: the outcome is unknown until an event tells it."
)
class LockDidNotAnswer(Error):
    pass


@strawberry.type(
    description="No secret of the lock is in force: it was never provisioned, or its kit ended unproven."
)
class LockNeverSetUp(Error):
    pass


@strawberry.type(
    description="What the phone brought is no hello of this lock in its present life: damaged, of another lock, or old."
)
class HelloNotAcceptable(Error):
    pass


@strawberry.type(
    description="It is no receipt of this lock in its present life: damaged, forged, of another lock or of none: one answer "
    "for all. The phone forgets it."
)
class ReceiptNotAcceptable(Error):
    pass


@strawberry.type(description="E-mail, password or code is wrong: one answer for all.")
class SignInFailed(Error):
    pass


@strawberry.type(
    description="The browser's page is not at the address of this installation: it would get a cookie of no use."
)
class WrongAddress(Error):
    expected_origin: str = strawberry.field(
        description="The origin to open instead, as https://doors.example."
    )


@strawberry.type(description="What was asked for needs the password again: confirmPassword first.")
class PasswordNotConfirmed(Error):
    pass


@strawberry.type(description="The mailed link is unknown, used or too old: one answer for all.")
class LinkNotUsable(Error):
    pass


@strawberry.type(
    description="A thousand letters of the site wait already, since no mail server takes them: no more are accepted. "
    "A letter that waits to be sent is no error."
)
class MailNotSent(Error):
    pass


@strawberry.type(description="The thing cannot be deleted while others stand on it.")
class StillInUse(Error):
    pass


@strawberry.type(description="There is one already, and there can be one only.")
class AlreadyExists(Error):
    existing: Node = strawberry.field(description="The one that is there, unchanged.")


@strawberry.type(description="Something else than the digits 0 to 9.")
class InvalidPin(Error):
    field: str = strawberry.field(description="The input field at fault.")


@strawberry.type(description="Too few digits for the site's policy.")
class PinTooShort(Error):
    min_length: int = strawberry.field(description="The fewest digits that would do.")


@strawberry.type(description="The digits are weak or taken: one answer for both.")
class PinNotAcceptable(Error):
    pass


@strawberry.type(description="PINs cannot be typed on these locks.")
class LockWithoutKeypad(Error):
    locks: list[Lock] = strawberry.field(description="The locks, by name.")


@strawberry.type(
    description="The firmware of these locks cannot hold what was asked: update it, or ask for what it can hold."
)
class LockTooOld(Error):
    locks: list[Lock] = strawberry.field(description="The locks, by name.")
    needs: list[str] = strawberry.field(
        description="What a lock would have to read, by the names of `Lock.linkReads`."
    )


@strawberry.type(description="A start and an end for a SmartPIN that would do as they are.")
class WindowSpan:
    starts_at: datetime = strawberry.field(description="The start.")
    ends_at: datetime = strawberry.field(description="The end.")


@strawberry.type(description="What windows there are for SmartPINs.")
class WindowLimits:
    min_hours: int = strawberry.field(description="The fewest hours, on the hour.")
    max_hours: int = strawberry.field(description="The most hours, on the hour.")
    min_days: int = strawberry.field(description="The fewest days, from start day to end day.")
    max_days: int = strawberry.field(description="The most days, from start day to end day.")
    opens_at: time = strawberry.field(
        name="firstDayFrom", description="When a window of days opens on its first day."
    )
    closes_at: time = strawberry.field(
        name="lastDayUntil", description="When a window of days closes on its last day."
    )


@strawberry.type(description="The start and end make no SmartPIN window.")
class InvalidWindow(Error):
    fault: WindowFault = strawberry.field(description="Why.")
    nearest: list[WindowSpan] = strawberry.field(
        description="Spans that work as they are, nearest first. At most 4."
    )
    limits: WindowLimits = strawberry.field(description="What windows there are.")


@strawberry.type(description="Every code of this window at this lock is given out.")
class NoFreeWindow(Error):
    nearest: list[WindowSpan] = strawberry.field(
        description="The nearest span with a free code; empty: none is near. At most 1."
    )


@strawberry.type(description="The lock takes no SmartPINs.")
class SmartPinsOff(Error):
    reason: NoSmartPins = strawberry.field(description="Why not.")


@strawberry.type(
    description="The lock is not known to use the site's time zone, so it gets no SmartPINs of days."
)
class LockTimezoneUnknown(Error):
    timezone: str = strawberry.field(description="The site's time zone.")


@strawberry.type(description="The SmartPIN was blocked at the lock's keypad, for good.")
class SmartPinBlockedAtDoor(Error):
    pass


ERRORS: dict[type[domain.Refusal], type[Error]] = {
    domain.InvalidInput: InvalidInput,
    domain.InvalidSchedule: InvalidSchedule,
    domain.PolicyViolation: PolicyViolation,
    domain.NotFound: NotFound,
    domain.NotAllowed: NotAllowed,
    domain.NotSignedIn: NotAllowed,
    domain.Throttled: Throttled,
    domain.FeatureNotInPlan: FeatureNotInPlan,
    domain.SeatLimitReached: SeatLimitReached,
    domain.InvitationNotRedeemable: InvitationNotRedeemable,
    domain.DeviceLimitReached: DeviceLimitReached,
    domain.AccessDenied: AccessDenied,
    domain.LockOffline: LockOffline,
    domain.LockDidNotAnswer: LockDidNotAnswer,
    domain.LockNeverSetUp: LockNeverSetUp,
    domain.HelloNotAcceptable: HelloNotAcceptable,
    domain.ReceiptNotAcceptable: ReceiptNotAcceptable,
    domain.SignInFailed: SignInFailed,
    domain.WrongAddress: WrongAddress,
    domain.PasswordNotConfirmed: PasswordNotConfirmed,
    domain.LinkNotUsable: LinkNotUsable,
    domain.MailNotSent: MailNotSent,
    domain.StillInUse: StillInUse,
    domain.AlreadyExists: AlreadyExists,
    domain.InvalidPin: InvalidPin,
    domain.PinTooShort: PinTooShort,
    domain.PinNotAcceptable: PinNotAcceptable,
    domain.LockWithoutKeypad: LockWithoutKeypad,
    domain.LockTooOld: LockTooOld,
    domain.InvalidWindow: InvalidWindow,
    domain.NoFreeWindow: NoFreeWindow,
    domain.SmartPinsOff: SmartPinsOff,
    domain.LockTimezoneUnknown: LockTimezoneUnknown,
    domain.SmartPinBlockedAtDoor: SmartPinBlockedAtDoor,
}

_OTHERWISE_SPELLED = {
    "since": "from",
    "until": "to",
    "site_ids": "siteId",
}


def spelled(parameter: str) -> str:
    """How the API spells a parameter of the domain: `pinPolicy.minLength` for `pin_policy.min_length`.

    What is spelled so already stays: names of the schema itself (`api/schema/bounds.py`) pass through here too.
    """
    return _OTHERWISE_SPELLED.get(parameter) or to_camel_case(parameter)


COMMON: tuple[type[Error], ...] = (InvalidInput, NotFound, NotAllowed, Throttled)
"""What every mutation may answer."""


def error_of(refusal: domain.Refusal, clock: Clock) -> Error:
    """The GraphQL error of a refusal: the type of the same name, with the same fields, rows as their nodes."""
    kind = ERRORS[type(refusal)]
    make: Callable[..., Error] = kind
    own = {each.name for each in dataclasses.fields(kind)} - {"code", "path"}
    values = {name: _shown(getattr(refusal, name), clock) for name in own}
    if "field" in values:
        values["field"] = spelled(values["field"])
    nobody = isinstance(refusal, domain.NotSignedIn)
    return make(
        code=ErrorCode.UNAUTHENTICATED if nobody else code_of_type(kind.__name__),
        path=values["field"].split(".") if "field" in values else None,
        **values,
    )


def _shown(value: object, clock: Clock) -> Any:
    if isinstance(value, tuple):
        return [_shown(each, clock) for each in value]
    return node_of(value, clock) if isinstance(value, Row) else value


RETRY_SECONDS = 2
"""When to ask again after the database did not answer; many will, so clients add jitter of their own."""


_CURSORS: dict[type[Exception], str] = {
    domain.CursorAhead: "CURSOR_AHEAD",
    domain.CursorExpired: "CURSOR_EXPIRED",
}
"""Only streams raise these, so no union has them."""


def explained(raised: BaseException) -> RequestRefused | None:
    """What the client is told where no union carries it: in queries, fields, streams and authentication.

    None for what nobody expected.
    """
    match raised:
        case DatabaseUnavailable():
            return RequestRefused(
                503,
                "UNAVAILABLE",
                "The database does not answer now. Try again; a change may or may not have been made.",
                {"retry-after": str(RETRY_SECONDS)},
                {"retryAfterSeconds": RETRY_SECONDS},
            )
        case domain.NotFound():
            at_fault = {"field": spelled(raised.field)}
            return RequestRefused(404, "NOT_FOUND", raised.message, extensions=at_fault)
        case domain.InvalidInput():
            at_fault = {"field": spelled(raised.field)}
            code = _CURSORS.get(type(raised), "BAD_USER_INPUT")
            return RequestRefused(400, code, raised.message, extensions=at_fault)
        case domain.Throttled():
            wait = {"retryAfterSeconds": raised.retry_after_seconds}
            return RequestRefused(429, "THROTTLED", raised.message, extensions=wait)
        case domain.Refusal():
            nobody = isinstance(raised, domain.NotSignedIn)
            status, code = (401, "UNAUTHENTICATED") if nobody else (403, "NOT_ALLOWED")
            return RequestRefused(status, code, raised.message)
        case _:
            return None
