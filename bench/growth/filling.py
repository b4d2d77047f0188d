"""A site that has been in use for years, put straight into the tables: so many locks, PINs, events, sessions and commands.

A row is made of its model, so that a new column has its default; then it is copied with another key, and other values of a
few columns. Reusable: whoever measures a statement of their own fills a database by `fill` and asks it.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]
import orjson
from tortoise.fields.base import DatabaseDefault
from tortoise.models import Model

from domain.actors import Role
from domain.database.connection import Address
from domain.database.rows import new_id
from domain.invitations.tables import Invitation
from domain.link.entries import EntryKind
from domain.link.events import LockEventKind
from domain.locks.rules import Connectivity
from domain.locks.tables import Lock, Reader
from domain.node_ids import node_id
from domain.people.tables import Account, Member, Session
from domain.pins.tables import Pin, PinKind, PinLock, PinReservation, PinStatus
from domain.sync.tables import EntryState, EventHead, LockEntry, LockEvent, UnlockCommand

AT_ONCE = 10_000
PINS_OF_A_MEMBER = 10
"""Nine of ten of them ended long ago."""


@dataclass(frozen=True)
class Size:
    """How much there is at the site."""

    locks: int
    pins: int
    events: int

    @property
    def people(self) -> int:
        """Members, each with an account and a session that runs."""
        return max(1, self.pins // PINS_OF_A_MEMBER)


async def fill(address: Address, site_id: UUID, size: Size, now: datetime) -> None:
    """Fills the site. The database is at rest, and connected by nobody who writes."""
    pen: _Pen = _Sqlite(address) if address.kind == "sqlite" else await _Postgresql.open(address)
    long_ago = now - timedelta(days=400)
    locks = [new_id() for _ in range(size.locks)]
    people = [new_id() for _ in range(size.people)]
    lock = Lock(
        site_id=site_id,
        name="Door",
        connectivity=Connectivity.ONLINE_WIRED,
        wanted_revision=size.pins,
        applied_revision=size.pins,
        created_at=long_ago,
    )
    await pen.pour(lock, ({"id": each} for each in locks))
    reader = Reader(name="Keypad", created_at=long_ago)
    await pen.pour(reader, ({"id": new_id(), "lock_id": each} for each in locks))
    account = Account(created_at=long_ago)
    await pen.pour(account, ({"id": each, "email": f"{each}@example.com"} for each in people))
    member = Member(site_id=site_id, name="Emil", role=Role.USER, created_at=long_ago)
    await pen.pour(member, ({"id": each, "account_id": each} for each in people))
    session = Session(created_at=now, expires_at=now + timedelta(hours=12))
    await pen.pour(
        session, ({"id": new_id(), "account_id": each, "tag": str(each)} for each in people)
    )
    await pen.pour(*_commands(locks, size, long_ago))
    await pen.pour(*_invitations(site_id, size, long_ago))
    pins = [new_id() for _ in range(size.pins)]
    for template, rows in _credentials(site_id, locks, people, pins, long_ago):
        await pen.pour(template, rows)
    await pen.pour(*_events(site_id, locks, people, size, now))
    head = EventHead(id=site_id, number=size.events)
    await pen.pour(head, [{"id": site_id, "number": size.events}])
    await pen.close()


def _credentials(
    site_id: UUID, locks: list[UUID], people: list[UUID], pins: list[UUID], long_ago: datetime
) -> Iterator[tuple[Model, Iterator[dict[str, Any]]]]:
    """Each PIN at one lock; nine of ten were removed, and their locks have acknowledged it."""

    def gone(number: int) -> bool:
        return number % 10 != 0

    yield (
        Pin(
            site_id=site_id,
            kind=PinKind.AUTO,
            length=8,
            verifier_sealed=b"sealed",
            created_at=long_ago,
            updated_at=long_ago,
        ),
        (
            {
                "id": each,
                "owner_id": people[number % len(people)],
                "status": (PinStatus.REMOVED if gone(number) else PinStatus.ACTIVE).value,
            }
            for number, each in enumerate(pins)
        ),
    )
    live = [(number, each) for number, each in enumerate(pins) if not gone(number)]
    yield (
        PinReservation(site_id=site_id),
        ({"id": new_id(), "pin_id": each, "tag": str(each)} for _, each in live),
    )
    yield (
        PinLock(),
        (
            {"id": new_id(), "pin_id": each, "lock_id": locks[number % len(locks)]}
            for number, each in enumerate(pins)
        ),
    )
    yield (
        LockEntry(kind=EntryKind.PIN, content={}, version=2, applied_version=2),
        (
            entry_of(number, each, locks[number % len(locks)], gone(number))
            for number, each in enumerate(pins)
        ),
    )


def entry_of(number: int, pin_id: UUID, lock_id: UUID, gone: bool) -> dict[str, Any]:
    """An acknowledged entry of a PIN. What is gone is not marked so yet: the server's sweep does that."""
    return {
        "id": new_id(),
        "lock_id": lock_id,
        "pin_id": pin_id,
        "name": node_id("pin", pin_id),
        "revision": number + 1,
        "state": (EntryState.REMOVED if gone else EntryState.LIVE).value,
        "applied_live": not gone,
        "pin_length": None if gone else 8,
    }


def _commands(
    locks: list[UUID], size: Size, long_ago: datetime
) -> tuple[Model, Iterator[dict[str, Any]]]:
    ended = long_ago + timedelta(days=399)
    command = UnlockCommand(
        incarnation="a" * 32, nonce="n" * 43, nonce_seconds=10, created_at=ended, expires_at=ended
    )
    rows = ({"id": new_id(), "lock_id": locks[n % len(locks)]} for n in range(size.events // 10))
    return command, rows


def _invitations(
    site_id: UUID, size: Size, long_ago: datetime
) -> tuple[Model, Iterator[dict[str, Any]]]:
    ended = Invitation(
        site_id=site_id,
        name="Guest",
        code_sealed=b"sealed",
        valid_until=long_ago + timedelta(days=3),
        device_limit=1,
        created_at=long_ago,
    )
    return ended, ({"id": new_id(), "code_tag": str(number)} for number in range(size.pins // 10))


def _events(
    site_id: UUID, locks: list[UUID], people: list[UUID], size: Size, now: datetime
) -> tuple[Model, Iterator[dict[str, Any]]]:
    """One a minute up to now, whatever their number."""
    opened = LockEvent(
        site_id=site_id, state_id="years", kind=LockEventKind.OPENED, recorded_at=now, reasons=[]
    )

    def rows() -> Iterator[dict[str, Any]]:
        for number in range(1, size.events + 1):
            moment = now - timedelta(minutes=size.events - number)
            yield {
                "id": new_id(),
                "number": number,
                "sequence": number,
                "lock_id": locks[number % len(locks)],
                "member_id": people[number % len(people)],
                "at": moment,
                "moment": moment,
            }

    return opened, rows()


class _Pen:
    """Writes many rows of one table, none of which is looked at by the ORM."""

    async def pour(self, template: Model, rows: Iterable[dict[str, Any]]) -> None:
        """The template's columns, with those of each row in their place."""
        meta = template._meta
        columns = meta.fields_db_projection
        kept = {column: getattr(template, name) for name, column in columns.items()}
        base = {
            column: self.plain(_stored(value))
            for column, value in kept.items()
            if not isinstance(value, DatabaseDefault)
        }
        given = iter(rows)
        while part := list(islice(given, AT_ONCE)):
            places = list(part[0])
            names = [*(each for each in base if each not in places), *places]
            same = [base[each] for each in names[: -len(places)]]
            await self.write(
                meta.db_table,
                names,
                [(*same, *(self.plain(row[each]) for each in places)) for row in part],
            )

    def plain(self, value: Any) -> Any:
        raise NotImplementedError

    async def write(self, table: str, names: list[str], rows: list[tuple[Any, ...]]) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        """The planner knows what there is."""
        raise NotImplementedError


def _stored(value: Any) -> Any:
    if isinstance(value, list | dict):
        return orjson.dumps(value).decode()
    return getattr(value, "value", value)


class _Sqlite(_Pen):
    def __init__(self, address: Address) -> None:
        self._file = sqlite3.connect(address.target, isolation_level=None)
        for pragma in ("synchronous = OFF", "cache_size = -1000000", "foreign_keys = OFF"):
            self._file.execute(f"PRAGMA {pragma}")

    def plain(self, value: Any) -> Any:
        if isinstance(value, UUID):
            return str(value)
        return value.isoformat(" ") if isinstance(value, datetime) else value

    async def write(self, table: str, names: list[str], rows: list[tuple[Any, ...]]) -> None:
        named, marks = ", ".join(f'"{each}"' for each in names), ", ".join("?" * len(names))
        self._file.execute("BEGIN IMMEDIATE")
        self._file.executemany(
            f"INSERT INTO {table} ({named}) VALUES ({marks})",  # noqa: S608 - names of ours
            rows,
        )
        self._file.execute("COMMIT")

    async def close(self) -> None:
        self._file.close()


class _Postgresql(_Pen):
    def __init__(self, session: Any) -> None:
        self._session = session

    @classmethod
    async def open(cls, address: Address) -> "_Postgresql":
        return cls(await asyncpg.connect(address.target))

    def plain(self, value: Any) -> Any:
        return value

    async def write(self, table: str, names: list[str], rows: list[tuple[Any, ...]]) -> None:
        await self._session.copy_records_to_table(table, records=rows, columns=names)

    async def close(self) -> None:
        await self._session.execute("VACUUM ANALYZE")
        await self._session.close()
