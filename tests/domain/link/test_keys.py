"""The keys of a lock, and the digests made with one of them."""

import hashlib
import hmac
from dataclasses import fields

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.link.digests import card_digest, pin_digest
from domain.link.keys import LinkKeys

SECRET = bytes(range(32))
KEYS = LinkKeys.derive(SECRET)
OTHER = LinkKeys.derive(bytes(32))
VERIFIER = bytes(range(32))


class TestDerivation:
    """HKDF-SHA256 of the lock secret, without salt, one info each."""

    @pytest.mark.parametrize(
        ("name", "info"),
        [
            ("link", b"latchwork/lock-link/v1"),
            ("digest", b"latchwork/digest/v1"),
            ("bundle", b"latchwork/bundle/v1"),
        ],
    )
    def test_each_key_is_hkdf_of_the_secret_with_its_info(self, name: str, info: bytes) -> None:
        """The infos are the specification's: firmware of others is written from them."""
        expected = HKDF(SHA256(), length=32, salt=None, info=info).derive(SECRET)
        assert getattr(KEYS, name) == expected

    def test_the_link_key_of_a_known_secret(self) -> None:
        """A vector, for implementations that have no HKDF to compare with."""
        assert KEYS.link.hex() == "cd5a9728d8a6bc83305315ec167ee6b752156f44f1805d6e8c15ff44db1902ae"

    def test_no_two_uses_and_no_two_locks_share_a_key(self) -> None:
        """What leaks for one use is worthless for another."""
        keys = {getattr(keys, each.name) for keys in (KEYS, OTHER) for each in fields(LinkKeys)}
        assert len(keys) == 2 * len(fields(LinkKeys))

    @pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
    def test_a_secret_has_exactly_32_bytes(self, length: int) -> None:
        """A cut one would be a weak one, and the two sides would cut differently."""
        with pytest.raises(ValueError, match="32 bytes"):
            LinkKeys.derive(bytes(length))

    def test_repr_shows_none_of_them(self) -> None:
        """Keys in a log line would be keys for everyone."""
        assert repr(KEYS) == "LinkKeys()"


class TestDigests:
    """What a lock holds in place of what people type and present."""

    def test_a_pin_digest_is_hmac_of_the_verifier(self) -> None:
        """Nothing round it: `HMAC-SHA256(digest key, verifier)`."""
        assert pin_digest(KEYS, VERIFIER) == hmac.digest(KEYS.digest, VERIFIER, hashlib.sha256)

    def test_digests_of_a_known_secret(self) -> None:
        """Vectors: locks in the field hold these."""
        assert card_digest(KEYS, bytes.fromhex("04a1b2c3d4e5f6")).hex() == (
            "a5fe883946fdf14fcde71aef2902313f885ebba34a3ad1df0ab37677ba87ebee"
        )

    def test_a_digest_is_useless_at_another_lock(self) -> None:
        """Other keys, other digests."""
        assert pin_digest(KEYS, VERIFIER) != pin_digest(OTHER, VERIFIER)
        assert card_digest(KEYS, bytes(7)) != card_digest(OTHER, bytes(7))

    def test_other_lengths_are_refused(self) -> None:
        """A verifier has 32 bytes, a card's UID 4 to 10."""
        for length in (0, 31, 33):
            with pytest.raises(ValueError, match="verifier"):
                pin_digest(KEYS, bytes(length))
        for length in (0, 3, 11, 32):
            with pytest.raises(ValueError, match="UID"):
                card_digest(KEYS, bytes(length))
