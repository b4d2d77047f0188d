"""Which passwords people may choose."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.security.password_rules import PasswordProblem, check_password, minimum_length

CONTEXT = ("ada.lovelace@example.com", "Ada Lovelace", "Hillside Flats")


def problem(password: str, *, second_factor: bool = True) -> PasswordProblem | None:
    """The problem in the setting of these tests."""
    return check_password(password, second_factor=second_factor, context=CONTEXT)


class TestLength:
    """Eight characters beside a second factor, fifteen alone, 1024 bytes at most."""

    def test_fifteen_characters_alone_and_eight_with_a_second_factor(self) -> None:
        """At each limit and one below it."""
        assert problem("mVx2 tq9Lr#u wz", second_factor=False) is None
        assert problem("mVx2 tq9Lr#u w", second_factor=False) is PasswordProblem.TOO_SHORT
        assert problem("mVx2 tq9") is None
        assert problem("mVx2 tq") is PasswordProblem.TOO_SHORT
        assert minimum_length(second_factor=True) == 8
        assert minimum_length(second_factor=False) == 15

    def test_length_counts_characters_after_normalising(self) -> None:
        """A letter with a separate accent is one; NIST SP 800-63B 5.1.1.2 counts code points."""
        assert problem("bra\u0301zdil") is PasswordProblem.TOO_SHORT
        assert problem("žluťoučký kůň") is None

    def test_1024_bytes_pass_and_one_more_does_not(self) -> None:
        """Bytes, since that is what is hashed; before and after normalising."""
        good = "qM7-" + "zu" * 10 + "é" * 500
        assert len(good.encode()) == 1024
        assert problem(good) is None
        assert problem(good + "x") is PasswordProblem.TOO_LONG
        assert problem("x" * 1025) is PasswordProblem.TOO_LONG
        assert problem("\ufdfa" * 40) is PasswordProblem.TOO_LONG


class TestGuessable:
    """What stands in the first guesses is refused, with its decorations."""

    @pytest.mark.parametrize(
        "password",
        [
            "password",
            "PASSWORD",
            "password1",
            "P@ssw0rd2024",
            "!!!!password!!!!",
            "Welcome2026!!!",
            "passwordpassword",
            "sunshine12345678901",
            "12345678",
            "123456789012345",
            "87654321",
            "1q2w3e4r!",
            "qwertyuiopasdfgh",
            "zxcvbnm,./asdf",
            "abcdefghijklmnop",
            "ponmlkjihgfedcba",
            "aaaaaaaaaaaaaaaa",
            "abcabcabcabcabcabc",
            "latchwork2026",
            "Correct Horse Battery Staple",
            "".join(chr(ord(letter) + 0xFEE0) for letter in "password"),
            "a" * 600,
            "a" * 600 + "b",
        ],
    )
    def test_common_ones_are_refused(self, password: str) -> None:
        """In any case, leetspeak, repetition, or with a year and some signs."""
        assert problem(password) is PasswordProblem.COMMON

    @pytest.mark.parametrize(
        "password",
        [
            "ada.lovelace@example.com",
            "AdaLovelace1",
            "lovelace1234",
            "HillsideFlats2026",
            "h1ll$ide 1!",
        ],
    )
    def test_what_names_the_person_or_the_site_is_refused(self, password: str) -> None:
        """Anyone who knows them would try it first."""
        assert problem(password) is PasswordProblem.NAMES_CONTEXT

    def test_the_same_words_are_fine_for_someone_else(self) -> None:
        """Context is the person's own."""
        assert check_password("AdaLovelace1", second_factor=True, context=()) is None

    @pytest.mark.parametrize(
        "password",
        [
            "purple-lamp-42-otter",
            "dragon monkey sunshine welcome",
            "mVx2tq9L",
            "ein Bett im Kornfeld 17",
            "žluťoučký kůň úpěl",
            "zwölf Boxkämpfer jagen",
            "暗証番号は秘密です",
            "🦊🐻🐼🐨🐯🦁🐮🐷",
        ],
    )
    def test_good_ones_pass_without_signs_or_capitals_being_asked_for(self, password: str) -> None:
        """No rules of composition; every script and the space are welcome."""
        assert problem(password) is None

    def test_half_a_character_is_refused(self) -> None:
        """No keyboard types it, and it would have no UTF-8."""
        assert problem("mVx2 tq9\ud800") is PasswordProblem.NOT_TEXT

    @given(st.text(max_size=60))
    def test_any_text_has_an_answer(self, password: str) -> None:
        """No exception, whatever is typed."""
        assert problem(password) is None or isinstance(problem(password), PasswordProblem)

    def test_the_longest_password_is_checked_quickly(self) -> None:
        """Sign-up is open to everyone, so the check must not be a way to keep a core busy."""
        start = time.process_time()
        problem("ab7x" * 255 + "q#m")
        assert time.process_time() - start < 0.5
