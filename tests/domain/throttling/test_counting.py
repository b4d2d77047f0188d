"""Tries are counted in the database, one by one, before anything is judged."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.database import sweep
from domain.errors import Throttled
from domain.installation import Installation
from domain.security.keys import Keyring
from domain.throttling.service import KEPT, SWEEPS, Budget, count_address, count_try, forget_tries
from domain.throttling.tables import TryCounter
from tests.databases import Database

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
FIVE = Budget("guess", 5, timedelta(minutes=10))
NOTHING: Any = None
HERE = Installation(Keyring.from_secret(secrets.token_bytes(32)), NOTHING, NOTHING, NOTHING, "")


async def passed(subject: str, now: datetime = NOW, budget: Budget = FIVE) -> bool:
    """Whether one more try is let through."""
    try:
        await count_try(HERE, budget, subject, now)
    except Throttled:
        return False
    return True


async def test_sixteen_tries_at_once_get_five(database: Database) -> None:
    """Proves that parallel tries are counted one by one, also while somebody who was right clears the counter."""
    outcomes = await asyncio.gather(*(passed("anna") for _ in range(16)))
    assert sorted(outcomes) == [False] * 11 + [True] * 5

    async def cleared() -> bool:
        await forget_tries(HERE, FIVE, "anna")
        return True

    mixed = [cleared() if n % 3 == 0 else passed("anna") for n in range(48)]
    assert set(await asyncio.gather(*mixed)) <= {True, False}


async def test_a_window_begins_with_its_first_try_and_ends_whole(database: Database) -> None:
    """Proves the window's edges, the time to wait in the refusal, and that refused tries do not prolong it."""
    for _ in range(5):
        assert await passed("anna")
    with pytest.raises(Throttled) as refusal:
        await count_try(HERE, FIVE, "anna", NOW)
    assert refusal.value.retry_after_seconds == 601
    with pytest.raises(Throttled) as refusal:
        await count_try(HERE, FIVE, "anna", NOW + FIVE.window - timedelta(seconds=1))
    assert 1 <= refusal.value.retry_after_seconds <= 2
    assert [await passed("anna", NOW + FIVE.window) for _ in range(6)] == [True] * 5 + [False]


async def left_to(address: str) -> int:
    """How many more tries somebody at this address has."""
    found = 0
    try:
        while found < 100:
            await count_address(HERE, FIVE, address, NOW)
            found += 1
    except Throttled:
        pass
    return found


async def test_all_addresses_of_a_household_share_a_budget(database: Database) -> None:
    """A /64 has the budget of one; an IPv4 address is one, also within IPv6; garbage is one."""
    assert await left_to("2001:db8:0:1::1") == 5
    assert await left_to("2001:db8:0:1:ffff:ffff:ffff:ffff") == 0
    assert await left_to("2001:db8:0:2::1") == 5
    assert await left_to("192.0.2.1") == 5
    assert await left_to("::ffff:192.0.2.1") == 0
    assert await left_to("64:ff9b::192.0.2.1") == 0
    assert await left_to("192.0.2.2") == 5
    assert await left_to("not an address") == 5
    assert await left_to("not an address either") == 0


async def test_a_48_has_the_budget_of_four_households(database: Database) -> None:
    """Whoever has 65,536 networks does not have as many budgets; the neighbour's /48 has its own."""
    found = [await left_to(f"2001:db8:7:{network:x}::1") for network in range(10)]
    assert found == [5, 5, 5, 5, 0, 0, 0, 0, 0, 0]
    assert await left_to("2001:db8:8::1") == 5


async def test_subjects_and_kinds_are_counted_apart_and_are_not_stored(database: Database) -> None:
    """Proves that nobody spends another's budget, and that the table holds neither addresses nor e-mails."""
    for _ in range(5):
        await passed("anna@example.com")
    assert not await passed("anna@example.com")
    assert await passed("ben@example.com")
    assert await passed("anna@example.com", budget=Budget("other", 5, FIVE.window))
    await forget_tries(HERE, FIVE, "anna@example.com")
    assert await passed("anna@example.com")
    assert await TryCounter.all().count() == 3
    assert "example" not in str(await TryCounter.all().values())


async def test_old_counters_are_swept(database: Database) -> None:
    """Proves that the table does not grow for ever, and that counters in use stay."""
    await passed("old")
    await passed("new", NOW + timedelta(days=1))
    (counters,) = SWEEPS
    assert await sweep(counters, NOW + KEPT + timedelta(hours=1)) == 1
    assert await TryCounter.all().count() == 1
