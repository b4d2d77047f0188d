"""A server that cannot serve says why in one line and ends; a schema is brought up to date once, however many try."""

import asyncio
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import main
from api.settings import Environment, Settings
from api.single_instance import single_instance
from domain.database import migrate
from tests.databases import Database, Servers
from tests.processes import environment, free_port, output_of

SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"


@pytest.fixture
def model_modules() -> Sequence[str]:
    """No tables at all: a database as an operator has just made it."""
    return []


async def command(name: str, variables: dict[str, str]) -> tuple[int | None, str]:
    """Exit code and output of `latchwork name`."""
    return await output_of([sys.executable, "-m", "api", name], variables)


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


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("public_url", "foo"),
        ("public_url", "https://doors.example/x?y#z"),
        ("public_url", f"https://me:{SECRET}@doors.example"),
        ("public_url", "https://doors.example:0"),
        ("host", "no host"),
        ("port", "0"),
        ("trusted_proxies", "bogus"),
        ("trusted_proxies", "10.0.0.1/8"),
        ("database_url", f"mysql://me:{SECRET}@x"),
        ("database_url", f"postgresql://me:{SECRET}/{SECRET}@x/y"),
        ("bus_url", f"http://me:{SECRET}@x"),
        ("bus_url", f"nats://me:{SECRET}/{SECRET}@x"),
        ("bus_url", f"tls://me:{SECRET}@x:0"),
        ("bus_url", f"nats://me:{SECRET}@x,"),
        ("smtp_url", "foo"),
        ("smtp_url", f"smtp://me:{SECRET}/{SECRET}@x"),
        ("mail_from", "Doors"),
        ("secret", "c2hvcnQ"),
    ],
)
def test_each_variable_refuses_what_makes_no_sense(
    tmp_path: Path, variable: str, value: str
) -> None:
    """One line begins with the variable's name; neither the value nor a part of it is shown."""
    given = environment(Database("sqlite", f"sqlite://{tmp_path}/none.sqlite3"), tmp_path)
    given[f"LATCHWORK_{variable.upper()}"] = value
    answer = CliRunner().invoke(main, ["serve"], env=given)
    assert answer.exit_code == 2
    (line,) = answer.output.splitlines()
    assert line.startswith(f"LATCHWORK_{variable.upper()}: ")
    assert SECRET not in line


def test_a_bus_between_processes_is_refused_on_sqlite(tmp_path: Path) -> None:
    """There is one process on it: whoever asks for a bus has forgotten the database. No value is shown."""
    database = Database("sqlite", f"sqlite://{tmp_path}/none.sqlite3")
    given = environment(database, tmp_path, bus_url=f"nats://me:{SECRET}@127.0.0.1")
    refuses(given, "LATCHWORK_BUS_URL is for several processes on PostgreSQL")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://Doors.Example:443/", "https://doors.example"),
        ("HTTP://doors.example:80", "http://doors.example"),
        ("http://[0::1]:8400", "http://[::1]:8400"),
        ("https://doors.example:8443//", "https://doors.example:8443"),
    ],
)
def test_the_public_url_is_spelt_as_a_browser_spells_it(written: str, meant: str) -> None:
    """Otherwise no `Origin` and no proof would ever match it."""
    assert Settings(public_url=written).origin == meant


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("::1", "http://[::1]:8400"),
        ("0.0.0.0", "http://127.0.0.1:8400"),  # noqa: S104 - that it is nobody's address is the point
        ("::", "http://[::1]:8400"),
        ("localhost", "http://localhost:8400"),
    ],
)
def test_without_a_public_url_it_is_where_the_server_is_reached(host: str, url: str) -> None:
    """An IPv6 address gets its brackets, and "every address" becomes one that can be opened."""
    assert Settings(host=host).origin == url


@pytest.mark.parametrize("name", ["localhost.evil.com", "127.0.0.1.evil.com"])
def test_http_in_production_is_for_this_machine_only(tmp_path: Path, name: str) -> None:
    """A name that only begins like a loopback address is another machine's."""
    database = Database("sqlite", f"sqlite://{tmp_path}/none.sqlite3")
    given = environment(database, tmp_path, env="production", public_url=f"http://{name}")
    refuses(given, "LATCHWORK_PUBLIC_URL must be https in production")
    assert Settings(env=Environment.PRODUCTION, public_url="http://127.0.0.1:8400").public_url


def test_a_taken_port_is_named_by_its_variable(servers: Servers, tmp_path: Path) -> None:
    """`serve` asks before it starts, and says which variable to change."""
    database = asyncio.run(servers.fresh("sqlite", None))
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refuses(environment(database, tmp_path, port=port), "set LATCHWORK_PORT to another one")


def test_a_second_server_on_one_sqlite_file_is_refused(servers: Servers, tmp_path: Path) -> None:
    """The message names the process that serves; once that one has ended, the file is free again."""
    database = asyncio.run(servers.fresh("sqlite", None))
    given = environment(database, tmp_path, port=free_port())
    with single_instance(database.url):
        refuses(given, f"already served by process {os.getpid()}")
    with single_instance(database.url):
        pass


@pytest.mark.parametrize("name", ["serve", "migrate", "seed", "demo"])
def test_a_folder_that_cannot_be_is_said_in_one_line(tmp_path: Path, name: str) -> None:
    """A file stands where the data directory should be."""
    (tmp_path / "file").touch()
    kept = environment(Database("sqlite", ""), tmp_path / "file" / "data", port=free_port())
    del kept["LATCHWORK_DATABASE_URL"]
    kept["LATCHWORK_PANEL_PORT"] = str(free_port())
    answer = CliRunner().invoke(main, [name], env=kept)
    assert isinstance(answer.exception, SystemExit), answer.exception
    check_refusal(answer.exit_code, answer.output, str(tmp_path / "file"))
    assert len(answer.output.splitlines()) == 1


def test_a_demo_without_its_database_says_so(tmp_path: Path) -> None:
    """Nobody answers at the URL, which holds a password and is not repeated."""
    nowhere = Database("postgresql", f"postgresql://me:{SECRET}@127.0.0.1:{free_port()}/none")
    given = environment(nowhere, tmp_path, port=free_port(), panel_port=free_port())
    answer = CliRunner().invoke(main, ["demo"], env=given)
    check_refusal(answer.exit_code, answer.output, "The database does not answer")
