"""`latchwork lock-check`: the command, and the hands that somebody lends it as commands of their own."""

import asyncio
import contextlib
import shlex
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from api.lock_check.bench import Bench, Hands, NoAnswer
from api.lock_check.kit import Kit, KitUnreadable
from api.lock_check.play import SCENARIOS, play
from api.lock_check.played_server import PlayedServer
from api.lock_check.rules import Findings, Rule, Verdict
from api.ports import port_problem

PATIENCE_SECONDS = 5.0
_COULD_NOT_TRY = 2


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ctrl-C ends the check, and with it the server."""
        yield


class HandFailed(RuntimeError):
    """A command that should touch the lock ended with an error."""


def hand(command: str | None) -> Callable[..., Awaitable[None]] | None:
    """Runs a command, with what is to be typed behind it; None for none. Raises HandFailed where it ends with an error."""
    if command is None:
        return None
    words = shlex.split(command)

    async def run(*more: str) -> None:
        process = await asyncio.create_subprocess_exec(*words, *more)
        if await process.wait() != 0:
            raise HandFailed(f"`{command}` ended with {process.returncode}")

    return run


async def check(bench: Bench, host: str, port: int, only: list[str]) -> None:
    """Serves the played server and plays the scenarios. Raises NoAnswer where no lock comes."""
    server = _Server(
        uvicorn.Config(bench.server.app, host=host, port=port, log_level="critical", lifespan="off")
    )
    serving = asyncio.create_task(server.serve())
    try:
        await play(bench, only)
    finally:
        server.should_exit = server.force_exit = True
        await serving


def lock_check(
    kit: Annotated[Path, typer.Option(help="The kit to install on the lock; made if missing.")],
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)] = 8090,
    power_cut: Annotated[
        str | None, typer.Option(help="A command that cuts the lock's power and switches it on.")
    ] = None,
    enter: Annotated[
        str | None, typer.Option(help="A command that types what follows it, and Enter.")
    ] = None,
    patience: Annotated[
        float, typer.Option(help='Seconds after which "at once" is over.', min=0.1)
    ] = PATIENCE_SECONDS,
    only: Annotated[list[str] | None, typer.Option(help="A scenario to play; may repeat.")] = None,
) -> None:
    """Play the server against a lock under development, and say which rules of docs/lock.md it keeps.

    Ends with 0 if no rule was broken, with 1 if one was, and with 2 if the lock could not be tried."""
    names = [each.name for each in SCENARIOS]
    if unknown := set(only or ()) - set(names):
        raise typer.BadParameter(
            f"no {min(unknown)}; there are {', '.join(names)}", param_hint="--only"
        )
    fault = port_problem(host, port, "--host", "--port")
    if fault is not None:
        typer.echo(fault, err=True)
        raise typer.Exit(_COULD_NOT_TRY)
    try:
        own = Kit.of(kit)
    except (KitUnreadable, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(_COULD_NOT_TRY) from None
    typer.echo(
        f"Install {kit} on the lock, with the time, and let it connect to http://{host}:{port}"
    )
    findings = Findings()
    bench = Bench(PlayedServer(own, findings), Hands(hand(power_cut), hand(enter)), patience)
    why: Exception | str | None = None
    try:
        asyncio.run(check(bench, host, port, only or []))
    except (NoAnswer, HandFailed) as error:
        why = error
    except KeyboardInterrupt:
        why = "stopped"
    for rule in Rule:
        typer.echo(findings.line(rule))
    if why is not None:
        typer.echo(f"the check came to no end: {why}", err=True)
        raise typer.Exit(_COULD_NOT_TRY)
    counts = {each: sum(findings.verdict(rule) is each for rule in Rule) for each in Verdict}
    typer.echo(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    raise typer.Exit(1 if findings.broken else 0)
