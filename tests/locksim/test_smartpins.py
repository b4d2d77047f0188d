"""SmartPINs at the door: what opens without a network, and what does not, whatever is done to the lock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.link.events import LockEventKind
from locksim.lockout import CONSECUTIVE_LIMIT
from locksim.signals import Signal
from tests.locksim.bench import Bench
from tests.locksim.codes import (
    HOUR,
    bench_with_smartpins,
    code_for,
    code_now,
    lock_in,
    meaningless_code,
    name_of,
)
from tests.locksim.rig import NOON, PowerCut, provisioning

YEAR = timedelta(days=366)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def bench() -> Bench:
    """A lock with SmartPINs on, at noon."""
    return bench_with_smartpins()


class TestWithoutNetwork:
    """The digits say all; the lock needs a clock and its secret."""

    def test_a_lock_that_never_had_a_network_opens(self) -> None:
        """Its installer has switched SmartPINs on; no entry was ever delivered."""
        lock = lock_in("Europe/Berlin")
        bench = Bench(lock=lock)
        assert not bench.firmware.state.entries
        assert bench.type(code_for(NOON, NOON + 2 * HOUR, lock=lock)) is Signal.GRANTED
        assert bench.openings == 1

    def test_the_event_waits_for_a_link_and_names_the_code_without_its_digits(
        self, bench: Bench
    ) -> None:
        """By the tag that the server knows it by; neither event nor disk holds the digits."""
        code = code_now()
        bench.type(code)
        (event,) = bench.events(LockEventKind.OPENED)
        assert (event.method and event.method.value, event.entry_id) == ("SMARTPIN", name_of(code))
        assert bench.disk.state is not None
        assert code.encode() not in bench.disk.state
        bench.connect()
        assert event in bench.told

    def test_every_variant_of_a_window_opens(self, bench: Bench) -> None:
        """Guests of one stay have different codes."""
        codes = {code_now(variant) for variant in range(16)}
        assert len(codes) == 16
        assert all(bench.type(code) is Signal.GRANTED for code in codes)


class TestWindow:
    """Open for `start <= now < end`, and not a moment more."""

    def test_before_its_start_in_it_and_at_its_end(self, bench: Bench) -> None:
        """To the millisecond; the event says whether it was too early or too late."""
        code = code_for(NOON + HOUR, NOON + 3 * HOUR)
        for at, shown, reasons in (
            (HOUR - timedelta(milliseconds=1), Signal.DENIED, ["NOT_YET_VALID"]),
            (HOUR, Signal.GRANTED, []),
            (3 * HOUR - timedelta(milliseconds=1), Signal.GRANTED, []),
            (3 * HOUR, Signal.DENIED, ["ENDED"]),
        ):
            bench.uptime_ms = at // timedelta(milliseconds=1)
            assert bench.type(code) is shown
            assert bench.reasons() == reasons

    def test_a_code_of_another_lock_opens_nothing(self, bench: Bench) -> None:
        """Another secret, another code."""
        other = provisioning(secret=b"o" * 32)
        code = code_for(NOON, NOON + HOUR, lock=other)
        assert bench.type(code) is Signal.DENIED

    def test_after_a_factory_reset_the_codes_of_before_are_dead(self, bench: Bench) -> None:
        """Also those that had opened: the lock has a new secret and an empty disk."""
        code = code_now()
        assert bench.type(code) is Signal.GRANTED
        bench.restart(lock=provisioning(incarnation="life-2", secret=b"n" * 32))
        bench.pen.lock = bench.lock
        bench.hold(bench.pen.settings(smartpin=True))
        assert bench.type(code) is Signal.DENIED
        assert not bench.firmware.state.smartpins.used

    @pytest.mark.parametrize(
        "zone",
        [
            "Asia/Kathmandu",  # +05:45
            "America/St_Johns",  # -03:30
            "Australia/Lord_Howe",  # half an hour of daylight saving
            "Europe/Dublin",  # negative daylight saving
            "Pacific/Kiritimati",  # +14:00
            "Asia/Kolkata",  # +05:30
        ],
    )
    @pytest.mark.parametrize("month", [1, 7])
    def test_hours_are_those_of_the_wall_in_every_zone(self, zone: str, month: int) -> None:
        """From 15:00 to 11:00 the next day, as the clock beside the door shows, in winter and summer."""
        there = ZoneInfo(zone)
        lock = lock_in(zone)
        opens = datetime(2026, month, 14, 15, tzinfo=there).astimezone(UTC)
        closes = datetime(2026, month, 15, 11, tzinfo=there).astimezone(UTC)
        code = code_for(opens, closes, lock=lock)
        for at, shown in (
            (opens - timedelta(hours=1), Signal.DENIED),
            (opens, Signal.GRANTED),
            (closes - timedelta(seconds=1), Signal.GRANTED),
            (closes + timedelta(minutes=30), Signal.DENIED),
        ):
            assert Bench(battery=at, lock=lock).type(code) is shown

    @pytest.mark.parametrize(
        ("first", "last"),
        [
            (
                datetime(2026, 3, 28, 12, tzinfo=BERLIN),
                datetime(2026, 3, 30, 12, tzinfo=BERLIN),
            ),  # the night loses an hour
            (
                datetime(2026, 10, 24, 12, tzinfo=BERLIN),
                datetime(2026, 10, 26, 12, tzinfo=BERLIN),
            ),  # the night has one twice
            (
                datetime(2028, 2, 28, 12, tzinfo=BERLIN),
                datetime(2028, 3, 1, 12, tzinfo=BERLIN),
            ),  # 29 February
            (datetime(2026, 12, 31, 12, tzinfo=BERLIN), datetime(2027, 1, 1, 12, tzinfo=BERLIN)),
            (
                datetime(2026, 9, 20, 8, tzinfo=BERLIN),
                datetime(2026, 12, 10, 20, tzinfo=BERLIN),
            ),  # by the day
        ],
    )
    def test_a_stay_over_a_special_night_begins_and_ends_by_the_wall(
        self, first: datetime, last: datetime
    ) -> None:
        """Both nights on which clocks move, a leap day, New Year."""
        lock = lock_in(BERLIN.key)
        opens, closes = first.astimezone(UTC), last.astimezone(UTC)
        code = code_for(opens, closes, lock=lock)
        for at, shown in (
            (opens - timedelta(seconds=1), Signal.DENIED),
            (opens, Signal.GRANTED),
            (opens + (closes - opens) / 2, Signal.GRANTED),
            (closes - timedelta(seconds=1), Signal.GRANTED),
            (closes, Signal.DENIED),
        ):
            assert Bench(battery=at, lock=lock).type(code) is shown


class TestClock:
    """Without trusted time no SmartPIN opens."""

    def test_a_clock_set_back_a_year_brings_no_ended_code_back(self, bench: Bench) -> None:
        """The lock wakes below its mark: it has no time, and says so."""
        code = code_now(hours=1)
        assert bench.type(code) is Signal.GRANTED
        bench.wait(hours=30)
        bench.restart(battery=NOON - YEAR)
        assert bench.type(code) is Signal.DENIED
        assert bench.reasons() == ["NO_TIME"]
        bench.restart(battery=NOON)
        assert bench.type(code) is Signal.DENIED

    def test_a_lost_clock_refuses_until_the_server_has_told_the_time(self, bench: Bench) -> None:
        """The battery is empty; sealed time brings the codes back."""
        code = code_now()
        bench.restart(battery=None)
        assert bench.type(code) is Signal.DENIED
        assert bench.reasons() == ["NO_TIME"]
        bench.receive(bench.pen.time(bench.nonce(), NOON + HOUR))
        assert bench.type(code) is Signal.GRANTED

    def test_a_clock_before_2020_opens_nothing_and_breaks_nothing(self) -> None:
        """The format begins in 2020."""
        lock = lock_in("Europe/Berlin")
        bench = Bench(battery=datetime(1999, 5, 5, tzinfo=UTC), lock=lock)
        assert bench.type(code_for(NOON, NOON + HOUR, lock=lock)) is Signal.DENIED


class TestRefusals:
    """All look and cost the same, and every one counts."""

    def test_off_means_off(self, bench: Bench) -> None:
        """A right code at a lock where SmartPINs are switched off, from one delivery to the next."""
        code = code_now()
        bench.hold(bench.pen.settings(smartpin=False))
        assert bench.type(code) is Signal.DENIED
        assert bench.reasons() == ["SMARTPIN_OFF"]
        bench.hold(bench.pen.settings(pin=False, smartpin=True))
        assert bench.type(code) is Signal.GRANTED

    @pytest.mark.parametrize("kind", ["early", "late", "unknown", "blocked", "no time"])
    def test_ten_digits_that_do_not_open_are_a_wrong_entry_whatever_the_reason(
        self, bench: Bench, kind: str
    ) -> None:
        """Else the lockout would tell a code that has meaning from digits that have none."""
        code = {
            "early": code_for(NOON + HOUR, NOON + 2 * HOUR),
            "late": code_for(NOON - 2 * HOUR, NOON),
            "unknown": meaningless_code(),
        }.get(kind, code_now())
        if kind == "blocked":
            block = bench.pen.block(code, NOON + 48 * HOUR)
            bench.hold(bench.pen.settings(smartpin=True), bench.pen.card(), block)
        if kind == "no time":
            bench.restart(battery=None)
        for _ in range(CONSECUTIVE_LIMIT):
            assert not bench.locked_out
            assert bench.type(code) is Signal.DENIED
        assert bench.locked_out
        bench.present()
        assert not bench.locked_out

    def test_a_code_that_opens_breaks_the_row_and_does_not_fill_the_bucket(
        self, bench: Bench
    ) -> None:
        """As any right entry: who knows one code cannot guess on for ever with it."""
        code = code_now()
        for _ in range(2):
            bench.wrong(9)
            assert bench.type(code) is Signal.GRANTED
            bench.wait(seconds=11)
        bench.wrong(2)
        assert bench.locked_out
        assert bench.type(code) is Signal.DENIED
        assert bench.reasons() == ["PIN_LOCKOUT"]

    def test_every_ten_digits_cost_one_hash_and_two_writes(self, bench: Bench) -> None:
        """Open, early, ended, of another lock, meaningless, blocked."""
        blocked = code_now(3)
        bench.hold(bench.pen.settings(smartpin=True), bench.pen.block(blocked, NOON + 48 * HOUR))
        costs = set()
        for code in (
            code_now(),
            code_for(NOON + HOUR, NOON + 2 * HOUR),
            code_for(NOON - 2 * HOUR, NOON),
            code_for(NOON, NOON + HOUR, lock=provisioning(secret=b"o" * 32)),
            meaningless_code(),
            blocked,
        ):
            asked, writes = bench.hash.asked, bench.disk.writes
            bench.type(code)
            costs.add((bench.hash.asked - asked, bench.disk.writes - writes))
        assert costs == {(1, 2)}

    @pytest.mark.parametrize("write", [0, 1])
    def test_a_power_cut_gives_no_guess_back(self, bench: Bench, write: int) -> None:
        """Counted before it is looked at; opened only when that is on disk."""
        bench.disk.cut_at = write
        with pytest.raises(PowerCut):
            bench.type(code_now())
        bench.restart()
        assert bench.openings == 0
        assert bench.firmware.state.tries.streak == write
