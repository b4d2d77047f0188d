"""Which digits may be a PIN."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidPin, PinTooShort, PolicyViolation
from domain.pins.rules import check_length, generate, is_weak

# fmt: off
COMMON = (
    "1004", "2000", "1122", "2580", "0852", "1998", "1984", "2001", "2468", "1357", "1379", "9731", "4200",
    "0420", "1470", "0741", "3690", "0963", "5683", "1236", "7890", "0987", "8520", "1590", "7531", "9512",
    "112233", "102030", "159753", "123321", "147258", "258456", "789456", "147852", "112358", "314159",
    "271828", "159357", "753951", "1231234", "11223344", "12344321", "11112222", "10203040", "31415926",
    "14789632",
)
# fmt: on
"""Chosen far oftener than chance: lines and crosses of the keypad, years, doubles, the famous numbers."""


@pytest.mark.parametrize("digits", COMMON)
def test_each_common_pin_is_weak(digits: str) -> None:
    """Written down twice, so that none is lost by a slip."""
    assert is_weak(digits)


@pytest.mark.parametrize(
    "digits",
    ["7777", "777777777", "3456", "8765", "1212", "373737", "471471", "123123123", "47114711"],
)
def test_one_digit_runs_and_repeated_blocks_are_weak(digits: str) -> None:
    """Of two, three or four digits."""
    assert is_weak(digits)


@pytest.mark.parametrize("digits", ["4711", "47114", "471147", "3737373", "4714714", "902746"])
def test_what_is_neither_is_good(digits: str) -> None:
    """A block that breaks off is no repetition."""
    assert not is_weak(digits)


@given(st.text("0123456789", min_size=2, max_size=4), st.integers(2, 4))
def test_any_block_said_over_is_weak(block: str, times: int) -> None:
    """Whatever it is."""
    assert is_weak(block * times)


@pytest.mark.parametrize("length", range(4, 10))
def test_generated_digits_have_their_length_and_are_not_weak(length: int) -> None:
    """Leading zeros included."""
    for _ in range(300):
        digits = generate(length)
        assert len(digits) == length
        assert not is_weak(digits)


def test_length_is_a_policy_and_digits_are_ascii() -> None:
    """Each by its own error."""
    check_length("4711", 4, 8)
    check_length("47110815", 4, 8)
    with pytest.raises(PinTooShort) as short:
        check_length("471", 4, 8)
    assert short.value.min_length == 4
    with pytest.raises(PolicyViolation):
        check_length("471108150", 4, 8)
    for wrong in ("", "47 11", "٤٧١١", "abcd"):
        with pytest.raises(InvalidPin):
            check_length(wrong, 4, 8)
