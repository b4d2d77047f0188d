"""What every command does before its own work: read the environment, open the database, say plainly what is wrong.

No message quotes a value from the environment, which may be a secret.
"""

import asyncio
import contextlib
import gc
import os
import sqlite3
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import typer
import uvicorn
from pydantic import ValidationError
from starlette.applications import Starlette

from api.app import SchemaBehind, checked_schema, create_app, new_installation, opened_keyring
from api.observability import configure_logging
from api.ports import port_problem
from api.protocol import server_options
from api.settings import Settings
from api.single_instance import AlreadyServed, single_instance
from domain.audit.checkpointing import last_signed
from domain.audit.verifying import CheckpointsOfOther
from domain.clock import system_clock
from domain.database import DatabaseUnavailable, connect, disconnect, migrate
from domain.database.connection import Address
from domain.errors import Refusal
from domain.installation import Installation
from domain.recorded_keys.service import KeysMissing
from domain.schedules_mended import mend_parts_of_seconds
from domain.security.keys import KeyFileError, NoKeyFile

_ALL_ITS_KEYS = (
    "Give the secret with which the database was begun, by LATCHWORK_SECRET_FILE or LATCHWORK_SECRET "
    "(also when another is put in front of it); it is never replaced."
)
PRIVATE_UMASK = 0o077
"""Files that a command makes (databases, logs, letters, secrets) are its user's alone."""


def settings() -> Settings:
    """The environment's settings. Ends the program where they are invalid, without quoting their values.

    Files that the process makes from here on are readable by its own user alone.
    """
    os.umask(PRIVATE_UMASK)
    try:
        return Settings()
    except ValidationError as error:
        for each in error.errors(include_input=False, include_url=False, include_context=False):
            message = each["msg"].removeprefix("Value error, ")
            name = "_".join(["LATCHWORK", *map(str, each["loc"])]).upper()
            typer.echo(f"{name}: {message}" if each["loc"] else message, err=True)
    raise typer.Exit(2)


def make_data_dir(chosen: Settings) -> None:
    """Makes the data directory, mode 0700, unless it is there. Ends the program where that cannot be."""
    try:
        chosen.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        typer.echo(
            f"LATCHWORK_DATA_DIR: {chosen.data_dir} cannot be made: {error.strerror}", err=True
        )
        raise typer.Exit(1) from None


def check_folder(database_url: str) -> None:
    """Raises DatabaseUnavailable where a SQLite file could not even be made; its driver says it with a traceback."""
    address = Address.of(database_url)
    if address.kind == "sqlite" and not Path(address.target).parent.is_dir():
        raise DatabaseUnavailable(f"there is no folder {Path(address.target).parent}")


async def migrated(chosen: Settings) -> list[str]:
    """Brings the schema up to date; what was applied. Makes the data directory where there is none."""
    make_data_dir(chosen)
    check_folder(chosen.database)
    return await migrate(chosen.database)


@contextlib.asynccontextmanager
async def database(chosen: Settings) -> AsyncIterator[Installation]:
    """The database, open and up to date, and the installation on it, which has its keys.

    Raises SchemaBehind, KeysMissing, KeyFileError.
    """
    async with database_without_keys(chosen):
        yield new_installation(chosen, await opened_keyring(chosen, system_clock()))


@contextlib.asynccontextmanager
async def database_without_keys(chosen: Settings) -> AsyncIterator[None]:
    """The database, open and up to date, for what needs no secret. Raises SchemaBehind."""
    check_folder(chosen.database)
    await connect(chosen.database)
    try:
        await checked_schema()
        yield
    finally:
        await disconnect()


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Runs a command's work. What is expected to fail ends the program with a message and exit code 1."""
    try:
        return asyncio.run(work)
    except Refusal as refusal:
        message = refusal.message
    except SchemaBehind as error:
        message = str(error)
    except (KeysMissing, NoKeyFile) as error:
        message = f"The secret does not belong to this database: {error}. {_ALL_ITS_KEYS}"
    except DatabaseUnavailable as error:
        message = f"The database does not answer ({error}). On a fresh data directory run: latchwork migrate"
    except (asyncpg.PostgresError, sqlite3.Error) as error:
        message = (
            f"LATCHWORK_DATABASE_URL names a database that cannot be used ({type(error).__name__})"
        )
    except KeyFileError as error:
        message = f"The secret cannot be used: {error}"
    except CheckpointsOfOther as error:
        message = f"LATCHWORK_AUDIT_CHECKPOINTS: {error}"
    except OSError as error:
        message = f"{error.filename or 'A file or an address'} cannot be used: {error.strerror}"
    typer.echo(message, err=True)
    raise typer.Exit(1)


def serve(chosen: Settings) -> None:
    """Serves until interrupted. Ends the program before it listens where it could not serve."""
    installation = run(prepared_installation(chosen))
    problem = port_problem(chosen.host, chosen.port, "LATCHWORK_HOST", "LATCHWORK_PORT")
    if problem is not None:
        typer.echo(problem, err=True)
        raise typer.Exit(1)
    configure_logging(json=not chosen.development)
    with only_server(chosen.database):
        run_server(create_app(chosen, installation), chosen)


@contextlib.contextmanager
def only_server(database_url: str) -> Iterator[None]:
    """`single_instance`; ends the program where another one serves."""
    try:
        with single_instance(database_url):
            yield
    except AlreadyServed as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def run_server(app: Starlette, chosen: Settings) -> None:
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


async def prepared_installation(chosen: Settings) -> Installation:
    """The installation, once the database is ready to be served. Raises what `database` does, and CheckpointsOfOther."""
    async with database(chosen) as installation:
        await last_signed(installation.keys, chosen.checkpoints)
        await mend_parts_of_seconds(installation, system_clock())
        return installation
