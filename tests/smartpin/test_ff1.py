"""FF1 is FF1: the published samples, and another implementation on every length."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartpin import FF1
from smartpin.ff1 import MAX_DIGITS, MIN_DIGITS

numerals = st.integers(MIN_DIGITS, MAX_DIGITS).flatmap(
    lambda n: st.text("0123456789", min_size=n, max_size=n)
)
keys = st.sampled_from((16, 24, 32)).flatmap(lambda n: st.binary(min_size=n, max_size=n))
tweaks = st.binary(max_size=40)


def test_nist_samples_hold_both_ways(vectors: dict[str, Any]) -> None:
    """NIST's radix-10 samples, with 128, 192 and 256-bit keys, encrypt and decrypt as published."""
    assert {v["nist_sample"] for v in vectors["ff1"]} >= {1, 2, 7, 8}
    for v in vectors["ff1"]:
        ff1, tweak = FF1(bytes.fromhex(v["key"])), bytes.fromhex(v["tweak"])
        assert ff1.encrypt(v["plaintext"], tweak) == v["ciphertext"]
        assert ff1.decrypt(v["ciphertext"], tweak) == v["plaintext"]


@given(key=keys, tweak=tweaks, numeral=numerals)
def test_another_implementation_agrees(
    reference: Any, key: bytes, tweak: bytes, numeral: str
) -> None:
    """Any key size, tweak and length of 6 to 56 digits gives the digits that fastfpe gives."""
    theirs = reference.ff1.encrypt(key.hex(), tweak.hex(), "0123456789", numeral)
    assert FF1(key).encrypt(numeral, tweak) == theirs
    assert FF1(key).decrypt(theirs, tweak) == numeral


def test_it_is_a_permutation() -> None:
    """All 10**6 numerals of six digits go to different ones (every 7th is tried, and inverted)."""
    permutation = FF1(bytes(32)).permutation(b"tweak", 6)
    seen = set()
    for numeral in range(0, permutation.size, 7):
        cipher = permutation.encrypt(numeral)
        assert 0 <= cipher < permutation.size
        seen.add(cipher)
    assert len(seen) == len(range(0, permutation.size, 7))


@pytest.mark.parametrize(
    "numeral", ["12345", "1" * 57, "12345a", "\N{FULLWIDTH DIGIT ONE}" * 6, " 12345", "-12345"]
)
def test_what_is_no_numeral_is_refused(numeral: str) -> None:
    """Too short for the standard, too long for one block, or not of the digits 0 to 9."""
    with pytest.raises(ValueError, match="wanted"):
        FF1(bytes(32)).encrypt(numeral)
    with pytest.raises(ValueError, match="wanted"):
        FF1(bytes(32)).decrypt(numeral)


def test_numbers_outside_the_domain_are_refused() -> None:
    """A number of more digits, or a negative one, is refused and not reduced in silence."""
    permutation = FF1(bytes(32)).permutation(b"", 10)
    for number in (-1, 10**10):
        with pytest.raises(ValueError, match="10 digits"):
            permutation.encrypt(number)
        with pytest.raises(ValueError, match="10 digits"):
            permutation.decrypt(number)


def test_keys_and_tweaks_have_limits() -> None:
    """Only AES key sizes; a tweak of at most 65,536 bytes."""
    with pytest.raises(ValueError, match="16, 24 or 32"):
        FF1(bytes(31))
    with pytest.raises(ValueError, match="tweak"):
        FF1(bytes(32)).permutation(bytes(2**16 + 1), 10)
