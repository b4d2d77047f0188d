"""The shape of digits, as the server and the keypad see it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access.pin_shape import NotDigits, is_run, is_single_digit, parse_digits

NOT_ASCII = ["\uff11\uff12\uff13\uff14", "\u0664\u0662\u0664\u0662", "4\u00b222"]


@pytest.mark.parametrize(
    "text", ["", "12a4", "12 34", "12-34", " 1234", "1234\n", "+123", *NOT_ASCII]
)
def test_only_ascii_digits_are_digits(text: str) -> None:
    """Full-width, Arabic-Indic and superscript digits are refused; the text is not quoted."""
    with pytest.raises(NotDigits) as caught:
        parse_digits(text)
    assert not text.strip() or text not in str(caught.value)


def test_leading_zeros_are_part_of_a_pin() -> None:
    """`0042` is not `42`: digits are text and stay as typed."""
    assert parse_digits("0042") == "0042"
    assert parse_digits("0042") != parse_digits("42")


@given(st.text("0123456789", min_size=1, max_size=10))
def test_digits_come_back_unchanged(digits: str) -> None:
    """Parsing converts nothing."""
    assert parse_digits(digits) == digits


@pytest.mark.parametrize("digits", ["0000", "77777777"])
def test_one_digit_repeated_is_a_single_digit(digits: str) -> None:
    """However long."""
    assert is_single_digit(digits)
    assert not is_run(digits)


@pytest.mark.parametrize("digits", ["1234", "0123456789", "9876", "43210"])
def test_consecutive_digits_up_or_down_are_a_run(digits: str) -> None:
    """Each step by one, all in one direction."""
    assert is_run(digits)
    assert not is_single_digit(digits)


@pytest.mark.parametrize("digits", ["1235", "8901", "1357", "1212", "1232", "0042"])
def test_other_digits_are_neither(digits: str) -> None:
    """Nine is not followed by zero, and steps of two are no run."""
    assert not is_run(digits)
    assert not is_single_digit(digits)
