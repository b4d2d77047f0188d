"""What the server explains against what the lock does: real firmware, and the same facts put before both.

The cases are drawn from seeds: zones of whole, half and quarter hours, moments around changes of clocks, leap days and
midnight, schedules of every shape, PINs that the lock holds, holds in an older version or holds no more, blocks, PIN mode,
lockouts, clocks that were lost. `CASES` is how many there are of each kind.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.access.schedule import ALWAYS, Schedule, Slot
from domain.explaining.rules import (
    Door,
    Grant,
    HeldSettings,
    HeldVersion,
    SmartPinFacts,
    Way,
    of_pin,
    of_smartpin,
)
from domain.link.events import LockEventKind
from locksim.provisioning import Provisioning
from locksim.signals import Signal
from smartpin import Codec, Daily, Hourly, LockTime, Reading, Window, survives_activation
from tests.domain.access.oracle import ALL_WEEKDAY_SETS, CLOCK_CHANGES, ZONES
from tests.locksim.bench import Bench
from tests.locksim.codes import lock_in

CASES = 800
DIGITS = "73519264"
PIN, LOCK, READER = "pin", "lock", "reader"
LEAP_DAYS = [datetime(year, 2, 29, tzinfo=UTC) for year in (2024, 2028)]


def moment(rng: random.Random) -> tuple[ZoneInfo, datetime]:
    """A zone and a whole second in it, mostly around a change of clocks, a leap day, a midnight or a new year."""
    match rng.randrange(4):
        case 0:
            name, change = rng.choice(CLOCK_CHANGES)
            return ZoneInfo(name), change + timedelta(seconds=rng.randint(-129_600, 129_600))
        case 1:
            near = rng.choice([*LEAP_DAYS, datetime(2027, 1, 1, tzinfo=UTC)])
            return rng.choice(ZONES), near + timedelta(minutes=rng.randint(-2160, 2160))
        case 2:
            zone = rng.choice(ZONES)
            midnight = datetime.combine(date(2026, 1, 1), time(), zone).astimezone(UTC)
            return zone, midnight + timedelta(days=rng.randrange(365), seconds=rng.randint(-2, 2))
        case _:
            return rng.choice(ZONES), datetime(2021, 1, 1, tzinfo=UTC) + timedelta(
                seconds=rng.randrange(20 * 366 * 86_400)
            )


def schedule(rng: random.Random, now: datetime) -> Schedule:
    """One whose bounds are near the moment, if it has any."""
    if rng.random() < 0.15:
        return ALWAYS
    dated = rng.random() < 0.6
    first, last = sorted(rng.sample(range(-96, 97), 2))
    bounds = [now + timedelta(hours=first), now + timedelta(hours=last)]
    starts, ends = [
        None if rng.random() < 0.4 else (bound.date() if dated else bound) for bound in bounds
    ]
    slot = None
    if rng.random() < 0.6:
        quarter, length = rng.randrange(96), rng.randrange(1, 96)
        ends_at = (quarter + length) % 96
        slot = Slot(time(quarter // 4, quarter % 4 * 15), time(ends_at // 4, ends_at % 4 * 15))
    return Schedule(starts, ends, slot, rng.choice(ALL_WEEKDAY_SETS))


def door(zone: ZoneInfo, **facts: object) -> Door:
    usual = Door(
        lock=LOCK, site="site", zone=zone, keypads=(READER,), pin_keypads=(READER,),
        smartpin_enabled=True, held=HeldSettings(zone, True, True), set_up=True,
        state_unknown=False, locked_out=False, release_at=None, no_time=False,
        has_network=True, takes_leases=True, reachable=True,
    )  # fmt: skip
    return replace(usual, **facts)  # type: ignore[arg-type]


def at_the_door(bench: Bench, digits: str) -> tuple[bool, set[str]]:
    """Whether the entry opens, and the reasons that the lock gives."""
    before = len(bench.events(LockEventKind.DENIED))
    if bench.type(digits) is Signal.GRANTED:
        return True, set()
    (denied,) = bench.events(LockEventKind.DENIED)[before:]
    return False, {str(reason) for reason in denied.reasons}


SAME = {"UNKNOWN_CREDENTIAL": "NOT_ON_LOCK"}
"""The lock knows no such digits; the server knows which PIN it is that the lock does not hold."""


def against(way: Way) -> set[str]:
    return {str(each.code) for each in way.at_lock.reasons if not each.speaks_for}


def held_at(
    bench: Bench, zone: ZoneInfo, schedules: Sequence[Schedule] | None, *, pin: bool, smartpin: bool
) -> None:
    """The lock holds the PIN with these schedules (None: not at all), and these settings."""
    entries = [bench.pen.settings(pin=pin, smartpin=smartpin, zone=zone.key)]
    if schedules is not None:
        entries.append(bench.pen.pin("pin", DIGITS, *schedules, never=not schedules))
    bench.hold(*entries)


def test_a_pin_opens_exactly_where_the_explanation_says_so() -> None:
    """Proves for each case that the lock opens if and only if the explanation says that it does, that each reason of the
    lock's is among the explanation's, and that the next moment told opens while the millisecond before does not."""
    seen: Counter[str] = Counter()
    for seed in range(CASES):
        rng = random.Random(seed)
        zone, now = moment(rng)
        wanted = [schedule(rng, now) for _ in range(rng.randrange(4))]
        older = [schedule(rng, now)]
        no_time, locked = rng.random() < 0.1, rng.random() < 0.1
        pin, smartpin = rng.random() < 0.9, rng.random() < 0.5
        what = rng.choice(["holds", "holds", "holds", "holds", "older", "nothing"])
        held = {"holds": wanted, "older": older, "nothing": None}[what]

        bench = Bench(battery=None if no_time else now, lock=lock_in(zone.key))
        held_at(bench, zone, held, pin=True, smartpin=True)
        if locked:
            bench.wrong(10)
        held_at(bench, zone, held, pin=pin, smartpin=smartpin)
        opened, reasons = at_the_door(bench, DIGITS)

        facts = door(
            zone, held=HeldSettings(zone, pin, smartpin), locked_out=locked, no_time=no_time,
            pin_keypads=(READER,) if pin else (),
        )  # fmt: skip
        version = HeldVersion(
            1 if what == "older" else 2,
            held is not None,
            tuple(held or ()) if held is not None else None,
        )
        way = of_pin(
            PIN, [Grant(each, PIN) for each in wanted], [version], facts, now,
            blocked=False, wanted_version=2,
        )  # fmt: skip
        assert way.opens is opened, (seed, way)
        assert {SAME.get(each, each) for each in reasons} <= against(way), (seed, reasons, way)
        if what == "holds" and not (locked or no_time):
            assert way.wanted.opens is opened, (seed, way)
            seen["next"] += _next_is_right(way, zone, wanted, now, seed)
        seen[what] += 1
        seen.update(reasons or {"OPENED": 1})
    assert all(seen[each] > CASES // 50 for each in (
        "next", "holds", "older", "nothing", "OPENED", "NOT_YET_VALID", "ENDED", "WRONG_WEEKDAY",
        "OUTSIDE_SLOT", "NO_TIME", "NO_RULE", "PIN_MODE_OFF", "PIN_LOCKOUT", "UNKNOWN_CREDENTIAL",
    )), seen  # fmt: skip


def _next_is_right(
    way: Way, zone: ZoneInfo, schedules: list[Schedule], now: datetime, seed: int
) -> bool:
    if way.next_at is None or way.next_at == now:
        assert (way.next_at is None) or way.wanted.opens, seed
        return False
    for at, opens in ((way.next_at, True), (way.next_at - timedelta(milliseconds=1), False)):
        bench = Bench(battery=at, lock=lock_in(zone.key))
        held_at(bench, zone, schedules, pin=True, smartpin=True)
        assert at_the_door(bench, DIGITS)[0] is opens, (seed, at)
    return True


def _window(rng: random.Random, lock_time: LockTime, now: datetime) -> Window:
    hour = lock_time.hour(now)
    if rng.random() < 0.5:
        return Hourly(max(0, hour + rng.randint(-60, 20)), rng.randint(1, 72))
    return Daily(max(0, hour // 24 + rng.randint(-50, 3)), rng.randint(33, 60))


def _lock_time(lock: Provisioning, zone: ZoneInfo) -> LockTime:
    return LockTime(lock.fixed_offset_minutes, zone)


def test_a_smartpin_opens_exactly_where_the_explanation_says_so() -> None:
    """Proves the same for SmartPINs, of hours and of days: before, in and after their windows, blocked, unused in their
    first day where that is asked, at locks that take none, that are locked out or have no time."""
    seen: Counter[str] = Counter()
    for seed in range(CASES):
        rng = random.Random(seed)
        zone, now = moment(rng)
        lock = lock_in(zone.key, now.year)
        lock_time, codec = _lock_time(lock, zone), Codec(lock.secret)
        window = _window(rng, lock_time, now)
        reading = Reading(window, 0)
        if now.year < 2021 or not codec.is_unambiguous(reading):
            continue
        code = codec.encode(reading)
        opens, closes = lock_time.opens(window), lock_time.closes(window)
        no_time, locked = rng.random() < 0.1, rng.random() < 0.1
        blocked, activation, enabled = (rng.random() < share for share in (0.2, 0.5, 0.9))

        bench = Bench(battery=None if no_time else now, lock=lock)
        entries = [bench.pen.settings(pin=True, smartpin=enabled, zone=zone.key)]
        entries += [bench.pen.block(code, closes)] if blocked else []
        entries += [bench.pen.activation()] if activation else []
        bench.hold(*entries)
        if locked:
            bench.wrong(10)
        opened, reasons = at_the_door(bench, code)

        missed = not survives_activation(window, first_used=None, now=now, lock_time=lock_time)
        facts = door(
            zone, held=HeldSettings(zone, True, enabled), locked_out=locked, no_time=no_time,
            smartpin_enabled=enabled,
        )  # fmt: skip
        way = of_smartpin(
            SmartPinFacts(
                row=code, schedule=Schedule(opens, closes), void=False, blocked=blocked,
                missed=missed, activation=activation, blocked_at_lock=frozenset({blocked}),
                activation_at_lock=frozenset({activation}),
            ),
            facts,
            now,
        )  # fmt: skip
        assert way.opens is opened, (seed, way, window)
        told = against(way)
        if "ACTIVATION_MISSED" in told:
            seen["ACTIVATION_MISSED"] += 1
            told.add("ENDED")  # what the lock calls it
        assert reasons <= told, (seed, reasons, way)
        if not (locked or no_time):
            assert way.wanted.opens is opened
        seen.update(reasons or {"OPENED": 1})
    assert all(seen[each] > CASES // 80 for each in (
        "OPENED", "NOT_YET_VALID", "ENDED", "BLOCKED", "NO_TIME", "SMARTPIN_OFF", "PIN_LOCKOUT",
        "ACTIVATION_MISSED",
    )), seen  # fmt: skip
