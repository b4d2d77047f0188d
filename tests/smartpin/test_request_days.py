"""Windows of days that are refused for what would become of their codes: dead too soon, or sought in the wrong epoch."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest

from smartpin import Daily, Hourly, InvalidWindow, LockTime, Span, WindowFault, fit, may_start
from tests.smartpin.asking import HOUR, NOW, at

LockIn = Callable[[str], LockTime]


# ---- where codes have to be used within their first day --------------------------------------------


@pytest.mark.parametrize("start", ["2026-05-10T07:00", "2026-05-10T00:00", "2026-05-10T09:00"])
def test_days_whose_first_day_would_be_over_too_soon_are_refused(
    lock_in: LockIn, start: str
) -> None:
    """Snapped back, the code of 10 May 07:00 would die an hour after it; that day's 08:00 has a whole day."""
    berlin, now = lock_in("Europe/Berlin"), at(NOW, "Europe/Berlin")
    first, last = at(start, "Europe/Berlin"), at("2026-07-10T20:00", "Europe/Berlin")
    plain = fit(first, last, now=now, lock_time=berlin)
    assert plain.activate_by - first < 24 * HOUR
    with pytest.raises(InvalidWindow) as refusal:
        fit(first, last, now=now, lock_time=berlin, activation=True)
    assert refusal.value.fault is WindowFault.ACTIVATION_TOO_SOON
    assert Span(at("2026-05-10T08:00", "Europe/Berlin"), last) in refusal.value.nearest
    for span in refusal.value.nearest:
        fitted = fit(span.start, span.end, now=now, lock_time=berlin, activation=True)
        assert not fitted.widened


@pytest.mark.parametrize("day", ["2026-05-10", "2027-03-27", "2026-10-24"])
def test_days_from_eight_are_accepted_with_the_rule_in_every_season(
    lock_in: LockIn, day: str
) -> None:
    """Also before the night in spring, though their first day has 23 hours."""
    berlin, now = lock_in("Europe/Berlin"), at(f"{day}T00:00", "Europe/Berlin")
    first = at(f"{day}T08:00", "Europe/Berlin")
    last = at((first + 40 * 24 * HOUR).strftime("%Y-%m-%dT20:00"), "Europe/Berlin")
    assert fit(first, last, now=now, lock_time=berlin, activation=True).opens == first


# ---- a zone far from the fixed offset --------------------------------------------------------------


def test_days_in_a_zone_far_from_the_fixed_offset_are_refused() -> None:
    """An offset of +01:00 moved to Auckland: hours are as ever, and what is suggested."""
    far, now = LockTime(60, ZoneInfo("Pacific/Auckland")), at(NOW, "Pacific/Auckland")
    first, last = at("2026-06-01T08:00", far.zone.key), at("2026-08-01T20:00", far.zone.key)
    with pytest.raises(InvalidWindow) as refusal:
        fit(first, last, now=now, lock_time=far)
    assert refusal.value.fault is WindowFault.ZONE_TOO_FAR
    assert refusal.value.nearest
    for span in refusal.value.nearest:
        assert isinstance(fit(*span, now=now, lock_time=far).window, Hourly)
    assert not may_start(Daily(far.wall(first)[0], 40), now=now, lock_time=far)
