"""Moments come with an offset, and are kept in UTC."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from domain.inputs.moments import in_utc

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)), OFFSETS)  # noqa: DTZ001 - the offset is the other argument
def test_a_moment_stays_the_same_moment(wall: datetime, offset: timezone) -> None:
    given_ = wall.replace(tzinfo=offset)
    kept = in_utc("starts_at", given_)
    assert kept == given_
    assert kept.tzinfo is UTC


def test_a_moment_without_an_offset_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        in_utc("ends_at", datetime(2026, 1, 1))  # noqa: DTZ001 - that is what is refused
    assert refused.value.field == "ends_at"


@pytest.mark.parametrize(
    "beyond",
    [
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
        datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-1))),
    ],
)
def test_a_moment_that_is_in_no_year_in_utc_is_refused(beyond: datetime) -> None:
    with pytest.raises(InvalidInput):
        in_utc("starts_at", beyond)
