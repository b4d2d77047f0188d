"""A list of any length is asked for, changed and deleted by; on both databases."""

from datetime import UTC, datetime, timedelta

from domain.database import transaction
from domain.database.rows import column, new_id, save_all
from domain.link.events import LockEventKind
from domain.people.tables import Account
from domain.sync.tables import EventHead, LockEvent
from domain.throttling.tables import TryCounter
from tests.databases import Database

LONG = 40_000
"""More than the parameters of a statement on PostgreSQL."""
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


async def test_rows_are_found_and_deleted_by_a_long_list_of_ids(database: Database) -> None:
    """Those named and no others, whether they are asked for, counted, left out or deleted."""
    rows = [EventHead(id=new_id(), number=n) for n in range(3)]
    await EventHead.bulk_create(rows)
    ids = [rows[0].id, *(new_id() for _ in range(LONG)), rows[2].id]

    assert {row.id for row in await EventHead.filter(id__in=ids)} == {rows[0].id, rows[2].id}
    assert await column(EventHead.exclude(id__in=ids), "number") == [1]
    assert await EventHead.filter(number__in=[*range(1, LONG)]).count() == 2
    assert await EventHead.filter(id__in=ids).delete() == 2
    assert await EventHead.all().count() == 1


async def test_lists_of_every_kind_of_column_find_what_they_name(database: Database) -> None:
    """Texts with whatever is in them, moments, names of kinds; a short list, one of one, and an empty one."""
    odd = """a"b'c\\[],{}ü@example.com"""
    await Account.bulk_create([Account(email=each, created_at=NOON) for each in (odd, "plain")])
    moments = [NOON + timedelta(days=each) for each in range(3)]
    await TryCounter.bulk_create([TryCounter(window_start=each) for each in moments])

    for more in (0, 1, 2_000):
        texts = [odd, *(f"{n}@example.com" for n in range(more))]
        assert await column(Account.filter(email__in=texts), "email") == [odd]
        asked = [moments[1], *(NOON - timedelta(days=n + 1) for n in range(more))]
        assert await TryCounter.filter(window_start__in=asked).count() == 1
    assert await Account.filter(email__in=[]).count() == 0
    assert await LockEvent.filter(kind__in=list(LockEventKind)).count() == 0


async def test_thousands_of_rows_are_changed_at_once(database: Database) -> None:
    """Each gets its own value."""
    rows = [TryCounter(id=new_id(), window_start=NOON) for _ in range(4_000)]
    await TryCounter.bulk_create(rows)
    for number, row in enumerate(rows):
        row.tries, row.window_start = number, NOON + timedelta(seconds=number)
    async with transaction():
        await save_all(rows, "tries", "window_start")
    found = await TryCounter.all().order_by("id").values_list("tries", "window_start")

    assert found == [(n, NOON + timedelta(seconds=n)) for n in range(len(rows))]
