"""Which invitations can be made."""

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.access.schedule import Schedule
from domain.errors import InvalidInput, InvalidSchedule
from domain.invitations.rules import MOST_DEVICES, check_new

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)


def made(valid_until: datetime | date | None, devices: int = 1) -> None:
    check_new(Schedule(valid_until=valid_until), devices, NOW)


@pytest.mark.parametrize("ahead", [TICK, timedelta(days=3653)])
def test_its_end_lies_in_the_future_and_within_ten_years(ahead: timedelta) -> None:
    """The first and the last moment that will do."""
    made(NOW + ahead)


@pytest.mark.parametrize("ahead", [-HOUR, timedelta(0), timedelta(days=3653) + TICK])
def test_an_end_that_is_past_or_too_far_is_refused(ahead: timedelta) -> None:
    """One that ends exactly now never opens anything."""
    with pytest.raises(InvalidSchedule) as refusal:
        made(NOW + ahead)
    assert refusal.value.field == "ends_at"


@pytest.mark.parametrize("end", [None, date(2026, 12, 24)])
def test_its_end_is_a_moment(end: date | None) -> None:
    """No open end, and no whole day."""
    with pytest.raises(InvalidSchedule, match="needs an end"):
        made(end)


def test_it_serves_one_to_a_hundred_devices() -> None:
    """And no other number."""
    for devices in (1, MOST_DEVICES):
        made(NOW + HOUR, devices)
    for devices in (-1, 0, MOST_DEVICES + 1):
        with pytest.raises(InvalidInput) as refusal:
            made(NOW + HOUR, devices)
        assert refusal.value.field == "device_limit"
