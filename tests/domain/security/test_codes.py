"""Codes that people read out: forgiving, and never two codes for one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.security.codes import (
    ALPHABET,
    display_code,
    new_invitation_code,
    normalise_code,
)

codes = st.text(ALPHABET, min_size=13, max_size=13)


class TestNew:
    """How codes are made."""

    def test_a_code_has_13_symbols_of_32(self) -> None:
        """65 bits: the defence against guessing."""
        assert len(set(ALPHABET)) == 32
        assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{13}", new_invitation_code())

    def test_every_symbol_occurs_in_every_place(self) -> None:
        """No place is fixed; a missing symbol in 2,000 codes has odds below 10^-25."""
        made = [new_invitation_code() for _ in range(2000)]
        assert len(set(made)) == 2000
        for place in range(13):
            assert {code[place] for code in made} == set(ALPHABET)


class TestReadingBack:
    """How codes are typed."""

    @given(codes)
    def test_a_code_reads_back_as_itself_and_as_it_is_shown(self, code: str) -> None:
        """In groups of 4, 4 and 5, in either case."""
        assert normalise_code(code) == code
        shown = display_code(code)
        assert re.fullmatch(r".{4}-.{4}-.{5}", shown)
        assert normalise_code(shown) == code
        assert normalise_code(shown.lower()) == code

    @pytest.mark.parametrize(
        "typed",
        [
            "K7Q9-01AB-CDEFG",
            "k7q9-01ab-cdefg",
            "K7Q9 01AB CDEFG",
            "  K7Q9-01AB-CDEFG\n",
            "K7Q9OlABCDEFG",
            "k7q9oIabcdefg",
            "k7q9-oi-abcde-fg",
            "K7Q9\u201301AB\u2011CDEFG",
            "K7Q9\u00a001AB\u00a0CDEFG",
        ],
    )
    def test_confusions_case_spaces_and_hyphens_do_not_count(self, typed: str) -> None:
        """`o` is 0, `i` and `l` are 1, and any hyphen or space is none."""
        assert normalise_code(typed) == "K7Q901ABCDEFG"

    @given(codes, codes)
    def test_two_codes_are_never_read_as_one(self, first: str, second: str) -> None:
        """Forgiveness costs no entropy."""
        assert (normalise_code(first) == normalise_code(second)) == (first == second)

    @pytest.mark.parametrize(
        "typed",
        [
            "",
            "K7Q901ABCDEF",
            "K7Q901ABCDEFG0",
            "K7Q901ABCDEFU",
            "K7Q901ABCDEF!",
            "K7Q901ABCDEF\u0131",
            "K7Q901ABCDE\u017fG",
            "K7Q901ABCDEF\uff10",
            "-" * 200 + "K7Q901ABCDEFG",
        ],
    )
    def test_anything_else_is_none(self, typed: str) -> None:
        """Too short, too long, a U, a sign, or a letter that only looks like one of ours."""
        assert normalise_code(typed) is None

    @given(st.text(max_size=40))
    def test_what_is_read_is_always_a_code(self, typed: str) -> None:
        """Either 13 symbols of the alphabet or None, whatever is typed."""
        code = normalise_code(typed)
        assert code is None or (len(code) == 13 and set(code) <= set(ALPHABET))

    def test_only_a_normalised_code_is_shown(self) -> None:
        """A mistake in the program, raised without the code."""
        with pytest.raises(ValueError, match="normalised") as refusal:
            display_code("k7q901abcdefg")
        assert "k7q9" not in str(refusal.value)
