"""What the vectors speak of: one lock, its entries and messages; and all that a lock must refuse."""

import json
from typing import Any

from tests.locksim.lock_reference import (
    KINDS,
    Json,
    base64url,
    canonical,
    card_digest,
    pin_digest,
    seal,
    verifier,
)

NO_LIMIT: Json = {
    "validFrom": None,
    "validUntil": None,
    "slotStart": None,
    "slotEnd": None,
    "weekdays": ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"],
}
SECRET = bytes(range(32))
INCARNATION = "5f0c1d6e9a7b4c3d8e2f1a0b9c8d7e6f"
LOCK_ID = "lock_0198f3a2b4c57d8e9f00112233445566"
PROGRAMMING_CODE = "48151623"
SALT = bytes(range(0x40, 0x50))
PROFILE = {"timeCost": 1, "memoryKib": 64, "parallelism": 1}
CARD = bytes.fromhex("04a1b2c3d4e5f6")
NONCE = bytes(range(0x80, 0xA0))
"""The lock's nonce of which commands and times in the vectors speak."""
INFOS = ("lock-link", "digest", "bundle", "smartpin")
EVENING = {**NO_LIMIT, "slotStart": "18:00:00", "slotEnd": "06:00:00", "weekdays": ["FRIDAY"]}
DECEMBER = {**NO_LIMIT, "validFrom": "2026-12-01", "validUntil": "2026-12-31"}


def made(number: int, kind: str, epoch: int, body: bytes | Json) -> str:
    """A sealed message; its GCM nonce is the number, as no server's ever is."""
    data = body if isinstance(body, bytes) else canonical(body)
    nonce = number.to_bytes(12, "big")
    return base64url(seal(SECRET, KINDS[kind], LOCK_ID, INCARNATION, epoch, nonce, data))


def pin(name: str, version: int, digits: str, *schedules: Json) -> Json:
    digest = base64url(pin_digest(SECRET, verifier(digits, SALT, PROFILE)))
    payload = {"digest": digest, "schedules": list(schedules)}
    return {"id": name, "kind": "PIN", "version": version, "payload": payload}


def entry(name: str, kind: str, version: int, **payload: Any) -> Json:
    return {"id": name, "kind": kind, "version": version, "payload": payload or None}


SETTINGS = entry(
    "settings",
    "SETTINGS",
    1,
    zone="Europe/Rome",
    pinEnabled=True,
    smartPinEnabled=False,
    lockoutReleaseMinutes=None,
)
EMMA = pin("pin_emma", 1, "40718263", NO_LIMIT)
OTTO = pin("pin_otto", 1, "0042", EVENING, DECEMBER)
EMMA_ANEW = pin("pin_emma", 2, "51829374", NO_LIMIT)
PAIRED = entry("card", "CARD", 1, cardDigest=base64url(card_digest(SECRET, CARD)))
BLOCK = entry(
    "sp_block",
    "SMARTPIN_BLOCK",
    1,
    codeDigest=base64url(bytes(range(32))),
    until="2026-12-05T11:00:00Z",
)
RULES = entry("smartpin-rules", "SMARTPIN_RULES", 1, activationRequired=True)


def delivery(start: int, end: int, *entries: Json, **snapshot: Any) -> Json:
    return {
        "fromRevision": start,
        "toRevision": end,
        "snapshot": bool(snapshot),
        "part": snapshot.get("part", 1),
        "parts": snapshot.get("parts", 1),
        "entries": list(entries),
    }


def command(**other: Any) -> Json:
    return {
        "commandId": "0198f3a2-0000-7000-8000-000000000001",
        "nonce": base64url(NONCE),
        "seconds": 10,
        "releasesLockout": False,
        "opens": True,
        **other,
    }


def unreadable() -> list[Json]:
    body = canonical(command())
    whole = seal(SECRET, 2, LOCK_ID, INCARNATION, 7, bytes(12), body)

    def bent(at: int) -> bytes:
        return whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]

    cases = {
        "version 2": bytes([2]) + whole[1:],
        "said to be of another kind": bytes([1, 3]) + whole[2:],
        "another epoch": bent(9),
        "another nonce": bent(10),
        "one bit of the body": bent(30),
        "one bit of the tag": bent(len(whole) - 1),
        "one byte too few": whole[:-1],
        "one byte too many": whole + b"\x00",
        "nothing": b"",
        "for another lock": seal(SECRET, 2, LOCK_ID + "0", INCARNATION, 7, bytes(12), body),
        "of another incarnation": seal(SECRET, 2, LOCK_ID, INCARNATION[1:], 7, bytes(12), body),
        "the border between the names moved": seal(
            SECRET, 2, LOCK_ID + INCARNATION[0], INCARNATION[1:], 7, bytes(12), body
        ),
        "with another lock's secret": seal(bytes(32), 2, LOCK_ID, INCARNATION, 7, bytes(12), body),
    }
    return [{"what": what, "sealed": base64url(sealed)} for what, sealed in cases.items()]


def malformed() -> list[Json]:
    """Bodies that open and say nothing that may be acted upon."""
    order, change = command(), delivery(0, 1, EMMA)
    short = base64url(NONCE[:31])
    payload = EMMA["payload"]

    def with_payload(**other: Any) -> Json:
        return delivery(0, 1, {**EMMA, "payload": {**payload, **other}})

    def with_schedule(**other: Any) -> Json:
        return with_payload(schedules=[{**NO_LIMIT, **other}])

    cases: list[tuple[str, str, bytes | Json]] = [
        ("UNLOCK_COMMAND", "white space", json.dumps(order, sort_keys=True).encode()),
        (
            "UNLOCK_COMMAND",
            "keys out of order",
            json.dumps(order, separators=(",", ":")).encode(),
        ),
        (
            "UNLOCK_COMMAND",
            "a field twice",
            canonical(order).replace(b'"opens":true', b'"opens":true,"opens":true'),
        ),
        ("UNLOCK_COMMAND", "a field too many", {**order, "door": 1}),
        (
            "UNLOCK_COMMAND",
            "a field too few",
            {name: value for name, value in order.items() if name != "opens"},
        ),
        ("UNLOCK_COMMAND", "no time at all", {**order, "seconds": 0}),
        ("UNLOCK_COMMAND", "longer than a nonce lives", {**order, "seconds": 61}),
        ("UNLOCK_COMMAND", "a short nonce", {**order, "nonce": short}),
        ("UNLOCK_COMMAND", "a padded nonce", {**order, "nonce": base64url(NONCE) + "="}),
        ("UNLOCK_COMMAND", "one instead of true", {**order, "opens": 1}),
        ("UNLOCK_COMMAND", "nothing to do", {**order, "opens": False}),
        ("UNLOCK_COMMAND", "an id with a space", {**order, "commandId": "a b"}),
        ("UNLOCK_COMMAND", "not JSON", b"open"),
        ("UNLOCK_COMMAND", "no object", b"[]"),
        ("DELIVERY", "goes nowhere", {**change, "fromRevision": 1}),
        ("DELIVERY", "two parts and no snapshot", {**change, "parts": 2}),
        ("DELIVERY", "part 2 of 1", {**change, "part": 2, "snapshot": True}),
        ("DELIVERY", "a snapshot from 1", delivery(1, 2, EMMA, part=1, parts=1)),
        (
            "DELIVERY",
            "a removal in a snapshot",
            delivery(0, 1, {**EMMA, "payload": None}, part=1, parts=1),
        ),
        ("DELIVERY", "an entry twice", delivery(0, 1, EMMA, EMMA_ANEW)),
        ("DELIVERY", "an unknown kind", delivery(0, 1, {**EMMA, "kind": "FACE"})),
        ("DELIVERY", "version 0", delivery(0, 1, {**EMMA, "version": 0})),
        ("DELIVERY", "an unknown limit", with_payload(maxUses=3)),
        ("DELIVERY", "a digest of 31 bytes", with_payload(digest=short)),
        ("DELIVERY", "65 schedules", with_payload(schedules=[NO_LIMIT] * 65)),
        ("DELIVERY", "half a slot", with_schedule(slotStart="08:00:00")),
        ("DELIVERY", "equal ends", with_schedule(slotStart="08:00:00", slotEnd="08:00:00")),
        ("DELIVERY", "no weekday", with_schedule(weekdays=[])),
        ("DELIVERY", "weekdays out of order", with_schedule(weekdays=["SUNDAY", "MONDAY"])),
        ("DELIVERY", "a time without seconds", with_schedule(slotStart="08:00", slotEnd="09:00")),
        (
            "DELIVERY",
            "the end before the start",
            with_schedule(validFrom="2026-12-02", validUntil="2026-12-01"),
        ),
        (
            "DELIVERY",
            "a date and a moment",
            with_schedule(validFrom="2026-12-01", validUntil="2026-12-02T00:00:00Z"),
        ),
        (
            "DELIVERY",
            "a moment with an offset",
            with_schedule(validUntil="2026-12-02T00:00:00+01:00"),
        ),
        (
            "SEALED_TIME",
            "a time of day",
            {"nonce": base64url(NONCE), "unixMs": "12:00", "eventFloor": 0},
        ),
        ("SEALED_TIME", "before 1970", {"nonce": base64url(NONCE), "unixMs": -1, "eventFloor": 0}),
    ]
    return [
        {
            "kind": kind,
            "what": what,
            "body": (body if isinstance(body, bytes) else canonical(body)).decode(),
        }
        for kind, what, body in cases
    ]
