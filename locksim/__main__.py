"""`python -m locksim`: run the locks of a file until SIGTERM or SIGINT.

One line on standard output for each lock as it connects; the log goes to standard error.
"""

import asyncio
import contextlib
import random
import signal
import socket
import sys
from pathlib import Path
from typing import Annotated

import structlog
import typer

from locksim.connection import ServerAddress
from locksim.fleet import DirectoryInUse, Fleet
from locksim.panel import server as panel
from locksim.provisioning import InvalidProvisioning
from locksim.simulated_lock import SimulatedLock, first_of


def _line(lock: SimulatedLock) -> None:
    own = lock.provisioning
    print(f"connected: {own.name} ({own.lock_id})", flush=True)


async def _until_stopped(fleet: Fleet, listener: socket.socket | None) -> None:
    works = [fleet.run()]
    if listener is not None:
        works.append(panel.serve(fleet, listener))
        print(f"panel: http://{panel.ADDRESS}:{listener.getsockname()[1]}/", flush=True)
    task = asyncio.create_task(first_of(*works))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def run(
    *,
    locks: Annotated[Path, typer.Option(help="JSON file of provisioned locks, mode 0600.")],
    state: Annotated[Path, typer.Option(help="Directory of the locks' disks.")],
    server: Annotated[str, typer.Option(help="Base URL of the API.")],
    seed: Annotated[int | None, typer.Option(help="Seed of the waits between attempts.")] = None,
    panel_port: Annotated[
        int | None, typer.Option(help="Port of the keypad page on this machine; 0: any.")
    ] = None,
    sync: Annotated[bool, typer.Option(help="Survive a power cut of this machine too.")] = True,
) -> None:
    """Run simulated locks that connect to a server and keep their state through a kill.

    The file may change while they run. What it may say of a lock, and how to cut its power, network and clock:
    docs/locksim.md.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        address = ServerAddress(server)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--server") from None
    try:
        fleet = Fleet(
            locks,
            state,
            address,
            rng=random.Random(seed),  # noqa: S311 - waits are spread, not secret
            sync=sync,
            on_connect=_line,
        )
        listener = None if panel_port is None else panel.bind(panel_port)
        asyncio.run(_until_stopped(fleet, listener))
    except (InvalidProvisioning, DirectoryInUse, OSError) as error:
        print(f"locksim: {error}", file=sys.stderr)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    typer.run(run)
