"""Two processes on one database: they take turns, neither fails, nothing is done twice."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from domain.database import transaction
from tests.databases import Database, only_sqlite
from tests.domain.database.toys import Box
from tests.domain.database.workshop import Workshop, workshop

__all__ = ["workshop"]

ROOT = Path(__file__).parents[3]
TURNS = 150

WRITER = """
import asyncio, sys
from domain.database import connect, disconnect, lock_row, transaction, use_case
from tests.domain.database.toys import Box

@use_case
async def add_one():
    async with transaction():
        box = await lock_row(Box, 1)
        await asyncio.sleep(0)
        await Box.filter(id=1).update(balance=box.balance + 1)

async def main(url, turns):
    await connect(url, model_modules=["tests.domain.database.toys"])
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(turns):
        await add_one()
    await disconnect()

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""

MIGRATOR = """
import asyncio, json, sys
from domain.database import migrate

async def main(url, migrations):
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(await migrate(url, migrations=migrations)))

asyncio.run(main(*sys.argv[1:]))
"""


CREATE = """
from tortoise import fields, migrations
from tortoise.migrations import operations as ops

class Migration(migrations.Migration):
    operations = [
        ops.CreateModel("Crate", [("id", fields.IntField(primary_key=True))], {"table": "crates"}),
    ]
"""

ADD = """
from tortoise import fields, migrations
from tortoise.migrations import operations as ops
import time

class Migration(migrations.Migration):
    dependencies = [("latchwork", "{before:04}_" + ("first" if {before} == 1 else "next"))]
    operations = [
        ops.RunPython(lambda apps, editor: time.sleep(0.05)),
        ops.AddField("Crate", "c{number}", fields.IntField(db_default={number})),
    ]
"""


@pytest.fixture
def model_modules() -> list[str]:
    return ["tests.domain.database.toys"]


async def at_once(count: int, script: str, *arguments: str, path: Path = ROOT) -> list[str]:
    """Run the script in processes that begin at the same moment; what each printed after that."""
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            script,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(path)])},
        )
        for _ in range(count)
    ]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n", await process.communicate()
    answers = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    for process, (_, complaint) in zip(processes, answers, strict=True):
        assert process.returncode == 0, complaint.decode()
    return [answer.decode() for answer, _ in answers]


@only_sqlite
async def test_two_processes_writing_one_file_never_find_it_locked(database: Database) -> None:
    """Each reads and then writes in every transaction, beside this process, which does the same; with a
    plain BEGIN half of them would fail at once. No update is lost.
    """
    await Box.create(id=1, label="a", balance=0)
    others = asyncio.create_task(at_once(2, WRITER, database.url, str(TURNS)))
    mine = 0
    while not others.done():
        async with transaction():
            box = await Box.get(id=1)
            await Box.filter(id=1).update(balance=box.balance + 1)
        mine += 1
        await asyncio.sleep(0.005)
    await others
    assert (await Box.get(id=1)).balance == 2 * TURNS + mine


async def test_two_migrating_processes_apply_each_migration_once(
    fresh_database: Database, workshop: Workshop, tmp_path: Path
) -> None:
    """Three processes begin together on an empty database: all succeed, each migration is applied by
    exactly one of them, and the table shows each once.
    """
    workshop.write_migration("0001_first", CREATE)
    for number in range(2, 6):
        workshop.write_migration(f"{number:04}_next", ADD.format(before=number - 1, number=number))
    answers = await at_once(3, MIGRATOR, fresh_database.url, workshop.migrations, path=tmp_path)
    applied = sorted(name for answer in answers for name in json.loads(answer))
    assert applied == ["0001_first", "0002_next", "0003_next", "0004_next", "0005_next"]
