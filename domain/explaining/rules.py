"""Why a credential opens a door at a moment, or does not. Pure.

Two things are told apart: what the site wants, and what the lock holds. Both are decided by what the lock itself runs
(`domain.access`); here the facts are put before it, and its answer is said with the row behind each reason. Where it is not
known what the lock holds, each thing that it may hold is asked, and no answer is given unless all of them agree.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.access.decision import Decision, DenialReason, Granted, check_schedule, decide
from domain.access.keypad import (
    KeypadState,
    SmartPinState,
    all_denials,
    known_pin,
    known_smartpin,
    smartpins_at_all,
    unseen,
)
from domain.access.openings import next_opening
from domain.access.schedule import Schedule
from domain.link.events import OpeningMethod


class AccessReasonCode(StrEnum):
    """What speaks for or against the door opening. Those of a denial have the names that the lock's events give them."""

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> "AccessReasonCode":
        """`meaning` is what it says to people, and so stands in the schema too."""
        code = str.__new__(cls, value)
        code._value_ = value
        code.meaning = meaning or DenialReason(value).meaning
        return code

    SCHEDULE_OPEN = "SCHEDULE_OPEN", "For: its schedule is open at this moment."
    STILL_ON_LOCK = (
        "STILL_ON_LOCK",
        "For: the lock holds an older version than is wanted, and that one opens.",
    )
    NOT_YET_VALID = "NOT_YET_VALID"
    ENDED = "ENDED"
    WRONG_WEEKDAY = "WRONG_WEEKDAY"
    OUTSIDE_SLOT = "OUTSIDE_SLOT"
    NO_TIME = "NO_TIME"
    NO_RULE = "NO_RULE"
    BLOCKED = "BLOCKED"
    PIN_MODE_OFF = "PIN_MODE_OFF"
    PIN_LOCKOUT = "PIN_LOCKOUT"
    SMARTPIN_OFF = "SMARTPIN_OFF"
    ACTIVATION_MISSED = (
        "ACTIVATION_MISSED",
        "The SmartPIN was not used in its first day, as this site asks.",
    )
    VOID = "VOID", "The SmartPIN is of an earlier secret of the lock."
    NO_ACCOUNT = "NO_ACCOUNT", "The member has no account, so no phone of theirs opens a door."
    LOCK_WITHOUT_KEYPAD = "LOCK_WITHOUT_KEYPAD", "The lock has no keypad."
    LOCK_NEVER_SET_UP = (
        "LOCK_NEVER_SET_UP",
        "The lock has not proven a secret yet, so it knows of nothing.",
    )
    LOCK_OFFLINE = "LOCK_OFFLINE", "The lock is not connected now, so no order reaches it."
    LOCK_TOO_OLD = (
        "LOCK_TOO_OLD",
        "The lock has no network, and its firmware takes nothing from phones.",
    )
    NOT_ON_LOCK = "NOT_ON_LOCK", "The lock is known not to hold what is wanted, or not yet."
    OLD_DIGITS = (
        "OLD_DIGITS",
        "The lock holds the PIN with the digits of before: those open, the new ones do not yet.",
    )
    ON_ITS_WAY = (
        "ON_ITS_WAY",
        "Something was handed out to the lock that it has not acknowledged: it may hold that already.",
    )
    NOT_KNOWN = "NOT_KNOWN", "It is not known what the lock holds."


SPEAKS_FOR = frozenset({AccessReasonCode.SCHEDULE_OPEN, AccessReasonCode.STILL_ON_LOCK})
_SCHEDULES = frozenset(
    {
        DenialReason.NOT_YET_VALID,
        DenialReason.ENDED,
        DenialReason.WRONG_WEEKDAY,
        DenialReason.OUTSIDE_SLOT,
    }
)
"""Why a schedule alone denies."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, and the row that is behind it: the rule, PIN, reader, lock ...; `schedule` is the one that was asked."""

    code: AccessReasonCode
    basis: object
    schedule: Schedule | None = None

    @property
    def speaks_for(self) -> bool:
        return self.code in SPEAKS_FOR


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether it opens, with every reason; None: it is not known."""

    opens: bool | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """A schedule, and the row that gives it: an access rule, a rule PIN, an invitation."""

    schedule: Schedule
    basis: object


@dataclass(frozen=True, slots=True)
class HeldSettings:
    """What the lock goes by, as it has told. None, of one: not known."""

    zone: ZoneInfo | None
    pin_enabled: bool | None
    smartpin_enabled: bool | None


@dataclass(frozen=True, slots=True)
class HeldVersion:
    """A version of an entry that the lock may hold: its schedules, None where they are not known.

    `live` is false for one that opens nothing (a block, a removal, or nothing there), `current` says that its digits, if
    it is a PIN, are those that the PIN has now; None: not known.
    """

    version: int | None
    live: bool
    schedules: tuple[Schedule, ...] | None = None
    current: bool | None = True


@dataclass(frozen=True, slots=True)
class Door:
    """A lock at a moment, as far as the server knows it.

    `reachable` says whether an order reaches it: None for another moment than now. `takes_leases`: it is not known to be too
    old to take something from a phone. `keypads` are its readers with a
    keypad, `pin_keypads` those of them where PIN mode is to be on. `release_at` is when a lockout ends by itself.
    """

    lock: object
    site: object
    zone: ZoneInfo
    keypads: tuple[object, ...]
    pin_keypads: tuple[object, ...]
    smartpin_enabled: bool
    held: HeldSettings
    set_up: bool
    state_unknown: bool
    locked_out: bool
    release_at: datetime | None
    no_time: bool
    has_network: bool
    takes_leases: bool
    reachable: bool | None


@dataclass(frozen=True, slots=True)
class Way:
    """One way of opening the door: a PIN, a SmartPIN, or a phone with an invitation or by access rules.

    `next_at` is the first moment, from the one asked on, at which it would open by what is wanted; None: never.
    """

    method: OpeningMethod
    credential: object | None
    wanted: Answer
    at_lock: Answer
    next_at: datetime | None
    pin_at_lock: object | None = None
    """Of a PIN: which versions of it the lock should hold and holds; None: it never should hold it."""

    @property
    def opens(self) -> bool | None:
        """What happens at the door. The lock decides about digits; about phones the server, and the lock carries it out."""
        if self.method is not OpeningMethod.PHONE:
            return self.at_lock.opens
        return bool(self.wanted.opens) and self.at_lock.opens is not False


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether a door opens for somebody at a moment, by any of the ways that they have."""

    at: datetime
    subject: object
    lock: object
    ways: tuple[Way, ...] = field(default=())

    @property
    def opens(self) -> bool | None:
        """Yes if one way does; None: one may, and none is known to."""
        return either(way.opens for way in self.ways)

    @property
    def decisive(self) -> list[AccessReasonCode]:
        """What speaks for it where it opens, else what speaks against it: each once, in the order of the codes."""
        answers = [answer for way in self.ways for answer in (way.wanted, way.at_lock)]
        found = {reason.code for answer in answers for reason in answer.reasons}
        return [
            code
            for code in AccessReasonCode
            if code in found and (code in SPEAKS_FOR) is bool(self.opens)
        ]

    @property
    def next_at(self) -> datetime | None:
        """The earliest of the ways."""
        return min((way.next_at for way in self.ways if way.next_at is not None), default=None)


def either(answers: Iterable[bool | None]) -> bool | None:
    """True if one is; None if one is not known; else False."""
    found = set(answers)
    return True if True in found else None if None in found else False


def _agreed(answers: Iterable[bool | None]) -> bool | None:
    found = set(answers)
    return found.pop() if len(found) == 1 else None


def _against(codes: Iterable[DenialReason], basis: object) -> list[Reason]:
    return [Reason(AccessReasonCode(code), basis) for code in codes]


def of_schedules(
    grants: Sequence[Grant], zone: ZoneInfo, at: datetime | None, nothing: object
) -> list[Reason]:
    """What each schedule says; `nothing` is behind there being none."""
    reasons = []
    for grant in grants:
        decision = check_schedule(grant.schedule, zone, at)
        if isinstance(decision, Granted):
            reasons.append(Reason(AccessReasonCode.SCHEDULE_OPEN, grant.basis, grant.schedule))
        else:
            reasons += [
                Reason(AccessReasonCode(code), grant.basis, grant.schedule)
                for code in decision.reasons
            ]
    return reasons or [Reason(AccessReasonCode.NO_RULE, nothing)]


def _next(grants: Sequence[Grant], zone: ZoneInfo, at: datetime, *, never: bool) -> datetime | None:
    return None if never else next_opening([grant.schedule for grant in grants], zone, at)


def _denied_for(decision: Decision, *, leaving: frozenset[DenialReason]) -> list[DenialReason]:
    if isinstance(decision, Granted):
        return []
    return [code for code in decision.reasons if code not in leaving]


# PINs


def of_pin(
    pin: object,
    grants: Sequence[Grant],
    versions: Sequence[HeldVersion],
    door: Door,
    at: datetime,
    *,
    blocked: bool,
    wanted_version: int | None,
) -> Way:
    """A PIN for which the site wants these grants here; `versions` are those that the lock may hold."""
    wanted = _wanted_pin(pin, grants, door, at, blocked=blocked)
    lasting = blocked or not door.pin_keypads
    return Way(
        OpeningMethod.PIN,
        pin,
        wanted,
        _held_pin(pin, versions, door, at, wanted_version),
        _next(grants, door.zone, _from(door, at), never=lasting),
    )


def _wanted_pin(
    pin: object, grants: Sequence[Grant], door: Door, at: datetime, *, blocked: bool
) -> Answer:
    keypad = KeypadState(
        door.zone, bool(door.pin_keypads), door.smartpin_enabled, locked=False, now=at
    )
    decision = all_denials(known_pin(keypad, [grant.schedule for grant in grants]))
    reasons = of_schedules(grants, door.zone, at, pin)
    if blocked:
        reasons += [Reason(AccessReasonCode.BLOCKED, pin)]
    if not door.keypads:
        reasons += [Reason(AccessReasonCode.LOCK_WITHOUT_KEYPAD, door.lock)]
    reasons += [
        Reason(AccessReasonCode.PIN_MODE_OFF, reader)
        for reader in door.keypads
        if reader not in door.pin_keypads
    ]
    return Answer(isinstance(decision, Granted) and not blocked, tuple(reasons))


def _held_pin(
    pin: object,
    versions: Sequence[HeldVersion],
    door: Door,
    at: datetime,
    wanted_version: int | None,
) -> Answer:
    opens, reasons = _whole(door, smartpin=False)
    if opens is False or door.state_unknown:
        return Answer(opens, tuple(reasons))
    answers = [_version_of_pin(pin, each, door, at, reasons) for each in versions]
    if len(versions) > 1:
        reasons.append(Reason(AccessReasonCode.ON_ITS_WAY, door.lock))
    answer = _agreed(answers)
    if any(each.live and each.version != wanted_version for each in versions) and answer:
        reasons.append(Reason(AccessReasonCode.STILL_ON_LOCK, pin))
    return Answer(answer, tuple(dict.fromkeys(reasons)))


def _version_of_pin(
    pin: object, held: HeldVersion, door: Door, at: datetime, reasons: list[Reason]
) -> bool | None:
    """What this version would do; its reasons are added to these."""
    settings, now = door.held, None if door.no_time else at
    if settings.pin_enabled is False:
        reasons.append(Reason(AccessReasonCode.PIN_MODE_OFF, door.lock))
    if not held.live or held.current is False:
        code = AccessReasonCode.OLD_DIGITS if held.live else AccessReasonCode.NOT_ON_LOCK
        reasons.append(Reason(code, pin))
        return False
    if held.schedules is None or settings.zone is None or held.current is None:
        reasons.append(Reason(AccessReasonCode.NOT_KNOWN, door.lock))
        return False if settings.pin_enabled is False else None
    keypad = KeypadState(
        settings.zone,
        settings.pin_enabled is not False,
        bool(settings.smartpin_enabled),
        locked=False,
        now=now,
    )
    decision = all_denials(known_pin(keypad, held.schedules))
    reasons += _against(_denied_for(decision, leaving=_SCHEDULES), door.lock)
    reasons += of_schedules([Grant(each, pin) for each in held.schedules], settings.zone, now, pin)
    if not isinstance(decision, Granted):
        return False
    if settings.pin_enabled is None:
        reasons.append(Reason(AccessReasonCode.NOT_KNOWN, door.lock))
        return None
    return True


def _whole(door: Door, *, smartpin: bool) -> tuple[bool | None, list[Reason]]:
    """What holds for all digits at this lock: False where none are taken, with the reasons; else None."""
    reasons = []
    if not door.set_up:
        reasons.append(Reason(AccessReasonCode.LOCK_NEVER_SET_UP, door.lock))
    if not door.keypads:
        reasons.append(Reason(AccessReasonCode.LOCK_WITHOUT_KEYPAD, door.lock))
    settings = door.held
    keypad = KeypadState(
        door.zone,
        settings.pin_enabled is not False,
        settings.smartpin_enabled is not False,
        door.locked_out,
        now=None,
    )
    decision = unseen(keypad, smartpin=smartpin)
    if not isinstance(decision, Granted):
        reasons += _against(decision.reasons, door.lock)
    if reasons:
        return False, reasons
    if door.state_unknown:
        reasons.append(Reason(AccessReasonCode.NOT_KNOWN, door.lock))
    return None, reasons


def _from(door: Door, at: datetime) -> datetime:
    """From when on digits can be taken: a lockout that ends by itself is waited for."""
    return max(at, door.release_at) if door.locked_out and door.release_at is not None else at


# SmartPINs


@dataclass(frozen=True, slots=True)
class SmartPinFacts:
    """A SmartPIN of the lock. `missed` says that it was not used in time by this moment, whether that is asked or not.

    `blocked_at_lock` and `activation_at_lock` are what the lock may go by: one value, or both where that is not known.
    """

    row: object
    schedule: Schedule
    void: bool
    blocked: bool
    missed: bool
    activation: bool
    blocked_at_lock: frozenset[bool]
    activation_at_lock: frozenset[bool]


def of_smartpin(code: SmartPinFacts, door: Door, at: datetime) -> Way:
    """A SmartPIN; the lock holds none, it decrypts them, so what it holds are blocks and settings."""
    missed = code.activation and code.missed
    lasting = code.void or code.blocked or missed or not door.smartpin_enabled or not door.keypads
    return Way(
        OpeningMethod.SMARTPIN,
        code.row,
        _wanted_smartpin(code, door, at),
        _held_smartpin(code, door, at),
        _next([Grant(code.schedule, code.row)], door.zone, _from(door, at), never=lasting),
    )


def of_smartpin_elsewhere(row: object) -> Way:
    """A SmartPIN of another lock, which means nothing to this one."""
    answer = Answer(False, (Reason(AccessReasonCode.NO_RULE, row),))
    return Way(OpeningMethod.SMARTPIN, row, answer, answer, None)


def _smartpin_at(
    code: SmartPinFacts, at: datetime, *, blocked: bool, activation: bool
) -> SmartPinState:
    decision = check_schedule(code.schedule, ZoneInfo("UTC"), at)
    reasons = () if isinstance(decision, Granted) else decision.reasons
    return SmartPinState(
        blocked=blocked and DenialReason.ENDED not in reasons,
        open_now=not reasons,
        later=DenialReason.NOT_YET_VALID in reasons,
        survives=not (activation and code.missed),
    )


def _reasons_of_code(decision: Decision, state: SmartPinState, code: SmartPinFacts) -> list[Reason]:
    if isinstance(decision, Granted):
        return [Reason(AccessReasonCode.SCHEDULE_OPEN, code.row, code.schedule)]
    return [
        Reason(AccessReasonCode.ACTIVATION_MISSED, code.row)
        if each is DenialReason.ENDED and state.open_now
        else Reason(AccessReasonCode(each), code.row, code.schedule if each in _SCHEDULES else None)
        for each in decision.reasons
    ]


def _wanted_smartpin(code: SmartPinFacts, door: Door, at: datetime) -> Answer:
    keypad = KeypadState(door.zone, False, door.smartpin_enabled, locked=False, now=at)
    at_all = all_denials(smartpins_at_all(keypad))
    state = _smartpin_at(code, at, blocked=code.blocked, activation=code.activation)
    decision = all_denials(known_smartpin(state))
    reasons = _reasons_of_code(decision, state, code)
    if code.void:
        reasons.append(Reason(AccessReasonCode.VOID, code.row))
    if not door.keypads:
        reasons.append(Reason(AccessReasonCode.LOCK_WITHOUT_KEYPAD, door.lock))
    reasons += _against(_denied_for(at_all, leaving=frozenset()), door.lock)
    opens = isinstance(decision, Granted) and isinstance(at_all, Granted)
    return Answer(opens and not code.void and bool(door.keypads), tuple(reasons))


def _held_smartpin(code: SmartPinFacts, door: Door, at: datetime) -> Answer:
    opens, reasons = _whole(door, smartpin=True)
    if code.void:
        reasons.append(Reason(AccessReasonCode.VOID, code.row))
        opens = False
    if opens is False or door.state_unknown:
        return Answer(opens, tuple(reasons))
    enabled = door.held.smartpin_enabled
    keypad = KeypadState(
        door.zone, False, enabled is not False, False, now=None if door.no_time else at
    )
    at_all = all_denials(smartpins_at_all(keypad))
    reasons += _against(_denied_for(at_all, leaving=frozenset()), door.lock)
    if not isinstance(at_all, Granted):
        return Answer(False, tuple(reasons))
    answers: list[bool | None] = []
    for blocked in sorted(code.blocked_at_lock):
        for activation in sorted(code.activation_at_lock):
            state = _smartpin_at(code, at, blocked=blocked, activation=activation)
            decision = all_denials(known_smartpin(state))
            reasons += _reasons_of_code(decision, state, code)
            answers.append(isinstance(decision, Granted))
    answer = _agreed(answers)
    if answer is None:
        reasons.append(Reason(AccessReasonCode.ON_ITS_WAY, door.lock))
    if answer and code.blocked:
        reasons.append(Reason(AccessReasonCode.STILL_ON_LOCK, code.row))
    if answer and enabled is None:
        reasons.append(Reason(AccessReasonCode.NOT_KNOWN, door.lock))
        answer = None
    return Answer(answer, tuple(dict.fromkeys(reasons)))


# Phones


def of_phone(
    credential: object | None,
    grants: Sequence[Grant],
    door: Door,
    at: datetime,
    *,
    nothing: object,
    lasting: Sequence[Reason] = (),
) -> Way:
    """A phone for which these grants are; `lasting` are the reasons for which it opens at no moment."""
    decision = decide([grant.schedule for grant in grants], door.zone, at)
    reasons = (*of_schedules(grants, door.zone, at, nothing), *lasting)
    return Way(
        OpeningMethod.PHONE,
        credential,
        Answer(isinstance(decision, Granted) and not lasting, reasons),
        _order(door),
        _next(grants, door.zone, at, never=bool(lasting)),
    )


def _order(door: Door) -> Answer:
    """Whether the lock would carry out an order now, or take a lease where no order reaches it."""
    if not door.set_up:
        return Answer(False, (Reason(AccessReasonCode.LOCK_NEVER_SET_UP, door.lock),))
    if not door.has_network:
        if door.takes_leases:
            return Answer(True, ())
        return Answer(False, (Reason(AccessReasonCode.LOCK_TOO_OLD, door.lock),))
    if door.reachable is False:
        return Answer(False, (Reason(AccessReasonCode.LOCK_OFFLINE, door.lock),))
    return Answer(door.reachable, ())
