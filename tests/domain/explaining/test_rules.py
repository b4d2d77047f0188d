"""What is said where the server does not know all of it; where it does, the lock itself is asked (tests/locksim)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.access.decision import DenialReason
from domain.access.schedule import ALWAYS, Schedule
from domain.explaining.rules import (
    AccessReasonCode,
    Answer,
    Door,
    Explanation,
    Grant,
    HeldSettings,
    HeldVersion,
    Reason,
    SmartPinFacts,
    Way,
    either,
    of_phone,
    of_pin,
    of_smartpin,
    of_smartpin_elsewhere,
)

ZONE = ZoneInfo("Europe/Rome")
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
ENDED = Schedule(valid_until=NOON - timedelta(hours=1))
LATER = Schedule(valid_from=NOON + timedelta(hours=1))
DOOR = Door(
    lock="lock",
    site="site",
    zone=ZONE,
    keypads=("front", "back"),
    pin_keypads=("front",),
    smartpin_enabled=True,
    held=HeldSettings(ZONE, True, True),
    set_up=True,
    state_unknown=False,
    locked_out=False,
    release_at=None,
    no_time=False,
    has_network=True,
    takes_leases=True,
    reachable=True,
)
LIVE = HeldVersion(1, live=True, schedules=(ALWAYS,))
OLDER = HeldVersion(1, live=True, schedules=(ENDED,))
UNREAD = HeldVersion(1, live=True, schedules=None, current=None)
GONE = HeldVersion(2, live=False)
CODE = SmartPinFacts(
    row="code",
    schedule=Schedule(NOON - timedelta(hours=1), NOON + timedelta(hours=1)),
    void=False,
    blocked=False,
    missed=False,
    activation=False,
    blocked_at_lock=frozenset({False}),
    activation_at_lock=frozenset({False}),
)


def by_pin(
    door: Door,
    *versions: HeldVersion,
    blocked: bool = False,
    grants: tuple[Schedule, ...] = (ALWAYS,),
) -> Way:
    return of_pin(
        "pin",
        [Grant(each, "pin") for each in grants],
        versions or (LIVE,),
        door,
        NOON,
        blocked=blocked,
        wanted_version=1,
    )


def codes(answer: Answer) -> set[str]:
    return {str(each.code) for each in answer.reasons}


HELD_UNKNOWN = HeldSettings(None, None, None)


@pytest.mark.parametrize(
    ("door", "versions", "opens", "told"),
    [
        (DOOR, (LIVE,), True, {"SCHEDULE_OPEN"}),
        (DOOR, (LIVE, GONE), None, {"SCHEDULE_OPEN", "NOT_ON_LOCK", "ON_ITS_WAY"}),
        (DOOR, (OLDER, GONE), False, {"ENDED", "NOT_ON_LOCK", "ON_ITS_WAY"}),
        (DOOR, (UNREAD,), None, {"NOT_KNOWN"}),
        (DOOR, (replace(LIVE, current=False),), False, {"OLD_DIGITS"}),
        (replace(DOOR, state_unknown=True), (LIVE,), None, {"NOT_KNOWN"}),
        (replace(DOOR, held=HELD_UNKNOWN), (LIVE,), None, {"NOT_KNOWN"}),
        (replace(DOOR, held=HELD_UNKNOWN), (GONE,), False, {"NOT_ON_LOCK"}),
        (replace(DOOR, held=HeldSettings(ZONE, None, True)), (LIVE,), None, {"SCHEDULE_OPEN", "NOT_KNOWN"}),
        (replace(DOOR, held=HeldSettings(ZONE, None, True)), (OLDER,), False, {"ENDED"}),
        (replace(DOOR, held=HeldSettings(ZONE, False, True)), (UNREAD,), False, {"NOT_KNOWN", "PIN_MODE_OFF"}),
        (replace(DOOR, set_up=False, keypads=()), (LIVE,), False, {"LOCK_NEVER_SET_UP", "LOCK_WITHOUT_KEYPAD"}),
        (replace(DOOR, locked_out=True, state_unknown=True), (LIVE,), False, {"PIN_LOCKOUT"}),
    ],
)  # fmt: skip
def test_no_answer_is_given_unless_all_that_the_lock_may_hold_agrees(
    door: Door, versions: tuple[HeldVersion, ...], opens: bool | None, told: set[str]
) -> None:
    """What is not known is said as such; what is known whatever the lock holds is said all the same."""
    way = by_pin(door, *versions)
    assert way.at_lock.opens is way.opens is opens
    assert codes(way.at_lock) == told
    assert way.wanted.opens is True


def test_what_is_in_the_way_for_good_leaves_no_next_moment() -> None:
    """A block, a keypad that is not there, PIN mode off at all of them; a schedule alone has its next moment."""
    later = LATER.valid_from
    assert by_pin(DOOR, grants=(LATER,)).next_at == later
    for door, blocked, code in (
        (DOOR, True, "BLOCKED"),
        (replace(DOOR, keypads=(), pin_keypads=()), False, "LOCK_WITHOUT_KEYPAD"),
        (replace(DOOR, pin_keypads=()), False, "PIN_MODE_OFF"),
    ):
        way = by_pin(door, blocked=blocked, grants=(LATER,))
        assert (way.wanted.opens, way.next_at) == (False, None)
        assert code in codes(way.wanted)
    # A reader where PIN mode is off is named, though the other one opens.
    off = [each for each in by_pin(DOOR).wanted.reasons if not each.speaks_for]
    assert off == [Reason(AccessReasonCode.PIN_MODE_OFF, "back")]


def test_a_lockout_that_ends_by_itself_is_waited_for() -> None:
    """One that needs somebody is not foreseen: the schedule's own next moment is told, and the lockout beside it."""
    release = NOON + timedelta(minutes=15)
    locked = replace(DOOR, locked_out=True, release_at=release)
    assert by_pin(locked).next_at == release
    assert of_smartpin(CODE, locked, NOON).next_at == release
    assert by_pin(replace(locked, release_at=None)).next_at == NOON


@pytest.mark.parametrize(
    ("code", "door", "opens", "told"),
    [
        (CODE, DOOR, True, {"SCHEDULE_OPEN"}),
        (replace(CODE, blocked=True), DOOR, True, {"SCHEDULE_OPEN", "STILL_ON_LOCK"}),
        (replace(CODE, blocked_at_lock=frozenset({True, False})), DOOR, None, {"SCHEDULE_OPEN", "BLOCKED", "ON_ITS_WAY"}),
        (replace(CODE, missed=True, activation_at_lock=frozenset({True})), DOOR, False, {"ACTIVATION_MISSED"}),
        (replace(CODE, void=True), DOOR, False, {"VOID"}),
        (CODE, replace(DOOR, state_unknown=True), None, {"NOT_KNOWN"}),
        (CODE, replace(DOOR, held=HELD_UNKNOWN), None, {"SCHEDULE_OPEN", "NOT_KNOWN"}),
        (CODE, replace(DOOR, held=HeldSettings(ZONE, True, False)), False, {"SMARTPIN_OFF"}),
        (CODE, replace(DOOR, no_time=True), False, {"NO_TIME"}),
        (CODE, replace(DOOR, held=HeldSettings(ZONE, False, False)), False, {"PIN_MODE_OFF", "SMARTPIN_OFF"}),
    ],
)  # fmt: skip
def test_a_smartpin_is_told_by_what_the_lock_may_go_by(
    code: SmartPinFacts, door: Door, opens: bool | None, told: set[str]
) -> None:
    """Blocks and settings that may have arrived, a secret of before, a clock that was lost."""
    way = of_smartpin(code, door, NOON)
    assert way.opens is opens
    assert codes(way.at_lock) == told


def test_a_smartpin_that_is_void_or_elsewhere_is_wanted_nowhere() -> None:
    """Nor where there is no keypad."""
    for code, door, told in (
        (replace(CODE, void=True), DOOR, "VOID"),
        (CODE, replace(DOOR, keypads=()), "LOCK_WITHOUT_KEYPAD"),
        (CODE, replace(DOOR, smartpin_enabled=False), "SMARTPIN_OFF"),
        (replace(CODE, missed=True, activation=True), DOOR, "ACTIVATION_MISSED"),
    ):
        way = of_smartpin(code, door, NOON)
        assert (way.wanted.opens, way.next_at) == (False, None)
        assert told in codes(way.wanted)
    elsewhere = of_smartpin_elsewhere("code")
    assert (elsewhere.opens, elsewhere.next_at, codes(elsewhere.wanted)) == (
        False,
        None,
        {"NO_RULE"},
    )


@pytest.mark.parametrize(
    ("door", "opens", "told"),
    [
        (DOOR, True, set()),
        (replace(DOOR, reachable=None), True, set()),
        (replace(DOOR, reachable=False), False, {"LOCK_OFFLINE"}),
        (replace(DOOR, has_network=False, reachable=False), True, set()),
        (replace(DOOR, has_network=False, takes_leases=False), False, {"LOCK_TOO_OLD"}),
        (replace(DOOR, set_up=False), False, {"LOCK_NEVER_SET_UP"}),
    ],
)
def test_a_phone_needs_a_lock_that_can_be_told(door: Door, opens: bool, told: set[str]) -> None:
    """Whether it can at another moment is not known, and does not count."""
    way = of_phone(None, [Grant(ALWAYS, "rule")], door, NOON, nothing="member")
    assert (way.opens, codes(way.at_lock), way.next_at) == (opens, told, NOON)
    refused = of_phone(None, [Grant(ENDED, "rule")], door, NOON, nothing="member")
    assert (refused.opens, refused.next_at) == (False, None)


def test_an_explanation_opens_by_any_of_its_ways() -> None:
    """Yes if one does, unknown if one may; of the moments the earliest, of the reasons those that decide."""
    assert (either([]), either([False, None]), either([None, True, False])) == (False, None, True)
    pin, phone = (
        by_pin(DOOR, blocked=True),
        of_phone(None, [Grant(LATER, "r")], DOOR, NOON, nothing="m"),
    )
    assert pin.opens is True
    both = Explanation(NOON, "member", "lock", (pin, phone))
    assert (both.opens, both.next_at) == (True, LATER.valid_from)
    assert both.decisive == [AccessReasonCode.SCHEDULE_OPEN]
    alone = Explanation(NOON, "member", "lock", (phone,))
    assert (alone.opens, alone.decisive) == (False, [AccessReasonCode.NOT_YET_VALID])
    assert Explanation(NOON, "member", "lock").next_at is None


def test_a_reason_of_the_locks_is_called_what_the_lock_calls_it() -> None:
    """Whatever a credential that the lock knows is denied for has a code of that name, and means the same."""
    known = "NOT_YET_VALID ENDED WRONG_WEEKDAY OUTSIDE_SLOT NO_TIME NO_RULE BLOCKED PIN_MODE_OFF PIN_LOCKOUT SMARTPIN_OFF"
    for name in known.split():
        assert AccessReasonCode(name).meaning == DenialReason(name).meaning
    both = set(DenialReason.__members__) & set(AccessReasonCode.__members__)
    assert both == set(known.split())
    assert all(code.meaning for code in AccessReasonCode)
