"""Entries: every field written, none guessed."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given

from domain.access.schedule import ALWAYS, Schedule, Slot, Weekday
from domain.link.entries import (
    MAX_SCHEDULES,
    CardPayload,
    Entry,
    EntryKind,
    Payload,
    PinPayload,
    SettingsPayload,
    SmartPinBlockPayload,
    SmartPinRulesPayload,
    read_payload,
    smartpin_entry_id,
)
from domain.link.schedules import schedule_from_wire, schedule_to_wire
from domain.link.wire import Malformed, canonical
from tests.domain.link import strategies

DIGEST = bytes(range(32))
SPELLED = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
NIGHTS = Schedule(
    date(2026, 12, 1), None, Slot(time(22), time(6)), frozenset({Weekday.FRIDAY, Weekday.MONDAY})
)
WIRE: dict[str, object] = schedule_to_wire(NIGHTS)


class TestGoldenBytes:
    """What is sealed, hashed and held by locks in the field: it never changes."""

    @pytest.mark.parametrize(
        ("kind", "payload", "expected"),
        [
            (
                EntryKind.PIN,
                PinPayload(DIGEST, (NIGHTS,)),
                b'{"digest":"' + SPELLED.encode() + b'","schedules":[{"slotEnd":"06:00:00",'
                b'"slotStart":"22:00:00","validFrom":"2026-12-01","validUntil":null,'
                b'"weekdays":["MONDAY","FRIDAY"]}]}',
            ),
            (
                EntryKind.PIN,
                PinPayload(DIGEST, ()),
                b'{"digest":"' + SPELLED.encode() + b'","schedules":[]}',
            ),
            (
                EntryKind.SETTINGS,
                SettingsPayload("Europe/Berlin", True, False, None),
                b'{"lockoutReleaseMinutes":null,"pinEnabled":true,"smartPinEnabled":false,'
                b'"zone":"Europe/Berlin"}',
            ),
            (
                EntryKind.CARD,
                CardPayload(DIGEST),
                b'{"cardDigest":"' + SPELLED.encode() + b'"}',
            ),
            (
                EntryKind.SMARTPIN_BLOCK,
                SmartPinBlockPayload(DIGEST, datetime(2026, 12, 5, 20, tzinfo=UTC)),
                b'{"codeDigest":"' + SPELLED.encode() + b'","until":"2026-12-05T20:00:00Z"}',
            ),
            (
                EntryKind.SMARTPIN_RULES,
                SmartPinRulesPayload(activation_required=True),
                b'{"activationRequired":true}',
            ),
        ],
    )
    def test_a_payload_is_written_as_it_always_was(
        self, kind: EntryKind, payload: Payload, expected: bytes
    ) -> None:
        """Canonical JSON, and it reads back as the same payload."""
        assert canonical(payload.to_payload()) == expected
        assert read_payload(kind, payload.to_payload()) == payload

    def test_moments_are_written_in_utc(self) -> None:
        """One moment has one spelling, whatever offset it came with."""
        there = datetime(2026, 12, 1, 15, tzinfo=timezone(timedelta(hours=1)))
        assert schedule_to_wire(Schedule(there, None)) == {
            "validFrom": "2026-12-01T14:00:00Z",
            "validUntil": None,
            "slotStart": None,
            "slotEnd": None,
            "weekdays": [day.value for day in Weekday],
        }

    def test_the_kinds_are_what_they_always_were(self) -> None:
        """Append only."""
        assert [kind.value for kind in EntryKind] == [
            "PIN",
            "SETTINGS",
            "CARD",
            "SMARTPIN_BLOCK",
            "SMARTPIN_RULES",
        ]

    def test_a_smartpin_is_called_by_its_tag(self) -> None:
        """What stands in entries and events, short enough for an entry's id."""
        assert smartpin_entry_id(DIGEST) == f"sp_{SPELLED}"
        assert len(smartpin_entry_id(DIGEST)) <= 64


class TestRoundTrip:
    """Nothing is lost on the way to the door."""

    @given(strategies.schedules)
    def test_a_schedule_comes_back_as_it_was(self, schedule: Schedule) -> None:
        """Every bound, slot and set of days."""
        assert schedule_from_wire(schedule_to_wire(schedule), "schedule") == schedule

    @given(strategies.live_entries | strategies.removals)
    def test_an_entry_comes_back_as_it_was(self, entry: Entry) -> None:
        """With its payload or as a removal."""
        assert Entry.from_wire(entry.to_wire()) == entry

    def test_repr_shows_no_digest(self) -> None:
        """Digests are for one lock's eyes."""
        entry = Entry("pin:1", EntryKind.PIN, 1, PinPayload(DIGEST, (ALWAYS,)).to_payload())
        shown = repr((entry, PinPayload(DIGEST, ()), CardPayload(DIGEST)))
        assert SPELLED not in shown
        assert repr(DIGEST) not in shown


class TestStrictSchedules:
    """No bound is ever lost, made up or mended."""

    @pytest.mark.parametrize("name", sorted(WIRE))
    def test_an_absent_field_is_refused_and_named(self, name: str) -> None:
        """Absent is not open: a bound lost on the way would let somebody in."""
        wire = {key: value for key, value in WIRE.items() if key != name}
        with pytest.raises(Malformed) as refusal:
            schedule_from_wire(wire, "pin.schedules")
        assert refusal.value.field == f"pin.schedules.{name}"

    def test_a_further_field_is_refused(self) -> None:
        """It may be a limit that this reader does not know."""
        with pytest.raises(Malformed, match="no other field"):
            schedule_from_wire({**WIRE, "holidays": []}, "pin.schedules")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("validFrom", "2026-12-1"),
            ("validFrom", "20261201"),
            ("validFrom", "2026-W49-2"),
            ("validFrom", "2026-02-30"),
            ("validFrom", "2026-12-01T15:00:00"),
            ("validFrom", "2026-12-01T15:00:00+00:00"),
            ("validFrom", "2026-12-01T15:00Z"),
            ("validFrom", 1796137200),
            ("validFrom", ""),
            ("validUntil", "2026-11-30"),
            ("validUntil", "2026-12-05T20:00:00Z"),
            ("slotStart", None),
            ("slotEnd", None),
            ("slotStart", "06:00:00"),
            ("slotStart", "22:00"),
            ("slotStart", "22:00:00Z"),
            ("slotStart", "24:00:00"),
            ("slotStart", "T22:00:00"),
            ("weekdays", []),
            ("weekdays", None),
            ("weekdays", ["FRIDAY", "MONDAY"]),
            ("weekdays", ["MONDAY", "MONDAY"]),
            ("weekdays", ["monday"]),
            ("weekdays", [0]),
            ("weekdays", "MONDAY"),
        ],
    )
    def test_what_cannot_be_meant_or_is_spelled_otherwise_is_refused(
        self, name: str, value: object
    ) -> None:
        """And the refusal does not echo the value."""
        with pytest.raises(Malformed) as refusal:
            schedule_from_wire({**WIRE, name: value}, "pin.schedules")
        assert not value or str(value) not in str(refusal.value).removeprefix(name)


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
