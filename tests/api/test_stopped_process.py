"""A server process is stopped (SIGSTOP) in the middle of a change, and woken later: what the others do, what it says."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.databases import Database, only_postgresql
from tests.domain.crossing import held_back
from tests.processes import Process, hands
from tests.serving import House, Served
from tests.waiting import eventually

pytestmark = only_postgresql

CHOOSING = "LOCK TABLE pin_locks IN EXCLUSIVE MODE"
"""Stops a PIN that is being made when half of it is written."""
FIRST, SECOND = "49172638", "58203917"


@pytest.fixture
async def processes(fresh_database: Database, tmp_path: Path) -> AsyncIterator[list[Process]]:
    """Two over one database."""
    started = [Process.start(fresh_database, tmp_path) for _ in range(2)]
    try:
        for each in started:
            await asyncio.to_thread(each.until_ready)
        yield started
    finally:
        for each in started:
            each.child.send_signal(signal.SIGCONT)
            await asyncio.to_thread(each.stop)


async def pin(process: Process, house: House, lock_id: str, owner: str, digits: str) -> Any:
    """What a process answers to a new PIN: its type, or the error's code."""
    document = "mutation($input: CreatePinInput!) { createPin(input: $input) { __typename } }"
    asked = {
        "siteId": house.id,
        "owner": {"memberId": owner},
        "digits": digits,
        "lockIds": [lock_id],
    }
    async with httpx.AsyncClient(timeout=90) as http:
        answer = await http.post(
            f"{process.url}/graphql",
            json={"query": document, "variables": {"input": asked}},
            headers={"authorization": f"Bearer {house.token}"},
        )
    said = answer.json()
    if "errors" in said:
        return said["errors"][0]["extensions"]["code"]
    return said["data"]["createPin"]["__typename"]


async def test_the_others_go_on_and_the_woken_one_has_changed_nothing(
    fresh_database: Database, processes: list[Process]
) -> None:
    """At its site the other process says UNAVAILABLE until the server has ended the change; elsewhere it never waits."""
    stopped, other = processes
    async with asyncio.timeout(120), hands(other, fresh_database) as served:
        house, elsewhere = await served.site("One"), await served.site("Two")
        lock_id, owner = (await house.lock())["lockId"], await house.member("Zoe")
        async with held_back(fresh_database, CHOOSING) as held:
            half = await held.meets(pin(stopped, house, lock_id, owner, FIRST))
            stopped.child.send_signal(signal.SIGSTOP)
        seen: list[str] = []

        async def made() -> bool:
            seen.append(await pin(other, house, lock_id, owner, SECOND))
            return seen[-1] != "UNAVAILABLE"

        trying = asyncio.create_task(eventually(made, within_seconds=90))
        assert await renamed(served, elsewhere)
        await trying
        assert not half.done()
        stopped.child.send_signal(signal.SIGCONT)

        assert await half == "UNAVAILABLE"
        assert (seen[0], seen[-1]) == ("UNAVAILABLE", "CreatedPin")
        assert await pin(stopped, house, lock_id, owner, FIRST) == "CreatedPin"


async def renamed(served: Served, house: House) -> bool:
    answer = await house.change("updateSite", siteId=house.id, name="Other")
    return bool(answer["__typename"] == "UpdatedSite")
