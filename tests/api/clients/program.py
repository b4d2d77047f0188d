"""A client of others, run by Node: operations go in and results come out, one to a line."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.node_packages import installed


@dataclass
class Program:
    """The running client; results are kept in the order of their coming."""

    child: asyncio.subprocess.Process
    waiting: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    closings: list[int] = field(default_factory=list)

    def start(self, id_: str, kind: str, query: str = "", **variables: Any) -> None:
        """Hands one operation to the client."""
        assert self.child.stdin is not None
        line = {"id": id_, "kind": kind, "query": query, "variables": variables}
        self.child.stdin.write(json.dumps(line).encode() + b"\n")

    async def result(self, id_: str) -> dict[str, Any]:
        """The next result of this operation; twenty seconds at most."""
        async with asyncio.timeout(20):
            while not self.waiting.get(id_):
                await self._read()
        return self.waiting[id_].pop(0)

    async def closed(self) -> None:
        """Waits until the client has lost its socket; twenty seconds at most."""
        async with asyncio.timeout(20):
            while not self.closings:
                await self._read()

    async def _read(self) -> None:
        assert self.child.stdout is not None
        line = json.loads(await self.child.stdout.readline() or b'{"id": "end"}')
        assert line.get("id") != "end", "the client has ended"
        if line.get("event") == "closed":
            self.closings.append(line["code"])
        elif "id" in line:
            self.waiting.setdefault(line["id"], []).append(line)

    async def data(self, id_: str) -> Any:
        """The next result's data; fails the test on an error."""
        result = await self.result(id_)
        assert result.get("error") is None, result
        return result["data"]


@asynccontextmanager
async def running(folder: Path, script: str, *arguments: str) -> AsyncIterator[Program]:
    """The script of the folder, running with these arguments; it ends when its input does."""
    home = await asyncio.to_thread(installed, folder)
    child = await asyncio.create_subprocess_exec(
        "node",
        home / script,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**24,
    )
    assert child.stdin is not None
    try:
        yield Program(child)
        child.stdin.close()
        assert await asyncio.wait_for(child.wait(), 5) == 0
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
