"""Keyed tags: equality and look-up without the secret."""

import hashlib
import hmac
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.security.keys import KeyLabel, Keyring, UnknownKey, mac

KEY = bytes(32)
parts = st.lists(st.binary(max_size=12), max_size=4)


class TestMac:
    """HMAC-SHA256 over parts that cannot run into each other."""

    def test_it_is_hmac_sha256_over_length_prefixed_parts(self) -> None:
        """Computed here by hand, so that another implementation can be written from the docs."""
        spelled = (2).to_bytes(8, "big") + b"ab" + (0).to_bytes(8, "big") + b""
        assert mac(KEY, "ab", b"") == hmac.digest(KEY, spelled, hashlib.sha256)

    @given(parts, parts)
    def test_different_lists_of_parts_have_different_macs(
        self, first: list[bytes], second: list[bytes]
    ) -> None:
        """Whatever the cut: ("ab", "c") is not ("a", "bc")."""
        assert (mac(KEY, *first) == mac(KEY, *second)) == (first == second)

    def test_moving_a_boundary_changes_the_mac(self) -> None:
        """The examples that a plain concatenation gets wrong."""
        cuts = [("ab", "c"), ("a", "bc"), ("abc",), ("", "abc"), ("abc", ""), ()]
        assert len({mac(KEY, *cut) for cut in cuts}) == len(cuts)

    def test_text_is_its_utf8(self) -> None:
        """Callers may pass either."""
        assert mac(KEY, "ü") == mac(KEY, "ü".encode())

    def test_half_a_character_is_no_error_that_quotes_it(self) -> None:
        """Unpaired surrogates have a mac of their own; nothing is raised with the text in it."""
        assert mac(KEY, "\ud800") != mac(KEY, "\udfff")


class TestKeyedTag:
    """Tags as they stand in the database."""

    def test_a_tag_is_the_key_id_and_a_mac_in_base64url(self, old_keyring: Keyring) -> None:
        """A vector: rows hold these, so they may never change."""
        tag = old_keyring.tag(KeyLabel.PIN_INDEX, "site", b"\x00" * 32)
        assert tag == "84972479:ktWMePLv1No6Iaom0LCGFB7jCRyGvWxMc3hvxsrNrqI"
        assert re.fullmatch(r"[0-9a-f]{8}:[A-Za-z0-9_-]{43}", tag)

    def test_label_parts_and_key_all_count(
        self, old_keyring: Keyring, new_keyring: Keyring
    ) -> None:
        """A tag made for one use is not found by another."""
        tags = {
            old_keyring.tag(KeyLabel.CODES, "x"),
            old_keyring.tag(KeyLabel.TOKENS, "x"),
            old_keyring.tag(KeyLabel.CODES, "y"),
            new_keyring.tag(KeyLabel.CODES, "x"),
        }
        assert len(tags) == 4

    def test_during_a_rotation_old_and_new_rows_are_found(
        self, old_keyring: Keyring, rotating_keyring: Keyring, new_keyring: Keyring
    ) -> None:
        """The candidates are what either keyring wrote, the current one first."""
        candidates = rotating_keyring.candidate_tags(KeyLabel.CODES, "x")
        assert candidates == [
            new_keyring.tag(KeyLabel.CODES, "x"),
            old_keyring.tag(KeyLabel.CODES, "x"),
        ]
        assert candidates[0] == rotating_keyring.tag(KeyLabel.CODES, "x")

    def test_a_tag_under_a_named_key_and_never_under_a_missing_one(
        self, old_keyring: Keyring, rotating_keyring: Keyring
    ) -> None:
        """Re-tagging names keys; a wrong name is an error, not another key."""
        tag = rotating_keyring.tag(KeyLabel.CODES, "x", key_id=old_keyring.current_id)
        assert tag == old_keyring.tag(KeyLabel.CODES, "x")
        with pytest.raises(UnknownKey):
            old_keyring.tag(KeyLabel.CODES, "x", key_id="00000000")
