"""What a lock keeps of deliveries: on disk, through failed writes, and whatever is lost or comes twice."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.link.entries import Entry
from locksim.signals import Delivery, Reported, Signal
from tests.locksim.bench import Bench
from tests.locksim.delivered import bench_at_four, held
from tests.locksim.rig import PowerCut, provisioning


@pytest.fixture
def bench() -> Bench:
    """As `bench_at_four`."""
    return bench_at_four()


def test_a_delivery_is_on_disk_before_it_is_answered(bench: Bench) -> None:
    """The power goes at its write: nothing was answered, and the old state stands."""
    bench.disk.cut_at = 0
    with pytest.raises(PowerCut):
        bench.receive(bench.pen.delivery(4, 5, bench.pen.pin("b", "2604")))
    assert bench.drain() == []
    bench.restart()
    assert held(bench) == {"settings": 1, "a": 1}


def test_a_write_that_fails_changes_nothing_in_the_running_lock_either(bench: Bench) -> None:
    """A disk that is full: the lock goes on with the state that it could write."""
    before = bench.firmware.state
    bench.disk.cut_at = 0
    with pytest.raises(PowerCut):
        bench.receive(bench.pen.delivery(4, 5, bench.pen.pin("b", "2604")))
    bench.disk.cut_at = None
    assert bench.firmware.state == before
    assert bench.type("2604") is Signal.DENIED


def test_a_new_incarnation_forgets_everything(bench: Bench) -> None:
    """A factory reset erases entries, counters and events, and begins a new state id."""
    bench.wrong(9)
    before = bench.firmware.state.state_id
    bench.restart(lock=provisioning(incarnation="life-2", secret=b"n" * 32))
    state = bench.firmware.state
    assert (state.epoch, state.applied, dict(state.entries), state.tries.streak) == (0, 0, {}, 0)
    assert state.state_id != before
    assert [event.sequence for event in state.events] == [1]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_is_lost_repeated_or_reordered_the_lock_holds_one_state_of_the_server(
    data: st.DataObject,
) -> None:
    """Against a server that is a list of states: at each moment the lock's entries are exactly
    those of the revision that it says it has applied."""
    bench = Bench()
    pen = bench.pen
    wanted: dict[str, tuple[int, Entry]] = {}
    history: dict[int, dict[str, int]] = {0: {}}
    sent: list[Delivery] = []
    revision = 0
    for _ in range(data.draw(st.integers(1, 12))):
        action = data.draw(
            st.sampled_from(["edit", "edit", "deliver", "snapshot", "replay", "cut"])
        )
        if action == "edit":
            revision += 1
            name = data.draw(st.sampled_from("abc"))
            version = wanted[name][1].version + 1 if name in wanted else 1
            removed = data.draw(st.booleans())
            entry = (
                pen.gone(name, version)
                if removed
                else pen.pin(name, f"{1000 + revision}", version=version)
            )
            wanted[name] = (revision, entry)
            history[revision] = {n: e.version for n, (_, e) in wanted.items() if e.payload}
        elif action == "deliver" and revision:
            start = data.draw(st.integers(0, revision - 1))
            entries = [entry for at, entry in wanted.values() if at > start]
            sent.append(pen.delivery(start, revision, *entries))
            bench.receive(sent[-1])
        elif action == "snapshot":
            revision += 1
            history[revision] = {n: e.version for n, (_, e) in wanted.items() if e.payload}
            live = [entry for _, entry in wanted.values() if entry.payload]
            parts = data.draw(st.integers(1, 3))
            for part in data.draw(st.permutations(range(1, parts + 1))):
                chosen = live[part - 1 :: parts]
                sent.append(pen.snapshot(revision, *chosen, part=part, parts=parts))
                if data.draw(st.integers(0, 3)):
                    bench.receive(sent[-1])
        elif action == "replay" and sent:
            bench.receive(data.draw(st.sampled_from(sent)))
        elif action == "cut":
            bench.restart()
        state = bench.firmware.state
        assert held(bench) == history[state.applied]
        bench.receive(Reported(state.state_id, state.next_sequence))
