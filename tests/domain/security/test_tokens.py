"""Tokens: recognisable, unguessable, and derived ones the same every time."""

import base64
import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.security.keys import KeyLabel, Keyring
from domain.security.tokens import derived_token, derived_token_key, new_token, well_formed

RING = Keyring.from_secret(bytes(range(32)))
SYMBOLS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class TestForm:
    """What people, scanners and the server see at first sight."""

    def test_a_token_is_prefix_256_bits_and_checksum(self) -> None:
        """The pattern that a secret scanner is given."""
        assert re.fullmatch(r"lwt_[A-Za-z0-9_-]{43}[A-Za-z0-9_-]{6}", new_token("lwt"))

    def test_tokens_do_not_repeat(self) -> None:
        """A thousand are a thousand."""
        assert len({new_token("lwt") for _ in range(1000)}) == 1000

    def test_a_new_token_is_well_formed_for_its_prefix_alone(self) -> None:
        """A session is not taken for an API token."""
        token = new_token("lwt")
        assert well_formed(token, "lwt")
        assert not well_formed(token, "lws")
        assert not well_formed(token, "lw")

    def test_every_wrong_symbol_and_every_swap_is_noticed(self) -> None:
        """Typing errors are told from unknown tokens without a query."""
        token = derived_token(RING, "lwt", "fixed")
        for place in range(len(token)):
            for symbol in SYMBOLS.replace(token[place], ""):
                assert not well_formed(token[:place] + symbol + token[place + 1 :], "lwt")
        for place in range(len(token) - 1):
            swapped = token[:place] + token[place + 1] + token[place] + token[place + 2 :]
            assert swapped == token or not well_formed(swapped, "lwt")

    def test_256_bits_have_one_spelling(self) -> None:
        """The last symbol has two spare bits; only zeroes are well-formed, checksum or not."""
        spellings = []
        for symbol in SYMBOLS:
            text = "lwt_" + "A" * 42 + symbol
            check = base64.urlsafe_b64encode(zlib.crc32(text.encode()).to_bytes(4, "big"))
            if well_formed(text + check.decode().rstrip("="), "lwt"):
                spellings.append(symbol)
        assert "".join(spellings) == "AEIMQUYcgkosw048"

    @pytest.mark.parametrize("size", [31, 33])
    def test_a_body_of_another_size_is_not_well_formed(self, size: int) -> None:
        """Though its checksum is right."""
        text = "lwt_" + base64.urlsafe_b64encode(bytes(size)).decode().rstrip("=")
        check = base64.urlsafe_b64encode(zlib.crc32(text.encode()).to_bytes(4, "big"))
        assert not well_formed(text + check.decode().rstrip("="), "lwt")

    @given(st.text(max_size=60))
    def test_any_text_has_an_answer(self, text: str) -> None:
        """No exception, whatever a client sends."""
        assert not well_formed(text, "lwt")

    @pytest.mark.parametrize("length", [0, 3, 4, 20, 52, 54, 100])
    def test_a_token_that_is_cut_or_prolonged_is_not_well_formed(self, length: int) -> None:
        """All of it, and nothing more."""
        assert not well_formed((new_token("lwt") * 2)[:length], "lwt")

    @pytest.mark.parametrize("prefix", ["", "l", "lwt_", "LWT", "lw-t", "l" * 13, "lw1", "lwt\n"])
    def test_a_prefix_is_a_few_lower_case_letters(self, prefix: str) -> None:
        """Anything else is a mistake in the program and is raised as one."""
        with pytest.raises(ValueError, match="prefix"):
            new_token(prefix)


class TestDerived:
    """A retry gets the token that it lost."""

    def test_the_same_parts_give_the_same_token(self) -> None:
        """A vector: devices in the field hold these."""
        assert derived_token(RING, "lwd", "invitation", "thumbprint") == (
            "lwd_cEqgKdVhf-N0LJ2aAwt4hdb5L0SUWXSjUNd2a9Urwh8Lg_Rhg"
        )
        assert well_formed(derived_token(RING, "lwd", "invitation", "thumbprint"), "lwd")

    def test_prefix_parts_their_cut_and_the_key_all_count(self, new_keyring: Keyring) -> None:
        """None of these may pass for another."""
        tokens = {
            derived_token(RING, "lwd", "ab", "c")[4:],
            derived_token(RING, "lwd", "a", "bc")[4:],
            derived_token(RING, "lwd", "abc")[4:],
            derived_token(RING, "lws", "ab", "c")[4:],
            derived_token(new_keyring, "lwd", "ab", "c")[4:],
        }
        assert len(tokens) == 5

    def test_it_matches_its_parts_and_no_others(self) -> None:
        """Nor a token that is random, cut, or not ASCII."""
        token = derived_token(RING, "lwd", "a")
        assert derived_token_key(RING, token, "lwd", "a")
        assert not derived_token_key(RING, token, "lwd", "b")
        assert not derived_token_key(RING, token, "lws", "a")
        for wrong in (new_token("lwd"), token[:-1], token + "x", "", "ü" * 53, "\ud800"):
            assert not derived_token_key(RING, wrong, "lwd", "a")

    def test_it_matches_under_every_key_of_the_keyring(
        self, old_keyring: Keyring, rotating_keyring: Keyring, new_keyring: Keyring
    ) -> None:
        """Devices stay signed in while keys rotate, and not beyond."""
        token = derived_token(old_keyring, "lwd", "a")
        assert derived_token_key(rotating_keyring, token, "lwd", "a")
        present = derived_token(rotating_keyring, "lwd", "a")
        assert present == derived_token(new_keyring, "lwd", "a")
        assert derived_token_key(rotating_keyring, present, "lwd", "a")
        assert not derived_token_key(new_keyring, token, "lwd", "a")

    def test_a_tag_in_the_database_is_not_a_token(self) -> None:
        """Tags of the same parts under the same label share nothing with the token."""
        token = derived_token(RING, "lwd", "a")
        for tag in RING.candidate_tags(KeyLabel.TOKENS, "lwd", "a"):
            assert tag.split(":")[1] not in token
