"""Deliveries: applied whole, in order, once; or not at all."""

import pytest

from domain.link.events import LockEventKind
from locksim.signals import Delivery, Report, ReportRefused, Signal
from tests.locksim.bench import Bench
from tests.locksim.delivered import bench_at_four, held, sum_over
from tests.locksim.rig import Pen, provisioning


@pytest.fixture
def bench() -> Bench:
    """As `bench_at_four`."""
    return bench_at_four()


class TestInOrder:
    """`from <= applied < to` in the same epoch."""

    @pytest.mark.parametrize(
        ("start", "end", "applies"),
        [
            (4, 5, True),
            (2, 9, True),
            (0, 5, True),
            (5, 6, False),
            (3, 4, False),
            (0, 2, False),
        ],
    )
    def test_only_a_delivery_that_continues_applies(
        self, bench: Bench, start: int, end: int, applies: bool
    ) -> None:
        """It may reach back, but neither leave a gap nor end at or below what is applied."""
        bench.receive(bench.pen.delivery(start, end, bench.pen.pin("b", "2604")))
        assert ("b" in held(bench)) == applies
        assert bench.firmware.state.applied == (end if applies else 4)
        assert (bench.type("2604") is Signal.GRANTED) == applies

    @pytest.mark.parametrize("epoch", [0, 6, 8])
    def test_another_epoch_changes_nothing(self, bench: Bench, epoch: int) -> None:
        """Neither an older nor a newer one; only a snapshot brings a new epoch."""
        bench.receive(bench.pen.delivery(4, 5, bench.pen.pin("b", "2604"), epoch=epoch))
        assert held(bench) == {"settings": 1, "a": 1}

    def test_an_old_delivery_does_not_bring_a_removed_pin_back(self, bench: Bench) -> None:
        """Whoever kept it may play it as often as they like."""
        kept = bench.pen.delivery(4, 5, bench.pen.pin("b", "2604"))
        bench.receive(kept, bench.pen.delivery(5, 6, bench.pen.gone("b")), kept, kept)
        assert "b" not in held(bench)
        assert bench.type("2604") is Signal.DENIED

    def test_a_delivery_sent_twice_counts_once(self, bench: Bench) -> None:
        """And is answered both times."""
        delivery = bench.pen.delivery(4, 5, bench.pen.pin("b", "2604"))
        for _ in range(2):
            bench.receive(delivery)
            report = bench.report()
            assert report.ack is not None
            assert report.ack.delivery_id == delivery.id
            assert report.applied_revision == 5


class TestSnapshots:
    """A snapshot replaces everything, if (epoch, to) is above the lock's own."""

    @pytest.mark.parametrize(
        ("epoch", "end", "applies"),
        [(7, 5, True), (8, 1, True), (7, 4, False), (7, 3, False), (6, 99, False)],
    )
    def test_only_a_higher_one_is_swapped_in(
        self, bench: Bench, epoch: int, end: int, applies: bool
    ) -> None:
        """After a restore the epoch is higher and the revision may be lower."""
        bench.receive(bench.pen.snapshot(end, bench.pen.pin("b", "2604"), epoch=epoch))
        assert (held(bench) == {"b": 1}) == applies
        state = bench.firmware.state
        assert (state.epoch, state.applied) == ((epoch, end) if applies else (7, 4))

    def test_its_parts_are_swapped_in_at_once_in_any_order(self, bench: Bench) -> None:
        """Until the last is here the lock holds what it held, also through a power cut."""
        pen = bench.pen
        parts = [
            pen.snapshot(9, pen.settings(), part=1, parts=3),
            pen.snapshot(9, pen.pin("b", "2604"), part=2, parts=3),
            pen.snapshot(9, pen.pin("c", "3715"), part=3, parts=3),
        ]
        bench.receive(parts[2], parts[0], parts[2])
        assert held(bench) == {"settings": 1, "a": 1}
        assert bench.firmware.state.applied == 4
        bench.restart()
        assert bench.type("1593") is Signal.GRANTED
        bench.receive(parts[1])
        assert held(bench) == {"settings": 1, "b": 1, "c": 1}
        assert bench.firmware.state.applied == 9
        assert bench.type("1593") is Signal.DENIED

    def test_parts_of_a_newer_snapshot_displace_older_ones(self, bench: Bench) -> None:
        """Parts of two snapshots are never mixed, and an old one is not begun again."""
        pen = bench.pen
        bench.receive(pen.snapshot(9, pen.pin("old", "2604"), part=1, parts=2))
        bench.receive(pen.snapshot(10, pen.pin("new-1", "3715"), part=1, parts=2))
        bench.receive(pen.snapshot(9, pen.pin("old-2", "4826"), part=2, parts=2))
        bench.receive(pen.snapshot(10, pen.pin("new-2", "5937"), part=2, parts=2))
        assert held(bench) == {"new-1": 1, "new-2": 1}

    def test_a_delivery_that_overtakes_a_snapshot_ends_it(self, bench: Bench) -> None:
        """Parts that could no longer apply are not kept on disk."""
        pen = bench.pen
        bench.receive(pen.snapshot(5, pen.pin("b", "2604"), part=1, parts=2))
        bench.receive(pen.delivery(4, 6, pen.pin("c", "3715")))
        assert bench.firmware.state.gathering is None
        bench.receive(pen.snapshot(5, part=2, parts=2))
        assert held(bench) == {"settings": 1, "a": 1, "c": 1}

    def test_each_part_is_answered_with_the_state_as_it_still_is(self, bench: Bench) -> None:
        """The revision stands until the last part, so that nothing is taken for settled."""
        pen = bench.pen
        before = sum_over(pen.settings(), pen.pin("a", "1593"))
        first = pen.snapshot(9, pen.pin("b", "2604"), part=1, parts=2)
        bench.receive(first)
        report = bench.report()
        assert report.ack is not None
        assert (report.ack.delivery_id, report.ack.state_sum) == (first.id, before)
        assert report.applied_revision == 4


class TestUnreadable:
    """What cannot be read changes nothing, and is told."""

    def test_a_changed_byte_changes_nothing(self, bench: Bench) -> None:
        """The seal breaks; nobody is answered, but there is an event."""
        delivery = bench.pen.delivery(4, 5, bench.pen.pin("b", "2604"))
        broken = bytearray(delivery.sealed)
        broken[-1] ^= 1
        bench.receive(Delivery(delivery.id, bytes(broken)))
        assert held(bench) == {"settings": 1, "a": 1}
        report = bench.report()
        assert report.ack is None
        (event,) = report.events
        assert (event.kind, event.delivery_id) == (LockEventKind.DELIVERY_REFUSED, None)

    def test_another_locks_or_lifes_delivery_changes_nothing(self, bench: Bench) -> None:
        """Another secret, and the same secret under another incarnation."""
        for other in (provisioning(secret=b"t" * 32), provisioning(incarnation="life-2")):
            bench.receive(Pen(other).delivery(4, 5, Pen(other).pin("b", "2604")))
        assert held(bench) == {"settings": 1, "a": 1}

    def test_a_zone_that_the_lock_does_not_know_refuses_the_whole_delivery(
        self, bench: Bench
    ) -> None:
        """Half a delivery is none; it is answered with the revision that the lock has."""
        pen = bench.pen
        entries = (pen.settings(zone="Mars/Olympus", version=2), pen.pin("b", "2604"))
        bench.receive(pen.delivery(4, 5, *entries))
        assert held(bench) == {"settings": 1, "a": 1}
        report = bench.report()
        assert report.ack is not None
        assert report.applied_revision == 4
        (event,) = report.events
        assert (event.kind, event.delivery_id) == (
            LockEventKind.DELIVERY_REFUSED,
            report.ack.delivery_id,
        )

    @pytest.mark.parametrize("name", ["", "a b", "x" * 65, "\u00e4"])
    def test_a_name_that_no_server_gives_is_not_kept(self, bench: Bench, name: str) -> None:
        """It is not proven: what is said beside a seal must not spoil the disk."""
        settings = bench.pen.settings(zone="Mars/Olympus", version=2)
        bench.receive(Delivery(name, bench.pen.delivery(4, 5, settings).sealed))
        assert bench.report().events[0].delivery_id is None
        bench.restart()


class TestAcknowledgement:
    """What the lock answers, and when it repeats it."""

    def test_the_sum_is_that_of_the_lock_and_of_nothing_else(self, bench: Bench) -> None:
        """Wrong entries, events and commands are the lock's own and outside the sum."""
        pen = bench.pen
        bench.wrong(3)
        bench.receive(pen.delivery(4, 5, pen.pin("b", "2604"), pen.gone("a")))
        report = bench.report()
        assert report.ack is not None
        assert report.ack.state_sum == sum_over(pen.settings(), pen.pin("b", "2604"))

    def test_a_lock_that_holds_nothing_has_the_empty_sum(self) -> None:
        """A snapshot of nothing is a snapshot."""
        bench = Bench()
        bench.connect()
        bench.receive(bench.pen.snapshot(1))
        report = bench.report()
        assert report.ack is not None
        assert report.ack.state_sum == "0" * 64

    def test_a_fresh_lock_has_nothing_to_repeat_and_says_revision_0(self) -> None:
        """Epoch 0 too."""
        bench = Bench()
        start = bench.firmware.connected(0)
        assert (start.epoch, start.applied_revision) == (0, 0)
        assert bench.report().ack is None

    def test_on_connecting_the_lock_repeats_its_last_answer(self, bench: Bench) -> None:
        """Also after a power cut: the first may have been lost."""
        delivery = bench.pen.delivery(4, 5, bench.pen.pin("b", "2604"))
        bench.receive(delivery)
        bench.restart()
        start = bench.firmware.connected(0)
        assert (start.epoch, start.applied_revision) == (7, 5)
        report = bench.report()
        assert report.ack is not None
        assert report.ack.delivery_id == delivery.id

    def test_an_answer_that_was_refused_is_given_again_with_the_next_nonce(
        self, bench: Bench
    ) -> None:
        """Not at once: a server in trouble is not hammered."""
        bench.receive(bench.pen.delivery(4, 5, bench.pen.pin("b", "2604")))
        (first,) = [item for item in bench.drain() if isinstance(item, Report)]
        bench.receive(ReportRefused())
        assert bench.drain() == []
        bench.wait(seconds=30)
        (again,) = [item for item in bench.drain() if isinstance(item, Report)]
        assert again.ack == first.ack
