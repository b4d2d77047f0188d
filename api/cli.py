"""The command line: `latchwork serve | migrate | seed | tour | demo | ask | lock-check`, and what has commands of its own:
`site | token | key | audit | account`.
"""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api import starting
from api.account_commands import account_commands
from api.addresses import checked_origin
from api.asking import AskFailed, ask
from api.audit_commands import audit_commands
from api.demo import run_demo
from api.key_commands import drop_key, key_commands, rotate_keys
from api.lock_check.command import lock_check
from api.naming_sites import site_named
from api.seed import seed as seed_demo
from api.tour.play import TourFailed, play
from api.whole_schema import build_schema
from domain.actors import COMMAND_LINE, Role
from domain.clock import system_clock
from domain.database import drift, make_migration
from domain.mail.addresses import checked_email
from domain.people.api_tokens import create_api_token
from domain.people.members import invite_owner
from domain.people.new_sites import create_site
from domain.sites.rules import SystemType
from domain.sites.service import change_plan
from domain.sites.tables import Site

MAX_SEATS = 1_000_000
"""More than any site has people; far below the largest number that the API and the database carry."""

main = typer.Typer(
    name="latchwork",
    help="Door-access credentials.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
site_commands = typer.Typer(help="Sites and their plans.", no_args_is_help=True)
token_commands = typer.Typer(help="API tokens.", no_args_is_help=True)
main.add_typer(site_commands, name="site")
main.add_typer(token_commands, name="token")
main.add_typer(key_commands, name="key")
main.add_typer(audit_commands, name="audit")
main.add_typer(account_commands, name="account")
main.command("lock-check")(lock_check)
main.command("rotate-keys")(rotate_keys)
main.command("drop-key")(drop_key)


@main.command("migrate")
def migrate_command() -> None:
    """Bring the database's schema up to date."""
    settings = starting.settings()
    applied = starting.run(starting.migrated(settings))
    typer.echo(f"applied: {', '.join(applied) if applied else 'nothing, the schema is up to date'}")


@main.command("seed")
def seed_command() -> None:
    """Make the demo site, if the database is empty."""
    settings = starting.settings()

    async def work() -> bool:
        async with starting.database(settings) as installation:
            return await seed_demo(installation, settings.data_dir, system_clock())

    made = starting.run(work())
    typer.echo("made the site Demo" if made else "the database is not empty: left as it is")


@main.command("serve")
def serve_command() -> None:
    """Serve the API until interrupted."""
    starting.serve(starting.settings())


@main.command("tour")
def tour_command(
    url: Annotated[str, typer.Option(help="Where the server answers.")] = "",
    panel: Annotated[str, typer.Option(help="Where the keypads of the simulated locks are.")] = "",
) -> None:
    """Play the main job against a running server that has the demo site; may be repeated."""
    settings = starting.settings()
    try:
        server = checked_origin(url) if url else settings.origin
        keypads = checked_origin(panel) if panel else settings.panel
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--url or --panel") from None
    try:
        asyncio.run(play(server, settings.data_dir, keypads, typer.echo))
    except TourFailed as failure:
        typer.echo(f"the tour failed: {failure}", err=True)
        raise typer.Exit(1) from None


@main.command("ask")
def ask_command(
    document: Annotated[str, typer.Argument(help="A query, mutation or subscription.")],
) -> None:
    """Ask the running server with the API token in LATCHWORK_TOKEN, and print the answer; follow a subscription."""
    settings = starting.settings()
    if not settings.token:
        typer.echo("LATCHWORK_TOKEN: make one with `latchwork token create`", err=True)
        raise typer.Exit(2)
    try:
        asyncio.run(ask(settings.own_address, settings.token, document, typer.echo))
    except AskFailed as failure:
        typer.echo(str(failure), err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


@main.command("demo")
def demo_command() -> None:
    """Migrate, seed, serve, start simulated locks, play the tour, and go on serving. What `make run` does."""
    raise typer.Exit(starting.run(run_demo(starting.settings(), typer.echo)))


@main.command("schema", hidden=True)
def schema_command(
    check: Annotated[bool, typer.Option(help="Only compare with the committed file.")] = False,
) -> None:
    """Print the GraphQL schema into schema.graphql."""
    path = Path("schema.graphql")
    printed = build_schema(development=True).as_str() + "\n"
    if not check:
        path.write_text(printed)
    elif path.read_text() != printed:
        typer.echo("schema.graphql differs from the code. Run: make schema", err=True)
        raise typer.Exit(1)


@main.command("migrations", hidden=True)
def migrations_command(
    check: Annotated[
        bool, typer.Option(help="Only compare the tables with the migrations.")
    ] = False,
    name: Annotated[str, typer.Option(help="What the new migration does.")] = "change",
) -> None:
    """Write the next migration from the tables, for developers."""
    if not check:
        typer.echo(starting.run(make_migration(name)) or "nothing to do")
        return
    differences = starting.run(drift())
    if differences:
        typer.echo("The tables differ from the migrations:\n" + "\n".join(differences), err=True)
        raise typer.Exit(1)


@site_commands.command("create")
def site_create(
    name: Annotated[str, typer.Option(help="The site's name.")],
    timezone: Annotated[str, typer.Option(help="Its IANA time zone.")],
    owner: Annotated[str, typer.Option(help="The owner's e-mail address.")],
    system_type: Annotated[
        SystemType, typer.Option(help="Its architecture.")
    ] = SystemType.STANDARD,
) -> None:
    """Make a site and print the one-time link with which its owner joins."""
    settings = starting.settings()

    async def work() -> str:
        address = checked_email(owner, "owner")  # before there is a site that nobody could own
        async with starting.database(settings) as installation:
            now = system_clock()
            site = await create_site(
                installation,
                COMMAND_LINE,
                name=name,
                timezone=timezone,
                system_type=system_type,
                owner=None,
                now=now,
            )
            return await invite_owner(
                installation, COMMAND_LINE, site_id=site.id, email=address, now=now
            )

    typer.echo(starting.run(work()))


@site_commands.command("plan")
def site_plan(
    site: Annotated[str, typer.Option(help="The site's name.")],
    system_type: Annotated[SystemType | None, typer.Option(help="Its architecture.")] = None,
    invitations: Annotated[bool | None, typer.Option(help="The invitations add-on.")] = None,
    custom_pins: Annotated[bool | None, typer.Option(help="The custom PINs add-on.")] = None,
    seats: Annotated[int | None, typer.Option(min=1, max=MAX_SEATS, help="How many seats.")] = None,
) -> None:
    """Show or change a site's plan."""
    settings = starting.settings()

    async def work() -> Site:
        async with starting.database(settings) as installation:
            row = await site_named(site)
            asked = {
                "system_type": system_type,
                "invitations_enabled": invitations,
                "custom_pins_enabled": custom_pins,
                "seat_limit": seats,
            }
            fields = {name: value for name, value in asked.items() if value is not None}
            if not fields:
                return row
            return await change_plan(
                installation,
                COMMAND_LINE,
                site_id=row.id,
                fields=fields,
                now=system_clock(),
            )

    row = starting.run(work())
    typer.echo(
        f"{row.name}: {row.system_type.value}, {row.seat_limit} seats, "
        f"invitations {'on' if row.invitations_enabled else 'off'}, "
        f"custom PINs {'on' if row.custom_pins_enabled else 'off'}"
    )


@token_commands.command("create")
def token_create(
    site: Annotated[str, typer.Option(help="The site's name.")],
    role: Annotated[Role, typer.Option(help="The most that the token may do.")],
    name: Annotated[str, typer.Option(help="What people call it.")] = "command line",
    can_edit: Annotated[
        bool, typer.Option(help="Whether a token of the role LIMITED_ADMIN may change things.")
    ] = True,
    expires: Annotated[datetime | None, typer.Option(help="When it ends, UTC.")] = None,
) -> None:
    """Make an API token and print it, and nothing else."""
    settings = starting.settings()

    async def work() -> str:
        async with starting.database(settings) as installation:
            row = await site_named(site)
            now = system_clock()
            _, token = await create_api_token(
                installation,
                COMMAND_LINE,
                site_ids=[row.id],
                name=name,
                role=role,
                can_edit=can_edit,
                expires_at=expires.replace(tzinfo=now.tzinfo) if expires else None,
                now=now,
            )
            return token

    typer.echo(starting.run(work()))
