"""`latchwork account`: what an operator sees of somebody's sign-in, and the way out of a lost second factor."""

import asyncio
import json
from pathlib import Path

import pyotp

from api import starting
from api.settings import Settings
from domain.actors import COMMAND_LINE, AccountActor
from domain.clock import system_clock
from domain.people.confirming import confirm_password
from domain.people.second_factor import confirm_totp, enroll_totp
from domain.people.sign_in import SignedIn, sign_in
from tests.api.test_cli import Shell


async def with_second_factor(folder: Path, email: str, password: str) -> None:
    """Signs in and puts a second factor in force."""
    async with starting.database(Settings(data_dir=folder)) as installation:
        now = system_clock()
        done = await sign_in(
            installation,
            COMMAND_LINE,
            email=email,
            password=password,
            phone=None,
            known="",
            now=now,
        )
        assert isinstance(done, SignedIn)
        assert done.session is not None
        actor = AccountActor(done.account.id, email, session_id=done.session.id)
        await confirm_password(installation, COMMAND_LINE, actor, password=password, now=now)
        secret = (await enroll_totp(installation, COMMAND_LINE, actor, now=now)).secret
        code = pyotp.TOTP(secret).at(now)
        await confirm_totp(installation, COMMAND_LINE, actor, code=code, now=now)
        installation.passwords.close()


def test_the_operator_helps_somebody_who_is_locked_out(tmp_path: Path) -> None:
    """Proves show, end and show again, and that nobody and nothing are told apart in words, with exit code 1."""
    shell = Shell(tmp_path)
    asyncio.run(shell.run_alone("migrate"))
    shell.run("seed")
    someone = json.loads((tmp_path / "demo.json").read_text())["signIns"][0]
    at = ("--email", someone["email"])
    asyncio.run(with_second_factor(tmp_path, someone["email"], someone["password"]))

    before = shell.run("account", "show", *at)
    ended = shell.run("account", "end-second-factor", *at)
    after = shell.run("account", "show", *at)
    again = shell.run("account", "end-second-factor", *at)
    nobody = shell.run("account", "show", "--email", "nobody@example.com")
    nonsense = shell.run("account", "show", "--email", "nobody")

    assert (before.code, ended.code, after.code) == (0, 0, 0)
    assert "10 recovery codes left" in before.out
    assert "second factor  none" in after.out
    assert "consoles       none" in after.out
    assert "sites          Demo" in after.out
    assert (again.code, again.out) == (1, "")
    assert "no second factor" in again.err
    assert (nobody.code, nonsense.code) == (1, 1)
    assert "has an account" in nobody.err
    assert "e-mail" in nonsense.err
