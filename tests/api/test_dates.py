"""Dates and moments have one spelling each in the API, and what is no moment gets an answer in our own words."""

from typing import Any

import pytest
from strawberry.exceptions import StrawberryInputCoercionError

from api.schema.dates import DATE, DATE_TIME
from api.schema.times import TIME
from tests.api.bare_lock import BareLock
from tests.api.test_refused_events import told
from tests.serving import Served

CALENDAR = """query($id: ID!, $first: Date!, $last: Date!) {
  site(id: $id) { calendar(firstDay: $first, lastDay: $last) { occurrences { day } } } }"""
EVENTS = (
    "query($id: ID!, $from: DateTime!) { site(id: $id) { events(from: $from) { nodes { id } } } }"
)


async def _code(served: Served, token: str, document: str, **variables: Any) -> str | None:
    answer = await served.post(document, {"authorization": f"Bearer {token}"}, **variables)
    errors = answer.json().get("errors")
    return errors[0]["extensions"]["code"] if errors else None


DAYS = [
    ("2026-01-01", True),
    ("20260101", False),
    ("2026-W01-1", False),
    ("2026W011", False),
    ("2026-001", False),
    ("2026-1-1", False),
    ("2026-02-30", False),
    (" 2026-01-01", False),
    ("2026-01-01T00:00:00Z", False),
    ("\uff12026-01-01", False),
]


async def test_a_day_has_one_spelling(served: Served) -> None:
    """ISO 8601 has more, which nobody means: they are refused as values, in variables and in the document."""
    house = await served.site()
    for day, is_one in DAYS:
        code = await _code(served, house.token, CALENDAR, id=house.id, first=day, last=day)
        assert code == (None if is_one else "VARIABLES_INVALID"), day
        written = CALENDAR.replace(", $first: Date!, $last: Date!", "")
        written = written.replace("$first", f'"{day}"').replace("$last", f'"{day}"')
        code = await _code(served, house.token, written, id=house.id)
        assert code == (None if is_one else "GRAPHQL_VALIDATION_FAILED"), day


MOMENTS = [
    ("2026-01-01T06:00:00Z", None),
    ("2026-01-01T06:00:00.123456789Z", None),
    ("2026-01-01t06:00z", None),
    ("2026-01-01T06:00:00-23:59", None),
    ("2026-01-01T06:00:00", "BAD_USER_INPUT"),
    ("0001-01-01T00:00:00+10:00", "BAD_USER_INPUT"),
    ("9999-12-31T23:59:59-10:00", "BAD_USER_INPUT"),
    ("2026-01-01", "VARIABLES_INVALID"),
    ("2026-01-01 06:00:00Z", "VARIABLES_INVALID"),
    ("20260101T060000Z", "VARIABLES_INVALID"),
    ("2026-W01-1T06:00:00Z", "VARIABLES_INVALID"),
    ("2026-01-01T24:00:00Z", "VARIABLES_INVALID"),
    ("2026-01-01T06Z", "VARIABLES_INVALID"),
    ("2026-01-01T06:00:00+24:00", "VARIABLES_INVALID"),
    ("2026-01-01T06:00:00-00:60", "VARIABLES_INVALID"),
    ("2026-01-01T06:00:00+0100", "VARIABLES_INVALID"),
    ("2026-01-01T06:00:00,5Z", "VARIABLES_INVALID"),
]


async def test_a_moment_is_one_of_rfc_3339(served: Served) -> None:
    """What is a moment, but none with an offset or in our calendar, is refused by its field."""
    house = await served.site()
    for moment, code in MOMENTS:
        found = await _code(served, house.token, EVENTS, id=house.id, **{"from": moment})
        assert found == code, moment


async def test_a_lock_that_tells_no_moment_is_answered_in_our_words(served: Served) -> None:
    """The event alone is refused, and no library is quoted."""
    house = await served.site()
    async with BareLock(served, await house.lock()) as lock:
        for at in ("0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00", "2026-01-01T00:00:00"):
            (refused,) = (await told(lock, lock.event(at=at)))["refused"]
            assert refused["message"].startswith("event.at: must be a moment")


async def test_a_time_of_day_has_its_colons(served: Served) -> None:
    """`0600` and `06` are refused as values; `06:00` is not."""
    house = await served.site()
    document = (
        """mutation($i: CreateAccessRuleInput!) { createAccessRule(input: $i) { __typename } }"""
    )
    for start, code in (
        ("06:00", None),
        ("06:00:00", None),
        ("0600", "VARIABLES_INVALID"),
        ("06", "VARIABLES_INVALID"),
        ("T06:00", "VARIABLES_INVALID"),
        ("6:00", "VARIABLES_INVALID"),
    ):
        place = {"siteId": house.id, "grantee": {"memberId": "nobody"}}
        asked = {**place, "slotStart": start, "slotEnd": "23:00"}
        assert await _code(served, house.token, document, i=asked) == code, start


NOWHERE = {
    "Date": ["2026-02-30", "2026-13-01", "0000-01-01"],
    "DateTime": [
        "2026-02-30T06:00:00Z",
        "2026-06-30T23:59:60Z",
        "2026-01-01T06:60:00Z",
    ],
    "Time": ["24:00:01", "25:00", "06:60", "23:59:60", "24:00:00.0", "06:00+24:00"],
}
"""Written as it should be, but in no calendar and on no clock."""


def test_what_the_calendar_and_the_clock_have_not_is_refused_in_our_words() -> None:
    """No library's message: it would speak of its own types, and of bounds that are not ours (24:00 is an end)."""
    for scalar in (DATE, DATE_TIME, TIME):
        for text in NOWHERE[scalar.name]:
            assert scalar.parse_value is not None
            with pytest.raises(StrawberryInputCoercionError) as refusal:
                scalar.parse_value(text)
            value, _, words = str(refusal.value).partition(f"There is no such {scalar.name}. ")
            assert text in value, text
            assert words.startswith("Write it as "), text
            assert "must be" not in str(refusal.value), text
