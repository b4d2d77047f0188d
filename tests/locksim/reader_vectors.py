"""The maker of `docs/lock-vectors-pin-mode-by-reader.json`, by the second implementation.

It is the lock of `lock-vectors.json`, with two keypads. To write the file anew::

    python -m tests.locksim.reader_vectors docs/lock-vectors-pin-mode-by-reader.json
"""

import hashlib
import json
import sys
from pathlib import Path

from tests.locksim.lock_cases import EMMA, SETTINGS, delivery, made
from tests.locksim.lock_reference import Json, Lock, canonical, state_sum

STREET = "reader_0198f3a23b4c7d5e8f9a0b1c2d3e4f50"
YARD = "reader_0198f3a23b4c7d5e8f9a0b1c2d3e4f51"
DIGITS = "40718263"


def settings(version: int, readers: object, *, enabled: bool = True) -> Json:
    """The settings of `lock-vectors.json`, with PIN mode at these readers."""
    payload = {**SETTINGS["payload"], "pinEnabled": enabled, "pinReaders": readers}
    return {**SETTINGS, "version": version, "payload": payload}


def at_all(version: int, *, enabled: bool) -> Json:
    """The same with one PIN mode."""
    return {
        **SETTINGS,
        "version": version,
        "payload": {**SETTINGS["payload"], "pinEnabled": enabled},
    }


def vectors() -> Json:
    """What a lock that reads it holds, and at which keypads a PIN opens; and what it must refuse."""
    steps: list[tuple[str, Json, bool]] = [
        (
            "one switch for all: on",
            delivery(0, 1, at_all(1, enabled=True), EMMA, part=1, parts=1),
            True,
        ),
        ("at the street alone", delivery(1, 2, settings(2, [STREET])), True),
        ("at both, by name", delivery(2, 3, settings(3, [STREET, YARD])), True),
        ("in the yard alone", delivery(3, 4, settings(4, [YARD])), True),
        (
            "at a reader that this lock has not",
            delivery(4, 5, settings(5, [YARD[:-1] + "2"])),
            True,
        ),
        ("none named: malformed", delivery(5, 6, settings(6, [])), False),
        ("null: malformed", delivery(5, 6, settings(6, None)), False),
        ("not in order: malformed", delivery(5, 6, settings(6, [YARD, STREET])), False),
        ("one twice: malformed", delivery(5, 6, settings(6, [YARD, YARD])), False),
        ("named but off: malformed", delivery(5, 6, settings(6, [YARD], enabled=False)), False),
        ("off at all", delivery(5, 6, at_all(6, enabled=False)), True),
        ("one switch for all again", delivery(6, 7, at_all(7, enabled=True)), True),
    ]
    lock, after = Lock(), []
    for number, (what, body, well_formed) in enumerate(steps, start=200):
        if well_formed:
            lock.apply(1, body)
        payload = lock.entries["settings"]["payload"]
        named = payload.get("pinReaders", [STREET, YARD]) if payload["pinEnabled"] else []
        after.append(
            {
                "what": what,
                "sealed": made(number, "DELIVERY", 1, body),
                "wellFormed": well_formed,
                "settings": canonical(payload).decode(),
                "hash": hashlib.sha256(canonical(payload)).hexdigest(),
                "stateSum": state_sum(lock.entries),
                "opensAt": [reader for reader in (STREET, YARD) if reader in named],
            }
        )
    return {
        "format": "latchwork/lock/v1",
        "reads": ["pin-mode-by-reader"],
        "keypads": {"street": STREET, "yard": YARD},
        "digits": DIGITS,
        "deliveries": after,
    }


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(vectors(), indent=1) + "\n", encoding="utf-8")
