"""Payloads of entries are read strictly: what is not exactly one kind's is refused."""

from datetime import UTC, datetime

import pytest

from domain.access.schedule import ALWAYS
from domain.link.entries import (
    MAX_SCHEDULES,
    CardPayload,
    Entry,
    EntryKind,
    Payload,
    PinPayload,
    SettingsPayload,
    SmartPinBlockPayload,
    read_payload,
)
from domain.link.schedules import schedule_to_wire
from domain.link.wire import Malformed
from tests.domain.link.samples import DIGEST, SPELLED


class TestStrictPayloads:
    """A payload is exactly its kind's."""

    @pytest.mark.parametrize(
        "payload",
        [
            PinPayload(DIGEST, (ALWAYS,)),
            SettingsPayload("UTC", True, True, 5),
            CardPayload(DIGEST),
            SmartPinBlockPayload(DIGEST, datetime(2026, 12, 5, 20, tzinfo=UTC)),
        ],
    )
    def test_a_field_too_few_or_too_many_is_refused_for_every_kind(self, payload: Payload) -> None:
        """Old firmware refuses what it does not know, and says so, before it guesses."""
        written = payload.to_payload()
        kind = next(kind for kind in EntryKind if _reads(kind, written))
        for name in written:
            with pytest.raises(Malformed):
                read_payload(kind, {key: value for key, value in written.items() if key != name})
        with pytest.raises(Malformed):
            read_payload(kind, {**written, "further": None})
        assert [other for other in EntryKind if _reads(other, written)] == [kind]

    @pytest.mark.parametrize(
        ("kind", "payload", "field"),
        [
            (EntryKind.PIN, {"digest": SPELLED[:-1], "schedules": []}, "pin.digest"),
            (EntryKind.PIN, {"digest": SPELLED[:-1] + "9", "schedules": []}, "pin.digest"),
            (EntryKind.PIN, {"digest": SPELLED + "=", "schedules": []}, "pin.digest"),
            (EntryKind.PIN, {"digest": None, "schedules": []}, "pin.digest"),
            (EntryKind.PIN, {"digest": SPELLED, "schedules": None}, "pin.schedules"),
            (EntryKind.PIN, {"digest": SPELLED, "schedules": {}}, "pin.schedules"),
            (
                EntryKind.PIN,
                {"digest": SPELLED, "schedules": [schedule_to_wire(ALWAYS)] * (MAX_SCHEDULES + 1)},
                "pin.schedules",
            ),
            (EntryKind.CARD, [], "card"),
            (EntryKind.CARD, "x", "card"),
            (
                EntryKind.SMARTPIN_BLOCK,
                {"codeDigest": SPELLED, "until": "2026-12-05"},
                "smartPinBlock.until",
            ),
            (
                EntryKind.SMARTPIN_BLOCK,
                {"codeDigest": SPELLED, "until": None},
                "smartPinBlock.until",
            ),
        ],
    )
    def test_wrong_values_are_refused_by_name(
        self, kind: EntryKind, payload: object, field: str
    ) -> None:
        """The field tells the developer; the value stays out of the log."""
        with pytest.raises(Malformed) as refusal:
            read_payload(kind, payload)
        assert refusal.value.field == field
        assert SPELLED[:-1] not in str(refusal.value)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("zone", ""),
            ("zone", None),
            ("pinEnabled", 1),
            ("pinEnabled", "true"),
            ("smartPinEnabled", None),
            ("lockoutReleaseMinutes", 0),
            ("lockoutReleaseMinutes", -1),
            ("lockoutReleaseMinutes", 1.0),
            ("lockoutReleaseMinutes", True),
            ("lockoutReleaseMinutes", 10**9),
        ],
    )
    def test_settings_are_not_converted(self, name: str, value: object) -> None:
        """1 is not true, and true is not one minute."""
        payload = {**SettingsPayload("UTC", True, True, 5).to_payload(), name: value}
        with pytest.raises(Malformed) as refusal:
            read_payload(EntryKind.SETTINGS, payload)
        assert refusal.value.field == f"settings.{name}"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("id", ""),
            ("id", "x" * 65),
            ("id", "a b"),
            ("id", "a\x00"),
            ("id", "ä"),
            ("id", 1),
            ("kind", "pin"),
            ("kind", "DOOR"),
            ("kind", None),
            ("version", 0),
            ("version", 2**63),
            ("version", "1"),
            ("version", True),
            ("payload", []),
            ("payload", False),
            ("payload", {}),
        ],
    )
    def test_an_entry_is_refused_for_any_wrong_field(self, name: str, value: object) -> None:
        """False, empty and absent payloads are no removals; only null is."""
        wire = Entry("pin:1", EntryKind.PIN, 1, None).to_wire()
        with pytest.raises(Malformed):
            Entry.from_wire({**wire, name: value})
        with pytest.raises(Malformed):
            Entry.from_wire({key: each for key, each in wire.items() if key != name})


def _reads(kind: EntryKind, payload: object) -> bool:
    try:
        read_payload(kind, payload)
    except Malformed:
        return False
    return True
