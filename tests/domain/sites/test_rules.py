"""What a site may be called, where it may be, and which PIN policies it may have."""

from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access.pin_shape import LONGEST, SHORTEST
from domain.errors import InvalidInput, PolicyViolation
from domain.sites.rules import (
    LONGEST_RELEASE_MINUTES,
    check_pin_policy,
    checked_name,
    checked_release,
    checked_site_name,
    checked_zone,
    name_in_letters,
)

ADDRESSES = [
    "https://evil.example",
    "Win at evil.example now",
    "www.evil",
    "Casa 10.0.0.1",
    "me@evil.example",
    "evil\u3002example",  # an ideographic full stop, which programs read as a dot
    "evil.xn--e1afmkfd",
]


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_sites_name_holds_no_address(name: str) -> None:
    """It stands in letters, and mail programs make links of what looks like an address."""
    with pytest.raises(InvalidInput) as refused:
        checked_site_name(name)
    assert refused.value.field == "name"
    assert name_in_letters(name) == "a site"


@pytest.mark.parametrize("name", ["St. Mary's", "Flat 4.2", "Casa No. 7", "Größe", "क्षेत्र"])
def test_a_name_that_is_no_address_is_kept_as_it_is(name: str) -> None:
    assert checked_site_name(name) == name == name_in_letters(name)


@pytest.mark.parametrize("name", ["", "   ", "a" * 101, "a\u202eb", "\u200d", "a\nb"])
def test_a_name_is_printable_and_of_1_to_100_characters(name: str) -> None:
    with pytest.raises(InvalidInput):
        checked_name(name)


def test_blanks_of_every_kind_are_plain_spaces_and_none_are_at_the_ends() -> None:
    assert checked_name("\u00a0Flat\u20034 ") == "Flat 4"


@pytest.mark.parametrize("zone", ["Europe/Rome", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"])
def test_a_zone_is_one_of_the_tz_database(zone: str) -> None:
    assert checked_zone(zone).key == zone


@pytest.mark.parametrize("zone", ["", "localtime", "Factory", "Mars/Base", "../etc/passwd", "\0"])
def test_what_is_no_zone_or_another_on_every_machine_is_refused(zone: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked_zone(zone)
    assert refused.value.field == "timezone"


@pytest.mark.parametrize("minutes", [1, 30, LONGEST_RELEASE_MINUTES, None])
def test_a_lockout_ends_by_itself_within_a_week_or_never(minutes: int | None) -> None:
    assert checked_release(minutes) == minutes


@pytest.mark.parametrize("minutes", [0, -1, LONGEST_RELEASE_MINUTES + 1])
def test_a_release_out_of_bounds_is_refused(minutes: int) -> None:
    with pytest.raises(InvalidInput):
        checked_release(minutes)


@given(
    st.integers(0, 12), st.integers(0, 12), st.integers(0, 12), st.sampled_from([99, 100, 10**6])
)
def test_a_policy_is_taken_just_when_its_lengths_are_in_order_and_can_be_typed(
    minimum: int, maximum: int, automatic: int, guess_limit: int
) -> None:
    good = SHORTEST <= minimum <= automatic <= maximum <= LONGEST and guess_limit >= 100
    with nullcontext() if good else pytest.raises(PolicyViolation):
        check_pin_policy(minimum, maximum, automatic, guess_limit)
