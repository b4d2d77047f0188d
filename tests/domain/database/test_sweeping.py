"""What has ended goes in batches of one transaction each, and of several processes one at a time is at work on a kind."""

import asyncio
import contextvars
from datetime import UTC, datetime, timedelta

import pytest

from domain.database import Sweep, delete_some, sweep, sweeping
from domain.database.rows import column, new_id
from domain.people.tables import SeenProof
from tests.databases import Database, only_postgresql

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
batches: list[int] = []


async def ended(now: datetime, most: int) -> int:
    batches.append(await delete_some(SeenProof.filter(expires_at__lt=now), most))
    return batches[-1]


PROOFS = Sweep("proofs of this test", ended)


@pytest.fixture(autouse=True)
async def seven_ended_and_one_not(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "BATCH", 3)
    monkeypatch.setattr(sweeping, "PAUSE_SECONDS", 0)
    batches.clear()
    moments = [*[NOW - timedelta(seconds=1)] * 7, NOW]
    await SeenProof.bulk_create(
        [
            SeenProof(id=new_id(), proof=str(number), expires_at=moment)
            for number, moment in enumerate(moments)
        ]
    )


async def test_batches_are_bounded_and_leave_what_has_not_ended() -> None:
    assert await sweep(PROOFS, NOW) == 7
    assert batches == [3, 3, 1]
    assert await column(SeenProof.all(), "proof") == ["7"]
    assert await sweep(PROOFS, NOW) == 0


async def test_a_batch_that_fails_takes_nothing_away() -> None:
    async def failing(now: datetime, most: int) -> int:
        await ended(now, most)
        raise LookupError

    with pytest.raises(LookupError):
        await sweep(Sweep("failing", failing), NOW)
    assert await SeenProof.all().count() == 8


@only_postgresql
async def test_what_another_process_sweeps_is_left_to_it() -> None:
    """It is not waited for; other kinds are swept meanwhile."""

    async def meanwhile(now: datetime, most: int) -> int:
        assert await sweep_elsewhere(PROOFS) == 0
        assert await sweep_elsewhere(Sweep("another", ended)) > 0
        return 0

    await sweep(Sweep(PROOFS.name, meanwhile), NOW)


async def sweep_elsewhere(kind: Sweep) -> int:
    """As another process does, which knows nothing of the transaction that is open here."""
    return await asyncio.create_task(sweep(kind, NOW), context=contextvars.Context())
