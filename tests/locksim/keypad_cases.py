"""Walks at the keypad of the vectors' lock: what is typed, when, and what the lock shows and counts."""

from datetime import UTC, datetime

from tests.locksim.lock_cases import EMMA, PROGRAMMING_CODE, SECRET, SETTINGS, delivery, made
from tests.locksim.lock_reference import Json
from tests.smartpin.reference import ReferenceLock

START = datetime(2026, 11, 26, 12, tzinfo=UTC)
PIN, BLOCK = "40718263", "128"


def codes() -> tuple[str, str]:
    """Two guests' SmartPINs, open for 48 hours from the start."""
    lock = ReferenceLock(SECRET, 60, "Europe/Rome")
    hour = lock.hour(int(START.timestamp()))
    first = lock.choose("hourly", hour, 48, [])
    second = lock.choose("hourly", hour, 48, [first])
    return lock.code("hourly", hour, 48, first), lock.code("hourly", hour, 48, second)


def keypad() -> Json:
    """Each walk begins with the lock as delivered, at `start`, with nothing typed and nothing counted."""
    own, other = codes()
    code = PROGRAMMING_CODE
    # Seconds since the Enter before, the digits, what is shown, wrong entries in a row afterwards.
    walks: dict[str, list[tuple[float, str, str, int]]] = {
        "a code is blocked": [
            (0, code, "READY", 0),
            (5, BLOCK, "READY", 0),
            (5, own, "DONE", 0),
            (5, own, "DENIED", 1),
            (5, other, "GRANTED", 0),
        ],
        "right after it has opened: the programming code is no short PIN": [
            (0, own, "GRANTED", 0),
            (3, code, "READY", 0),
            (3, BLOCK, "READY", 0),
            (3, own, "DONE", 0),
            (3, own, "DENIED", 1),
        ],
        "a short PIN within ten seconds": [
            (0, own, "GRANTED", 0),
            (10, "7595", "DONE", 0),
            (60, "7595", "GRANTED", 0),
        ],
        "and no later": [(0, own, "GRANTED", 0), (10.1, "7595", "DENIED", 1)],
        "the next entry of a function begins within ten seconds": [
            (0, code, "READY", 0),
            (10, BLOCK, "READY", 0),
            (10.1, own, "GRANTED", 0),
        ],
        "and no later: a function's number is then a wrong entry": [
            (0, code, "READY", 0),
            (10.1, BLOCK, "DENIED", 1),
        ],
        "where a function is awaited a right PIN opens": [
            (0, code, "READY", 0),
            (2, PIN, "GRANTED", 0),
            (2, BLOCK, "DENIED", 1),
        ],
        "and so does a SmartPIN": [(0, code, "READY", 0), (2, own, "GRANTED", 0)],
        "where a code to block is awaited a right PIN opens": [
            (0, code, "READY", 0),
            (2, BLOCK, "READY", 0),
            (2, PIN, "GRANTED", 0),
        ],
        "another function is a wrong entry, and ends it": [
            (0, code, "READY", 0),
            (2, "129", "DENIED", 1),
            (2, BLOCK, "DENIED", 2),
        ],
        "a code that means nothing is a wrong entry": [
            (0, code, "READY", 0),
            (2, BLOCK, "READY", 0),
            (2, "0000000000", "DENIED", 1),
        ],
    }
    settings = {**SETTINGS, "payload": {**SETTINGS["payload"], "smartPinEnabled": True}}
    return {
        "start": START.isoformat().replace("+00:00", "Z"),
        "sealed": made(200, "DELIVERY", 1, delivery(0, 1, settings, EMMA, part=1, parts=1)),
        "walks": [
            {
                "what": what,
                "entries": [
                    {"after": after, "typed": typed, "shown": shown, "wrongInARow": wrong}
                    for after, typed, shown, wrong in steps
                ],
            }
            for what, steps in walks.items()
        ],
    }
