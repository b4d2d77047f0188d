"""The maker of `docs/lock-vectors.json`, by the second implementation.

To write them anew::

    python -m tests.locksim.lock_vectors docs/lock-vectors.json
"""

import hashlib
import json
import sys
from pathlib import Path

from tests.locksim.keypad_cases import keypad
from tests.locksim.lock_cases import (
    BLOCK,
    CARD,
    DECEMBER,
    EMMA,
    EMMA_ANEW,
    EVENING,
    INCARNATION,
    INFOS,
    LOCK_ID,
    NO_LIMIT,
    NONCE,
    OTTO,
    PAIRED,
    PROFILE,
    PROGRAMMING_CODE,
    RULES,
    SALT,
    SECRET,
    SETTINGS,
    command,
    delivery,
    made,
    malformed,
    unreadable,
)
from tests.locksim.lock_reference import (
    Json,
    Lock,
    base64url,
    canonical,
    card_digest,
    key,
    pin_digest,
    proof,
    state_sum,
    verifier,
)


def script() -> list[Json]:
    """Deliveries one after the other, and what the lock holds after each."""
    strange = {**EMMA, "payload": {**EMMA["payload"], "opensAll": True}}
    steps: list[tuple[str, int, Json]] = [
        ("the first snapshot", 1, delivery(0, 1, SETTINGS, EMMA, part=1, parts=1)),
        ("a change", 1, delivery(1, 2, OTTO)),
        ("the same again: nothing", 1, delivery(1, 2, OTTO)),
        ("a gap: nothing", 1, delivery(5, 6, PAIRED)),
        ("from before what is held: applied", 1, delivery(1, 3, OTTO, EMMA_ANEW)),
        ("an older epoch: nothing", 0, delivery(3, 4, EMMA)),
        ("an older snapshot: nothing", 1, delivery(0, 2, EMMA, part=1, parts=1)),
        ("half a snapshot: not yet", 2, delivery(0, 9, SETTINGS, OTTO, part=1, parts=2)),
        ("a change meanwhile", 1, delivery(3, 4, PAIRED)),
        ("the other half: swapped in", 2, delivery(0, 9, EMMA, BLOCK, RULES, part=2, parts=2)),
        ("a change of the old epoch: nothing", 1, delivery(4, 10, PAIRED)),
        (
            "a removal",
            2,
            delivery(9, 10, {"id": "pin_emma", "kind": "PIN", "version": 2, "payload": None}),
        ),
        ("malformed, as a whole: nothing", 2, delivery(10, 11, PAIRED, strange)),
        ("an empty one", 2, delivery(10, 12)),
    ]
    lock, after = Lock(), []
    for number, (what, epoch, body) in enumerate(steps, start=100):
        well_formed = not what.startswith("malformed")
        if well_formed:
            lock.apply(epoch, body)
        after.append(
            {
                "what": what,
                "sealed": made(number, "DELIVERY", epoch, body),
                "wellFormed": well_formed,
                "after": {
                    "epoch": lock.epoch,
                    "appliedRevision": lock.applied,
                    "stateSum": state_sum(lock.entries),
                    "entries": {name: e["version"] for name, e in sorted(lock.entries.items())},
                },
            }
        )
    return after


def envelopes() -> list[Json]:
    bodies = {
        "DELIVERY": delivery(0, 1, SETTINGS, EMMA, part=1, parts=1),
        "UNLOCK_COMMAND": command(),
        "SEALED_TIME": {"nonce": base64url(NONCE), "unixMs": 1_795_780_800_000, "eventFloor": 0},
    }
    return [
        {
            "kind": kind,
            "epoch": 7,
            "body": canonical(body).decode(),
            "sealed": made(number, kind, 7, body),
        }
        for number, (kind, body) in enumerate(bodies.items(), start=1)
    ]


def moments() -> list[Json]:
    """When schedules open in Europe/Rome: both changes of the clocks, a night, the first and the last day."""
    gap = {**NO_LIMIT, "slotStart": "02:15:00", "slotEnd": "03:15:00"}
    stay = {
        **NO_LIMIT,
        "validFrom": "2026-12-01T14:00:00Z",
        "validUntil": "2026-12-05T10:00:00Z",
    }
    cases: list[tuple[Json, dict[str, bool]]] = [
        (NO_LIMIT, {"1999-01-01T00:00:00Z": True, "2099-01-01T00:00:00Z": True}),
        (
            gap,
            {
                "2027-03-28T00:59:59Z": False,
                "2027-03-28T01:00:00Z": True,
                "2027-03-28T01:15:00Z": False,
                "2027-10-31T00:15:00Z": True,
                "2027-10-31T01:00:00Z": False,
                "2027-10-31T01:15:00Z": True,
                "2027-10-31T02:15:00Z": False,
            },
        ),
        (
            EVENING,
            {
                "2026-12-04T16:59:59Z": False,
                "2026-12-04T17:00:00Z": True,
                "2026-12-05T04:59:59Z": True,
                "2026-12-05T05:00:00Z": False,
                "2026-12-04T04:00:00Z": False,
            },
        ),
        (
            DECEMBER,
            {
                "2026-11-30T22:59:59Z": False,
                "2026-11-30T23:00:00Z": True,
                "2026-12-31T22:59:59Z": True,
                "2026-12-31T23:00:00Z": False,
            },
        ),
        (
            {**EVENING, "validUntil": "2026-12-04"},
            {"2026-12-05T04:59:59Z": True, "2026-12-11T20:00:00Z": False},
        ),
        (
            stay,
            {
                "2026-12-01T13:59:59Z": False,
                "2026-12-01T14:00:00Z": True,
                "2026-12-05T09:59:59Z": True,
                "2026-12-05T10:00:00Z": False,
            },
        ),
    ]
    return [
        {"zone": "Europe/Rome", "schedule": schedule, "opens": opens} for schedule, opens in cases
    ]


def vectors() -> Json:
    """All of them."""
    held = [SETTINGS, EMMA, OTTO, PAIRED, BLOCK, RULES]
    challenge = base64url(bytes(range(60)))
    return {
        "format": "latchwork/lock/v1",
        "provisioning": {
            "lockId": LOCK_ID,
            "incarnation": INCARNATION,
            "secret": base64url(SECRET),
            "programmingCode": PROGRAMMING_CODE,
            "settings": {
                "zone": "Europe/Rome",
                "fixedOffsetMinutes": 60,
                "smartPinEnabled": False,
                "pinSalt": base64url(SALT),
                "pinProfile": PROFILE,
            },
        },
        "keys": {name: key(SECRET, f"latchwork/{name}/v1").hex() for name in INFOS},
        "proof": {
            "challenge": challenge,
            "jti": "jti-1",
            "token": proof(SECRET, LOCK_ID, challenge, "jti-1"),
        },
        "pins": [
            {
                "digits": digits,
                "verifier": verifier(digits, SALT, PROFILE).hex(),
                "digest": pin_digest(SECRET, verifier(digits, SALT, PROFILE)).hex(),
            }
            for digits in ("0042", "42424", "40718263", "51829374", "123456789")
        ],
        "cards": [
            {"uid": uid.hex(), "digest": card_digest(SECRET, uid).hex()}
            for uid in (bytes(4), CARD, bytes(range(10)))
        ],
        "payloads": [
            {
                "entry": entry,
                "canonical": canonical(entry["payload"]).decode(),
                "hash": hashlib.sha256(canonical(entry["payload"])).hexdigest(),
            }
            for entry in held
        ],
        "sums": [
            {
                "entries": [entry["id"] for entry in some],
                "sum": state_sum({entry["id"]: entry for entry in some}),
            }
            for some in ([], held[:1], held[:2], held)
        ],
        "nonce": base64url(NONCE),
        "envelopes": envelopes(),
        "unreadable": unreadable(),
        "malformed": malformed(),
        "deliveries": script(),
        "schedules": moments(),
        "keypad": keypad(),
    }


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(vectors(), indent=1) + "\n", encoding="utf-8")
