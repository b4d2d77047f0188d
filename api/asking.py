"""`latchwork ask`: one operation with an API token, for a shell; a subscription is followed until it is interrupted."""

from collections.abc import Callable

import orjson
from websockets.exceptions import WebSocketException

from api.tour.socket import Socket, SocketRefused


class AskFailed(Exception):
    """There was no answer, or it was an error; the message is the server's own where there is one."""


async def ask(url: str, token: str, document: str, say: Callable[[str], object]) -> None:
    """Says each answer as JSON: one for a query or mutation, one an item for a subscription. Raises AskFailed."""
    try:
        async with await Socket.open(url, {"token": token}) as socket:
            async for data in socket.subscribe(document):
                say(orjson.dumps(data, option=orjson.OPT_INDENT_2).decode())
    except SocketRefused as refused:
        raise AskFailed(refused.reason or "the server closed the connection") from None
    except (OSError, WebSocketException) as error:
        raise AskFailed(f"no answer from {url} ({type(error).__name__})") from None
    except RuntimeError as error:
        raise AskFailed(str(error)) from None
