"""A database knows the keys with which it was written: without them no command goes on, and none makes another secret."""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import main
from domain.security.keys import Keyring
from tests.databases import Database, Servers
from tests.domain.database.workshop import run_sql
from tests.processes import environment, free_port, output_of
from tests.serving import Served

OTHER = "b3RoZXItc2VjcmV0LW90aGVyLXNlY3JldC1vdGhlci1zZWNyZXQ"
COMMANDS = {
    "serve": ["serve"],
    "seed": ["seed"],
    "demo": ["demo"],
    "site create": [
        "site",
        "create",
        "--name",
        "House",
        "--timezone",
        "UTC",
        "--owner",
        "anna@example.com",
    ],
    "site plan": ["site", "plan", "--site", "Demo", "--seats", "7"],
    "token create": ["token", "create", "--site", "Demo", "--role", "OWNER"],
    "audit verify": ["audit", "verify", "--site", "Demo"],
    "account show": ["account", "show", "--email", "anna@demo.example"],
    "account end-second-factor": ["account", "end-second-factor", "--email", "anna@demo.example"],
}
every_command = pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)


@dataclass
class Installed:
    """A database in use, and the folder that its secret is in."""

    database: Database
    folder: Path

    @property
    def key_file(self) -> Path:
        return self.folder / "secret.key"

    @property
    def secret(self) -> str:
        return self.key_file.read_text().strip()

    @property
    def key_id(self) -> str:
        return Keyring.from_text(self.secret).current_id

    def run(self, *words: str, folder: Path | None = None, **variables: Any) -> tuple[int, str]:
        """Exit code and output of a command in this process."""
        given = {"port": free_port(), "panel_port": free_port(), **variables}
        answer = CliRunner().invoke(
            main, words, env=environment(self.database, folder or self.folder, **given)
        )
        assert answer.exception is None or isinstance(answer.exception, SystemExit), (
            answer.exception
        )
        return answer.exit_code, answer.output

    def sql(self, *statements: str) -> list[list[dict[str, Any]]]:
        return asyncio.run(run_sql(self.database.url, *statements))

    def recorded(self) -> set[str]:
        """The keys that the database asks for."""
        (rows,) = self.sql("SELECT id FROM recorded_keys WHERE lost_at IS NULL")
        return {row["id"] for row in rows}

    def everything(self) -> list[list[dict[str, Any]]]:
        """What a command could have changed."""
        return self.sql(
            "SELECT * FROM recorded_keys ORDER BY id",
            "SELECT mac FROM audit_heads ORDER BY id",
            "SELECT name, seat_limit FROM sites ORDER BY id",
            "SELECT id FROM api_tokens ORDER BY id",
        )

    def refuses(self, *words: str, saying: str, **given: Any) -> None:
        """One line of plain words, nothing changed, no secret made."""
        before = self.everything()
        code, output = self.run(*words, **given)
        assert code == 1, output
        assert "Traceback" not in output
        (line,) = output.splitlines()[-1:] if words == ("demo",) else output.splitlines()
        assert saying in line
        assert "LATCHWORK_SECRET" in line
        assert OTHER not in output
        assert self.everything() == before
        assert list(given.get("folder", self.folder).rglob("*.key")) in ([], [self.key_file])


@pytest.fixture
def installed(database_kind: str, servers: Servers, tmp_path: Path) -> Iterator[Installed]:
    """The demo site, made with a secret that the first command made."""
    database = asyncio.run(servers.fresh(database_kind, None))
    made = Installed(database, tmp_path / "data")
    made.folder.mkdir()
    code, output = made.run("seed")
    assert code == 0, output
    yield made
    asyncio.run(servers.remove(database))


@every_command
def test_without_its_secret_no_command_goes_on_and_none_makes_another(
    installed: Installed, words: list[str]
) -> None:
    """The file is away; or the command is given from another folder, with the database's address."""
    elsewhere = installed.folder.parent / "elsewhere"
    elsewhere.mkdir()
    installed.refuses(*words, folder=elsewhere, saying=f"there is no file {elsewhere}")
    installed.key_file.rename(installed.folder / "away")
    installed.refuses(*words, saying=f"there is no file {installed.key_file}")
    assert not installed.key_file.exists()


@every_command
def test_a_secret_that_lacks_the_recorded_key_is_refused_by_name(
    installed: Installed, words: list[str]
) -> None:
    """Whether it is given as a variable or lies in the file."""
    installed.refuses(*words, secret=OTHER, saying=installed.key_id)
    key_id = installed.key_id
    installed.key_file.write_text(OTHER)
    installed.refuses(*words, saying=key_id)


def test_the_database_says_which_key_is_in_front_and_not_the_order_of_the_secrets(
    installed: Installed,
) -> None:
    """A second key is not asked for, wherever it stands, until a rotation puts it in front; then neither alone is enough."""
    old, new = installed.secret, OTHER
    verify = ("audit", "verify", "--site", "Demo")
    ids = Keyring.from_text(f"{new} {old}").ids
    for both in (f"{old} {new}", f"{new} {old}"):
        assert installed.run(*verify, secret=both)[0] == 0
        assert installed.recorded() == {ids[1]}
    code, output = installed.run("rotate-keys", secret=f"{old} {new}")
    assert (code, f"in front: {ids[0]}" in output) == (0, True), output
    assert installed.recorded() == set(ids)

    installed.refuses(*verify, secret=new, saying=ids[1])
    installed.refuses(*verify, secret=old, saying=ids[0])
    for both in (f"{old} {new}", f"{new} {old}"):
        assert installed.run("site", "plan", "--site", "Demo", "--seats", "9", secret=both)[0] == 0
        code, output = installed.run(*verify, secret=both)
        assert (code, output.startswith("the chain is whole")) == (0, True)


def test_a_secret_file_that_cannot_be_read_is_not_replaced(installed: Installed) -> None:
    """Open to others, damaged, too long, a folder in its place, or a link to nowhere."""
    plan = ("site", "plan", "--site", "Demo")
    whole = installed.key_file.read_text()
    installed.key_file.chmod(0o640)
    assert "must be 0600" in installed.run(*plan)[1]
    installed.key_file.chmod(0o600)
    for content in ("", "c2hvcnQ", "x" * 5_000):
        installed.key_file.write_text(content)
        code, output = installed.run(*plan)
        assert (code, output.startswith("The secret cannot be used: ")) == (1, True)
        assert installed.key_file.read_text() == content
    installed.key_file.unlink()
    installed.key_file.mkdir()
    assert installed.run(*plan)[0] == 1
    installed.key_file.rmdir()
    installed.key_file.symlink_to(installed.folder / "nowhere")
    installed.refuses(*plan, saying="there is no file")
    installed.key_file.unlink()
    installed.key_file.write_text(whole)
    installed.key_file.chmod(0o600)
    assert installed.run(*plan)[0] == 0


def of_the_version_before(installed: Installed) -> None:
    """The database as it was before keys were recorded."""
    installed.sql(
        "DROP TABLE recorded_keys",
        "DROP TABLE serving_processes",
        "ALTER TABLE devices DROP COLUMN token_key",
        "ALTER TABLE pin_reservations DROP COLUMN verifier_sealed",
        "DELETE FROM tortoise_migrations WHERE name LIKE '%recorded_keys' OR name LIKE '%changed_while_serving'",
    )
    code, output = installed.run("migrate")
    assert (code, "recorded_keys" in output) == (0, True), output


@pytest.mark.parametrize("kept", ["audit_rows, audit_heads", "provisionings, locks", "nothing"])
def test_a_database_in_use_records_the_key_that_fits_at_its_first_start(
    installed: Installed, kept: str
) -> None:
    """What is sealed and tagged says which: any one kind of row is enough to refuse another, and to refuse a new file."""
    of_the_version_before(installed)
    if "audit_rows" not in kept:
        installed.sql("DELETE FROM audit_rows", "DELETE FROM audit_heads")
    if "provisionings" not in kept:
        installed.sql("DELETE FROM provisionings", "UPDATE locks SET card_sealed = NULL")
    plan = ("site", "plan", "--site", "Demo")
    if kept != "nothing":
        installed.refuses(*plan, secret=OTHER, saying=installed.key_id)
    away = installed.key_file.rename(installed.folder / "away")
    installed.refuses(*plan, saying="there is no file")
    away.rename(installed.key_file)
    assert installed.run(*plan, secret=f"{installed.secret} {OTHER}")[0] == 0
    assert installed.recorded() == {installed.key_id}
    installed.refuses(*plan, secret=OTHER, saying=installed.key_id)


def test_a_key_that_is_lost_for_good_can_be_given_up(installed: Installed) -> None:
    """For a database that was written with two: its operator says so, and the other alone is enough again."""
    of_the_version_before(installed)
    lost = Keyring.from_text(OTHER).current_id
    installed.sql(f"UPDATE audit_heads SET mac = '{lost}:x'")
    plan = ("site", "plan", "--site", "Demo")
    installed.refuses(*plan, saying=lost)
    unknown = installed.run("key", "lost", "00000000")
    assert (unknown[0], "no key of this id" in unknown[1]) == (2, True)
    assert installed.run("key", "lost", lost) == (0, f"the key {lost} is not asked for any more\n")
    assert installed.run(*plan)[0] == 0
    assert installed.recorded() == {installed.key_id}
    installed.refuses(*plan, secret=OTHER, saying=installed.key_id)
    assert installed.run(*plan, secret=f"{OTHER} {installed.secret}")[0] == 0
    assert installed.recorded() == {installed.key_id, lost}, "found again"


async def test_two_first_starts_at_once_make_one_key(
    fresh_database: Database, tmp_path: Path
) -> None:
    """From one folder both go on with the same secret; from two folders one is refused and leaves no secret behind."""
    one, two = tmp_path / "one", tmp_path / "two"
    folders = [one, two, two, one]
    for each in {one, two}:
        each.mkdir()
    create = ["-m", "api", "site", "create", "--timezone", "UTC"]
    answers = await asyncio.gather(
        *(
            output_of(
                [
                    sys.executable,
                    *create,
                    "--name",
                    str(number),
                    "--owner",
                    f"o{number}@example.com",
                ],
                environment(fresh_database, folder),
            )
            for number, folder in enumerate(folders)
        )
    )

    keys = [folder for folder in (one, two) if (folder / "secret.key").exists()]
    assert len(keys) == 1, answers
    for folder, (code, output) in zip(folders, answers, strict=True):
        if folder == keys[0]:
            assert code == 0, output
        else:
            assert (code, "there is no file" in output) == (1, True), output
    rows = await run_sql(fresh_database.url, "SELECT id FROM recorded_keys", "SELECT 1 FROM sites")
    assert [len(each) for each in rows] == [1, 2]
    text = (keys[0] / "secret.key").read_text()
    assert rows[0][0]["id"] == Keyring.from_text(text).current_id


async def test_a_server_that_lacks_a_key_is_not_ready_and_changes_nothing(served: Served) -> None:
    """As while another one already serves with a new key in front; once the key is given up it serves again."""
    house = await served.site()
    ready = await served.http.get(f"{served.url}/readyz")
    assert (ready.status_code, ready.json()) == (200, {"database": True, "keys": True})

    await run_sql(
        served.database.url,
        "INSERT INTO recorded_keys (id, recorded_at) VALUES ('0a1b2c3d', '2026-01-01 00:00:00+00:00')",
    )
    ready = await served.http.get(f"{served.url}/readyz")
    create = 'mutation($id: ID!) { createMember(input: { siteId: $id, name: "A", role: USER }) { __typename } }'
    by_token = {"authorization": f"Bearer {house.token}"}
    answer = (await served.post(create, by_token, id=house.id)).json()

    assert (ready.status_code, ready.json()) == (503, {"database": True, "keys": False})
    assert answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert "0a1b2c3d" not in str(answer)
    members = "query($id: ID!) { site(id: $id) { members { nodes { name } } } }"
    assert len((await house.ask(members, id=house.id))["site"]["members"]["nodes"]) == 1
    await run_sql(served.database.url, "DELETE FROM recorded_keys WHERE id = '0a1b2c3d'")
    assert (await served.http.get(f"{served.url}/readyz")).status_code == 200
    assert "errors" not in (await served.post(create, by_token, id=house.id)).json()
