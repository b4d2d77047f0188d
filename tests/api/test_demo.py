"""`latchwork demo` as people use it: interrupted, closed, killed and started again, with processes of its own each time."""

import asyncio
import contextlib
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson
import psutil
import pytest

from api.tour.console import Console
from tests.processes import free_port

SECONDS = 90
ROOT = Path(__file__).parents[2]


@dataclass
class Demo:
    """One demo that runs in this folder, and the processes that it has started."""

    process: asyncio.subprocess.Process
    folder: Path
    url: str
    panel: str

    async def until(self, text: str) -> str:
        """What it says up to the line that holds this text."""
        said = ""
        assert self.process.stdout is not None
        async with asyncio.timeout(SECONDS):
            while line := (await self.process.stdout.readline()).decode():
                said += line
                if text in line:
                    return said
        raise AssertionError(f"it never said {text!r}, but:\n{said}")

    def children(self) -> list[psutil.Process]:
        return list(psutil.Process(self.process.pid).children(recursive=True))

    async def ended(self, by: signal.Signals) -> int:
        """Its exit code after this signal, once none of its children is left."""
        children = self.children()
        assert len(children) == 2
        self.process.send_signal(by)
        code = await asyncio.wait_for(self.process.wait(), SECONDS)
        _, alive = await asyncio.to_thread(psutil.wait_procs, children, 20)
        for each in alive:
            each.kill()
        assert alive == []
        return code


@contextlib.asynccontextmanager
async def demo(folder: Path, port: int, panel_port: int, **more: str) -> AsyncIterator[Demo]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("LATCHWORK_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "api",
        "demo",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=ROOT,
        env=kept
        | {
            "LATCHWORK_DATA_DIR": str(folder),
            "LATCHWORK_PORT": str(port),
            "LATCHWORK_PANEL_PORT": str(panel_port),
        }
        | more,
    )
    try:
        yield Demo(process, folder, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{panel_port}")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def make_a_rule_by_hand(running: Demo) -> None:
    """The owner lets Emma open the front door, as the tour does."""
    known = orjson.loads((running.folder / "demo.json").read_bytes())
    console = Console(running.url)
    await console.sign_in(known["signIns"][0]["email"], known["signIns"][0]["password"])
    data = await console.ask(
        "query($id: ID!) { site(id: $id) { locks { nodes { id name } } members { nodes { id name } } } }",
        id=known["site"],
    )
    ids = {each["name"]: each["id"] for kind in data["site"].values() for each in kind["nodes"]}
    made = await console.change(
        "createAccessRule",
        siteId=known["site"],
        grantee={"memberId": ids["Emma"]},
        lockIds=[ids["Front door"]],
    )
    assert made["__typename"] == "CreatedAccessRule"
    await console.close()


async def test_a_demo_ends_whole_however_it_ends_and_plays_again(tmp_path: Path) -> None:
    """Proves that SIGTERM in the tour, SIGKILL in the tour, and a closed terminal leave no process and no trap.

    Each next demo has the same ports and the same folder, and the last one plays to the end although a rule like the
    tour's own was made by hand. What was made belongs to its user only."""
    folder, ports = tmp_path / "made" / "data", (free_port(), free_port())
    async with demo(folder, *ports) as interrupted:
        await interrupted.until("createAccessRule")
        assert await interrupted.ended(signal.SIGTERM) == 0
    async with demo(folder, *ports) as killed:
        await killed.until("createAccessRule")
        await make_a_rule_by_hand(killed)
        assert await killed.ended(signal.SIGKILL) == -signal.SIGKILL
    async with demo(folder, *ports) as whole:
        said = await whole.until("Serving.")
        assert "SKIPPED" not in said
        assert "another rule still opens Front door" in said
        assert "locksim" not in said
        assert "structlog" not in said
        assert said.rindex("Password") > said.rindex("openLockRemotely")
        assert await whole.ended(signal.SIGHUP) == 0
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in folder.iterdir():
        if file.is_file():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


async def test_a_demo_whose_locks_die_says_so_and_ends(tmp_path: Path) -> None:
    """Proves that a child's end is noticed while the tour still plays, with its name and its log."""
    async with demo(tmp_path, free_port(), free_port()) as running:
        await running.until("1. An invitation")
        locks = [each for each in running.children() if "locksim" in each.cmdline()]
        locks[0].kill()
        said = await running.until("FAILED")
        assert "locks ended by itself with code -9" in said
        assert await asyncio.wait_for(running.process.wait(), SECONDS) == 1
        with pytest.raises(httpx.HTTPError):
            await asyncio.to_thread(httpx.get, f"{running.url}/healthz")


async def test_a_second_demo_on_one_database_is_refused(tmp_path: Path) -> None:
    """Proves that another server on the same SQLite file, on ports of its own, ends with the number of the first."""
    async with demo(tmp_path, free_port(), free_port()) as first:
        await first.until("server ")
        serving = next(each for each in first.children() if "serve" in each.cmdline())
        async with demo(tmp_path, free_port(), free_port()) as second:
            await second.until(f"already served by process {serving.pid}")
            assert await asyncio.wait_for(second.process.wait(), SECONDS) == 1
