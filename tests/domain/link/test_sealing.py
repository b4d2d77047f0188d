"""The envelope: one kind, one lock, one incarnation, one epoch, unchanged."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.link.keys import LinkKeys
from domain.link.sealing import (
    MAX_BODY_BYTES,
    MessageKind,
    MessageTooLarge,
    Unreadable,
    seal_message,
    unseal_message,
)

KEYS = LinkKeys.derive(bytes(range(32)))
KEY, LOCK, LIFE, EPOCH = KEYS.bundle, "lock-1", "life-1", 7
GOLDEN = bytes.fromhex(
    "0101000000000000000754b7d9cde3bb866cd8f546f6b45c67dc544fbab9e13d943dad9ce0c517224206"
)


class TestRoundTrip:
    """What the server seals, the lock reads."""

    @given(st.sampled_from(MessageKind), st.integers(0, 2**63 - 1), st.binary(max_size=200))
    def test_epoch_and_body_come_back(self, kind: MessageKind, epoch: int, body: bytes) -> None:
        """For every kind, the empty body too."""
        sealed = seal_message(KEY, kind, LOCK, LIFE, epoch, body)
        assert unseal_message(KEY, kind, LOCK, LIFE, sealed) == (epoch, body)

    def test_a_message_sealed_long_ago_still_opens(self) -> None:
        """Golden bytes: locks in the field are updated last."""
        assert unseal_message(KEY, MessageKind.DELIVERY, LOCK, LIFE, GOLDEN) == (7, b"body")

    def test_version_kind_and_epoch_stand_in_clear(self) -> None:
        """At fixed places, for whoever routes or debugs."""
        sealed = seal_message(KEY, MessageKind.UNLOCK_COMMAND, LOCK, LIFE, 0x0102030405060708, b"x")
        assert sealed[:10].hex() == "01" + "02" + "0102030405060708"

    def test_the_wire_tags_are_what_they_always_were(self) -> None:
        """Append only: a new kind gets a new number, and none changes."""
        tags = {kind: seal_message(KEY, kind, LOCK, LIFE, 0, b"")[1] for kind in MessageKind}
        assert tags == {
            MessageKind.DELIVERY: 1,
            MessageKind.UNLOCK_COMMAND: 2,
            MessageKind.SEALED_TIME: 3,
            MessageKind.LEASE: 4,
            MessageKind.BUNDLE: 5,
            MessageKind.RECEIPT: 6,
        }

    def test_sealing_twice_gives_two_envelopes(self) -> None:
        """Random nonces: a courier cannot tell a repetition."""
        first, second = (
            seal_message(KEY, MessageKind.UNLOCK_COMMAND, LOCK, LIFE, 0, b"x") for _ in "ab"
        )
        assert first[10:22] != second[10:22]
        assert first[22:] != second[22:]


class TestRefusals:
    """Whatever is not exactly it, is unreadable."""

    def test_every_single_bit_that_flips_makes_it_unreadable(self) -> None:
        """Header, nonce, ciphertext and tag: there is no slack."""
        for position in range(len(GOLDEN) * 8):
            changed = bytearray(GOLDEN)
            changed[position // 8] ^= 1 << position % 8
            with pytest.raises(Unreadable):
                unseal_message(KEY, MessageKind.DELIVERY, LOCK, LIFE, bytes(changed))

    def test_every_cut_and_every_addition_makes_it_unreadable(self) -> None:
        """From nothing at all to one byte too many."""
        for length in range(len(GOLDEN)):
            with pytest.raises(Unreadable):
                unseal_message(KEY, MessageKind.DELIVERY, LOCK, LIFE, GOLDEN[:length])
        with pytest.raises(Unreadable):
            unseal_message(KEY, MessageKind.DELIVERY, LOCK, LIFE, GOLDEN + b"\x00")

    @pytest.mark.parametrize(("sealed_as", "read_as"), list(itertools.permutations(MessageKind, 2)))
    def test_no_kind_passes_for_another(self, sealed_as: MessageKind, read_as: MessageKind) -> None:
        """Not as it is, and not with the kind in its header rewritten."""
        sealed = seal_message(KEY, sealed_as, LOCK, LIFE, EPOCH, b"x")
        own_tag = seal_message(KEY, read_as, LOCK, LIFE, EPOCH, b"x")[1:2]
        for envelope in (sealed, sealed[:1] + own_tag + sealed[2:]):
            with pytest.raises(Unreadable):
                unseal_message(KEY, read_as, LOCK, LIFE, envelope)

    def test_another_lock_incarnation_or_key_does_not_read_it(self) -> None:
        """Nor the same letters cut differently between lock and incarnation."""
        sealed = seal_message(KEY, MessageKind.UNLOCK_COMMAND, "ab", "c", EPOCH, b"x")
        for lock, life in (("a", "bc"), ("abc", ""), ("", "abc"), ("ab", "d"), ("c", "ab")):
            with pytest.raises(Unreadable):
                unseal_message(KEY, MessageKind.UNLOCK_COMMAND, lock, life, sealed)
        for key in (KEYS.digest, KEYS.link, LinkKeys.derive(bytes(32)).bundle):
            with pytest.raises(Unreadable):
                unseal_message(key, MessageKind.UNLOCK_COMMAND, "ab", "c", sealed)

    def test_the_epoch_cannot_be_rewritten(self) -> None:
        """An old delivery does not become one of the present epoch."""
        moved = GOLDEN[:2] + (8).to_bytes(8, "big") + GOLDEN[10:]
        with pytest.raises(Unreadable):
            unseal_message(KEY, MessageKind.DELIVERY, LOCK, LIFE, moved)

    @given(st.binary(max_size=120))
    def test_noise_is_unreadable(self, noise: bytes) -> None:
        """No other exception than the one that callers expect."""
        with pytest.raises(Unreadable):
            unseal_message(KEY, MessageKind.DELIVERY, LOCK, LIFE, b"\x01\x01" + noise)

    def test_a_body_has_a_limit(self) -> None:
        """Up to it and no further; an envelope above it is not even tried."""
        sealed = seal_message(KEY, MessageKind.DELIVERY, LOCK, LIFE, 0, bytes(MAX_BODY_BYTES))
        assert len(unseal_message(KEY, MessageKind.DELIVERY, LOCK, LIFE, sealed)[1]) == (
            MAX_BODY_BYTES
        )
        with pytest.raises(MessageTooLarge):
            seal_message(KEY, MessageKind.DELIVERY, LOCK, LIFE, 0, bytes(MAX_BODY_BYTES + 1))
        with pytest.raises(Unreadable):
            unseal_message(KEY, MessageKind.DELIVERY, LOCK, LIFE, sealed + b"x")

    @pytest.mark.parametrize("epoch", [-1, 2**63])
    def test_an_epoch_out_of_range_is_refused(self, epoch: int) -> None:
        """Databases hold 63 bits."""
        with pytest.raises(ValueError, match="epoch"):
            seal_message(KEY, MessageKind.DELIVERY, LOCK, LIFE, epoch, b"")
