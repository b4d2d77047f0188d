"""`latchwork account`: help for somebody who cannot sign in any more."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from api import starting
from domain.actors import COMMAND_LINE
from domain.clock import system_clock
from domain.mail.addresses import checked_email
from domain.people.second_factor import end_second_factor
from domain.people.sign_in_state import SignInState, sign_in_state

account_commands = typer.Typer(help="Accounts of people.", no_args_is_help=True)
_Email = Annotated[str, typer.Option(help="The account's e-mail address.")]


@account_commands.command("show")
def account_show(email: _Email) -> None:
    """Show what an account signs in with, and where it has."""
    settings = starting.settings()

    async def work() -> SignInState:
        address = checked_email(email)
        async with starting.database(settings):
            return await sign_in_state(address, system_clock())

    for line in _lines(starting.run(work())):
        typer.echo(line)


@account_commands.command("end-second-factor")
def account_end_second_factor(email: _Email) -> None:
    """End an account's second factor, for somebody who has lost authenticator and recovery codes.

    The password alone signs in again; all sign-ins end, and a letter tells the person."""
    settings = starting.settings()

    async def work() -> None:
        address = checked_email(email)
        async with starting.database(settings) as installation:
            await end_second_factor(installation, COMMAND_LINE, email=address, now=system_clock())

    starting.run(work())
    typer.echo("the second factor is ended, and so are all sign-ins; a letter tells the person")


def _lines(state: SignInState) -> list[str]:
    since, left = state.second_factor_since, state.recovery_codes_left
    factor = f"since {_moment(since)}, {left} recovery codes left" if since else "none"
    return [
        f"account        {state.email}, since {_moment(state.made_at)}",
        f"password       {'set' if state.has_password else 'none'}",
        f"second factor  {factor}",
        f"consoles       {', '.join(map(_moment, state.sessions)) or 'none'}",
        f"phones         {', '.join(state.phones) or 'none'}",
        f"sites          {', '.join(state.sites) or 'none'}",
    ]


def _moment(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
