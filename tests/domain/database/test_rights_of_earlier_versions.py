"""What an update makes of phones, tokens and kits that an earlier version left."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.database import connect, disconnect
from domain.people.tables import Device
from tests.databases import Database
from tests.domain.database.earlier import Earlier
from tests.domain.database.workshop import Workshop, workshop

__all__ = ["workshop"]

THEN = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture
def model_modules() -> tuple[str, ...]:
    """No tables at all: the earlier version's migrations make them."""
    return ()


async def a_site(earlier: Earlier) -> UUID:
    return await earlier.put(
        "sites",
        name="House",
        timezone="UTC",
        system_type="STANDARD",
        pin_salt=b"salt",
        pin_time_cost=1,
        pin_memory_kib=8,
        pin_parallelism=1,
        created_at=THEN,
        invitations_enabled=True,
        custom_pins_enabled=True,
        seat_limit=100,
        pin_min_length=4,
        pin_max_length=8,
        pin_auto_length=6,
        guess_limit=1000,
    )


async def test_a_phone_that_was_taken_off_an_invitation_stays_out(
    fresh_database: Database, workshop: Workshop
) -> None:
    """Only an admin could take one off; a person's own phones may sign in again."""
    earlier = await Earlier.as_of("0001_initial", fresh_database, workshop)
    invitation = await earlier.put(
        "invitations",
        site_id=await a_site(earlier),
        name="Guest",
        code_tag="tag",
        code_sealed=b"sealed",
        valid_until=THEN + timedelta(days=9),
        weekdays=127,
        device_limit=3,
        devices_used=1,
        created_at=THEN,
    )
    account = await earlier.put("accounts", email="ada@example.com", created_at=THEN)
    of_guest = {"invitation_id": invitation, "account_id": None}
    of_person = {"invitation_id": None, "account_id": account}
    phones = {
        "removed": await a_phone(earlier, 1, THEN, **of_guest),
        "inside": await a_phone(earlier, 2, None, **of_guest),
        "own": await a_phone(earlier, 3, THEN, **of_person),
    }

    await earlier.brought_up_to_date()
    await connect(fresh_database.url)
    try:
        barred = {row.id for row in await Device.filter(barred=True)}
    finally:
        await disconnect()

    assert barred == {phones["removed"]}


async def a_phone(
    earlier: Earlier, number: int, removed_at: datetime | None, **whose: UUID | None
) -> UUID:
    return await earlier.put(
        "devices",
        thumbprint=f"{number}",
        name="Phone",
        platform="IOS",
        generation=1,
        redeemed_at=THEN,
        removed_at=removed_at,
        **whose,
    )
