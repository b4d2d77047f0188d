"""A server that cannot serve says why in one line and ends; a schema is brought up to date once, however many try."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import main
from domain.database import migrate
from tests.databases import Database, Servers
from tests.processes import environment, free_port

SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"


@pytest.fixture
def model_modules() -> Sequence[str]:
    """No tables at all: a database as an operator has just made it."""
    return []


async def command(name: str, variables: dict[str, str]) -> tuple[int | None, str]:
    """Exit code and output of `latchwork name`, which must end within twenty seconds."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "api",
        name,
        env=variables,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), 90)
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode, output.decode()


def check_refusal(code: int | None, output: str, saying: str) -> None:
    """An error, in a few lines of plain words, without a secret."""
    assert code not in (0, None)
    assert saying in output
    assert "Traceback" not in output
    assert SECRET not in output


def refuses(variables: dict[str, str], saying: str) -> None:
    """`serve` ends before it listens. In this process, which is a second faster than in one of its own."""
    answer = CliRunner().invoke(main, ["serve"], env=variables)
    assert isinstance(answer.exception, SystemExit), answer.exception
    check_refusal(answer.exit_code, answer.output, saying)


async def test_the_server_refuses_a_schema_that_is_behind(
    fresh_database: Database, tmp_path: Path
) -> None:
    """On both databases: it does not listen for a moment, and tells what to run."""
    variables = environment(fresh_database, tmp_path, port=free_port(), secret=SECRET)
    check_refusal(*await command("serve", variables), "Run: latchwork migrate")


async def test_two_migrations_at_once_take_turns(fresh_database: Database, tmp_path: Path) -> None:
    """Both succeed, and each migration was applied by one of them; a third finds nothing to do."""
    variables = environment(fresh_database, tmp_path)
    answers = await asyncio.gather(*(command("migrate", variables) for _ in range(2)))

    assert [code for code, _ in answers] == [0, 0], answers
    applied = [
        name
        for _, output in answers
        if "nothing" not in output
        for name in output.partition("applied: ")[2].strip().split(", ")
    ]
    assert sorted(applied) == sorted(path.stem for path in Path("migrations").glob("0*.py"))
    assert await migrate(fresh_database.url) == []


def test_the_server_refuses_a_database_that_does_not_answer(tmp_path: Path) -> None:
    """Nobody listens there; the URL, which holds a password, is not repeated."""
    nowhere = Database("postgresql", f"postgresql://me:{SECRET}@127.0.0.1:{free_port()}/none")
    refuses(environment(nowhere, tmp_path, port=free_port()), "The database does not answer")


def test_the_server_refuses_an_environment_that_makes_no_sense(tmp_path: Path) -> None:
    """What is wrong is named by its variable; no value is shown, as one of them is the secret."""
    database = Database("sqlite", f"sqlite://{tmp_path}/none.sqlite3")
    insecure = environment(
        database, tmp_path, env="production", public_url="http://doors.example", secret=SECRET
    )
    refuses(insecure, "LATCHWORK_PUBLIC_URL must be https in production")
    refuses(environment(database, tmp_path, port="many"), "LATCHWORK_PORT")


def test_the_server_refuses_a_secret_that_is_too_short(servers: Servers, tmp_path: Path) -> None:
    """A typing mistake in the secret must not become a server with a weak key."""
    database = asyncio.run(servers.fresh("sqlite", None))
    refuses(
        environment(database, tmp_path, port=free_port(), secret="c2hvcnQ"),
        "The secret cannot be used",
    )
