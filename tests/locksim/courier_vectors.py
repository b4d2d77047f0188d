"""The maker of `docs/lock-vectors-courier.json`, by the second implementation.

It is the lock of `lock-vectors.json`, at noon of 2026-11-26 in UTC, whose random bytes are all zero: so each of its hellos
has the same nonce. To write the file anew::

    python -m tests.locksim.courier_vectors docs/lock-vectors-courier.json
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from tests.locksim.lock_cases import (
    EMMA,
    EMMA_ANEW,
    EVENING,
    INCARNATION,
    LOCK_ID,
    NO_LIMIT,
    OTTO,
    SECRET,
    SETTINGS,
    delivery,
    made,
)
from tests.locksim.lock_reference import (
    KINDS,
    Json,
    Lock,
    PhoneKey,
    base64url,
    canonical,
    hello,
    key,
    opening,
    seal,
    state_sum,
)

NOON_MS = 1_795_694_400_000
NONCE = base64url(bytes(32))
STATE_ID = "00" * 16
PHONE = PhoneKey(int.from_bytes(hashlib.sha256(b"a phone of the vectors").digest(), "big") >> 1)
OTHER = PhoneKey(2)


def lease(number: int, epoch: int = 1, **other: Any) -> str:
    """A lease of the phone until one o'clock."""
    body = {
        "leaseId": f"lease-{number}",
        "device": base64url(PHONE.thumbprint),
        "schedules": [NO_LIMIT],
        "until": "2026-11-26T13:00:00Z",
        "requiredRevision": 0,
        **other,
    }
    return made(number, "LEASE", epoch, body)


def bundle(number: int, *deliveries: Json, epoch: int = 1, **other: Any) -> str:
    """A bundle over the nonce, with the time as it is."""
    body = {
        "nonce": NONCE,
        "deliveries": [
            {"id": f"delivery-{number}-{place}", **each} for place, each in enumerate(deliveries)
        ],
        "unixMs": NOON_MS,
        "stateId": STATE_ID,
        "eventFloor": 0,
        **other,
    }
    return made(number, "BUNDLE", epoch, body)


def _bent(sealed: str) -> str:
    return sealed[:-9] + ("A" if sealed[-9] != "A" else "B") + sealed[-8:]


def _foreign(number: int, lock_id: str, incarnation: str, secret: bytes = SECRET) -> str:
    body = {
        "leaseId": "foreign",
        "device": base64url(PHONE.thumbprint),
        "schedules": [NO_LIMIT],
        "until": "2026-11-26T13:00:00Z",
        "requiredRevision": 0,
    }
    nonce = number.to_bytes(12, "big")
    data = canonical(body)
    return base64url(seal(secret, KINDS["LEASE"], lock_id, incarnation, 1, nonce, data))


Visit = tuple[str, dict[str, Any], list[Json], list[str] | None]
"""What happens; what the phone hands over besides; the deliveries that apply; the reasons, or None for no lease."""


def visits() -> list[Visit]:
    """One after the other at one lock."""
    first = delivery(0, 3, SETTINGS, EMMA, part=1, parts=1)
    second, third = delivery(3, 4, OTTO), delivery(4, 5, EMMA_ANEW)
    gone = delivery(5, 6, {**EMMA_ANEW, "version": 3, "payload": None})
    strange = {**EMMA, "payload": {**EMMA["payload"], "opensAll": True}}
    return [
        ("a lease alone, before anything was brought", {"lease": lease(1)}, [], []),
        (
            "the first bundle, and the lease that asks for it",
            {"lease": lease(2, requiredRevision=3), "bundle": bundle(2, first)},
            [first],
            [],
        ),
        (
            "two deliveries in one bundle",
            {"lease": lease(3, requiredRevision=5), "bundle": bundle(3, second, third)},
            [second, third],
            [],
        ),
        ("the same bundle again changes nothing", {"bundle": bundle(3, second, third)}, [], None),
        (
            "one with a gap changes nothing, and opens",
            {"lease": lease(4, requiredRevision=5), "bundle": bundle(4, delivery(6, 7, OTTO))},
            [],
            [],
        ),
        (
            "a lease whose bundle was withheld",
            {"lease": lease(5, requiredRevision=6)},
            [],
            ["LOCK_BEHIND"],
        ),
        (
            "a lease that asks for a revision of another epoch",
            {"lease": lease(6, epoch=2, requiredRevision=1)},
            [],
            ["LOCK_BEHIND"],
        ),
        (
            "a bundle over another nonce",
            {
                "lease": lease(7, requiredRevision=6),
                "bundle": bundle(7, gone, nonce=base64url(b"\1" * 32)),
            },
            [],
            ["LOCK_BEHIND"],
        ),
        (
            "a bundle with one bit of it changed",
            {"lease": lease(8), "bundle": _bent(bundle(8, gone))},
            [],
            [],
        ),
        (
            "a good delivery before a malformed one: none of it, but the door opens",
            {
                "lease": lease(9, requiredRevision=7),
                "bundle": bundle(9, gone, delivery(6, 7, strange)),
            },
            [],
            [],
        ),
        ("a removal", {"bundle": bundle(10, gone)}, [gone], None),
        (
            "a lease that has ended",
            {"lease": lease(11, until="2026-11-26T12:00:00Z")},
            [],
            ["ENDED"],
        ),
        (
            "outside its hours, on another day",
            {"lease": lease(12, schedules=[EVENING])},
            [],
            ["WRONG_WEEKDAY", "OUTSIDE_SLOT"],
        ),
        ("one of two schedules opens", {"lease": lease(13, schedules=[EVENING, NO_LIMIT])}, [], []),
        ("no schedule", {"lease": lease(14, schedules=[])}, [], ["NO_RULE"]),
        (
            "another phone's key",
            {"lease": lease(15), "publicKey": base64url(OTHER.point)},
            [],
            ["FOREIGN_KEY"],
        ),
        (
            "the phone's key, and a signature over another nonce",
            {"lease": lease(16), "signed": opening(LOCK_ID, base64url(b"\1" * 32))},
            [],
            ["FOREIGN_KEY"],
        ),
        ("a lease with one bit of it changed", {"lease": _bent(lease(17))}, [], ["FOREIGN_LEASE"]),
        ("a lease with a field more", {"lease": lease(18, more=1)}, [], ["FOREIGN_LEASE"]),
        (
            "another lock's lease",
            {"lease": _foreign(19, "other", INCARNATION)},
            [],
            ["FOREIGN_LEASE"],
        ),
        (
            "a lease of another life",
            {"lease": _foreign(20, LOCK_ID, "life-0")},
            [],
            ["FOREIGN_LEASE"],
        ),
    ]


def vectors() -> Json:
    """What a lock says, what is handed over, and what it answers and holds afterwards."""
    lock, shown = Lock(), []
    for what, handed, applies, reasons in visits():
        for each in applies:
            lock.apply(1, each)
        signed = PHONE.sign(handed.pop("signed", opening(LOCK_ID, NONCE)))
        shown.append(
            {
                "what": what,
                "lease": None,
                "bundle": None,
                "publicKey": base64url(PHONE.point),
                "signature": base64url(signed),
                **handed,
                "opened": reasons == [],
                "reasons": reasons or [],
                "epoch": lock.epoch,
                "appliedRevision": lock.applied,
                "stateSum": state_sum(lock.entries),
            }
        )
    said = {
        "lockId": LOCK_ID,
        "incarnation": INCARNATION,
        "epoch": 0,
        "appliedRevision": 0,
        "gathering": None,
        "stateId": STATE_ID,
        "eventsFrom": 1,
        "link": 1,
        "reads": ["courier"],
        "nonce": NONCE,
    }
    receipt = {
        "appliedRevision": lock.applied,
        "deliveryId": "delivery-10-0",
        "stateSum": state_sum(lock.entries),
        "stateId": STATE_ID,
        "eventsFrom": 1,
        "events": [
            {
                "stateId": STATE_ID,
                "sequence": 1,
                "at": "2026-11-26T12:00:00Z",
                "kind": "OPENED",
                "method": "PHONE",
                "entryId": None,
                "commandId": None,
                "reasons": [],
                "leaseId": "lease-1",
            }
        ],
    }
    return {
        "format": "latchwork/lock/v1",
        "reads": ["courier"],
        "keys": {info: key(SECRET, f"latchwork/{info}/v1").hex() for info in ("lease", "receipt")},
        "hello": {"body": canonical(said).decode(), "hello": base64url(hello(SECRET, said))},
        "phone": {
            "publicKey": base64url(PHONE.point),
            "thumbprint": base64url(PHONE.thumbprint),
            "opening": opening(LOCK_ID, NONCE).hex(),
            "signature": base64url(PHONE.sign(opening(LOCK_ID, NONCE))),
        },
        "nowMs": NOON_MS,
        "visits": shown,
        "receipt": {
            "body": canonical(receipt).decode(),
            "epoch": lock.epoch,
            "receipt": made(99, "RECEIPT", lock.epoch, receipt),
        },
    }


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(vectors(), indent=1) + "\n", encoding="utf-8")
