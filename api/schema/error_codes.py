"""What went wrong, for a program: one code for each type of error, and one that says more than its type."""

from enum import StrEnum

import strawberry

from api.schema.growth import GROWS


class ErrorCode(StrEnum):
    """The codes; `code_of_type` makes them of types."""

    ACCESS_DENIED = "ACCESS_DENIED"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    DEVICE_LIMIT_REACHED = "DEVICE_LIMIT_REACHED"
    FEATURE_NOT_IN_PLAN = "FEATURE_NOT_IN_PLAN"
    HELLO_NOT_ACCEPTABLE = "HELLO_NOT_ACCEPTABLE"
    INVALID_INPUT = "INVALID_INPUT"
    INVALID_PIN = "INVALID_PIN"
    INVALID_SCHEDULE = "INVALID_SCHEDULE"
    INVALID_WINDOW = "INVALID_WINDOW"
    INVITATION_NOT_REDEEMABLE = "INVITATION_NOT_REDEEMABLE"
    LINK_NOT_USABLE = "LINK_NOT_USABLE"
    LOCK_DID_NOT_ANSWER = "LOCK_DID_NOT_ANSWER"
    LOCK_NEVER_SET_UP = "LOCK_NEVER_SET_UP"
    LOCK_OFFLINE = "LOCK_OFFLINE"
    LOCK_TIMEZONE_UNKNOWN = "LOCK_TIMEZONE_UNKNOWN"
    LOCK_TOO_OLD = "LOCK_TOO_OLD"
    LOCK_WITHOUT_KEYPAD = "LOCK_WITHOUT_KEYPAD"
    MAIL_NOT_SENT = "MAIL_NOT_SENT"
    NO_FREE_WINDOW = "NO_FREE_WINDOW"
    NOT_ALLOWED = "NOT_ALLOWED"
    NOT_FOUND = "NOT_FOUND"
    PASSWORD_NOT_CONFIRMED = "PASSWORD_NOT_CONFIRMED"  # noqa: S105 - a code
    PIN_NOT_ACCEPTABLE = "PIN_NOT_ACCEPTABLE"
    PIN_TOO_SHORT = "PIN_TOO_SHORT"
    POLICY_VIOLATION = "POLICY_VIOLATION"
    RECEIPT_NOT_ACCEPTABLE = "RECEIPT_NOT_ACCEPTABLE"
    SEAT_LIMIT_REACHED = "SEAT_LIMIT_REACHED"
    SIGN_IN_FAILED = "SIGN_IN_FAILED"
    SMART_PIN_BLOCKED_AT_DOOR = "SMART_PIN_BLOCKED_AT_DOOR"
    SMART_PINS_OFF = "SMART_PINS_OFF"
    STILL_IN_USE = "STILL_IN_USE"
    THROTTLED = "THROTTLED"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    WRONG_ADDRESS = "WRONG_ADDRESS"


def code_of_type(name: str) -> ErrorCode:
    """The code of the type of this name. Raises KeyError where there is none."""
    return _OF_TYPES[name]


def type_of_code(code: ErrorCode) -> str:
    """The type whose code it is."""
    return code.value.title().replace("_", "")


_OF_TYPES = {type_of_code(each): each for each in ErrorCode}

strawberry.enum(
    ErrorCode,
    description="What went wrong, for a program: the error's type in capitals, and UNAUTHENTICATED. A code never changes "
    f"its meaning. {GROWS}",
)
for value in ErrorCode.__strawberry_definition__.values:  # type: ignore[attr-defined]
    value.description = (
        "A `NotAllowed` for whoever has not signed in."
        if value.name == ErrorCode.UNAUTHENTICATED
        else f"The code of `{type_of_code(ErrorCode[value.name])}`."
    )
