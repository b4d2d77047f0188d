"""What `make run` does: everything from an empty folder to a running site, and then serve until interrupted.

Server and locks are processes of their own, started here and ended here, by their id.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable

import httpx
import orjson

from api.app import installation
from api.seed import seed
from api.settings import Settings
from api.tour.play import TourFailed, play
from domain.clock import system_clock
from domain.database import connect, disconnect, migrate

Say = Callable[[str], object]
START_SECONDS = 30
STOP_SECONDS = 15


async def run_demo(settings: Settings, say: Say) -> int:
    """Returns the exit code: 0 after an interrupt, 1 when a step or a process failed."""
    for host, port, name in (
        (settings.host, settings.port, "LATCHWORK_PORT"),
        ("127.0.0.1", settings.panel_port, "LATCHWORK_PANEL_PORT"),
    ):
        if _taken(host, port):
            say(f"FAILED: port {port} is taken by somebody else; set {name} to another one")
            return 1
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    applied = await migrate(settings.database)
    say(f"database: {len(applied)} migration(s) applied")
    await connect(settings.database)
    try:
        made = await seed(installation(settings), settings.data_dir, system_clock())
    finally:
        await disconnect()
    say("demo site: made" if made else "demo site: the database is not empty, left as it is")
    children: list[asyncio.subprocess.Process] = []
    try:
        children.append(await _start("-m", "api", "serve"))
        await _until_ready(settings, children[0])
        if (settings.data_dir / "locks.json").exists():
            children.append(await _start_locks(settings))
        return await _tour_then_serve(settings, children, say)
    except TourFailed as failure:
        say(f"FAILED: {failure}")
        return 1
    finally:
        await _stop(children)


def _taken(host: str, port: int) -> bool:
    """Whether somebody else serves there: the tour would be played against them."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


async def _start(*arguments: str) -> asyncio.subprocess.Process:
    # A session of its own: an interrupt at the keyboard reaches us, and we end the children in order.
    return await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env=os.environ.copy(), start_new_session=True
    )


async def _start_locks(settings: Settings) -> asyncio.subprocess.Process:
    return await _start(
        "-m",
        "locksim",
        "--locks",
        str(settings.data_dir / "locks.json"),
        "--state",
        str(settings.data_dir / "locks"),
        "--server",
        settings.origin,
        "--panel-port",
        str(settings.panel_port),
    )


async def _until_ready(settings: Settings, server: asyncio.subprocess.Process) -> None:
    url = f"http://{settings.host}:{settings.port}/readyz"
    async with httpx.AsyncClient(timeout=2) as http:
        for _ in range(START_SECONDS * 5):
            if server.returncode is not None:
                raise TourFailed("the server did not start (is the port taken?)")
            with contextlib.suppress(httpx.HTTPError):
                if (await http.get(url)).status_code == 200:
                    return
            await asyncio.sleep(0.2)
    raise TourFailed("the server did not become ready")


async def _tour_then_serve(
    settings: Settings, children: list[asyncio.subprocess.Process], say: Say
) -> int:
    demo_file = settings.data_dir / "demo.json"
    if demo_file.exists():
        say("\nThe tour\n--------")
        await play(settings.origin, settings.data_dir, settings.panel, say)
        owner = orjson.loads(demo_file.read_bytes())["signIns"][0]
        say(f"\nSign in as {owner['email']} with {owner['password']} (more in {demo_file})")
        say(f"Keypads   {settings.panel}/")
    say(f"GraphQL   {settings.origin}/graphql")
    say(f"Health    {settings.origin}/readyz")
    say("Serving. Ctrl-C ends it.")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)
    waits: list[asyncio.Task[bool]] = [asyncio.create_task(_set(stop))]
    waits += [asyncio.create_task(_ended(child)) for child in children]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    if stop.is_set():
        return 0
    say("FAILED: the server or the locks ended by themselves")
    return 1


async def _set(stop: asyncio.Event) -> bool:
    await stop.wait()
    return True


async def _ended(child: asyncio.subprocess.Process) -> bool:
    await child.wait()
    return True


async def _stop(children: list[asyncio.subprocess.Process]) -> None:
    for child in reversed(children):
        if child.returncode is None:
            child.terminate()
            try:
                await asyncio.wait_for(child.wait(), STOP_SECONDS)
            except TimeoutError:
                child.kill()
                await child.wait()
