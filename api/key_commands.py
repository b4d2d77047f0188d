"""`latchwork rotate-keys`, `latchwork drop-key` and `latchwork key`: changing the application secret while serving."""

import contextlib
from collections.abc import AsyncIterator
from typing import Annotated, NoReturn

import typer

from api import starting
from api.app import keyring
from api.settings import Settings
from domain.clock import system_clock
from domain.database.common_clock import CommonClock
from domain.database.one_at_a_time import AlreadyDone, one_at_a_time
from domain.installation import Installation
from domain.recorded_keys.rotation import KeyNotUsable, ProcessesLackKey
from domain.recorded_keys.service import NoSuchKey, forget_key
from domain.recorded_keys.tables import RecordedKey
from domain.rotating.dropping import Ending, KeyNotDroppable, drop, until_let_go
from domain.rotating.service import PATIENCE_SECONDS, Rotated, rotate
from domain.security.key_files import add_secret, remove_secret
from domain.security.keys import KeyFileError, Keyring, new_secret

key_commands = typer.Typer(help="The keys of the application secret.", no_args_is_help=True)
_TURN = "key-rotation"


class _CannotMakeKey(Exception):
    """There is no further secret, and none can be made here; the message says what to do."""


@contextlib.asynccontextmanager
async def _alone(chosen: Settings) -> AsyncIterator[Installation]:
    """The installation, and the turn of whoever changes its keys. Raises AlreadyDone."""
    starting.check_folder(chosen.database)
    async with one_at_a_time(chosen.database, _TURN), starting.database(chosen) as installation:
        yield installation


def rotate_keys() -> None:
    """Put a new key in front and write everything anew with it, while servers go on; or finish what was interrupted."""
    chosen = starting.settings()

    async def work() -> Rotated:
        async with _alone(chosen) as installation:
            unused = await _unused(installation)
            clock = CommonClock()
            await clock.align()
            return await rotate(
                installation, lambda: unused or _made(chosen, installation), typer.echo, clock
            )

    try:
        rotated = starting.run(work())
    except AlreadyDone:
        _refuse(
            "Another rotate-keys or drop-key is running for this database. Nothing was changed here."
        )
    except (KeyNotUsable, _CannotMakeKey) as refusal:
        _refuse(f"Nothing was changed: {refusal}.")
    except ProcessesLackKey as refusal:
        _refuse(
            f"Nothing was written with the new key: {refusal}. A process with its secret in a file reads it again within "
            "seconds; to one with LATCHWORK_SECRET give all secrets there, and restart it. Then run this again."
        )
    _tell(rotated)


def drop_key(
    key_id: Annotated[str, typer.Argument(help="The key's id, as `latchwork key list` shows it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Name what ends with a key that was left, ask, and drop it: then it is of no use any more."""
    chosen = starting.settings()

    def agreed(ending: Ending) -> bool:
        lines = ending.lines()
        typer.echo(
            f"With the key {key_id} end:" if lines else f"Nothing ends with the key {key_id}."
        )
        for line in lines:
            typer.echo(f"- {line}")
        return yes or typer.confirm("It cannot be undone. Drop the key?")

    async def work() -> bool:
        async with _alone(chosen) as installation:
            clock = CommonClock()
            await clock.align()
            if await drop(installation, key_id, agreed, clock) is None:
                return False
            having = await until_let_go(key_id, clock, PATIENCE_SECONDS)
            for each in having:
                typer.echo(f"{each.name} still goes on with it: restart it", err=True)
            return True

    try:
        dropped = starting.run(work())
    except AlreadyDone:
        _refuse(
            "Another rotate-keys or drop-key is running for this database. Nothing was changed here."
        )
    except KeyNotDroppable as refusal:
        _refuse(f"Nothing was changed: {refusal}.")
    if not dropped:
        _refuse("Nothing was changed.")
    typer.echo(f"the key {key_id} is dropped")
    _take_out(chosen, key_id)


def _take_out(chosen: Settings, key_id: str) -> None:
    if chosen.secret:
        if key_id in Keyring.from_text(chosen.secret).ids:
            typer.echo("Take its secret out of LATCHWORK_SECRET, everywhere.")
        return
    try:
        gone = remove_secret(chosen.key_file, key_id)
    except (KeyFileError, OSError):
        _refuse(f"Its secret could not be taken out of {chosen.key_file}: do so by hand.")
    if gone:
        typer.echo(f"its secret is taken out of {chosen.key_file}")


def _refuse(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)


async def _unused(installation: Installation) -> str | None:
    """A key that is given and was never in front, such as one whose announcement was interrupted."""
    recorded = {row.id for row in await RecordedKey.all()}
    return next((each for each in installation.keys.ids if each not in recorded), None)


def _made(chosen: Settings, installation: Installation) -> str:
    """A new key, its secret in the key file. Raises _CannotMakeKey, KeyFileError, OSError."""
    if chosen.secret:
        raise _CannotMakeKey(
            "the secret comes from LATCHWORK_SECRET, which no command can change. Give every process, and this command, a "
            "second secret there, behind the one that it has and a space (`latchwork key new` makes one); restart them; "
            "then run this again"
        )
    made = add_secret(chosen.key_file)
    installation.keys.take_over(keyring(chosen, fresh=False).arranged(installation.keys.current_id))
    return made


def _tell(rotated: Rotated) -> None:
    for each in rotated.written:
        if each.damaged:
            typer.echo(
                f"{each.words}: {each.damaged} do not open: they were damaged before, and stay",
                err=True,
            )
        if each.unknown:
            typer.echo(
                f"{each.words}: {each.unknown} were given up, and their locks have not said so yet. The keys before "
                "are needed until they have, or are deleted; then run this again",
                err=True,
            )
    for chain in rotated.broken_chains:
        typer.echo(f"not closed, since the audit is not whole: {chain}", err=True)
    typer.echo(f"in front: {rotated.front}")
    for key_id in rotated.left:
        typer.echo(
            f"to end what only {key_id} proves, and show it first: latchwork drop-key {key_id}"
        )


@key_commands.command("list")
def key_list() -> None:
    """List the keys of this database."""
    chosen = starting.settings()

    async def work() -> list[RecordedKey]:
        async with starting.database_without_keys(chosen):
            return await RecordedKey.all().order_by("recorded_at", "id")

    for row in starting.run(work()):
        left = ", everything is written anew" if row.left_at else ""
        state = "LOST" if row.lost_at else f"{row.state.value}{left}"
        typer.echo(f"{row.id}  since {row.recorded_at:%Y-%m-%d %H:%M} UTC  {state}")


@key_commands.command("new")
def key_new() -> None:
    """Print a new random secret, for LATCHWORK_SECRET, and nothing else."""
    typer.echo(new_secret())


@key_commands.command("lost")
def key_lost(key_id: str = typer.Argument(help="The key's id, as a refusal names it.")) -> None:
    """Give up a key whose secret is lost for good, with all that was written under it."""
    chosen = starting.settings()

    async def work() -> None:
        async with starting.database_without_keys(chosen):
            await forget_key(key_id, system_clock())

    try:
        starting.run(work())
    except NoSuchKey:
        raise typer.BadParameter("The database asks for no key of this id.") from None
    typer.echo(f"the key {key_id} is not asked for any more")
