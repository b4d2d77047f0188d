"""SmartPINs as a server would make them, for a lock on the bench."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.link.entries import smartpin_entry_id
from locksim.clock import moment
from locksim.provisioning import Provisioning
from locksim.signals import Signal
from smartpin import Codec, LockTime, Reading, fit, fixed_offset
from tests.locksim.bench import Bench
from tests.locksim.rig import NOON, provisioning

PROGRAMMING_CODE = provisioning().programming_code
HOUR = timedelta(hours=1)


def lock_in(zone: str, year: int = 2026) -> Provisioning:
    """A lock in this zone that its installer has switched to SmartPINs, and that never hears of a server."""
    there = ZoneInfo(zone)
    return replace(
        provisioning(),
        zone=there,
        fixed_offset_minutes=fixed_offset(there, year),
        smartpin_enabled=True,
    )


def bench_with_smartpins(battery: datetime | None = NOON) -> Bench:
    """A lock with PIN mode and SmartPINs on, and one PIN."""
    bench = Bench(battery=battery)
    pen = bench.pen
    bench.hold(pen.settings(smartpin=True), pen.card(), pen.pin("pin", "40718263"))
    return bench


def code_for(
    start: datetime,
    end: datetime,
    variant: int = 0,
    *,
    lock: Provisioning | None = None,
    now: datetime | None = None,
) -> str:
    """The digits for a window."""
    lock = lock or provisioning()
    lock_time = LockTime(lock.fixed_offset_minutes, lock.zone)
    window = fit(start, end, now=now or start, lock_time=lock_time).window
    return Codec(lock.secret).encode(Reading(window, variant))


def code_now(variant: int = 0, hours: int = 48) -> str:
    """The digits for a window that opens at noon, when the bench is switched on."""
    return code_for(NOON, NOON + hours * HOUR, variant)


def name_of(code: str) -> str:
    """What lock and server call it."""
    return smartpin_entry_id(Codec(provisioning().secret).block_tag(code))


def block_at_keypad(bench: Bench, code: str) -> Signal:
    """Programming code, 128, SmartPIN; what is shown for the last."""
    bench.type(PROGRAMMING_CODE)
    bench.type("128")
    return bench.type(code)


def now_at(bench: Bench) -> datetime:
    """The lock's time."""
    now_ms = bench.firmware.view(bench.uptime_ms).now_ms
    assert now_ms is not None
    return moment(now_ms).astimezone(UTC)


def meaningless_code() -> str:
    """Ten digits that are no code of this lock in any year that matters here."""
    codec, epoch = (
        Codec(provisioning().secret),
        LockTime(60, ZoneInfo("Europe/Berlin")).code_epoch(NOON),
    )
    for number in range(5_000_000_000, 5_000_000_100):
        if not any(codec.decode(str(number), epoch + each) for each in (-1, 0, 1)):
            return str(number)
    raise AssertionError("some of a hundred means nothing")
