"""A second SmartPIN implementation, slow and plain, and the maker of the test vectors.

It shares nothing with the package it checks: FF1 comes from ``fastfpe`` (Rust), HKDF is spelled out
with HMAC, indexes are summed up term by term, and windows are judged as instants in Unix seconds
where the package compares wall clocks.

Run it to write the vectors anew::

    python tests/smartpin/reference.py docs/smartpin-vectors.json

A test asserts that doing so would change nothing.
"""

import hmac
import json
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastfpe import ff1

DIGITS = "0123456789"
ORIGIN = 1577836800  # 2020-01-01T00:00:00Z


def hkdf(secret: bytes, info: bytes) -> bytes:
    extracted = hmac.digest(bytes(32), secret, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


def index_of(form: str, duration: int, variant: int, offset: int) -> int:
    if form == "hourly":
        return sum(8784 * (768 // k) for k in range(1, duration)) + variant * 8784 + offset
    hourly = sum(8784 * (768 // k) for k in range(1, 769))
    return hourly + sum(366 * (365 // k) for k in range(33, duration)) + variant * 366 + offset


def slot_of(index: int) -> tuple[str, int, int, int] | None:
    """Form, duration, variant, offset."""
    for form, durations, most, starts in (
        ("hourly", range(1, 769), 768, 8784),
        ("daily", range(33, 366), 365, 366),
    ):
        for duration in durations:
            size = starts * (most // duration)
            if index < size:
                return form, duration, index // starts, index % starts
            index -= size
    return None


@dataclass(frozen=True)
class ReferenceLock:
    secret: bytes
    offset_minutes: int
    zone: str

    @property
    def key(self) -> bytes:
        return hkdf(self.secret, b"latchwork/smartpin/v1")

    def block_tag(self, code: str) -> bytes:
        key = hkdf(self.secret, b"latchwork/smartpin/v1/block")
        return hmac.digest(key, code.encode(), "sha256")

    @staticmethod
    def tweak(epoch: int) -> bytes:
        return b"LW-SP1" + epoch.to_bytes(4, "big")

    def encrypt(self, index: int, epoch: int) -> str:
        return str(ff1.encrypt(self.key.hex(), self.tweak(epoch).hex(), DIGITS, f"{index:010d}"))

    def decrypt(self, code: str, epoch: int) -> int:
        return int(ff1.decrypt(self.key.hex(), self.tweak(epoch).hex(), DIGITS, code))

    def hour(self, unix: int) -> int:
        return (unix + 60 * self.offset_minutes - ORIGIN) // 3600

    def wall_unix(self, day: int, at: time) -> int:
        moment = datetime.combine(date(2020, 1, 1) + timedelta(days=day), at)
        return int(moment.replace(tzinfo=ZoneInfo(self.zone)).timestamp())

    def edges(self, form: str, start: int, duration: int) -> tuple[int, int]:
        """Unix seconds: the first at which the window is open and the first at which it is not."""
        if form == "hourly":
            opens = ORIGIN + 3600 * start - 60 * self.offset_minutes
            return opens, opens + 3600 * duration
        return self.wall_unix(start, time(8)), self.wall_unix(start + duration, time(20))

    def activate_by(self, form: str, start: int) -> int:
        if form == "hourly":
            return self.edges(form, start, 1)[0] + 86400
        return self.wall_unix(start + 1, time(8))

    def code(self, form: str, start: int, duration: int, variant: int) -> str:
        epoch, offset = divmod(start, 8784 if form == "hourly" else 366)
        return self.encrypt(index_of(form, duration, variant, offset), epoch)

    def choose(self, form: str, start: int, duration: int, used: list[int]) -> int:
        """The variant that the next guest gets."""
        epoch = start // (8784 if form == "hourly" else 366)
        unused = [
            variant
            for variant in range((768 if form == "hourly" else 365) // duration)
            if variant not in used
        ]
        for variant in unused:
            code = self.code(form, start, duration, variant)
            if all(
                slot_of(self.decrypt(code, beside)) is None for beside in (epoch - 1, epoch + 1)
            ):
                return variant
        return unused[0]

    def opens(self, code: str, unix: int) -> bool:
        epoch = self.hour(unix) // 8784
        for tried in (epoch, epoch - 1):
            slot = slot_of(self.decrypt(code, tried)) if tried >= 0 else None
            if slot is None:
                continue
            form, duration, _, offset = slot
            start = tried * (8784 if form == "hourly" else 366) + offset
            first, last = self.edges(form, start, duration)
            if first <= unix < last:
                return True
        return False


# ---- vectors -------------------------------------------------------------------------------------

# NIST's published samples for FF1 with radix 10: number, key, tweak, plaintext, ciphertext.
AES256 = "2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F7F036D6F04FC6A94"
SAMPLES = (
    (1, AES256[:32], "", "2433477484"),
    (2, AES256[:32], "39383736353433323130", "6124200773"),
    (4, "2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F", "", "2830668132"),
    (5, "2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F", "39383736353433323130", "2496655549"),
    (7, AES256, "", "6657667009"),
    (8, AES256, "39383736353433323130", "1001623463"),
)

SECRETS = (bytes(range(32)), bytes(range(255, 223, -1)))

# name, which secret, zone, fixed offset, form, first day or hour on the fixed-offset calendar
# (daily: the start day), duration, variant
CODES: tuple[tuple[str, int, str, int, str, str, int, int], ...] = (
    ("the first index of all", 0, "UTC", 0, "hourly", "2020-01-01T00", 1, 0),
    ("the last variant of one hour", 0, "UTC", 0, "hourly", "2020-01-01T00", 1, 767),
    ("the last hourly index", 0, "UTC", 0, "hourly", "2020-12-31T23", 768, 0),
    ("the first daily index", 0, "UTC", 0, "daily", "2020-01-01", 33, 0),
    ("the last index of all", 0, "UTC", 0, "daily", "2020-12-31", 365, 0),
    ("a weekend", 0, "Europe/Berlin", 60, "hourly", "2026-05-01T14", 46, 0),
    ("the same weekend, another guest", 0, "Europe/Berlin", 60, "hourly", "2026-05-01T14", 46, 1),
    ("the same weekend, another lock", 1, "Europe/Berlin", 60, "hourly", "2026-05-01T14", 46, 0),
    ("the night clocks go forward", 0, "Europe/Berlin", 60, "hourly", "2026-03-29T01", 2, 0),
    ("the night clocks go back", 0, "Europe/Berlin", 60, "hourly", "2026-10-25T01", 2, 0),
    ("days over both changes", 0, "Europe/Berlin", 60, "daily", "2026-03-01", 300, 0),
    ("days from the eve of a change", 0, "Europe/Berlin", 60, "daily", "2026-03-28", 33, 0),
    ("southern summer time", 0, "Australia/Sydney", 600, "daily", "2026-09-01", 60, 2),
    ("+05:45", 0, "Asia/Kathmandu", 345, "hourly", "2026-07-10T09", 24, 0),
    ("-03:30", 0, "America/St_Johns", -210, "hourly", "2026-07-10T09", 24, 5),
    ("half-hour summer, hours", 0, "Australia/Lord_Howe", 630, "hourly", "2026-01-10T09", 3, 0),
    ("half-hour summer, days", 0, "Australia/Lord_Howe", 630, "daily", "2026-03-10", 40, 0),
    ("negative summer time, winter", 0, "Europe/Dublin", 0, "hourly", "2026-01-10T09", 3, 0),
    ("negative summer time, days", 0, "Europe/Dublin", 0, "daily", "2026-02-10", 100, 1),
    ("29 February", 0, "America/New_York", -300, "hourly", "2028-02-29T00", 24, 0),
    ("29 February among days", 0, "America/New_York", -300, "daily", "2028-02-01", 33, 10),
    ("New Year", 0, "Pacific/Auckland", 720, "hourly", "2026-12-31T20", 8, 0),
    ("over an epoch's end, hours", 0, "UTC", 0, "hourly", "2026-01-04T12", 30, 0),
    ("read in both epochs", 0, "UTC", 0, "hourly", "2026-01-04T12", 22, 0),
    ("over an epoch's end, days", 0, "Europe/Berlin", 60, "daily", "2026-01-04", 365, 0),
    ("the day an epoch begins", 0, "Europe/Berlin", 60, "daily", "2026-01-05", 33, 0),
)  # fmt: skip


def stamp(unix: int) -> str:
    return datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def code_vectors() -> list[dict[str, Any]]:
    vectors = []
    for name, which, zone, offset_minutes, form, first, duration, variant in CODES:
        lock = ReferenceLock(SECRETS[which], offset_minutes, zone)
        day, _, hour = first.partition("T")
        days = (date.fromisoformat(day) - date(2020, 1, 1)).days
        start, starts = (days * 24 + int(hour), 8784) if form == "hourly" else (days, 366)
        epoch, offset = divmod(start, starts)
        opens, closes = lock.edges(form, start, duration)
        code = lock.code(form, start, duration, variant)
        # The edges, to the second; and the same digits one epoch before and after.
        instants = [opens - 1, opens, closes - 1, closes, opens + 366 * 86400]
        if epoch > 0:
            instants.append(opens - 366 * 86400)
        vectors.append(
            {
                "name": name,
                "secret": lock.secret.hex(),
                "zone": zone,
                "offset_minutes": offset_minutes,
                "form": form,
                "start": start,
                "duration": duration,
                "variant": variant,
                "epoch": epoch,
                "index": index_of(form, duration, variant, offset),
                "tweak": lock.tweak(epoch).hex(),
                "code": code,
                "opens": stamp(opens),
                "closes": stamp(closes),
                "activate_by": stamp(lock.activate_by(form, start)),
                "block_tag": lock.block_tag(code).hex(),
                "checks": [
                    {"now": stamp(now), "opens": lock.opens(code, now)} for now in sorted(instants)
                ],
            }
        )
    return vectors


# name, form, start, duration, variants used; the first secret, UTC, epochs above 0
CHOICES: tuple[tuple[str, str, int, int, list[int]], ...] = (
    ("the lowest is free and means nothing elsewhere", "hourly", 56951, 48, []),
    ("the lowest unused", "hourly", 56951, 48, [0, 2]),
    ("the lowest means something elsewhere", "hourly", 56997, 48, []),
    ("so does a later one", "hourly", 56997, 48, [1, 2, 3, 4, 5, 6]),
    ("all of several mean something elsewhere", "hourly", 59385, 300, []),
    ("the last of several means something elsewhere", "hourly", 59385, 300, [0]),
    ("there is one and it means something elsewhere", "hourly", 57351, 400, []),
)


def choice_vectors() -> list[dict[str, Any]]:
    lock = ReferenceLock(SECRETS[0], 0, "UTC")
    return [
        {
            "name": name,
            "secret": lock.secret.hex(),
            "form": form,
            "start": start,
            "duration": duration,
            "used": used,
            "variant": lock.choose(form, start, duration, used),
        }
        for name, form, start, duration, used in CHOICES
    ]


FIXED_OFFSETS = (
    ("UTC", 2026, 0),
    ("Europe/Berlin", 2026, 60),
    ("Europe/Dublin", 2026, 0),
    ("America/New_York", 2026, -300),
    ("America/St_Johns", 2026, -210),
    ("Asia/Kolkata", 2026, 330),
    ("Asia/Kathmandu", 2026, 345),
    ("Australia/Sydney", 2026, 600),
    ("Australia/Lord_Howe", 2026, 630),
    ("Pacific/Chatham", 2026, 765),
    ("Pacific/Auckland", 2026, 720),
    ("Pacific/Kiritimati", 2026, 840),
)


def vectors() -> dict[str, Any]:
    return {
        "format": "latchwork/smartpin/v1",
        "ff1": [
            {
                "nist_sample": number,
                "key": key.lower(),
                "tweak": tweak,
                "plaintext": DIGITS,
                "ciphertext": ciphertext,
            }
            for number, key, tweak, ciphertext in SAMPLES
        ],
        "keys": [
            {
                "secret": secret.hex(),
                "key": hkdf(secret, b"latchwork/smartpin/v1").hex(),
                "block_key": hkdf(secret, b"latchwork/smartpin/v1/block").hex(),
            }
            for secret in SECRETS
        ],
        "fixed_offsets": [
            {"zone": zone, "year": year, "minutes": minutes}
            for zone, year, minutes in FIXED_OFFSETS
        ],
        "codes": code_vectors(),
        "choices": choice_vectors(),
    }


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(vectors(), indent=1) + "\n", encoding="utf-8")
