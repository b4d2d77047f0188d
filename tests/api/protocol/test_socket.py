"""graphql-transport-ws on real sockets: what follows what, and what closes it."""

import pytest
import websockets

from api.protocol import SocketLimits
from tests.api.protocol.probe_server import Serve, Server
from tests.waiting import becomes


async def test_a_subscription_yields_and_completes(server: Server) -> None:
    """`next` for each event, then one `complete`, all in text frames."""
    async with server.socket(init={}) as client:
        await client.subscribe(
            "a", "subscription ($to: Int!) { count(to: $to) }", variables={"to": 2}
        )
        assert [await client.receive() for _ in range(3)] == [
            {"type": "next", "id": "a", "payload": {"data": {"count": 0}}},
            {"type": "next", "id": "a", "payload": {"data": {"count": 1}}},
            {"type": "complete", "id": "a"},
        ]


async def test_queries_and_mutations_run_on_a_socket(server: Server) -> None:
    """One `next`, one `complete`."""
    async with server.socket(init={}) as client:
        for query, data in (
            ("{ hello }", {"hello": "hello world"}),
            ("mutation { touch }", {"touch": 1}),
        ):
            await client.subscribe("a", query)
            assert (await client.receive())["payload"] == {"data": data}
            assert await client.receive() == {"type": "complete", "id": "a"}


async def test_an_id_is_free_again_after_complete(server: Server) -> None:
    """For the server's `complete` and for the client's, at once and many times."""
    async with server.socket(init={}) as client:
        for _ in range(20):
            await client.subscribe("a", "subscription { count(to: 0) }")
            assert await client.receive() == {"type": "complete", "id": "a"}
        for _ in range(20):
            await client.subscribe("b", "subscription { silence }")
            assert (await client.receive())["type"] == "next"
            await client.send({"type": "complete", "id": "b"})
        assert await client.is_served()


async def test_a_stopped_operation_sends_nothing_more(server: Server) -> None:
    """After the client's `complete` its generator is closed and no message bears its id."""
    async with server.socket(init={}) as client:
        await client.subscribe("a", "subscription { ticks }")
        await client.receive()
        await client.send({"type": "complete", "id": "a"})
        await becomes(lambda: server.probe.closed == 1)
        assert await client.is_served()


async def test_complete_for_an_unknown_id_is_ignored(server: Server) -> None:
    """The operation may have ended while the message was on its way."""
    async with server.socket(init={}) as client:
        await client.send({"type": "complete", "id": "gone"})
        assert await client.is_served()


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("fragment F on Query { hello }", "OPERATION_NOT_FOUND"),
        ("query A { hello } query B { hello }", "OPERATION_NOT_FOUND"),
        ("query ($n: String!) { hello(name: $n) }", "VARIABLES_INVALID"),
        ("subscription ($x: Int!) { count(to: $x) }", "VARIABLES_INVALID"),
    ],
)
async def test_an_error_in_a_document_keeps_the_socket(
    server: Server, query: str, code: str
) -> None:
    """It is answered by `error` on its id, which is free again."""
    async with server.socket(init={}) as client:
        for _ in range(2):
            await client.subscribe("a", query)
            answer = await client.receive()
            assert (answer["type"], answer["id"]) == ("error", "a")
            assert answer["payload"][0]["extensions"]["code"] == code
        assert await client.is_served()


async def test_a_fault_in_a_subscription_ends_it_alone(server: Server, secret: str) -> None:
    """What it had yielded was sent, then a masked `error`; the socket goes on."""
    async with server.socket(init={}) as client:
        await client.subscribe("a", "subscription { failing }")
        assert (await client.receive())["payload"] == {"data": {"failing": 1}}
        answer = await client.receive()
        assert answer["type"] == "error"
        assert answer["payload"][0]["extensions"]["code"] == "INTERNAL"
        assert secret not in str(answer)
        assert await client.is_served()


async def test_a_socket_for_subscriptions_refuses_the_rest(server: Server) -> None:
    """`allowed_operations`: a mutation gets `error` and does not run; a subscription does."""
    async with server.socket(init={"token": "phone"}) as client:
        for query in ("mutation { touch }", "{ hello }"):
            await client.subscribe("a", query)
            answer = await client.receive()
            assert answer["type"] == "error"
            assert answer["payload"][0]["extensions"]["code"] == "OPERATION_NOT_ALLOWED"
        await client.subscribe("a", "subscription { count(to: 0) }")
        assert await client.receive() == {"type": "complete", "id": "a"}
    assert server.probe.mutations == 0


async def test_a_refusal_of_one_operation_is_its_error(server: Server) -> None:
    """`operation_context` may refuse; the socket stays."""
    async with server.socket(init={"token": "no operations"}) as client:
        await client.subscribe("a", "{ hello }")
        answer = await client.receive()
        assert answer["type"] == "error"
        assert answer["payload"] == [
            {"message": "The account is closed.", "extensions": {"code": "FORBIDDEN"}}
        ]
        assert await client.is_served()


async def test_every_socket_operation_has_its_own_context(server: Server) -> None:
    """Two operations of a socket never share a DataLoader."""
    serials = set()
    async with server.socket(init={}) as client:
        for query in ("{ serial }", "subscription { serial }", "{ serial }"):
            await client.subscribe("a", query)
            serials.add((await client.receive())["payload"]["data"]["serial"])
            await client.receive()
    assert len(serials) == 3


async def test_a_ping_is_answered_before_and_after_initialisation(server: Server) -> None:
    """With its payload if it has one, at any time."""
    async with server.socket() as client:
        await client.send({"type": "ping"})
        assert await client.receive() == {"type": "pong"}
        assert await client.is_served()
        await client.send({"type": "pong"})
        assert await client.is_served()


async def test_a_malformed_message_closes_with_4400(server: Server) -> None:
    """Text that is no message (all its forms are in test_messages)."""
    for frame in ("nope", "[]", '{"type":"subscribe","id":"1","payload":{}}'):
        async with server.socket(init={}) as client:
            await client.raw(frame)
            assert (await client.closing())[0] == 4400


async def test_a_binary_frame_closes_with_4400(server: Server) -> None:
    """Even one that holds a well-formed message."""
    async with server.socket() as client:
        await client.raw(b'{"type":"ping"}')
        assert await client.closing() == (4400, "Messages are text frames")


async def test_subscribe_before_initialisation_closes_with_4401(server: Server) -> None:
    """Nothing runs for a client that has not been authenticated."""
    async with server.socket() as client:
        await client.subscribe("a", "mutation { touch }")
        assert await client.closing() == (4401, "Unauthorized")
    assert server.probe.mutations == 0


async def test_a_second_initialisation_closes_with_4429(server: Server) -> None:
    """A socket is authenticated once."""
    async with server.socket(init={}) as client:
        await client.send({"type": "connection_init"})
        assert await client.closing() == (4429, "Too many initialisation requests")


async def test_no_initialisation_closes_with_4408(serve: Serve) -> None:
    """A socket that says nothing, and one whose authentication takes too long."""
    with serve(socket_limits=SocketLimits(init_timeout=0.2)) as server:
        async with server.socket() as client:
            assert (await client.closing())[0] == 4408
        async with server.socket() as client:
            await client.send({"type": "connection_init", "payload": {"token": "slow"}})
            assert (await client.closing())[0] == 4408
        async with server.socket(init={}) as client:
            await client.subscribe("a", "subscription { ticks(every: 0.1) }")
            for _ in range(5):
                assert (await client.receive())["type"] == "next"


async def test_a_duplicate_id_closes_with_4409(server: Server) -> None:
    """The reason names the id, cut to 123 bytes; the first operation is closed with the socket."""
    id_ = "ü" * 128
    async with server.socket(init={}) as client:
        await client.subscribe(id_, "subscription { silence }")
        await client.receive()
        await client.subscribe(id_, "subscription { silence }")
        code, reason = await client.closing()
    assert code == 4409
    assert reason is not None
    assert reason.startswith("Subscriber for üü")
    assert len(reason.encode()) <= 123
    await becomes(lambda: server.probe.closed == server.probe.opened)


async def test_a_refused_client_is_closed_with_4403(server: Server) -> None:
    """With the refusal's message as the reason, cut to 123 bytes; no guard was started."""
    async with server.socket() as client:
        await client.send({"type": "connection_init", "payload": {"token": "expired"}})
        code, reason = await client.closing()
    assert code == 4403
    assert reason is not None
    assert reason.startswith("The token has expired.")
    assert 100 < len(reason.encode()) <= 123
    assert server.probe.guards == 0


async def test_a_fault_in_authentication_closes_with_4500(server: Server, secret: str) -> None:
    """Fail closed, with a request id and no word of what happened."""
    async with server.socket() as client:
        await client.send({"type": "connection_init", "payload": {"token": "crash"}})
        code, reason = await client.closing()
    assert code == 4500
    assert reason is not None
    assert secret not in reason


@pytest.mark.parametrize("subprotocols", [None, ["graphql-ws"], ["graphql-ws", "mqtt"]])
async def test_other_subprotocols_are_closed_with_4406(
    server: Server, subprotocols: list[str] | None
) -> None:
    """The legacy protocol is not spoken, and none is not enough."""
    async with server.socket(subprotocols=subprotocols) as client:
        assert await client.closing() == (4406, "Subprotocol not acceptable")


async def test_the_right_subprotocol_is_chosen_among_several(server: Server) -> None:
    """A client may offer the legacy one too."""
    async with server.socket(subprotocols=["graphql-ws", "graphql-transport-ws"]) as client:
        assert client.connection.subprotocol == "graphql-transport-ws"


async def test_a_page_of_another_origin_may_not_open_a_socket(server: Server) -> None:
    """Browsers send cookies along; so the handshake is refused with 403."""
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with server.socket(origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403
    async with server.socket(origin=f"http://127.0.0.1:{server.port}") as client:
        assert await client.is_served()
