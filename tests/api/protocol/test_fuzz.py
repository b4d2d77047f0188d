"""Whatever arrives, the server answers in its protocol and goes on: no 500, no 1011, no silence."""

import json
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.frames import Close
from websockets.sync.client import connect

from tests.api.protocol.probe_server import Server

LIVE = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PROTOCOL_CODES = {1000, 1009, 4400, 4401, 4403, 4406, 4408, 4409, 4429}

_scalar = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=10)
_json = st.recursive(
    _scalar,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
_query = st.sampled_from(
    [
        "{ hello }",
        "{ hello(name: 1) }",
        "subscription { count }",
        "subscription { silence }",
        "subscription { failing }",
        "mutation { touch }",
        "{ broken }",
        "{",
        "",
    ]
) | st.text(max_size=20)


def _mostly(value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Usually what it should be, sometimes anything."""
    return st.one_of(value, value, value, _json)


_id = _mostly(st.sampled_from(["1", "2"]))
_message = st.one_of(
    st.fixed_dictionaries({"type": st.just("connection_init")}, optional={"payload": _json}),
    st.fixed_dictionaries({"type": st.just("ping")}, optional={"payload": _mostly(st.just({}))}),
    st.fixed_dictionaries({"type": st.just("complete"), "id": _id}),
    st.fixed_dictionaries(
        {
            "type": st.just("subscribe"),
            "id": _id,
            "payload": _mostly(
                st.fixed_dictionaries(
                    {"query": _mostly(_query)},
                    optional={
                        "variables": _mostly(st.just({})),
                        "operationName": _mostly(st.none()),
                    },
                )
            ),
        }
    ),
    st.fixed_dictionaries({"type": _json}, optional={"id": _json, "payload": _json}),
)
_deep = st.builds(
    lambda kind, depth: f'{{"type":"{kind}","payload":' + '{"a":' * depth + "1" + "}" * (depth + 1),
    st.sampled_from(["ping", "pong", "connection_init"]),
    st.sampled_from([200, 253, 254, 255, 900, 1_022, 1_100]),
)
_frame = st.one_of(
    _message, _message, _message, _deep, st.text(max_size=30), st.binary(max_size=30)
)


@LIVE
@given(authenticated=st.booleans(), frames=st.lists(_frame, max_size=8))
def test_no_sequence_of_frames_breaks_a_socket(
    server: Server, authenticated: bool, frames: list[Any]
) -> None:
    """The socket is served to the end, or closed with a code of the protocol, and others work."""
    subprotocols: Any = ["graphql-transport-ws"]
    last = {"type": "pong", "payload": {"last": True}}
    with connect(server.ws, subprotocols=subprotocols, compression=None) as socket:
        try:
            if authenticated:
                socket.send('{"type":"connection_init"}')
                assert socket.recv(timeout=5) == '{"type":"connection_ack"}'
            for frame in frames:
                socket.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))
            socket.send(json.dumps({**last, "type": "ping"}))
            while json.loads(socket.recv(timeout=5, decode=True)) != last:
                pass
        except ConnectionClosed as ended:
            closing = ended.rcvd
        else:
            closing = Close(1000, "")
    assert closing is not None, "the connection was cut"
    assert closing.code in PROTOCOL_CODES
    assert len(closing.reason.encode()) <= 123
    assert httpx.post(server.http, json={"query": "{hello}"}).status_code == 200


def _encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


_parameters = st.fixed_dictionaries(
    {"query": _mostly(_query)},
    optional={
        "variables": _mostly(st.just({})),
        "operationName": _mostly(st.none()),
        "extensions": _mostly(st.just({})),
    },
)


@LIVE
@given(
    body=st.one_of(st.binary(max_size=60), _json.map(_encoded), _parameters.map(_encoded)),
    accept=st.sampled_from(["*/*", "application/json", "application/graphql-response+json"]),
)
def test_no_body_breaks_the_server(server: Server, body: bytes, accept: str) -> None:
    """200 or a 4xx, always JSON with `data` or `errors`."""
    headers = {"content-type": "application/json", "accept": accept}
    response = httpx.post(server.http, content=body, headers=headers)
    assert response.status_code in {200, 400}
    answer = response.json()
    assert "data" in answer or answer["errors"]


@LIVE
@given(query_string=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60))
def test_no_query_string_breaks_the_server(server: Server, query_string: str) -> None:
    """As above, for a GET."""
    url = f"{server.http}?query={query_string.replace('#', '')}"
    assert httpx.get(url).status_code in {200, 400, 405}
