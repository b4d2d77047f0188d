"""Proofs that were used, so that none is used twice: in memory for one process, in the database for several.

The dangerous direction: a restart that forgets. The memory of one process refuses every proof older than its start.
"""

import heapq
from datetime import datetime, timedelta
from typing import Protocol

from domain.columns import new_id
from domain.database import use_case
from domain.people.tables import SeenProof


class SeenProofs(Protocol):
    """Takes each proof once."""

    async def take(self, proof_id: str, issued_at: float, expires_at: datetime) -> bool:
        """Whether this is the first time. `issued_at` in seconds since 1970; forgotten after `expires_at`."""
        ...


class MemorySeenProofs:
    """For one process. Bounded by time: each entry goes when its proof would be too old anyway."""

    def __init__(self, started_at: datetime) -> None:
        self._started_at = started_at.timestamp()
        self._seen: set[str] = set()
        self._by_expiry: list[tuple[float, str]] = []

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._seen)

    async def take(self, proof_id: str, issued_at: float, expires_at: datetime) -> bool:
        # A proof made just before the start may have been used with the process before this one.
        if issued_at < int(self._started_at) or proof_id in self._seen:
            return False
        self._seen.add(proof_id)
        heapq.heappush(self._by_expiry, (expires_at.timestamp(), proof_id))
        return True

    def forget(self, now: datetime) -> None:
        """Drops what has expired; called now and then."""
        while self._by_expiry and self._by_expiry[0][0] < now.timestamp():
            self._seen.discard(heapq.heappop(self._by_expiry)[1])


class SharedSeenProofs:
    """For many processes on one PostgreSQL database."""

    async def take(self, proof_id: str, issued_at: float, expires_at: datetime) -> bool:
        return await _insert(proof_id, expires_at)


@use_case
async def _insert(proof_id: str, expires_at: datetime) -> bool:
    row = SeenProof(id=new_id(), proof=proof_id, expires_at=expires_at)
    await SeenProof.bulk_create([row], ignore_conflicts=True)
    return await SeenProof.filter(id=row.id).exists()


async def sweep_seen_proofs(now: datetime) -> int:
    """Removes shared proofs that could not be fresh any more; returns how many."""
    return await SeenProof.filter(expires_at__lt=now - timedelta(seconds=60)).delete()
