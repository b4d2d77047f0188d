"""Many topics go by few messages, none of them cut."""

from domain.bus.payloads import payloads, topics_in
from domain.bus.postgresql import PAYLOAD_BYTES


def test_payloads_fit_into_a_notify() -> None:
    """As few as possible, none of 8,000 bytes, no topic lost or cut."""
    topics = [f"lock:{number:0150}" for number in range(200)]
    packed = list(payloads(topics, PAYLOAD_BYTES))
    assert all(len(payload) < 8_000 for payload in packed)
    assert [topic for payload in packed for topic in topics_in(payload)] == topics
    assert len(packed) == 4


def test_nothing_to_tell_is_no_message() -> None:
    """A change that wakes nobody sends nothing."""
    assert list(payloads([], PAYLOAD_BYTES)) == []
