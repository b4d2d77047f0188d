"""The server that is measured: the whole application, and an echo beside it to compare with."""

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.app import create_app
from api.observability import configure_logging
from api.settings import Settings
from api.starting import prepared_installation, run, run_server


async def _echo(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(await websocket.receive_text())
    except WebSocketDisconnect:
        pass


def serve(settings: Settings) -> None:
    """The whole application as `latchwork serve` runs it, and the echo beside it."""
    configure_logging(json=True)
    app = create_app(settings, run(prepared_installation(settings)))
    app.routes.append(WebSocketRoute("/bare/echo", _echo))
    run_server(app, settings)
