"""Sealing: only the same identity reads it, and only unchanged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.security.keys import Keyring, SealBroken

RING = Keyring.from_secret(bytes(range(32)))
IDENTITY = "pin:0190:verifier"
GOLDEN = bytes.fromhex(
    "018497247960bb8b29a41a2066a4be180a54bb58694caf6a3da6968516ec95104defe02fe3fd38ec0e"
)


class TestRoundTrip:
    """What was sealed comes back."""

    @given(st.binary(max_size=200), st.text(max_size=40).filter(lambda t: t.isprintable()))
    def test_what_was_sealed_opens_for_its_identity(self, plaintext: bytes, identity: str) -> None:
        """Of any length, the empty one too."""
        assert RING.open(RING.seal(plaintext, identity), identity) == plaintext

    def test_sealing_twice_gives_two_values(self) -> None:
        """Random nonces: equal secrets do not show as equal rows."""
        assert RING.seal(b"x", IDENTITY) != RING.seal(b"x", IDENTITY)

    def test_a_value_sealed_long_ago_still_opens(self) -> None:
        """Golden bytes: rows outlive releases."""
        assert RING.open(GOLDEN, IDENTITY) == b"verifier"
        assert GOLDEN[0] == 1
        assert GOLDEN[1:5].hex() == RING.current_id


class TestRefusals:
    """Whatever is not exactly it, is refused."""

    def test_every_single_bit_that_flips_breaks_the_seal(self) -> None:
        """Version, key id, nonce, ciphertext and tag: there is no slack."""
        for position in range(len(GOLDEN) * 8):
            changed = bytearray(GOLDEN)
            changed[position // 8] ^= 1 << position % 8
            with pytest.raises(SealBroken):
                RING.open(bytes(changed), IDENTITY)

    def test_every_cut_and_every_addition_breaks_the_seal(self) -> None:
        """From nothing at all to one byte too many."""
        for length in range(len(GOLDEN)):
            with pytest.raises(SealBroken):
                RING.open(GOLDEN[:length], IDENTITY)
        with pytest.raises(SealBroken):
            RING.open(GOLDEN + b"\x00", IDENTITY)

    def test_a_row_copied_over_another_is_refused(self) -> None:
        """The identity is part of the seal."""
        for other in ("pin:0191:verifier", "pin:0190:code", "pin:0190:verifier ", ""):
            with pytest.raises(SealBroken):
                RING.open(GOLDEN, other)

    def test_another_keyring_does_not_open_it(self, new_keyring: Keyring) -> None:
        """And says no more than for a damaged one."""
        with pytest.raises(SealBroken) as refusal:
            new_keyring.open(GOLDEN, IDENTITY)
        assert str(refusal.value) == "a sealed value does not open"

    @given(st.binary(max_size=80))
    def test_noise_is_refused(self, noise: bytes) -> None:
        """No other exception than the one that callers expect."""
        with pytest.raises(SealBroken):
            RING.open(noise, IDENTITY)


class TestRotation:
    """Sealed values name their key."""

    def test_old_values_open_until_the_old_key_goes(
        self, old_keyring: Keyring, rotating_keyring: Keyring, new_keyring: Keyring
    ) -> None:
        """Re-sealing is: open with the rotating keyring, seal again."""
        sealed = old_keyring.seal(b"x", IDENTITY)
        again = rotating_keyring.seal(rotating_keyring.open(sealed, IDENTITY), IDENTITY)
        assert new_keyring.open(again, IDENTITY) == b"x"
        with pytest.raises(SealBroken):
            new_keyring.open(sealed, IDENTITY)
