"""What a lock reports of itself."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given

from domain.access.decision import DenialReason
from domain.link.events import LockEventBody, LockEventKind, OpeningMethod
from domain.link.wire import Malformed
from tests.domain.link import strategies

DENIED = LockEventBody(
    state_id="disk-1",
    sequence=41,
    at=datetime(2026, 12, 1, 14, tzinfo=UTC),
    kind=LockEventKind.DENIED,
    method=OpeningMethod.PIN,
    entry_id="pin:1",
    reasons=(DenialReason.OUTSIDE_SLOT, DenialReason.WRONG_WEEKDAY),
)
LEAST: dict[str, object] = {"stateId": "disk-1", "sequence": 1, "at": None, "kind": "STARTED"}


class TestReports:
    """As `reportLock` takes them."""

    def test_an_event_is_reported_in_the_words_of_the_api(self) -> None:
        """Golden: firmware of others is written against these names."""
        assert DENIED.to_report() == {
            "stateId": "disk-1",
            "sequence": 41,
            "at": "2026-12-01T14:00:00Z",
            "kind": "DENIED",
            "method": "PIN",
            "entryId": "pin:1",
            "commandId": None,
            "reasons": ["OUTSIDE_SLOT", "WRONG_WEEKDAY"],
        }

    @given(strategies.events)
    def test_an_event_comes_back_as_it_was(self, event: LockEventBody) -> None:
        """With or without a time, a method, an entry, a command and reasons."""
        assert LockEventBody.from_report(event.to_report()) == event

    def test_no_time_is_said_and_not_left_out(self) -> None:
        """Unknown is not empty: a report without `at` is refused, one with null is believed."""
        assert LockEventBody.from_report(LEAST).at is None
        with pytest.raises(Malformed) as refusal:
            LockEventBody.from_report({key: LEAST[key] for key in LEAST if key != "at"})
        assert refusal.value.field == "event.at"

    def test_optional_fields_may_be_left_out(self) -> None:
        """GraphQL clients omit what they have not."""
        event = LockEventBody.from_report(LEAST)
        assert event == LockEventBody("disk-1", 1, None, LockEventKind.STARTED)

    def test_any_offset_and_values_that_are_converted_already_are_understood(self) -> None:
        """The API may hand over datetimes and enum members in place of their text."""
        there = datetime(2026, 12, 1, 15, tzinfo=timezone(timedelta(hours=1)))
        report = DENIED.to_report()
        for at in ("2026-12-01T15:00:00+01:00", "2026-12-01T14:00Z", there):
            assert LockEventBody.from_report({**report, "at": at}) == DENIED
        members = {"kind": DENIED.kind, "method": DENIED.method, "reasons": list(DENIED.reasons)}
        assert LockEventBody.from_report({**report, **members}) == DENIED

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("stateId", None),
            ("stateId", ""),
            ("stateId", "x" * 65),
            ("stateId", "a\x00b"),
            ("sequence", None),
            ("sequence", 0),
            ("sequence", True),
            ("sequence", 2**63),
            ("at", "yesterday"),
            ("at", "2026-12-01T14:00:00"),
            ("at", datetime(2026, 12, 1, 14, tzinfo=UTC).replace(tzinfo=None)),
            ("at", 1796137200),
            ("at", "0001-01-01T00:00:00+23:00"),
            ("kind", None),
            ("kind", "opened"),
            ("kind", "EXPLODED"),
            ("method", "KEY"),
            ("entryId", ""),
            ("entryId", 1),
            ("commandId", "ä"),
            ("reasons", None),
            ("reasons", "ENDED"),
            ("reasons", ["BAD_MOOD"]),
            ("reasons", ["ENDED"] * 200),
        ],
    )
    def test_a_wrong_value_is_refused_by_name_and_not_echoed(
        self, name: str, value: object
    ) -> None:
        """What a lock sends ends in the database, so it has limits and a known alphabet."""
        with pytest.raises(Malformed) as refusal:
            LockEventBody.from_report({**LEAST, name: value})
        assert refusal.value.field == f"event.{name}"
        assert not value or len(str(value)) < 3 or str(value) not in str(refusal.value)

    def test_a_further_field_is_refused(self) -> None:
        """It may say something that this server would lose."""
        with pytest.raises(Malformed, match="no other field"):
            LockEventBody.from_report({**LEAST, "mood": "bad"})


class TestNames:
    """Names that locks in the field use: append only."""

    def test_the_kinds_are_what_they_always_were(self) -> None:
        """In this order, from the first release on."""
        assert [kind.value for kind in LockEventKind] == [
            "OPENED",
            "DENIED",
            "LOCKOUT_STARTED",
            "LOCKOUT_ENDED",
            "CLOCK_SET",
            "CLOCK_LOST",
            "STARTED",
            "COMMAND_REFUSED",
            "CARD_PRESENTED",
            "SHORT_PIN_SET",
            "SHORT_PIN_DROPPED",
            "SMARTPIN_BLOCKED",
            "OUT_OF_STEP",
            "DELIVERY_REFUSED",
        ]

    def test_the_methods_are_what_they_always_were(self) -> None:
        """In this order, from the first release on."""
        names = [method.value for method in OpeningMethod]
        assert names == ["PIN", "SMARTPIN", "SHORT_PIN", "PHONE", "REMOTE"]
