"""Proofs are remembered in the database: over a restart, by all processes, and nobody fills it for the others."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from api.auth.dpop import FRESH_SECONDS
from api.auth.http import PROOFS_AT_ONCE
from api.auth.seen_proofs import take_proof
from domain.database import sweep
from domain.people.sweeping import SWEEPS
from domain.people.tables import SeenProof
from tests.api.test_dpop import ME, forger, guest, refusal
from tests.databases import Database
from tests.processes import Process, hands
from tests.serving import Served

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


async def test_of_sixteen_at_once_one_takes_a_proof(database: Database) -> None:
    """Proves that it is taken once, that another is another, and that time clears both."""
    expires = NOW + timedelta(seconds=600)

    taken = await asyncio.gather(*(take_proof("p", expires) for _ in range(16)))

    assert sorted(taken) == [False] * 15 + [True]
    assert not await take_proof("p", expires)
    assert await take_proof("q", expires)
    *_, proofs = SWEEPS
    assert await sweep(proofs, expires) == 0
    assert await sweep(proofs, expires + timedelta(minutes=2)) == 2
    assert await SeenProof.all().count() == 0


async def test_a_used_proof_is_refused_after_a_restart(
    fresh_database: Database, tmp_path: Path
) -> None:
    """Proves it for proofs of this second, of earlier ones, and for those whose `iat` lies ahead; also without a token."""
    process = Process.start(fresh_database, tmp_path).until_ready()
    try:
        async with hands(process, fresh_database) as served:
            _, phone = await guest(served)
            now = int(time.time())
            ages = (-200, -1, 0, 2, FRESH_SECONDS - 20)
            proofs = [phone.forged(iat=now + age) for age in ages]
            stranger = forger(served).proof(ME)
            for proof in proofs:
                assert (await phone.knock(proof)).status_code == 200
            assert (await phone.knock(stranger, scheme=None)).status_code == 200

            process.kill()
            process.start_again()
            process.until_ready()

            for proof in proofs:
                assert refusal(await phone.knock(proof)) == "jti"
            assert refusal(await phone.knock(stranger, scheme=None)) == "jti"
            assert (await phone.knock(phone.proof(ME))).status_code == 200
    finally:
        process.stop()


async def test_a_proof_for_a_token_that_is_none_is_not_remembered(served: Served) -> None:
    """Proves that made-up tokens, other keys and ended access leave no row behind."""
    house, phone = await guest(served)
    thief = forger(served)
    thief.token = phone.token
    before = await SeenProof.all().count()

    for token in (phone.token, "lwd_" + "x" * 43):
        thief.token = token
        assert refusal(await thief.knock(thief.proof(ME))) == "INVALID_TOKEN"

    assert await SeenProof.all().count() == before
    assert house


async def test_strangers_proofs_are_budgeted_by_address(served: Served) -> None:
    """Proves that they end in 429 with when to come back, before they are read; and that phones go on there."""
    _, phone = await guest(served)
    stranger = forger(served)
    statuses = [
        (await stranger.knock(stranger.proof(ME), scheme=None)).status_code
        for _ in range(PROOFS_AT_ONCE + 40)
    ]
    assert statuses[: PROOFS_AT_ONCE - 20] == [200] * (PROOFS_AT_ONCE - 20)
    while True:  # the budget grows meanwhile
        answer = await stranger.knock("not even a proof", scheme=None)
        if answer.status_code == 429:
            break
        assert refusal(answer) == "malformed"
    assert answer.json()["errors"][0]["extensions"] == {"code": "THROTTLED", "retryAfterSeconds": 1}
    assert answer.headers["retry-after"] == "1"
    assert await SeenProof.all().count() < 3 * PROOFS_AT_ONCE

    assert (await phone.knock(phone.proof(ME))).status_code == 200
