"""What goes wrong with a lock's hardware, by a seed: clocks, power, network, a lock that does not answer.

A fault that cannot be repeated cannot be mended, so each comes from a random generator that is passed in.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """What happens to a lock."""

    NETWORK_DOWN = "NETWORK_DOWN"
    NETWORK_UP = "NETWORK_UP"
    POWER_CUT = "POWER_CUT"
    POWER_ON = "POWER_ON"
    CLOCK_STEP = "CLOCK_STEP"
    """`amount` milliseconds."""
    CLOCK_DRIFT = "CLOCK_DRIFT"
    """`amount` millionths."""
    BATTERY_EMPTY = "BATTERY_EMPTY"
    SILENT = "SILENT"
    """Commands are no longer answered."""
    ANSWERING = "ANSWERING"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a script."""

    at_ms: int
    """Milliseconds since the script began."""
    lock: int
    """The place of the lock in its fleet."""
    kind: FaultKind
    amount: int = 0


_MENDED = {
    FaultKind.NETWORK_DOWN: FaultKind.NETWORK_UP,
    FaultKind.POWER_CUT: FaultKind.POWER_ON,
    FaultKind.SILENT: FaultKind.ANSWERING,
}
_LASTING = (FaultKind.CLOCK_STEP, FaultKind.CLOCK_DRIFT, FaultKind.BATTERY_EMPTY)
MAX_STEP_MS = 48 * 3600 * 1000
MAX_DRIFT_PPM = 500


def script(
    rng: random.Random, *, locks: int, duration_ms: int, mean_gap_ms: int
) -> Iterator[Fault]:
    """Faults in order of time, the same for the same generator; all is mended by the end.

    A fault comes every `mean_gap_ms` on average, on any of the locks; one that can be mended lasts
    up to four times as long. Raises ValueError without locks or for a gap below 1.
    """
    if locks < 1 or mean_gap_ms < 1:
        raise ValueError("a script needs locks, and a gap of at least one millisecond")
    waiting: list[Fault] = []
    at_ms = 0
    while True:
        at_ms += 1 + int(rng.expovariate(1 / mean_gap_ms))
        over = at_ms >= duration_ms
        due = sorted((f for f in waiting if over or f.at_ms <= at_ms), key=lambda f: f.at_ms)
        waiting = [fault for fault in waiting if fault not in due]
        yield from due
        if over:
            return
        kind = rng.choice([*_MENDED, *_LASTING])
        amount = 0
        if kind is FaultKind.CLOCK_STEP:
            amount = rng.randint(-MAX_STEP_MS, MAX_STEP_MS)
        elif kind is FaultKind.CLOCK_DRIFT:
            amount = rng.randint(-MAX_DRIFT_PPM, MAX_DRIFT_PPM)
        fault = Fault(at_ms, rng.randrange(locks), kind, amount)
        yield fault
        if kind in _MENDED:
            until_ms = min(duration_ms, at_ms + rng.randint(1, 4 * mean_gap_ms))
            waiting.append(Fault(until_ms, fault.lock, _MENDED[kind]))
