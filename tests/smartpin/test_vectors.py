"""The published vectors: what a lock of any make has to agree with."""

import json
from datetime import UTC, datetime
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

from smartpin import Codec, Daily, Hourly, LockTime, Reading, choose_variant, fixed_offset
from smartpin.codec import BLOCK_INFO, derive_key, tweak


def window_of(vector: dict[str, Any]) -> Hourly | Daily:
    if vector["form"] == "hourly":
        return Hourly(vector["start"], vector["duration"])
    assert vector["form"] == "daily"
    return Daily(vector["start"], vector["duration"])


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def lock_time_of(vector: dict[str, Any]) -> LockTime:
    return LockTime(vector["offset_minutes"], ZoneInfo(vector["zone"]))


def test_the_second_implementation_made_them(reference: ModuleType, vectors: Any) -> None:
    """Making the vectors anew, on another FF1 and with other arithmetic, changes nothing."""
    assert json.loads(json.dumps(reference.vectors())) == vectors


def test_keys(vectors: Any) -> None:
    """HKDF-SHA256 without salt, one info for the cipher, another for block tags."""
    for v in vectors["keys"]:
        assert derive_key(bytes.fromhex(v["secret"])).hex() == v["key"]
        assert derive_key(bytes.fromhex(v["secret"]), BLOCK_INFO).hex() == v["block_key"]


def test_fixed_offsets(vectors: Any) -> None:
    """The smaller of the offsets of 1 January and 1 July."""
    for v in vectors["fixed_offsets"]:
        assert fixed_offset(ZoneInfo(v["zone"]), v["year"]) == v["minutes"], v["zone"]


def test_codes(vectors: Any) -> None:
    """Secret and window give these ten digits, by this index and tweak, and come back from them."""
    for v in vectors["codes"]:
        codec, reading = Codec(bytes.fromhex(v["secret"])), Reading(window_of(v), v["variant"])
        assert reading.window.code_epoch == v["epoch"], v["name"]
        assert reading.index == v["index"], v["name"]
        assert tweak(v["epoch"]).hex() == v["tweak"], v["name"]
        assert codec.encode(reading) == v["code"], v["name"]
        assert codec.decode(v["code"], v["epoch"]) == reading, v["name"]
        assert codec.block_tag(v["code"]).hex() == v["block_tag"], v["name"]


def test_edges(vectors: Any) -> None:
    """Each window opens, closes and must be activated at these instants."""
    for v in vectors["codes"]:
        lock_time, window = lock_time_of(v), window_of(v)
        assert lock_time.opens(window) == moment(v["opens"]), v["name"]
        assert lock_time.closes(window) == moment(v["closes"]), v["name"]
        assert lock_time.activation_deadline(window) == moment(v["activate_by"]), v["name"]


def test_checks(vectors: Any) -> None:
    """The lock opens, or not, to the second, and not a year before or after."""
    for v in vectors["codes"]:
        codec, lock_time = Codec(bytes.fromhex(v["secret"])), lock_time_of(v)
        for check in v["checks"]:
            opens = bool(codec.open_readings(v["code"], moment(check["now"]), lock_time))
            assert opens == check["opens"], (v["name"], check["now"])


def test_choices(vectors: Any) -> None:
    """The next guest gets this variant."""
    for v in vectors["choices"]:
        window = window_of(v)
        reading = choose_variant(
            Codec(bytes.fromhex(v["secret"])),
            window,
            {window: v["used"]},
            now=datetime(2026, 6, 1, tzinfo=UTC),
            lock_time=LockTime(0, ZoneInfo("UTC")),
        )
        assert reading == Reading(window, v["variant"]), v["name"]


def test_they_cover_what_the_specification_promises(vectors: Any) -> None:
    """Leading zeros, digits that mean something in two epochs, and every zone of the issue."""
    codes = vectors["codes"]
    assert any(v["code"].startswith("0") for v in codes)
    twice = next(v for v in codes if v["name"] == "read in both epochs")
    assert Codec(bytes.fromhex(twice["secret"])).decode(twice["code"], twice["epoch"] + 1)
    zones = {v["zone"] for v in codes}
    assert zones >= {
        "Asia/Kathmandu",
        "America/St_Johns",
        "Australia/Lord_Howe",
        "Europe/Dublin",
        "Europe/Berlin",
        "Australia/Sydney",
    }
