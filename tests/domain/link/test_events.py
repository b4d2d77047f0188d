"""What a lock reports of itself."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given

from domain.access.decision import DenialReason
from domain.link.events import (
    SERVER_EVENTS,
    EventRefused,
    LockEventBody,
    LockEventKind,
    OpeningMethod,
)
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

    @pytest.mark.parametrize("name", ["at", "method", "entryId", "commandId", "reasons"])
    def test_what_does_not_apply_is_null_or_left_out(self, name: str) -> None:
        """Both say the same: no time, nobody, no reason."""
        event = LockEventBody("disk-1", 1, None, LockEventKind.STARTED)
        least = {key: LEAST[key] for key in ("stateId", "sequence", "kind")}
        assert LockEventBody.from_report(least) == event
        assert LockEventBody.from_report({**LEAST, name: None}) == event

    def test_what_was_dropped_is_counted(self) -> None:
        """From 1 to what 64 bits hold; of another kind a count says nothing."""
        for count in (1, 2**63 - 1):
            event = LockEventBody.from_report({**LEAST, "kind": "EVENTS_DROPPED", "count": count})
            assert event.count == count
            assert event.to_report()["count"] == count
        assert LockEventBody.from_report({**LEAST, "count": 3}).count is None
        for count in (None, 0, -1, True, 1.5, "3", 2**63):  # type: ignore[assignment]
            with pytest.raises(Malformed) as refusal:
                LockEventBody.from_report({**LEAST, "kind": "EVENTS_DROPPED", "count": count})
            assert refusal.value.field == "event.count"

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
            ("deliveryId", "a b"),
            ("kind", 5),
            ("method", 5),
            ("reasons", "ENDED"),
            ("reasons", [None]),
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

    def test_a_further_field_is_one_of_a_newer_lock(self) -> None:
        """The event is taken by what this server knows of it: an opening that is not recorded would be worse."""
        plain = LockEventBody.from_report(LEAST)
        assert LockEventBody.from_report({**LEAST, "mood": "bad"}) == plain

    @pytest.mark.parametrize("event", [None, "STARTED", 5, [LEAST], {}])
    def test_what_is_no_event_is_refused(self, event: object) -> None:
        """Whatever JSON may hold."""
        with pytest.raises(Malformed):
            LockEventBody.from_report(event)

    def test_why_is_a_name_that_a_lock_can_act_on(self) -> None:
        """A name of a newer lock is told from a mistake, and from what is not for locks to say."""
        cases: list[tuple[dict[str, Any], str]] = [
            ({"kind": "DOOR_FORCED"}, "UNKNOWN_NAME"),
            ({"method": "IRIS"}, "UNKNOWN_NAME"),
            ({"reasons": ["ENDED", "FULL_MOON"]}, "UNKNOWN_NAME"),
            *(({"kind": kind}, "SERVER_KIND") for kind in sorted(SERVER_EVENTS)),
        ]
        for changed, code in cases:
            with pytest.raises(EventRefused) as refusal:
                LockEventBody.from_report({**LEAST, **changed})
            assert refusal.value.code == code


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
            "EVENTS_DROPPED",
            "EVENTS_MISSING",
            "EVENT_REFUSED",
        ]

    def test_the_methods_are_what_they_always_were(self) -> None:
        """In this order, from the first release on."""
        names = [method.value for method in OpeningMethod]
        assert names == ["PIN", "SMARTPIN", "SHORT_PIN", "PHONE", "REMOTE"]
