"""The client's half of graphql-transport-ws, read without a socket."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.protocol.messages import (
    Closing,
    Complete,
    ConnectionInit,
    Ping,
    Pong,
    Subscribe,
    read_message,
)

MALFORMED: list[Any] = [
    None,
    True,
    7,
    "subscribe",
    [],
    [{"type": "ping"}],
    {},
    {"type": None},
    {"type": 7},
    {"type": ["ping"]},
    {"type": "start", "id": "1", "payload": {"query": "{a}"}},
    {"type": "next", "id": "1", "payload": {}},
    {"type": "connection_ack"},
    {"type": "connection_init", "payload": "token"},
    {"type": "connection_init", "payload": []},
    {"type": "ping", "payload": 1},
    {"type": "pong", "payload": False},
    {"type": "complete"},
    {"type": "complete", "id": 1},
    {"type": "complete", "id": ""},
    {"type": "complete", "id": "x" * 129},
    {"type": "subscribe"},
    {"type": "subscribe", "id": "1"},
    {"type": "subscribe", "id": None, "payload": {"query": "{a}"}},
    {"type": "subscribe", "id": "", "payload": {"query": "{a}"}},
    {"type": "subscribe", "id": "1", "payload": None},
    {"type": "subscribe", "id": "1", "payload": "{a}"},
    {"type": "subscribe", "id": "1", "payload": {}},
    {"type": "subscribe", "id": "1", "payload": {"query": None}},
    {"type": "subscribe", "id": "1", "payload": {"query": ["{a}"]}},
    {"type": "subscribe", "id": "1", "payload": {"query": "{a}", "variables": []}},
    {"type": "subscribe", "id": "1", "payload": {"query": "{a}", "variables": "x"}},
    {"type": "subscribe", "id": "1", "payload": {"query": "{a}", "operationName": 1}},
    {"type": "subscribe", "id": "1", "payload": {"query": "{a}", "extensions": 0}},
]


@pytest.mark.parametrize("message", MALFORMED, ids=json.dumps)
def test_a_malformed_message_is_4400(message: Any) -> None:
    """Each wrong type, and each message that only a server may send."""
    answer = read_message(json.dumps(message))
    assert isinstance(answer, Closing)
    assert answer.code == 4400


@pytest.mark.parametrize("text", ["", "{", "nope", '{"type":"ping"', "\ud800", "[" * 50_000, "NaN"])
def test_what_is_not_json_is_4400(text: str) -> None:
    """Including nesting that would exhaust a recursive parser."""
    assert read_message(text) == Closing(4400, "The message is not well-formed JSON")


@pytest.mark.parametrize("depth", [254, 600, 1_000])
def test_a_ping_that_cannot_be_answered_is_4400(depth: int) -> None:
    """Its payload comes back, so it is nested no deeper than JSON can be written."""
    nested = '{"a":' * depth + "1" + "}" * depth
    answer = read_message(f'{{"type":"ping","payload":{nested}}}')
    assert isinstance(answer, Closing)
    assert answer.code == 4400
    assert read_message(f'{{"type":"pong","payload":{nested}}}') == Pong()


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"type": "connection_init"}, ConnectionInit({})),
        ({"type": "connection_init", "payload": None}, ConnectionInit({})),
        ({"type": "connection_init", "payload": {"a": 1}}, ConnectionInit({"a": 1})),
        ({"type": "ping"}, Ping(None)),
        ({"type": "ping", "payload": {}}, Ping({})),
        ({"type": "pong", "payload": {"a": 1}}, Pong()),
        ({"type": "complete", "id": "1", "more": 1}, Complete("1")),
        (
            {"type": "subscribe", "id": "1", "payload": {"query": "{a}"}},
            Subscribe("1", "{a}", None, None, None),
        ),
        (
            {
                "type": "subscribe",
                "id": "1",
                "payload": {
                    "query": "{a}",
                    "operationName": "N",
                    "variables": {"v": 1},
                    "extensions": {"e": 2},
                },
            },
            Subscribe("1", "{a}", "N", {"v": 1}, {"e": 2}),
        ),
    ],
)
def test_a_well_formed_message_is_read(message: Any, expected: object) -> None:
    """Optional entries may be absent or null, and unknown ones are ignored."""
    assert read_message(json.dumps(message)) == expected


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(text=st.text() | _json.map(json.dumps))
def test_reading_never_raises(text: str) -> None:
    """Whatever arrives is a message or a reason to close."""
    read_message(text)


@given(reason=st.text(max_size=300), code=st.integers(1000, 4999))
def test_a_reason_fits_its_frame(reason: str, code: int) -> None:
    """At most 123 bytes of UTF-8, and cut between characters."""
    fitted = Closing(code, reason).fitted()
    assert fitted.code == code
    assert len(fitted.reason.encode()) <= 123
    whole = reason.encode("utf-8", "replace").decode()
    assert whole.startswith(fitted.reason)
