"""Where credentials are in their lives: what one row says, and what a list is narrowed by, on both databases."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.access.schedule import Schedule, Slot, Weekday
from domain.invitations.states import invitation_state, invitations_in_states
from domain.invitations.tables import Invitation
from domain.locks.rules import Connectivity
from domain.locks.tables import Lock
from domain.pins.states import pin_state, pins_in_states
from domain.pins.tables import Pin, PinKind, PinStatus
from domain.schedules.columns import schedule_columns
from domain.schedules.states import CredentialState, state_of
from domain.smartpins.states import smart_pin_state, smart_pins_in_states
from domain.smartpins.tables import SmartPin
from tests.databases import Database
from tests.domain.sync.yard import Yard

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = date(2026, 12, 24)
EVE, MORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
NIGHT, DAY, EVENING = Slot(time(22), time(6)), Slot(time(9), time(17)), Slot(time(18), time(0))


def at(day: date, hour: int, minute: int = 0, microsecond: int = 0) -> datetime:
    """That time on a clock in Berlin."""
    wall = datetime.combine(day, time(hour, minute, 0, microsecond), BERLIN)
    return wall.astimezone(UTC)


def test_by_its_days_alone_it_is_to_come_is_there_or_is_over() -> None:
    """Neither the hours between nor the weekdays count: a PIN for tonight is active all day."""
    christmas = Schedule(TODAY, TODAY, DAY, frozenset({Weekday.MONDAY}))

    assert state_of(christmas, BERLIN, at(EVE, 23, 59)) is CredentialState.UPCOMING
    assert state_of(christmas, BERLIN, at(TODAY, 0)) is CredentialState.ACTIVE
    assert state_of(christmas, BERLIN, at(TODAY, 23, 59)) is CredentialState.ACTIVE
    assert state_of(christmas, BERLIN, at(MORROW, 0)) is CredentialState.ENDED


def test_a_last_night_is_over_in_its_morning() -> None:
    """And a first one has not begun in the morning before it."""
    nights = Schedule(TODAY, TODAY, NIGHT)

    assert state_of(nights, BERLIN, at(TODAY, 5, 59)) is CredentialState.UPCOMING
    assert state_of(nights, BERLIN, at(TODAY, 6)) is CredentialState.ACTIVE
    assert state_of(nights, BERLIN, at(MORROW, 5, 59)) is CredentialState.ACTIVE
    assert state_of(nights, BERLIN, at(MORROW, 6)) is CredentialState.ENDED


def test_what_is_final_comes_first() -> None:
    """Removed before void, void before ended, ended before blocked, blocked before what is to come."""
    now = at(TODAY, 12)
    over, to_come = Schedule(valid_until=EVE), Schedule(valid_from=MORROW)

    everything = state_of(over, BERLIN, now, removed=True, void=True, blocked=True)
    assert everything is CredentialState.REMOVED
    assert state_of(over, BERLIN, now, void=True, blocked=True) is CredentialState.VOID
    assert state_of(over, BERLIN, now, blocked=True) is CredentialState.ENDED
    assert state_of(to_come, BERLIN, now, blocked=True) is CredentialState.BLOCKED
    assert state_of(to_come, BERLIN, now) is CredentialState.UPCOMING


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    """A site with one member."""
    made = await Yard.make(tmp_path)
    yield made
    made.installation.passwords.close()


async def test_lists_are_narrowed_to_what_each_row_says_of_itself(yard: Yard) -> None:
    """Over midnight, in the last second of a night, and with every kind of slot: each row is in the list of its state,
    and in no other."""
    days = [(None, None), (TODAY, None), (None, TODAY), (TODAY, TODAY), (EVE, MORROW)]
    for (first, last), slot, status in product(days, (None, DAY, NIGHT, EVENING), PinStatus):
        await Pin.create(
            site_id=yard.site.id,
            owner_id=yard.owner.id,
            kind=PinKind.AUTO,
            status=status,
            length=6,
            created_at=yard.now,
            updated_at=yard.now,
            **schedule_columns(Schedule(first, last, slot)),
        )
    rows = await Pin.all()
    hours = [(0, 0, 0), (5, 59, 999_999), (6, 0, 0), (6, 0, 1), (12, 0, 0), (23, 59, 999_999)]
    for day, hour in product((EVE, TODAY, MORROW, MORROW + timedelta(days=1)), hours):
        now = at(day, *hour)
        of_row = {row.id: pin_state(row, BERLIN, now) for row in rows}
        assert set(of_row.values()) <= set(CredentialState)
        for state in CredentialState:
            listed = {row.id for row in await pins_in_states(Pin.all(), [state], BERLIN, now)}
            assert listed == {key for key, each in of_row.items() if each is state}, (now, state)
        shown = {row.id for row in await pins_in_states(Pin.all(), None, BERLIN, now)}
        assert shown == {key for key, each in of_row.items() if each is not CredentialState.REMOVED}
        two = [CredentialState.ENDED, CredentialState.BLOCKED]
        both = {row.id for row in await pins_in_states(Pin.all(), two, BERLIN, now)}
        assert both == {key for key, each in of_row.items() if each in two}


async def test_moments_begin_and_end_to_the_microsecond_in_lists_too(yard: Yard) -> None:
    """Invitations and SmartPINs: the start belongs to it, the end does not, and no list holds another state's."""
    noon = at(TODAY, 12)
    tick, hour = timedelta(microseconds=1), timedelta(hours=1)
    for number, (start, gone) in enumerate(product((None, noon), (None, noon))):
        await Invitation.create(
            site_id=yard.site.id,
            name="Guest",
            code_tag=str(number),
            code_sealed=b"",
            device_limit=1,
            created_at=noon,
            deleted_at=gone,
            **schedule_columns(Schedule(start, noon + hour)),
        )
    door = await Lock.create(
        site_id=yard.site.id,
        name="Front door",
        connectivity=Connectivity.ONLINE_WIRED,
        created_at=noon,
    )
    marks = product((None, noon), (None, noon), (None, noon))
    for number, (dead, blocked, at_door) in enumerate(marks):
        await SmartPin.create(
            site_id=yard.site.id,
            lock_id=door.id,
            incarnation="1",
            epoch=0,
            code_index=number,
            entry_name=str(number),
            guest_name="Anna",
            opens_at=noon,
            closes_at=noon + hour,
            activate_by=noon + hour,
            created_at=noon,
            dead_at=dead,
            blocked_at=blocked,
            blocked_at_door=at_door,
        )
    kinds: list[tuple[Any, Any, Any]] = [
        (Invitation.all(), invitation_state, invitations_in_states),
        (SmartPin.all(), smart_pin_state, smart_pins_in_states),
    ]
    found = set()
    for now in (noon - tick, noon, noon + hour - tick, noon + hour):
        for rows, state, listed in kinds:
            of_row: dict[Any, CredentialState] = {row.id: state(row, now) for row in await rows}
            found |= set(of_row.values())
            for each in CredentialState:
                there = {row.id for row in await listed(rows, [each], now)}
                assert there == {key for key, its in of_row.items() if its is each}, (now, each)
            there = {row.id for row in await listed(rows, None, now)}
            kept = {key for key, its in of_row.items() if its is not CredentialState.REMOVED}
            assert there == kept, now
    assert found == set(CredentialState)
