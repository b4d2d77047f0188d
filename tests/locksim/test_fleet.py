"""`python -m locksim`: many locks in one process, started, extended, killed and stopped."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import orjson
import pytest

from domain.link.claims import SILENT
from domain.security import base64url
from locksim.provisioning import NEWEST, Provisioning
from tests.locksim.rig import CHEAP, SALT, Pen, provisioning
from tests.locksim.tiny_server import Stage, TinyServer, serving

ROOT = Path(__file__).parents[2]


def lock(number: int, *, life: int = 1) -> Provisioning:
    """One of several locks."""
    made = provisioning(incarnation=f"life-{life}", secret=bytes([number, life]) * 16)
    return Provisioning(**{**made.__dict__, "lock_id": f"lock-{number}", "name": f"Door {number}"})


def as_json(own: Provisioning) -> dict[str, object]:
    """The lock as it stands in the file."""
    profile = {
        "timeCost": CHEAP.time_cost,
        "memoryKib": CHEAP.memory_kib,
        "parallelism": CHEAP.parallelism,
    }
    return {
        "lockId": own.lock_id,
        "name": own.name,
        "incarnation": own.incarnation,
        "secret": base64url.encode(own.secret),
        "programmingCode": own.programming_code,
        **({"link": 1} if own.firmware == SILENT else {}),
        "settings": {
            "zone": "Europe/Berlin",
            "fixedOffsetMinutes": 60,
            "pinSalt": base64url.encode(SALT),
            "pinProfile": profile,
        },
    }


@dataclass
class House:
    """A server, a file of locks and the folder of their disks."""

    server: TinyServer
    folder: Path

    def provision(self, *locks: Provisioning) -> None:
        """Write the file of locks; it appears whole, as a careful installer writes it."""
        self.server.locks = {own.lock_id: own for own in locks}
        aside = self.folder / "locks.new"
        aside.touch(0o600)
        aside.write_bytes(orjson.dumps([as_json(own) for own in locks]))
        aside.rename(self.folder / "locks.json")

    @contextlib.asynccontextmanager
    async def running(self, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """The command, killed at the end if it still runs."""
        command: Sequence[str] = [
            *(sys.executable, "-m", "locksim"),
            *("--locks", str(self.folder / "locks.json")),
            *("--state", str(self.folder / "state")),
            *("--server", self.server.url, "--no-sync", "--seed", "1"),
            *options,
        ]
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A server and an empty folder."""
    async with serving(Stage()) as stage:
        yield House(stage.server, tmp_path)


async def lines(process: asyncio.subprocess.Process, number: int) -> list[str]:
    """So many lines of standard output."""
    assert process.stdout is not None
    async with asyncio.timeout(15):
        return [(await process.stdout.readline()).decode().strip() for _ in range(number)]


async def stopped(process: asyncio.subprocess.Process, number: int) -> tuple[int | None, str]:
    """Exit code and standard error after a signal."""
    process.send_signal(number)
    async with asyncio.timeout(10):
        _, errors = await process.communicate()
    return process.returncode, errors.decode()


async def test_the_locks_of_a_file_connect_survive_a_kill_and_may_be_joined_by_others(
    house: House,
) -> None:
    """One line for each as it connects; after a kill each goes on at its revision; a lock that is
    added to the file joins, one that is provisioned anew starts as new; SIGTERM ends it cleanly."""
    house.provision(lock(1), lock(2))
    async with house.running() as process:
        seen = await lines(process, 2)
        assert sorted(seen) == ["connected: Door 1 (lock-1)", "connected: Door 2 (lock-2)"]
        for feed in house.server.feeds:
            pen = Pen(house.server.locks[feed.variables["lock"]])
            feed.send(pen.snapshot(5, pen.settings(), pen.pin("a", "40718263")))
        while sum(bool(report["ack"]) for report in house.server.reports) < 2:
            await house.server.report(len(house.server.reports))
        process.kill()
        await process.wait()
    house.server.feeds.clear()
    async with house.running() as process:
        await lines(process, 2)
        assert [feed.variables["revision"] for feed in house.server.feeds] == [5, 5]
        house.provision(lock(1), lock(2, life=2), lock(3))
        seen = await lines(process, 2)
        assert sorted(seen) == ["connected: Door 2 (lock-2)", "connected: Door 3 (lock-3)"]
        anew = [feed.variables for feed in house.server.feeds[2:]]
        assert {(each["lock"], each["revision"]) for each in anew} == {("lock-2", 0), ("lock-3", 0)}
        code, errors = await stopped(process, signal.SIGTERM)
    assert code == 0
    assert "Traceback" not in errors
    for own in house.server.locks.values():
        assert base64url.encode(own.secret) not in errors
        assert own.programming_code not in errors


async def test_a_lock_that_is_updated_keeps_its_state_and_says_what_it_reads_now(
    house: House,
) -> None:
    """Another `link` or `reads` in its entry is other firmware on the same disk, in both directions."""
    old = replace(lock(1), firmware=SILENT)
    house.provision(old)
    async with house.running() as process:
        await lines(process, 1)
        (feed,) = house.server.feeds
        pen = Pen(old)
        feed.send(pen.snapshot(5, pen.settings(), pen.pin("a", "40718263")))
        while not any(report["ack"] for report in house.server.reports):
            await house.server.report(len(house.server.reports))
        for firmware in (NEWEST, SILENT):
            house.provision(replace(old, firmware=firmware))
            await lines(process, 1)
        assert [feed.variables["revision"] for feed in house.server.feeds] == [0, 5, 5]
        newest = {"link": 1, "reads": list(NEWEST.reads)}
        assert house.server.said == [{}, newest, {}]
        code, _ = await stopped(process, signal.SIGTERM)
    assert code == 0


async def test_two_processes_do_not_share_a_folder_of_disks(house: House) -> None:
    """The second ends at once; each would undo what the other wrote."""
    house.provision(lock(1))
    async with house.running() as first:
        await lines(first, 1)
        async with house.running() as second:
            async with asyncio.timeout(10):
                _, errors = await second.communicate()
        assert second.returncode == 1
        assert b"in use" in errors
        code, _ = await stopped(first, signal.SIGINT)
    assert code == 0


@pytest.mark.parametrize("mode", [0o644, None])
async def test_a_file_that_cannot_be_used_ends_the_command_with_its_reason(
    house: House, mode: int | None
) -> None:
    """Readable by others, or not there."""
    if mode is not None:
        house.provision(lock(1))
        (house.folder / "locks.json").chmod(mode)
    async with house.running() as process, asyncio.timeout(10):
        _, errors = await process.communicate()
    assert process.returncode == 1
    assert errors.startswith(b"locksim: ")
    assert b"Traceback" not in errors


async def test_the_keypad_page_is_served_on_request_and_does_not_hold_up_the_end(
    house: House,
) -> None:
    """Its address is the first line; an open page does not keep the command from ending."""
    house.provision(lock(1))
    async with house.running("--panel-port", "0") as process:
        panel, connected = await lines(process, 2)
        assert connected == "connected: Door 1 (lock-1)"
        url = panel.removeprefix("panel: ")
        assert url.startswith("http://127.0.0.1:")
        async with httpx.AsyncClient(trust_env=False) as http:
            assert "Keypad" in (await http.get(url)).text
            async with http.stream("GET", url + "changes") as changes:
                assert b"Door 1" in await anext(changes.aiter_bytes())
                code, errors = await stopped(process, signal.SIGTERM)
    assert code == 0
    assert "Traceback" not in errors
