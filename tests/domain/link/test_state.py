"""The sum of a lock's state: one for each state, however it came about."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from domain.link.entries import PinPayload
from domain.link.state import payload_hash, state_sum

terms = st.tuples(
    st.text(max_size=8), st.integers(1, 2**63 - 1), st.binary(min_size=32, max_size=32)
)
states = st.lists(terms, max_size=6, unique_by=lambda term: term[0])


class TestSum:
    """The sum modulo 2^256 of a hash for each entry."""

    def test_it_is_computed_as_the_specification_says(self) -> None:
        """By hand, for one entry, so that firmware of others can be written from the docs."""
        digest = bytes(range(32))
        term = hashlib.sha256((5).to_bytes(8, "big") + b"pin:1" + (3).to_bytes(8, "big") + digest)
        assert state_sum([("pin:1", 3, digest)]) == term.hexdigest()

    def test_the_sum_of_a_known_state(self) -> None:
        """A vector with a carry over 2^256 in it."""
        entries = [(f"pin:{number}", number, bytes([number]) * 32) for number in range(1, 6)]
        assert state_sum(entries) == (
            "a7b78d6b35b454824e3b2a8096da4144a2c91686b55697fcbd97cbbe577eb63f"
        )

    def test_nothing_sums_to_zeroes(self) -> None:
        """64 of them: sums always have the same length."""
        assert state_sum([]) == "0" * 64

    @given(states.flatmap(lambda state: st.tuples(st.just(state), st.permutations(state))))
    def test_the_order_of_entries_does_not_matter(
        self, orders: tuple[list[tuple[str, int, bytes]], list[tuple[str, int, bytes]]]
    ) -> None:
        """Server and lock keep them in different orders."""
        assert state_sum(orders[0]) == state_sum(orders[1])

    @given(states, states)
    def test_different_states_have_different_sums(
        self, first: list[tuple[str, int, bytes]], second: list[tuple[str, int, bytes]]
    ) -> None:
        """Another id, version or payload anywhere shows."""
        assert (state_sum(first) == state_sum(second)) == (sorted(first) == sorted(second))


class TestPayloadHash:
    """SHA-256 of the canonical JSON."""

    def test_it_is_the_hash_of_the_golden_bytes(self) -> None:
        """Written out, so that it is no accident of a library."""
        payload = PinPayload(bytes(32), ()).to_payload()
        spelled = b'{"digest":"' + b"A" * 43 + b'","schedules":[]}'
        assert payload_hash(payload) == hashlib.sha256(spelled).digest()

    def test_the_order_of_fields_does_not_matter(self) -> None:
        """A payload read back from a database hashes alike."""
        payload = PinPayload(bytes(32), ()).to_payload()
        assert payload_hash(dict(reversed(payload.items()))) == payload_hash(payload)
