"""What `make run` does: everything from an empty folder to a running site, and then serve until told to end.

Server and locks are processes of their own, started here and ended here, by their id.
"""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable

import httpx
import orjson
import typer

from api import starting
from api.child_processes import ChildEnded, Children, children
from api.ports import port_problem
from api.seed import seed
from api.settings import Settings
from api.tour.play import TourFailed, play
from domain.clock import system_clock

Say = Callable[[str], object]
START_SECONDS = 30
SERVER, LOCKS = "serve", "locks"
"""The children, and their logs."""


async def run_demo(settings: Settings, say: Say) -> int:
    """Returns the exit code: 0 when it was told to end (SIGINT, SIGTERM, SIGHUP), 1 when a step or a process failed."""
    told = asyncio.Event()
    _watch_signals(told)
    story = asyncio.create_task(_story(settings, say))
    end = asyncio.create_task(told.wait())
    try:
        await asyncio.wait({story, end}, return_when=asyncio.FIRST_COMPLETED)
        if not story.done():
            story.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await story
            return 0
        story.result()
    except (TourFailed, ChildEnded) as failure:
        say(f"\nFAILED: {failure}")
    finally:
        end.cancel()
    return 1


def _watch_signals(told: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # `nohup` ignores SIGHUP, and means it.
        if signal.getsignal(each) is not signal.SIG_IGN or each is not signal.SIGHUP:
            loop.add_signal_handler(each, told.set)


async def _story(settings: Settings, say: Say) -> None:
    """From an empty folder to a running site, then waits until it is cancelled. Raises TourFailed, ChildEnded."""
    _check_ports(settings)
    starting.make_data_dir(settings)
    starting.check_folder(settings.database)
    with starting.only_server(settings.database):
        pass  # only asked before anything is changed; the server that is started below takes it for good
    applied = await starting.migrated(settings)
    say(typer.style("Starting", bold=True))
    say(
        f"   database   {len(applied)} migration(s) applied"
        if applied
        else "   database   up to date"
    )
    async with starting.database(settings) as installation:
        made = await seed(installation, settings.data_dir, system_clock())
    say("   demo site  made" if made else "   demo site  the database is not empty: left as it is")
    async with children(settings.data_dir) as started:
        await started.start(SERVER, "api", "serve")
        await started.beside(_until_answered(f"{settings.own_address}/readyz", "the server"))
        say(f"   server     {settings.own_address}")
        if (settings.data_dir / "locks.json").exists():
            await _start_locks(started, settings)
            await started.beside(_until_answered(f"{settings.panel}/locks", "the keypad page"))
            say(f"   locks      {settings.panel}/")
        if (settings.data_dir / "demo.json").exists():
            say("\n" + typer.style("The tour", bold=True))
            await started.beside(play(settings.origin, settings.data_dir, settings.panel, say))
        _show_the_way_in(settings, started, say)
        await started.beside(_until_cancelled())


def _check_ports(settings: Settings) -> None:
    """Whoever else serves there would get the tour. Raises TourFailed."""
    if settings.port == settings.panel_port:
        raise TourFailed("LATCHWORK_PORT and LATCHWORK_PANEL_PORT are the same: change one")
    for host, port, host_name, port_name in (
        (settings.host, settings.port, "LATCHWORK_HOST", "LATCHWORK_PORT"),
        ("127.0.0.1", settings.panel_port, "LATCHWORK_PANEL_PORT", "LATCHWORK_PANEL_PORT"),
    ):
        problem = port_problem(host, port, host_name, port_name)
        if problem is not None:
            raise TourFailed(problem)


async def _start_locks(started: Children, settings: Settings) -> None:
    await started.start(
        LOCKS,
        "locksim",
        "--locks",
        str(settings.data_dir / "locks.json"),
        "--state",
        str(settings.data_dir / "locks"),
        "--server",
        settings.own_address,
        "--panel-port",
        str(settings.panel_port),
    )


async def _until_answered(url: str, what: str) -> None:
    async with httpx.AsyncClient(timeout=2, trust_env=False) as http:
        for _ in range(START_SECONDS * 5):
            with contextlib.suppress(httpx.HTTPError):
                if (await http.get(url)).status_code == 200:
                    return
            await asyncio.sleep(0.2)
    raise TourFailed(f"{what} did not answer within {START_SECONDS} seconds")


def _show_the_way_in(settings: Settings, started: Children, say: Say) -> None:
    demo_file = settings.data_dir / "demo.json"
    say("\n" + typer.style("Your turn", bold=True))
    if demo_file.exists():
        owner = orjson.loads(demo_file.read_bytes())["signIns"][0]
        say(f"   Sign in   {owner['email']}")
        say(f"   Password  {owner['password']}   (the owner's; everybody's are in {demo_file})")
        say(f"   Keypads   {settings.panel}/")
    say(f"   GraphQL   {settings.origin}/graphql")
    say(f"   Health    {settings.origin}/readyz")
    say(f"   Logs      {', '.join(map(str, started.logs))}")
    say("\n" + typer.style("Serving. Ctrl-C ends it.", bold=True))
    sys.stdout.flush()


async def _until_cancelled() -> None:
    await asyncio.Event().wait()
