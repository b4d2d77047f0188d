"""`rotate-keys` and `drop-key` as an operator runs them, beside processes that serve; on both databases."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from api.cli import main
from domain.database.one_at_a_time import one_at_a_time
from domain.security.keys import Keyring, new_secret
from tests.databases import Database, Servers
from tests.processes import Process, environment

CREATE = """mutation($site: ID!, $name: String!) {
  createMember(input: { siteId: $site, name: $name, role: USER }) {
    __typename ... on CreatedMember { member { id } } } }"""
GIVE = """mutation($site: ID!, $member: ID!) {
  createPin(input: { siteId: $site, owner: { memberId: $member }, lockIds: [LOCK] }) { __typename } }"""


class Writer(Thread):
    """A script that changes things at all processes, one change after the other, until it is told to stop."""

    def __init__(self, processes: list[Process], token: str) -> None:
        super().__init__()
        self.processes, self.token = processes, token
        self.enough = Event()
        self.wrong: list[Any] = []
        self.done = 0

    def ask(self, process: Process, document: str, **variables: Any) -> Any:
        answer = httpx.post(
            f"{process.url}/graphql",
            json={"query": document, "variables": variables},
            headers={"authorization": f"Bearer {self.token}"},
            timeout=30,
        ).json()
        if "errors" in answer:
            raise AssertionError(answer)
        return answer["data"]

    def run(self) -> None:
        try:
            first = self.ask(self.processes[0], "{ sites { nodes { id locks { nodes { id } } } } }")
            (site,) = first["sites"]["nodes"]
            lock = site["locks"]["nodes"][0]["id"]
            while not self.enough.is_set():
                process = self.processes[self.done % len(self.processes)]
                made = self.ask(process, CREATE, site=site["id"], name=f"M{self.done}")
                member = made["createMember"]["member"]["id"]
                give = GIVE.replace("LOCK", f'"{lock}"')
                pin = self.ask(process, give, site=site["id"], member=member)
                assert pin["createPin"]["__typename"] == "CreatedPin", pin
                self.done += 1
        except Exception as fault:  # whatever it is, the test says it
            self.wrong.append(fault)


class Operator:
    """Somebody at the command line of the machine where the secret file is."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder

    def run(self, *words: str) -> tuple[int, str]:
        answer = CliRunner().invoke(main, words, env=environment(self.database, self.folder))
        assert answer.exception is None or isinstance(answer.exception, SystemExit)
        return answer.exit_code, answer.output

    @property
    def keys(self) -> tuple[str, ...]:
        """The ids of the keys in the file."""
        return Keyring.load(self.folder / "secret.key").ids


@pytest.fixture
def operator(database_kind: str, servers: Servers, tmp_path: Path) -> Iterator[Operator]:
    """The demo site."""
    database = asyncio.run(servers.fresh(database_kind, None))
    made = Operator(database, tmp_path)
    assert made.run("seed")[0] == 0
    yield made
    asyncio.run(servers.remove(database))


def test_keys_are_changed_and_dropped_while_processes_serve(
    operator: Operator, database_kind: str
) -> None:
    """No change fails meanwhile, nobody is restarted; the token that was used goes on, and the file has one secret again."""
    (old,) = operator.keys
    token = operator.run("token", "create", "--site", "Demo", "--role", "OWNER")[1].strip()
    count = 2 if database_kind == "postgresql" else 1
    processes = [Process.start(operator.database, operator.folder) for _ in range(count)]
    writer = Writer([each.until_ready() for each in processes], token)
    try:
        writer.start()
        code, output = operator.run("rotate-keys")
        assert code == 0, output
        assert operator.keys[0] == old
        (new,) = set(operator.keys) - {old}
        assert f"in front: {new}" in output
        assert (operator.run("drop-key", new)[0], operator.run("drop-key", "00000000")[0]) == (1, 1)
        code, output = operator.run("drop-key", old, "--yes")
        assert code == 0, output
        assert "API tokens" not in output, "the one that there is was used since"
        assert operator.keys == (new,)
        done = writer.done
        while writer.done < done + 2 and writer.is_alive():
            writer.join(0.05)
        assert [httpx.get(f"{each.url}/readyz").status_code for each in processes] == [200] * count
    finally:
        writer.enough.set()
        writer.join()
        for each in processes:
            each.stop()
    assert not writer.wrong
    code, output = operator.run("audit", "verify")
    assert (code, output.startswith("the chain is whole")) == (0, True), output


def test_what_is_refused_changes_nothing(operator: Operator) -> None:
    """Beside another rotation; with a file that is cut, or not there; and with a secret that no command can change."""
    text = (operator.folder / "secret.key").read_text()

    async def beside_another() -> tuple[int, str]:
        async with one_at_a_time(operator.database.url, "key-rotation"):
            return await asyncio.to_thread(operator.run, "rotate-keys")

    code, output = asyncio.run(beside_another())
    assert (code, "is running" in output) == (1, True), output
    file = operator.folder / "secret.key"
    for content in ("c2hvcnQ", text[:20], new_secret()):
        file.write_text(content)
        assert operator.run("rotate-keys")[0] == 1
        assert file.read_text() == content
    file.unlink()
    assert operator.run("rotate-keys")[0] == 1
    assert not file.exists()
    given = environment(operator.database, operator.folder, secret=text.strip())
    answer = CliRunner().invoke(main, ["rotate-keys"], env=given)
    assert (answer.exit_code, "LATCHWORK_SECRET" in answer.output) == (1, True), answer.output
    assert text.strip() not in answer.output
    both = given | {"LATCHWORK_SECRET_FILE": str(file)}
    answer = CliRunner().invoke(main, ["key", "list"], env=both)
    assert (answer.exit_code, "both set" in answer.output) == (2, True), answer.output
    file.write_text(text)
    file.chmod(0o600)
    assert operator.run("key", "list")[1].count("FRONT") == 1
