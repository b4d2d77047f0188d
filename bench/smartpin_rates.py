"""How fast SmartPINs are issued and checked, beside other FF1 packages, in one run.

    python -m bench.smartpin_rates

The others encrypt ten digits under a 256-bit key and a ten-byte tweak, which is what issuing does,
and decrypt twice, which is what checking does. ``fastfpe`` (Rust) is the fastest true FF1 found on
the package registry; ``libffx`` (pure Python, also on ``cryptography``) is shown if installed. Both
take the key with each call or each tweak; that is how they are used. ``cloudproof-fpe`` is not
here: it has 18 rounds and is not FF1.

Rounds are interleaved and the best of each is shown, so that a busy machine slows all alike.
"""

import importlib
import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from smartpin import Codec, Hourly, LockTime, Reading
from smartpin.bulk import BulkCodec
from smartpin.codec import derive_key, tweak
from smartpin.windows import TOTAL

SECRET = bytes(range(32))
EPOCH = 6
ROUNDS = 7
CALLS = 3_000
BULK = 1 << 19
DIGITS = "0123456789"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LOCK_TIME = LockTime(60, ZoneInfo("Europe/Berlin"))

Work = Callable[[], int]


def ours() -> dict[str, Work]:
    codec = Codec(SECRET)
    readings = [Reading(Hourly(EPOCH * 8784 + n, 1 + n % 768), 0) for n in range(CALLS)]
    codes = [f"{n * 3_333_331 % 10**10:010d}" for n in range(CALLS)]

    def issue() -> int:
        for reading in readings:
            codec.encode(reading)
        return CALLS

    def check() -> int:
        for code in codes:
            codec.open_readings(code, NOW, LOCK_TIME)
        return CALLS

    return {"issue: smartpin": issue, "check: smartpin": check}


def ours_in_bulk() -> dict[str, Work]:
    bulk = BulkCodec(SECRET)
    rng = np.random.default_rng(1)
    indexes = rng.integers(0, TOTAL, BULK, np.uint64)
    codes = rng.integers(0, 10**10, BULK, np.uint64)

    def issue() -> int:
        bulk.encrypt(indexes, EPOCH)
        return BULK

    def check() -> int:
        for code_epoch in (EPOCH, EPOCH - 1):
            bulk.decrypt(codes, code_epoch)
        return BULK

    return {"issue: smartpin.bulk": issue, "check: smartpin.bulk": check}


def others() -> dict[str, Work]:
    key, tweaks = derive_key(SECRET), [tweak(EPOCH), tweak(EPOCH - 1)]
    numerals = [f"{n * 3_333_331 % 10**10:010d}" for n in range(CALLS)]
    work: dict[str, Work] = {}

    def add(
        name: str, encrypt: Callable[[str, bytes], str], decrypt: Callable[[str, bytes], str]
    ) -> None:
        def issue() -> int:
            for numeral in numerals:
                encrypt(numeral, tweaks[0])
            return CALLS

        def check() -> int:
            for numeral, each in itertools.product(numerals, tweaks):
                decrypt(numeral, each)
            return CALLS

        # A package that is not FF1 would make a meaningless comparison.
        assert encrypt(f"{1:010d}", tweaks[0]) == Codec(SECRET).encode(
            Reading(Hourly(EPOCH * 8784 + 1, 1), 0)
        )
        work[f"issue: {name}"], work[f"check: {name}"] = issue, check

    fastfpe = importlib.import_module("fastfpe")
    add(
        "fastfpe",
        lambda numeral, t: fastfpe.ff1.encrypt(key.hex(), t.hex(), DIGITS, numeral),
        lambda numeral, t: fastfpe.ff1.decrypt(key.hex(), t.hex(), DIGITS, numeral),
    )
    try:
        ffx = importlib.import_module("ffx").FF1(key, radix=10)
    except ImportError:
        return work
    add(
        "libffx",
        lambda numeral, t: ffx.encrypt(numeral, tweak=t),
        lambda numeral, t: ffx.decrypt(numeral, tweak=t),
    )
    return work


def main() -> None:
    work = {**ours(), **ours_in_bulk(), **others()}
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, run in work.items():
            began = time.perf_counter()
            calls = run()
            best[name] = max(best.get(name, 0.0), calls / (time.perf_counter() - began))
    for kind in ("issue", "check"):
        base = best[f"{kind}: fastfpe"]
        for name, rate in sorted(best.items(), key=lambda item: -item[1]):
            if name.startswith(kind):
                print(f"{name:<24}{rate:>14,.0f} a second   {rate / base:7.2f} x fastfpe")


if __name__ == "__main__":
    main()
