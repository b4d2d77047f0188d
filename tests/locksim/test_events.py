"""Events: numbered without gaps, kept until the server has them, bounded."""

from dataclasses import replace

import orjson

from domain.link.events import LockEventKind
from locksim.journal import (
    CAPACITY,
    MAX_BATCH,
    MAX_BATCH_BYTES,
    NOISE_CAPACITY,
    NewEvent,
    acknowledged,
    batch,
    recorded,
)
from locksim.signals import Report, Reported, ReportRefused
from locksim.state import LockState
from tests.locksim.bench import Bench
from tests.locksim.rig import NOON as NOON_MOMENT
from tests.locksim.rig import unix_ms

NOON = unix_ms(NOON_MOMENT)
OPENED, DENIED = NewEvent(LockEventKind.OPENED), NewEvent(LockEventKind.DENIED)


def empty() -> LockState:
    """A disk on which nothing has happened."""
    return LockState(state_id="disk-1", incarnation="life-1")


def reports(bench: Bench) -> list[Report]:
    """The reports in the outbox."""
    return [item for item in bench.drain() if isinstance(item, Report)]


def test_events_are_kept_until_the_server_has_them() -> None:
    """Through lost answers, new connections and power cuts, under the same numbers."""
    bench = Bench()
    bench.firmware.connected(0)
    (first,) = reports(bench)
    bench.firmware.disconnected()
    bench.restart()
    bench.firmware.connected(0)
    (second,) = reports(bench)
    assert second.events[: len(first.events)] == first.events
    bench.receive(Reported(bench.firmware.state.state_id, second.events[-1].sequence))
    assert bench.firmware.state.events == ()
    bench.firmware.connected(0)
    assert reports(bench)[0].events == ()


def test_an_answer_for_another_disk_forgets_nothing() -> None:
    """The server speaks of events that this disk did not write."""
    bench = Bench()
    bench.firmware.connected(0)
    bench.receive(Reported("another-disk", 10_000), Reported(None, 10_000))
    assert bench.events(LockEventKind.STARTED)


def test_numbers_go_on_after_events_were_forgotten() -> None:
    """From 1, without gaps, under one state id, also over a restart."""
    bench = Bench()
    bench.connect()
    for _ in range(3):
        bench.type("9999")
        bench.restart()
        bench.connect()
    bench.type("9999")
    assert [event.sequence for event in bench.firmware.state.events] == [8]


def test_one_report_is_under_way_at_a_time() -> None:
    """What happens meanwhile goes into the next; nothing is told twice on one connection."""
    bench = Bench()
    bench.firmware.connected(0)
    (first,) = reports(bench)
    for _ in range(3):
        bench.type("9999")
    assert not reports(bench)
    bench.receive(Reported(bench.firmware.state.state_id, first.events[-1].sequence))
    (second,) = reports(bench)
    assert [event.sequence for event in second.events] == [2, 3, 4]


def test_events_that_were_not_acknowledged_are_told_again_with_the_next_nonce() -> None:
    """Not at once: a server that does not take them is not hammered."""
    bench = Bench()
    bench.firmware.connected(0)
    (first,) = reports(bench)
    bench.receive(Reported(bench.firmware.state.state_id, 0))
    assert not reports(bench)
    bench.wait(seconds=30)
    (second,) = reports(bench)
    assert second.events == first.events
    bench.receive(ReportRefused())
    refused = reports(bench)
    assert all(not report.events for report in refused)


def test_a_night_of_nonsense_does_not_push_an_opening_out() -> None:
    """Denials leave the last quarter free; what is not recorded is counted."""
    state = recorded(empty(), NOON, *[DENIED] * (CAPACITY * 2))
    assert len(state.events) == NOISE_CAPACITY
    assert state.unrecorded == CAPACITY * 2 - NOISE_CAPACITY
    state = recorded(state, NOON, OPENED)
    assert state.events[-1].kind is LockEventKind.OPENED
    full = recorded(state, NOON, *[OPENED] * CAPACITY)
    assert len(full.events) == CAPACITY
    assert [event.sequence for event in full.events] == list(range(1, CAPACITY + 1))


def test_a_report_stays_below_the_message_limit() -> None:
    """However long the names in the events are; and at most a hundred events."""
    long = replace(OPENED, entry_id="e" * 1024, command_id="c" * 1024)
    state = recorded(empty(), NOON, *[long] * 200)
    seen: list[int] = []
    while chosen := batch(state, seen[-1] if seen else 0):
        assert len(orjson.dumps([event.to_report() for event in chosen])) <= MAX_BATCH_BYTES + 2
        seen.extend(event.sequence for event in chosen)
    assert seen == list(range(1, 201))
    assert len(batch(recorded(empty(), NOON, *[OPENED] * 300), 0)) == MAX_BATCH


def test_state_with_everything_in_it_comes_back_from_disk() -> None:
    """Entries, parts of a snapshot, answer, budget, commands, events, mark."""
    bench = Bench()
    pen = bench.pen
    bench.hold(pen.settings(), pen.card(), pen.pin("a", "5193"))
    bench.receive(pen.command(bench.nonce()), pen.snapshot(9, pen.settings(), part=2, parts=3))
    bench.wrong(4)
    state = bench.firmware.state
    assert LockState.decode(state.encode()) == state


def test_what_was_dropped_is_said_once_there_is_room() -> None:
    """By an event of its own with the count, numbered like any other: the server sees no gap, and knows of the loss."""
    state = recorded(empty(), NOON, *[DENIED] * (NOISE_CAPACITY + 7))
    assert state.unrecorded == 7
    assert recorded(state, NOON, OPENED).events[-1].kind is LockEventKind.OPENED
    state = acknowledged(state, 10, NOON)
    told = state.events[-1]
    assert (told.kind, told.count) == (LockEventKind.EVENTS_DROPPED, 7)
    assert [event.sequence for event in state.events] == list(range(11, NOISE_CAPACITY + 2))
    assert state.unrecorded == 0
    state = recorded(state, NOON, OPENED)
    assert [each.kind for each in state.events[-2:]] == [
        LockEventKind.EVENTS_DROPPED,
        LockEventKind.OPENED,
    ]
    assert LockState.decode(state.encode()) == state


def test_a_full_journal_is_not_filled_with_what_was_dropped() -> None:
    """Openings go on in the last quarter, and nothing is said between them."""
    state = recorded(empty(), NOON, *[DENIED] * (NOISE_CAPACITY + 7), *[OPENED, DENIED] * 20)
    assert [event.kind for event in state.events[NOISE_CAPACITY:]] == [LockEventKind.OPENED] * 20
    state = acknowledged(state, CAPACITY, None)
    (told,) = state.events
    assert (told.kind, told.count, told.at) == (LockEventKind.EVENTS_DROPPED, 27, None)


def test_events_that_the_server_refused_are_forgotten() -> None:
    """Those that it names, wherever they stand; what is of another disk's state is not."""
    bench = Bench()
    bench.firmware.connected(0)
    for _ in range(3):
        bench.type("9999")
    reports(bench)
    name = bench.firmware.state.state_id
    first, second, third, fourth = [event.sequence for event in bench.firmware.state.events]
    bench.receive(Reported("another-disk", 0, (first, second, third, fourth)))
    assert len(bench.firmware.state.events) == 4
    bench.receive(Reported(name, first, (third,)))
    assert [event.sequence for event in bench.firmware.state.events] == [second, fourth]
