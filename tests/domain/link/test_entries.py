"""Entries: every field written, none guessed."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given

from domain.access.schedule import ALWAYS, Schedule, Weekday
from domain.link.entries import (
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
from tests.domain.link.samples import DIGEST, NIGHTS, SPELLED, WIRE


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
