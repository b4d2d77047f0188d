"""``docs/smartpin.md`` tells the truth: its C is compiled and run, its figures are computed."""

import ctypes
import random
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from smartpin import FF1, Codec, Daily, Hourly, LockTime, Window, survives_activation
from smartpin.codec import derive_key
from smartpin.windows import HOURLY_TOTAL, TOTAL

DOCUMENT = Path(__file__).parents[2] / "docs" / "smartpin.md"
COMPILER = shutil.which("cc")
AES = ctypes.CFUNCTYPE(None, ctypes.POINTER(ctypes.c_uint8), ctypes.POINTER(ctypes.c_uint8))


class Moment(ctypes.Structure):
    """`moment` of the document's C: an instant in the lock's two ways of telling the time."""

    _fields_ = [(name, ctypes.c_uint32) for name in ("hour", "wall_day", "wall_seconds")]


class BlockEnd(ctypes.Structure):
    """`block_end` of the document's C."""

    _fields_ = [(name, ctypes.c_uint32) for name in ("hour", "day")]


class CSlot(ctypes.Structure):
    """`slot` of the document's C."""

    _fields_ = [("daily", ctypes.c_uint8)] + [
        (name, ctypes.c_uint32) for name in ("start", "duration", "variant")
    ]


def c_moment(now: datetime, lock_time: LockTime) -> Moment:
    """What a lock's clock shows, and nothing that was converted back."""
    day, clock = lock_time.wall(now)
    seconds = clock.hour * 3600 + clock.minute * 60 + clock.second
    return Moment(lock_time.hour(now), day, seconds)


def c_slot(window: Window) -> CSlot:
    """A window as the C has it."""
    if isinstance(window, Hourly):
        return CSlot(0, window.start, window.hours, 0)
    return CSlot(1, window.start, window.days, 0)


def c_aes(secret: bytes) -> Any:
    """AES under the cipher key of a lock secret, for the C to call."""
    bare_aes = FF1(derive_key(secret)).aes

    def block(source: Any, target: Any) -> None:
        ctypes.memmove(target, bare_aes(bytes(source[:16])), 16)

    return AES(block)


FirmwareCheck = Callable[[bytes, str, datetime, LockTime], bool]


@pytest.fixture(scope="module")
def text() -> str:
    return DOCUMENT.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def firmware(text: str, tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """All of the document's C, compiled."""
    if COMPILER is None:
        pytest.skip("no C compiler")
    listings = re.findall(r"```c\n(.*?)```", text, re.DOTALL)
    assert len(listings) == 3
    folder = tmp_path_factory.mktemp("firmware")
    (folder / "smartpin.c").write_text("\n".join(listings), encoding="utf-8")
    flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC"]
    subprocess.run(
        [COMPILER, *flags, "smartpin.c", "-o", "smartpin.so"], cwd=folder, check=True, timeout=60
    )
    library = ctypes.CDLL(str(folder / "smartpin.so"))
    at, slot, end = (ctypes.POINTER(each) for each in (Moment, CSlot, BlockEnd))
    library.smartpin_check.argtypes = [AES, ctypes.c_uint64, at]
    library.smartpin_has_ended.argtypes = [slot, at]
    library.smartpin_block.argtypes = [AES, ctypes.c_uint64, at, end]
    library.smartpin_block_is_over.argtypes = [end, at]
    library.smartpin_is_alive.argtypes = [slot, at, at]
    return library


@pytest.fixture(scope="module")
def firmware_check(firmware: ctypes.CDLL) -> FirmwareCheck:
    """smartpin_check of the document's C, given the same things as the reference's check."""

    def check(secret: bytes, code: str, now: datetime, lock_time: LockTime) -> bool:
        return bool(firmware.smartpin_check(c_aes(secret), int(code), c_moment(now, lock_time)))

    return check


def test_the_c_in_the_document_passes_the_vectors(
    firmware_check: FirmwareCheck, vectors: Any
) -> None:
    """Compiled with all warnings as errors, it answers each check as published."""
    for v in vectors["codes"]:
        lock_time = LockTime(v["offset_minutes"], ZoneInfo(v["zone"]))
        for check in v["checks"]:
            now = datetime.fromisoformat(check["now"])
            opens = firmware_check(bytes.fromhex(v["secret"]), v["code"], now, lock_time)
            assert opens == check["opens"], (v["name"], check["now"])


def test_the_c_in_the_document_agrees_on_other_codes(
    firmware_check: FirmwareCheck, secret: bytes, codec: Codec, lock_in: Callable[[str], LockTime]
) -> None:
    """Codes of random numbers near an epoch's boundary, most of them not open, seeded."""
    chance, lock_time = random.Random(6), lock_in("Australia/Lord_Howe")
    boundary = lock_time.hour_begins(6 * 8784)
    opened = 0
    for _ in range(400):
        now = boundary + timedelta(minutes=chance.randrange(-60_000, 60_000))
        code_epoch = lock_time.code_epoch(now)
        index = chance.choice((chance.randrange(TOTAL), chance.randrange(HOURLY_TOTAL, TOTAL)))
        code = f"{codec._permutation(code_epoch - chance.randrange(2)).encrypt(index):010d}"
        ours = bool(codec.open_readings(code, now, lock_time))
        assert firmware_check(secret, code, now, lock_time) == ours
        opened += ours
    assert opened > 20


ZONES = ("Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns")


def some_window(chance: random.Random, lock_time: LockTime, now: datetime) -> Window:
    """Hours or days that begin within a year or so of now."""
    if chance.randrange(2):
        return Hourly(lock_time.hour(now) + chance.randrange(-800, 800), chance.randint(1, 768))
    return Daily(lock_time.wall(now)[0] + chance.randrange(-400, 40), chance.randint(33, 365))


@pytest.mark.parametrize("zone", ZONES)
def test_the_c_in_the_document_ends_windows_and_keeps_first_days_as_the_reference(
    firmware: ctypes.CDLL, lock_in: Callable[[str], LockTime], zone: str
) -> None:
    """To the second, over both changes of clocks, though it never goes from the wall back to UTC. Seeded."""
    chance, lock_time = random.Random(8), lock_in(zone)
    year = datetime(2026, 1, 1, tzinfo=UTC)
    for _ in range(300):
        window = some_window(chance, lock_time, year + timedelta(hours=chance.randrange(8760)))
        slot = c_slot(window)
        opens, closes = lock_time.opens(window), lock_time.closes(window)
        deadline = lock_time.activation_deadline(window)
        moments = [
            edge + timedelta(seconds=second)
            for edge in (opens, deadline, closes)
            for second in (-1, 0, chance.randrange(-90_000, 90_000))
        ]
        for now in moments:
            at = c_moment(now, lock_time)
            assert bool(firmware.smartpin_has_ended(slot, at)) == (closes <= now)
            for used in (None, *moments):
                first = None if used is None else c_moment(used, lock_time)
                alive = survives_activation(window, first_used=used, now=now, lock_time=lock_time)
                assert bool(firmware.smartpin_is_alive(slot, first, at)) == alive


@pytest.mark.parametrize("zone", ZONES)
def test_the_c_in_the_document_blocks_as_long_as_the_reference(
    firmware: ctypes.CDLL,
    secret: bytes,
    codec: Codec,
    lock_in: Callable[[str], LockTime],
    zone: str,
) -> None:
    """In all three epochs, also digits with several readings: over when the last of their windows is. Seeded."""
    chance, lock_time, aes = random.Random(9), lock_in(zone), c_aes(secret)
    boundary, of_both_forms = lock_time.hour_begins(6 * 8784), 0
    for number in range(300):
        now = boundary + timedelta(minutes=chance.randrange(-60_000, 60_000))
        at, end = c_moment(now, lock_time), BlockEnd()
        while True:
            code_epoch = lock_time.code_epoch(now) + chance.randrange(-1, 2)
            index = chance.choice((chance.randrange(TOTAL), chance.randrange(HOURLY_TOTAL, TOTAL)))
            code = f"{codec._permutation(code_epoch).encrypt(index):010d}"
            unended = codec.unended_readings(code, now, lock_time)
            if len(unended) > 1 or number % 10:
                break
        of_both_forms += len({type(slot.window) for slot in unended}) == 2
        assert bool(firmware.smartpin_block(aes, int(code), at, end)) == bool(unended)
        for over in {lock_time.closes(slot.window) for slot in unended}:
            last = max(lock_time.closes(slot.window) for slot in unended)
            for then in (over - timedelta(seconds=1), over):
                found = firmware.smartpin_block_is_over(end, c_moment(then, lock_time))
                assert bool(found) == (last <= then)
    assert of_both_forms


def test_a_clock_at_the_first_hour_is_no_special_case(
    firmware_check: FirmwareCheck, secret: bytes, lock_in: Callable[[str], LockTime]
) -> None:
    """In epoch 0 there is no epoch before to try."""
    now = datetime(2020, 1, 1, tzinfo=UTC)
    for number in range(300):
        code = f"{number * 33_333_331:010d}"
        ours = bool(Codec(secret).open_readings(code, now, lock_in("UTC")))
        assert firmware_check(secret, code, now, lock_in("UTC")) == ours


def test_the_worked_example_is_a_vector(text: str, vectors: Any) -> None:
    """Key, index, tweak and code of section 12."""
    example = next(v for v in vectors["codes"] if v["name"] == "a weekend")
    code = example["code"]
    assert f"| code | {code[:3]}-{code[3:6]}-{code[6:]} |" in text
    assert f"| index | {example['index']:,} |" in text
    assert f"| tweak | `{example['tweak']}` |" in text
    assert f"| cipher key | `{vectors['keys'][0]['key']}` |" in text


def test_the_figures_are_computed(text: str) -> None:
    """Totals, open codes and odds, as section 4 and section 10 print them."""
    by_day = sum(d * (768 // d) for d in range(1, 769))
    by_day += sum((d + 1) * (365 // d) for d in range(33, 366))
    fresh = sum(min(d, 24) * (768 // d) for d in range(1, 769))
    fresh += sum(365 // d for d in range(33, 366))

    def odds(open_codes: int, tries: int) -> float:
        return 1 - (1 - open_codes / 10**10) ** tries

    for figure in (
        f"{HOURLY_TOTAL:,} is the hourly total",
        f"{TOTAL:,} indexes",
        f"{by_day:,}",
        f"{fresh:,}",
        f"| 1 | 1 in {1 / odds(by_day, 1):,.0f} | 1 in {1 / odds(fresh, 1):,.0f} |",
        f"| 1 in {1 / odds(by_day, 10):,.0f} | 1 in {1 / odds(fresh, 10):,.0f} |",
        f"| {odds(by_day, 1480):.1%} | {odds(fresh, 1480):.1%} |".replace("%", " %"),
    ):
        assert figure in text
