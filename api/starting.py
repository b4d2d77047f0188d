"""What every command does before its own work: read the environment, open the database, say plainly what is wrong.

The dangerous directions: a server that serves on a schema it does not know, and a message that quotes a secret from the
environment.
"""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import typer
import uvicorn
from pydantic import ValidationError
from starlette.applications import Starlette

from api.app import SchemaBehind, checked_schema, create_app
from api.observability import configure_logging
from api.protocol import server_options
from api.settings import Settings
from domain.database import DatabaseUnavailable, connect, disconnect
from domain.errors import Refusal
from domain.security.keys import InvalidSecret, KeyFileError


def settings() -> Settings:
    """The environment; ends the program where it makes no sense, without quoting its values."""
    try:
        return Settings()
    except ValidationError as error:
        for each in error.errors(include_input=False, include_url=False, include_context=False):
            name = "_".join(["LATCHWORK", *map(str, each["loc"])]).upper()
            typer.echo(f"{name}: {each['msg']}", err=True)
    raise typer.Exit(2)


@contextlib.asynccontextmanager
async def database(chosen: Settings) -> AsyncIterator[None]:
    """The database, open and up to date. Raises SchemaBehind."""
    await connect(chosen.database)
    try:
        await checked_schema()
        yield
    finally:
        await disconnect()


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Runs a command's work; what it refuses ends the program with a message and exit code 1."""
    try:
        return asyncio.run(work)
    except Refusal as refusal:
        typer.echo(refusal.message, err=True)
    except SchemaBehind as behind:
        typer.echo(str(behind), err=True)
    except DatabaseUnavailable as fault:
        typer.echo(
            f"The database does not answer ({fault}). On a fresh data directory run: latchwork migrate",
            err=True,
        )
    raise typer.Exit(1)


def serve(chosen: Settings) -> None:
    """Serves until interrupted. Ends before it listens when it could not serve."""
    run(_look(chosen))
    configure_logging(json=not chosen.development)
    try:
        app = create_app(chosen)
    except (KeyFileError, InvalidSecret) as fault:
        typer.echo(f"The secret cannot be used: {fault}", err=True)
        raise typer.Exit(1) from None
    listen(app, chosen)


def listen(app: Starlette, chosen: Settings) -> None:
    """Runs the application until interrupted."""
    gc.collect()
    gc.freeze()  # the schema lives as long as the process: a tenth of a list's time was spent looking through it
    uvicorn.run(
        app,
        host=chosen.host,
        port=chosen.port,
        log_config=None,
        access_log=False,
        proxy_headers=True,
        forwarded_allow_ips=chosen.trusted_proxies,
        server_header=False,
        timeout_graceful_shutdown=10,
        **server_options(),
    )


async def _look(chosen: Settings) -> None:
    async with database(chosen):
        pass
