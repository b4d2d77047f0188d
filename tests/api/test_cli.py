"""The command line on a data directory of its own.

What must be a program of its own is one (`migrate`, `serve`); other commands run in this process, which saves each the
second that Python takes to load them.
"""

import asyncio
import contextlib
import json
import os
import re
import signal
import sqlite3
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx
from typer.testing import CliRunner

from api.cli import main
from tests.waiting import eventually

SECONDS = 60
PASSWORD = "an entirely new password of mine"


@dataclass
class Ran:
    """How a command ended, and what it said."""

    code: int | None
    out: str
    err: str


@dataclass
class Shell:
    """Runs `latchwork` with the environment of one installation and nothing inherited from another."""

    folder: Path
    url: str = "http://127.0.0.1:8400"
    port: int = 8400
    token: str = ""

    @property
    def environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("LATCHWORK_")}
        return kept | {
            "LATCHWORK_DATA_DIR": str(self.folder),
            "LATCHWORK_PUBLIC_URL": self.url,
            "LATCHWORK_PORT": str(self.port),
            "LATCHWORK_TOKEN": self.token,
        }

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "api",
            *words,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self.environment,
            cwd=Path(__file__).parents[2],
        )

    def run(self, *words: str) -> Ran:
        """A command in this process."""
        inherited = dict.fromkeys(each for each in os.environ if each.startswith("LATCHWORK_"))
        answer = CliRunner().invoke(main, words, env={**inherited, **self.environment})
        assert answer.exception is None or isinstance(answer.exception, SystemExit), (
            answer.exception
        )
        return Ran(answer.exit_code, answer.stdout, answer.stderr)

    async def run_beside(self, *words: str) -> Ran:
        """A command in this process, while a test's own loop runs: for clients, which need no database."""
        return await asyncio.to_thread(self.run, *words)

    async def run_alone(self, *words: str) -> Ran:
        """A command in a process of its own."""
        process = await self.start(*words)
        try:
            out, err = await asyncio.wait_for(process.communicate(), SECONDS)
        except TimeoutError:
            process.kill()
            raise
        return Ran(process.returncode, out.decode(), err.decode())


def test_a_command_before_the_migration_says_what_to_do(tmp_path: Path) -> None:
    """Proves that on a fresh directory the next step is named, on the error stream, with exit code 1."""
    shell = Shell(tmp_path / "fresh")
    ran = asyncio.run(shell.run_alone("token", "create", "--site", "Demo", "--role", "OWNER"))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("The database does not answer")
    assert "latchwork migrate" in ran.err


def test_an_installation_from_the_shell(tmp_path: Path) -> None:
    """Proves migrate, seed only into empty, site create, plan, token create, serve and audit verify, one by one.

    The printed link works once, the printed token works, and behind https the cookie is Secure."""
    shell = Shell(tmp_path, "https://doors.example")
    migrated = asyncio.run(shell.run_alone("migrate"))
    assert (migrated.code, "0001_initial" in migrated.out) == (0, True)
    assert "made the site Demo" in shell.run("seed").out
    kept = {path: path.read_bytes() for path in (tmp_path / "demo.json", tmp_path / "locks.json")}
    for path in (*kept, tmp_path / "secret.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name

    new = ("--name", "My house", "--timezone", "Europe/Rome", "--owner")
    seeded, plan, token, bad_owner, made = (
        shell.run("seed"),
        shell.run("site", "plan", "--site", "Demo", "--seats", "7", "--no-invitations"),
        shell.run("token", "create", "--site", "Demo", "--role", "OWNER"),
        shell.run("site", "create", *new, "nobody"),
        shell.run("site", "create", *new, "anna@example.com"),
    )
    assert (seeded.code, "left as it is" in seeded.out) == (0, True)
    assert kept == {path: path.read_bytes() for path in kept}
    assert (plan.code, "7 seats" in plan.out, "invitations off" in plan.out) == (0, True, True)
    assert (token.code, token.err) == (0, "")
    assert re.fullmatch(r"lwt_[\w-]{49}\n", token.out)
    assert (bad_owner.code, bad_owner.out) == (1, "")
    assert (made.code, made.err) == (0, "")
    assert re.fullmatch(r"https://doors\.example/join/#lwl_[\w-]{49}\n", made.out)

    asyncio.run(use(shell, made.out.strip().partition("#")[2], token.out.strip()))
    with contextlib.closing(sqlite3.connect(tmp_path / "latchwork.sqlite3")) as database, database:
        sites = database.execute("SELECT name FROM sites ORDER BY name").fetchall()
        assert sites == [("Demo",), ("My house",)], "a bad owner leaves no site"
        house = "(SELECT id FROM sites WHERE name = 'My house')"
        database.execute(f"UPDATE audit_rows SET action = 'x' WHERE number = 2 AND chain = {house}")
    signed, whole, broken = (
        shell.run("audit", "checkpoint"),
        shell.run("audit", "verify", "--site", "Demo"),
        shell.run("audit", "verify"),
    )
    assert (signed.code, "it was changed" in signed.err) == (1, True), "nothing wrong is signed"
    assert (whole.code, whole.err) == (0, "")
    assert re.match(r"the chain is whole: \d+ rows in 1 chains, 1 checkpoints\n$", whole.out)
    assert (broken.code, broken.out) == (1, "")
    assert "site My house: the chain is broken at row 2" in broken.err


async def use(shell: Shell, link: str, token: str) -> None:
    """Joins by the link, signs in, and asks by the token, against `latchwork serve`."""
    server = await serving(shell)
    try:
        async with httpx.AsyncClient(base_url=server.url, timeout=30) as http:
            await eventually(lambda: is_ready(http), within_seconds=30)
            accept = (
                f'mutation {{ answer: acceptMembership(input: {{ token: "{link}", password: "{PASSWORD}" }})'
                " { __typename ... on AcceptedMembership { member { role } } } }"
            )
            answers = [(await ask(http, accept))[0] for _ in range(2)]
            assert answers[0] == {"__typename": "AcceptedMembership", "member": {"role": "OWNER"}}
            assert answers[1]["__typename"] == "LinkNotUsable"
            signing = (
                f'mutation {{ answer: signIn(input: {{ email: "anna@example.com", password: "{PASSWORD}" }})'
                " { __typename } }"
            )
            signed, headers = await ask(http, signing, {"origin": "https://doors.example"})
            assert signed["__typename"] == "SignedIn"
            cookies = headers.get_list("set-cookie")
            assert len(cookies) == 2
            assert all("Secure" in each and "HttpOnly" in each for each in cookies)
            by_token = {"authorization": f"Bearer {token}"}
            me, _ = await ask(http, "{ answer: me { ... on ApiToken { name } } }", by_token)
            assert me == {"name": "command line"}
    finally:
        server.process.terminate()
        out, err = await asyncio.wait_for(server.process.communicate(), SECONDS)
    for secret in (link, PASSWORD, token):
        assert secret not in (out + err).decode()


async def test_a_shell_asks_and_follows_with_a_token(tmp_path: Path) -> None:
    """Proves ask for a query, a refusal and a subscription; a token that may not edit; a plan's bound; wrong addresses.

    What is wrong is said in a line: no token, a wrong one, a query that is none, a server that is none."""
    shell = Shell(tmp_path)
    assert (await shell.run_alone("migrate")).code == 0
    await shell.run_alone("seed")
    demo = ("--site", "Demo")
    reader, owner, many = await asyncio.gather(
        shell.run_alone("token", "create", *demo, "--role", "LIMITED_ADMIN", "--no-can-edit"),
        shell.run_alone("token", "create", *demo, "--role", "OWNER"),
        shell.run_alone("site", "plan", *demo, "--seats", "99999999999"),
    )
    assert many.code == 2
    assert "1000000" in many.err
    server = await serving(shell, "http://127.0.0.1")
    locks = "{ sites { nodes { id seats { limit } locks { nodes { id name } } } } }"
    try:
        async with httpx.AsyncClient(base_url=server.url, timeout=30) as http:
            await eventually(lambda: is_ready(http), within_seconds=30)
        shell.token = reader.out.strip()
        answer = await shell.run_beside("ask", locks)
        (site,) = json.loads(answer.out)["sites"]["nodes"]
        assert site["seats"]["limit"] == 100
        lock = site["locks"]["nodes"][0]["id"]
        change = (
            f'mutation {{ updateLock(input: {{ lockId: "{lock}", name: "X" }}) {{ __typename }} }}'
        )
        assert json.loads((await shell.run_beside("ask", change)).out) == {
            "updateLock": {"__typename": "NotAllowed"}
        }
        shell.token = owner.out.strip()
        assert json.loads((await shell.run_beside("ask", change)).out) == {
            "updateLock": {"__typename": "UpdatedLock"}
        }
        document = f'subscription {{ siteSync(siteId: "{site["id"]}") {{ __typename }} }}'
        following = await shell.start("ask", document)
        assert following.stdout is not None
        first = await asyncio.wait_for(following.stdout.readuntil(b"\n}\n"), SECONDS)
        assert "siteSync" in json.loads(first)
        wrong = await shell.run_beside("ask", "{ nothing }")
        foreign = await shell.run_beside(
            "tour", "--url", server.url.replace("127.0.0.1", "localhost")
        )
        nothing = await shell.run_beside("tour", "--url", "http://127.0.0.1:9")
        assert (wrong.code, wrong.out, "nothing" in wrong.err) == (1, "", True)
        assert (foreign.code, "LATCHWORK_PUBLIC_URL" in foreign.err) == (1, True)
        assert (nothing.code, "no answer from http://127.0.0.1:9" in nothing.err) == (1, True)
        following.send_signal(signal.SIGINT)
        _, err = await asyncio.wait_for(following.communicate(), SECONDS)
        assert (following.returncode, err) == (130, b"")
        shell.token = "lwt_nobody"
        unknown = await shell.run_beside("ask", locks)
        assert (unknown.code, unknown.err) == (1, "This token is unknown, revoked or expired.\n")
        shell.token = ""
        assert "latchwork token create" in (await shell.run_beside("ask", locks)).err
    finally:
        server.process.terminate()
        await asyncio.wait_for(server.process.communicate(), SECONDS)


@dataclass
class Server:
    process: asyncio.subprocess.Process
    url: str


async def serving(shell: Shell, public_host: str | None = None) -> Server:
    """`latchwork serve` on a free port; with a public host, that is its public URL with this port."""
    listener = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port: int = listener.sockets[0].getsockname()[1]
    listener.close()
    shell.port = port
    if public_host is not None:
        shell.url = f"{public_host}:{port}"
    return Server(await shell.start("serve"), f"http://127.0.0.1:{port}")


async def is_ready(http: httpx.AsyncClient) -> bool:
    """Whether the server is there and says that it serves."""
    try:
        return (await http.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False


async def ask(
    http: httpx.AsyncClient, query: str, headers: dict[str, str] | None = None
) -> tuple[dict[str, object], httpx.Headers]:
    http.cookies.clear()
    answer = await http.post(
        "/graphql",
        content=json.dumps({"query": query}),
        headers={"content-type": "application/json", **(headers or {})},
    )
    given: dict[str, object] = answer.json()["data"]["answer"]
    return given, answer.headers
