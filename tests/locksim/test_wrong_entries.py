"""Wrong entries: counted on disk before they are looked at, until the lock takes no more."""

import pytest

from domain.link.events import LockEventKind
from locksim.lockout import BUCKET, CONSECUTIVE_LIMIT, REFILL_MS
from locksim.signals import Signal
from tests.locksim.bench import Bench, kinds_of
from tests.locksim.rig import CARD, NOON, PowerCut
from tests.locksim.test_entry import EVENING

RIGHT, EVENING_PIN = "40718263", "6284"
WRONG_PROGRAMMING_CODE = "90817264"


@pytest.fixture
def bench() -> Bench:
    """A lock with one PIN that opens and one that does not at noon, and a paired card."""
    bench = Bench()
    hold(bench)
    return bench


def hold(bench: Bench, *, release: int | None = None) -> None:
    """Give the lock its entries."""
    pen = bench.pen
    bench.hold(
        pen.settings(release=release),
        pen.card(),
        pen.pin("right", RIGHT),
        pen.pin("evening", EVENING_PIN, EVENING),
    )


class TestLockout:
    """Ten consecutive wrong entries, of whatever length, disable PIN entry."""

    def test_the_tenth_wrong_entry_locks_and_the_right_pin_is_denied_then(
        self, bench: Bench
    ) -> None:
        """Nine are forgiven by a right one; ten are not."""
        bench.wrong(CONSECUTIVE_LIMIT - 1)
        assert bench.type(RIGHT) is Signal.GRANTED
        bench.wrong(CONSECUTIVE_LIMIT - 1)
        assert not bench.locked_out
        bench.wrong(1)
        assert bench.locked_out
        assert bench.type(RIGHT) is Signal.DENIED
        assert bench.reasons() == ["PIN_LOCKOUT"]

    def test_entries_of_any_length_count(self, bench: Bench) -> None:
        """One digit, sixteen, a SmartPIN, a wrong programming code."""
        digits = ["1", "12", "123", "9876", "98765", "987654321", "1234567890", "1" * 11, "1" * 16]
        for each in (*digits, WRONG_PROGRAMMING_CODE):
            assert not bench.locked_out
            bench.type(each)
        assert bench.locked_out

    def test_the_event_of_the_lockout_stands_behind_that_of_the_entry(self, bench: Bench) -> None:
        """Once, however often somebody types on."""
        bench.wrong(CONSECUTIVE_LIMIT + 3)
        kinds = kinds_of(bench.events(LockEventKind.DENIED, LockEventKind.LOCKOUT_STARTED))
        assert kinds == ["DENIED"] * 10 + ["LOCKOUT_STARTED"] + ["DENIED"] * 3

    def test_a_right_pin_out_of_hours_neither_counts_nor_resets(self, bench: Bench) -> None:
        """Nine wrong, any number of those, one wrong: locked; without the wrong ones: never."""
        for _ in range(30):
            assert bench.type(EVENING_PIN) is Signal.DENIED
        assert not bench.locked_out
        bench.wrong(CONSECUTIVE_LIMIT - 1)
        bench.type(EVENING_PIN)
        assert not bench.locked_out
        bench.wrong(1)
        assert bench.locked_out

    def test_a_lockout_survives_the_power(self, bench: Bench) -> None:
        """And every wrong entry before it does."""
        bench.wrong(6)
        bench.restart()
        bench.wrong(4)
        assert bench.locked_out
        bench.restart()
        assert bench.type(RIGHT) is Signal.DENIED


class TestPowerCuts:
    """Cutting the power gains no guess."""

    @pytest.mark.parametrize("keeps", [False, True])
    @pytest.mark.parametrize("write", [0, 1])
    def test_a_power_cut_at_either_write_of_an_entry_gives_no_guess_back(
        self, bench: Bench, write: int, keeps: bool
    ) -> None:
        """At the first the entry was not yet looked at; from then on it is counted."""
        bench.wrong(3)
        asked = bench.hash.asked
        bench.disk.cut_at, bench.disk.keeps_cut_write = write, keeps
        with pytest.raises(PowerCut):
            bench.type("5193")
        looked_at = bench.hash.asked > asked
        bench.restart()
        counted = bench.firmware.state.tries.streak == 4
        assert counted or not looked_at

    def test_the_tenth_entry_locks_although_the_power_goes_while_it_is_looked_at(
        self, bench: Bench
    ) -> None:
        """The lock wakes locked, and its event is made up for."""
        bench.wrong(9)
        bench.disk.cut_at = 1
        with pytest.raises(PowerCut):
            bench.type("5193")
        bench.restart()
        assert bench.locked_out
        assert kinds_of(bench.events())[-2:] == ["STARTED", "LOCKOUT_STARTED"]
        bench.restart()
        assert kinds_of(bench.events())[-1:] == ["STARTED"]

    def test_the_right_pin_as_the_tenth_entry_still_opens(self, bench: Bench) -> None:
        """It is counted while it is looked at, and forgiven when it is right."""
        bench.wrong(9)
        assert bench.type(RIGHT) is Signal.GRANTED
        bench.wrong(9)
        assert not bench.locked_out


class TestBucket:
    """Twenty wrong entries, and four more a day, whatever comes between."""

    def test_a_known_pin_does_not_reset_the_guessing(self, bench: Bench) -> None:
        """Five wrong and one right, over and over: the twentieth wrong one locks."""
        for _ in range(3):
            bench.wrong(5)
            assert bench.type(RIGHT) is Signal.GRANTED
        bench.wrong(BUCKET - 15)
        assert bench.locked_out

    def test_it_refills_with_trusted_time_only(self, bench: Bench) -> None:
        """A day gives four more; a day without time gives none."""
        bench.wrong(9)
        bench.type(RIGHT)
        bench.wait(hours=24)
        bench.wrong(1)
        assert bench.firmware.state.tries.left == BUCKET - 9 + 4 - 1
        bench.restart(battery=None)
        bench.wait(hours=24)
        bench.wrong(1)
        assert bench.firmware.state.tries.left == BUCKET - 9 + 4 - 2

    def test_a_clock_that_was_lost_and_set_again_refills_nothing(self, bench: Bench) -> None:
        """The time in which the lock had none does not count."""
        bench.wrong(5)
        left = bench.firmware.state.tries.left
        bench.restart(battery=None)
        nonce = bench.nonce()
        bench.receive(bench.pen.time(nonce, NOON.replace(month=12)))
        bench.wrong(1)
        assert bench.firmware.state.tries.left == left - 1
        assert REFILL_MS == 6 * 3600 * 1000


class TestRelease:
    """What ends a lockout."""

    def test_the_paired_card_ends_it_and_opens_nothing(self, bench: Bench) -> None:
        """Both budgets are whole again, and the door stayed shut."""
        bench.wrong(10)
        assert bench.present(CARD) is Signal.RELEASED
        assert (bench.locked_out, bench.openings) == (False, 0)
        assert bench.firmware.state.tries.left == BUCKET
        assert kinds_of(bench.events())[-2:] == ["CARD_PRESENTED", "LOCKOUT_ENDED"]
        assert bench.type(RIGHT) is Signal.GRANTED

    def test_the_paired_card_does_nothing_without_a_lockout(self, bench: Bench) -> None:
        """It neither opens nor forgives the wrong entries so far."""
        bench.wrong(9)
        assert bench.present(CARD) is Signal.CLEARED
        assert bench.openings == 0
        bench.wrong(1)
        assert bench.locked_out

    @pytest.mark.parametrize("uid", [bytes(7), b"", b"\x04", bytes(40)])
    def test_any_other_card_ends_nothing(self, bench: Bench, uid: bytes) -> None:
        """Also one whose UID has a length that no card has."""
        bench.wrong(10)
        assert bench.present(uid) is Signal.DENIED
        assert bench.locked_out
        assert bench.reasons() == ["UNKNOWN_CARD"]

    @pytest.mark.parametrize("opens", [True, False])
    def test_an_authorised_command_ends_it(self, bench: Bench, opens: bool) -> None:
        """With or without opening; the events name the command."""
        bench.wrong(10)
        bench.receive(bench.pen.command(bench.nonce(), releases=True, opens=opens))
        assert not bench.locked_out
        assert bench.openings == int(opens)
        ended = bench.events(LockEventKind.LOCKOUT_ENDED)[-1]
        assert ended.command_id == "command-1"

    def test_a_command_that_only_opens_leaves_the_lockout(self, bench: Bench) -> None:
        """Phones open meanwhile; PINs do not."""
        bench.wrong(10)
        bench.receive(bench.pen.command(bench.nonce(), releases=False))
        assert bench.openings == 1
        assert bench.locked_out

    def test_the_sites_policy_may_end_it_after_a_time(self, bench: Bench) -> None:
        """Not a moment before; a power cut does not make it earlier."""
        hold(bench, release=30)
        bench.wrong(10)
        bench.wait(seconds=29 * 60)
        assert bench.locked_out
        bench.restart(battery=None)
        bench.wait(seconds=29 * 60)
        assert bench.locked_out
        bench.wait(seconds=60)
        assert not bench.locked_out
        assert kinds_of(bench.events())[-1] == "LOCKOUT_ENDED"

    def test_trusted_time_counts_through_a_power_cut(self, bench: Bench) -> None:
        """A lock that knows how long it was dark ends the lockout when it is due."""
        hold(bench, release=30)
        bench.wrong(10)
        bench.restart(battery=NOON.replace(minute=29))
        bench.wait(seconds=59)
        assert bench.locked_out
        bench.wait(seconds=1)
        assert not bench.locked_out
