"""`latchwork audit`: proving that nobody changed what was recorded."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from api import starting
from api.naming_sites import site_named
from domain.audit.checkpoint_folder import lines_of
from domain.audit.checkpointing import Checkpoints
from domain.audit.verifying import Verified, verify
from domain.clock import system_clock
from domain.sites.tables import Site

audit_commands = typer.Typer(help="The audit chain.", no_args_is_help=True)
_Files = Annotated[
    list[Path] | None,
    typer.Option(
        help="A file or folder of checkpoints, instead of this machine's; may be repeated."
    ),
]


@audit_commands.command("verify")
def audit_verify(
    site: Annotated[
        str, typer.Option(help="The name of one site; without it, all sites and accounts.")
    ] = "",
    checkpoints: _Files = None,
) -> None:
    """Find changed, removed, reordered and cut audit rows, by the chain itself and by signed checkpoints."""
    settings = starting.settings()
    for path in checkpoints or []:
        if not path.exists():
            raise typer.BadParameter(f"There is no {path}.", param_hint="--checkpoints")
    lines = lines_of(checkpoints) if checkpoints else settings.checkpoints.lines()

    async def work() -> tuple[Verified, dict[UUID, str]]:
        async with starting.database(settings) as installation:
            only = (await site_named(site)).id if site else None
            told = await verify(installation.keys, lines, only=only)
            found = [each.chain for each in told.findings]
            names = dict(await Site.filter(id__in=found).values_list("id", "name"))
            return told, names

    told, names = starting.run(work())
    _tell(told, names)
    if not told.whole:
        raise typer.Exit(1)


def _tell(told: Verified, names: dict[UUID, str]) -> None:
    for each in told.findings:
        whose = f"site {names[each.chain]}" if each.chain in names else f"chain {each.chain}"
        typer.echo(f"{whose}: the chain is broken at row {each.number}: {each.what}", err=True)
    for place in told.forged:
        typer.echo(f"{place}: this checkpoint was changed: its signature does not hold", err=True)
    for place in told.unreadable:
        typer.echo(f"{place}: this is no checkpoint, perhaps half of one; left out", err=True)
    if told.unproven:
        typer.echo(
            f"{told.unproven} checkpoints are under keys that were given up; left out", err=True
        )
    if told.whole:
        typer.echo(
            f"the chain is whole: {told.rows} rows in {told.chains} chains, {told.checkpoints} checkpoints"
        )
        if not told.checkpoints:
            typer.echo("there was no checkpoint: a tail that was cut with its head is not noticed")


@audit_commands.command("checkpoint")
def audit_checkpoint() -> None:
    """Sign the present end of every chain into the folder of checkpoints. A server does so every minute."""
    settings = starting.settings()
    folder = settings.checkpoints

    async def work() -> list[str]:
        async with starting.database(settings) as installation:
            findings = await Checkpoints(folder).sign(installation.keys, system_clock())
            return [f"row {each.number} of chain {each.chain}: {each.what}" for each in findings]

    broken = starting.run(work())
    for each in broken:
        typer.echo(f"not signed: {each}", err=True)
    if broken:
        raise typer.Exit(1)
    typer.echo(f"signed into {folder.path}")
