"""The benches still run. What they measure is not judged here: that would be a timed test."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.databases import Database, only_postgresql
from tests.nats_server import NatsServer

SECONDS = 60


@pytest.mark.parametrize(
    "words",
    [
        ("bench.sync", "--locks", "2", "--rounds", "2"),
        ("bench.shell", "--connections", "2", "--seconds", "0.1", "--rounds", "1"),
        (
            "bench.growth",
            "--turns",
            "1",
            "--pins",
            "100",
            "--locks",
            "5",
            "--events",
            "100",
            "--removed",
            "20",
            "--rounds",
            "2",
        ),
    ],
    ids=["sync", "shell", "growth"],
)
async def test_a_bench_starts_its_server_and_prints_its_table(words: tuple[str, ...]) -> None:
    """Proves that a small run on SQLite ends well and has said something in a table."""
    await prints_a_table(*words)


@only_postgresql
async def test_the_bench_of_the_bus_prints_its_table(
    fresh_database: Database, nats_server: NatsServer
) -> None:
    """Proves the same of a small run on PostgreSQL with NATS."""
    servers = ("--database-url", fresh_database.url, "--bus-url", nats_server.url)
    await prints_a_table("bench.bus", *servers, "--rounds", "1", "--seconds", "0.1")


async def prints_a_table(*words: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, err.decode()
    rows = [line for line in out.decode().splitlines() if line.startswith("|")]
    assert len(rows) > 2, out.decode()
