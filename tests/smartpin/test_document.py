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

from smartpin import FF1, Codec, LockTime
from smartpin.codec import derive_key
from smartpin.windows import HOURLY_TOTAL, TOTAL

DOCUMENT = Path(__file__).parents[2] / "docs" / "smartpin.md"
COMPILER = shutil.which("cc")
AES = ctypes.CFUNCTYPE(None, ctypes.POINTER(ctypes.c_uint8), ctypes.POINTER(ctypes.c_uint8))

FirmwareCheck = Callable[[bytes, str, datetime, LockTime], bool]


@pytest.fixture(scope="module")
def text() -> str:
    return DOCUMENT.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def firmware_check(text: str, tmp_path_factory: pytest.TempPathFactory) -> FirmwareCheck:
    """smartpin_check of the document's C, given the same things as the reference's check."""
    if COMPILER is None:
        pytest.skip("no C compiler")
    listing = re.search(r"```c\n(.*?)```", text, re.DOTALL)
    assert listing is not None
    folder = tmp_path_factory.mktemp("firmware")
    (folder / "smartpin.c").write_text(listing[1], encoding="utf-8")
    flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC"]
    subprocess.run(
        [COMPILER, *flags, "smartpin.c", "-o", "smartpin.so"], cwd=folder, check=True, timeout=60
    )
    library = ctypes.CDLL(str(folder / "smartpin.so"))
    library.smartpin_check.argtypes = [
        AES,
        ctypes.c_uint64,
        ctypes.c_uint32,
        ctypes.c_uint32,
        ctypes.c_uint32,
    ]

    def check(secret: bytes, code: str, now: datetime, lock_time: LockTime) -> bool:
        bare_aes = FF1(derive_key(secret)).aes

        def block(source: Any, target: Any) -> None:
            ctypes.memmove(target, bare_aes(bytes(source[:16])), 16)

        day, clock = lock_time.wall(now)
        seconds = clock.hour * 3600 + clock.minute * 60 + clock.second
        return bool(
            library.smartpin_check(AES(block), int(code), lock_time.hour(now), day, seconds)
        )

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
        epoch = lock_time.epoch(now)
        index = chance.choice((chance.randrange(TOTAL), chance.randrange(HOURLY_TOTAL, TOTAL)))
        code = f"{codec._permutation(epoch - chance.randrange(2)).encrypt(index):010d}"
        ours = bool(codec.open_slots(code, now, lock_time))
        assert firmware_check(secret, code, now, lock_time) == ours
        opened += ours
    assert opened > 20


def test_a_clock_at_the_first_hour_is_no_special_case(
    firmware_check: FirmwareCheck, secret: bytes, lock_in: Callable[[str], LockTime]
) -> None:
    """In epoch 0 there is no epoch before to try."""
    now = datetime(2020, 1, 1, tzinfo=UTC)
    for number in range(300):
        code = f"{number * 33_333_331:010d}"
        ours = bool(Codec(secret).open_slots(code, now, lock_in("UTC")))
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
