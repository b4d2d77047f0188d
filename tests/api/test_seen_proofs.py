"""Proofs are remembered: by one process in memory, by many in their database."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.auth.dpop import digest
from api.auth.seen_proofs import MemorySeenProofs, SharedSeenProofs, sweep_seen_proofs
from domain.people.tables import SeenProof
from tests.databases import Database
from tests.serving import Served

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


async def test_the_memory_of_one_process_refuses_what_is_older_than_its_start() -> None:
    """Proves that a restart forgets nothing that matters: a proof from before it is refused, and memory is bounded."""
    seen = MemorySeenProofs(NOW)
    later = NOW + timedelta(seconds=600)

    assert not await seen.take("older", (NOW - timedelta(seconds=1)).timestamp(), later)
    assert await seen.take("newer", NOW.timestamp(), later)
    assert not await seen.take("newer", NOW.timestamp(), later)
    seen.forget(later)
    assert len(seen) == 1
    assert not await seen.take("newer", NOW.timestamp(), later)
    seen.forget(later + timedelta(seconds=1))
    assert len(seen) == 0


async def test_the_stores_of_many_processes_are_one(database: Database) -> None:
    """Proves that what one has seen another refuses, that of sixteen at once one wins, and that time clears it."""
    stores: list[Callable[..., Any]] = [SharedSeenProofs().take for _ in range(4)]
    expires = NOW + timedelta(seconds=600)

    taken = await asyncio.gather(
        *(store("p", NOW.timestamp(), expires) for store in stores for _ in range(4))
    )

    assert sorted(taken) == [False] * 15 + [True]
    assert not await SharedSeenProofs().take("p", NOW.timestamp(), expires)
    assert await SharedSeenProofs().take("q", NOW.timestamp(), expires)
    await sweep_seen_proofs(expires)
    assert await SeenProof.all().count() == 2
    await sweep_seen_proofs(expires + timedelta(minutes=2))
    assert await SeenProof.all().count() == 0


async def test_on_postgresql_the_server_keeps_proofs_where_all_processes_see_them(
    served: Served,
) -> None:
    """Proves that a proof which the server took is refused by a second process's store, and the other way round."""
    if not served.database.is_postgresql:
        pytest.skip("one process serves SQLite; it keeps proofs in memory")
    house = await served.site()
    entry = await house.lock()
    phone = served.phone()
    await phone.redeem((await house.invitation(entry["lockId"]))["code"])
    body = b'{"query": "{ me { id } }"}'

    async def knock(jti: str) -> int:
        headers = {"content-type": "application/json", "dpop": phone.proof(body, jti=jti)}
        headers["authorization"] = f"DPoP {phone.token}"
        answer = await served.http.post(f"{served.url}/graphql", content=body, headers=headers)
        return answer.status_code

    names = [digest(f"{phone.thumbprint} {jti * 20}".encode()) for jti in "ab"]
    expires = served.clock() + timedelta(seconds=600)
    assert await knock("a" * 20) == 200
    assert not await SharedSeenProofs().take(names[0], time.time(), expires)
    assert await SharedSeenProofs().take(names[1], time.time(), expires)
    assert await knock("b" * 20) == 401
