"""The audit chain finds what somebody with the database, but without the key, did to it."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.actors import ActorKind, Caller
from domain.audit.service import NothingNoted, first_broken_row, recorded
from domain.audit.tables import AuditHead, AuditRow
from domain.database import use_case
from domain.installation import Installation
from domain.security.keys import Keyring
from tests.databases import Database

NOW = datetime(2026, 6, 1, 12, 0, 0, 123456, tzinfo=UTC)
CHAIN = uuid4()
SECRET = secrets.token_bytes(32)
ROWS = 5
SCRIPT = Caller(ActorKind.TOKEN, uuid4())
Tamper = Callable[[], Awaitable[Any]]


def installation(*keys: bytes) -> Installation:
    nothing: Any = None
    return Installation(Keyring.from_secret(*keys), nothing, nothing, nothing, "")


HERE = installation(SECRET)


@use_case
async def one_change(number: int, installation: Installation = HERE, chain: UUID = CHAIN) -> None:
    """One audited use case."""
    async with recorded(
        installation, SCRIPT, "updateSite", NOW + timedelta(minutes=number)
    ) as change:
        change.note("Site", uuid4(), chain=chain, number=number, nested={"a": [1, None, "é"]})


async def filled() -> None:
    await AuditRow.all().delete()
    await AuditHead.all().delete()
    for number in range(ROWS):
        await one_change(number)
    assert await first_broken_row(HERE, CHAIN) is None


def altered(**values: Any) -> Tamper:
    async def changed() -> None:
        await AuditRow.filter(chain=CHAIN, number=3).update(**values)

    return changed


def removed(number: int) -> Tamper:
    async def cut() -> None:
        await AuditRow.filter(chain=CHAIN, number=number).delete()

    return cut


async def exchange_contents() -> None:
    one, two = [await AuditRow.get(chain=CHAIN, number=each) for each in (2, 4)]
    for name in ("at", "actor_id", "target_id", "changes", "mac"):
        mine, theirs = getattr(one, name), getattr(two, name)
        setattr(one, name, theirs)
        setattr(two, name, mine)
    await one.save()
    await two.save()


async def renumber() -> None:
    for old, new in ((2, 99), (3, 2), (99, 3)):
        await AuditRow.filter(chain=CHAIN, number=old).update(number=new)


async def remove_and_close_up() -> None:
    await AuditRow.filter(chain=CHAIN, number=2).delete()
    for number in range(3, ROWS + 1):
        await AuditRow.filter(chain=CHAIN, number=number).update(number=number - 1)


async def repeat_a_row() -> None:
    row = await AuditRow.get(chain=CHAIN, number=ROWS)
    row.id, row.number = uuid4(), ROWS + 1
    await row.save(force_create=True)
    await AuditHead.filter(id=CHAIN).update(number=ROWS + 1)


async def cut_the_tail() -> None:
    await AuditRow.filter(chain=CHAIN, number__gt=3).delete()


async def cut_the_tail_and_the_head() -> None:
    await cut_the_tail()
    await AuditHead.filter(id=CHAIN).delete()


async def cut_everything_but_the_head() -> None:
    await AuditRow.filter(chain=CHAIN).delete()


async def name_another_key() -> None:
    row = await AuditRow.get(chain=CHAIN, number=3)
    row.mac = "00000000:" + row.mac.partition(":")[2]
    await row.save()


TAMPERING: list[tuple[str, Tamper, int]] = [
    ("actor", altered(actor_id=uuid4()), 3),
    ("kind of actor", altered(actor_kind=ActorKind.COMMAND_LINE), 3),
    ("nobody", altered(actor_id=None), 3),
    ("time", altered(at=NOW + timedelta(microseconds=1)), 3),
    ("action", altered(action="createSite"), 3),
    ("target", altered(target_id=uuid4()), 3),
    ("kind of target", altered(target_kind="Lock"), 3),
    ("changes", altered(changes={"number": 2}), 3),
    ("mac", altered(mac="x"), 3),
    ("removed", removed(3), 3),
    ("first removed", removed(1), 1),
    ("removed and closed up", remove_and_close_up, 2),
    ("reordered", renumber, 2),
    ("contents exchanged", exchange_contents, 2),
    ("a row repeated", repeat_a_row, ROWS + 1),
    ("tail cut", cut_the_tail, 4),
    ("tail and head cut", cut_the_tail_and_the_head, 4),
    ("all rows cut", cut_everything_but_the_head, 1),
    ("under a key that is not ours", name_another_key, 3),
]


async def test_whatever_is_done_to_the_rows_is_found_and_placed(database: Database) -> None:
    """Proves for each field, and for removal, order, repetition and a cut tail, that the first wrong row is named."""
    found = {}
    for name, tamper, _ in TAMPERING:
        await filled()
        await tamper()
        found[name] = await first_broken_row(HERE, CHAIN)
    assert found == {name: number for name, _, number in TAMPERING}


async def test_rows_of_another_chain_or_installation_do_not_fit(database: Database) -> None:
    """Proves that a row is bound to its chain and to the secret, and that old keys still verify while rotating."""
    await filled()
    other = uuid4()
    await one_change(0, chain=other)
    await AuditRow.filter(chain=other).update(chain=CHAIN, number=ROWS + 1)
    await AuditHead.filter(id=CHAIN).update(number=ROWS + 1)
    assert await first_broken_row(HERE, CHAIN) == ROWS + 1
    await filled()
    assert await first_broken_row(installation(secrets.token_bytes(32)), CHAIN) == 1
    rotated = installation(secrets.token_bytes(32), SECRET)
    await one_change(ROWS, installation=rotated)
    assert await first_broken_row(rotated, CHAIN) is None
    assert await first_broken_row(HERE, uuid4()) is None


async def test_what_is_not_promised_is_said(database: Database) -> None:
    """Proves the limit that the docstring names: a tail cut together with its head set back is whole by this check."""
    await filled()
    await cut_the_tail()
    row = await AuditRow.get(chain=CHAIN, number=3)
    await AuditHead.filter(id=CHAIN).update(number=3, mac=row.mac)
    assert await first_broken_row(HERE, CHAIN) is None


async def test_rows_written_at_once_queue_up(database: Database) -> None:
    """Proves that concurrent changes make one chain without a gap, and that changes in two chains do not deadlock."""
    chains = (CHAIN, uuid4())

    @use_case
    async def both(number: int) -> None:
        async with recorded(HERE, SCRIPT, "createApiToken", NOW) as told:
            for chain in chains if number % 2 else chains[::-1]:
                told.note("ApiToken", uuid4(), chain=chain)

    await asyncio.gather(*(both(number) for number in range(16)))
    for chain in chains:
        assert await first_broken_row(HERE, chain) is None
        assert await AuditRow.filter(chain=chain).count() == 16


async def test_a_use_case_that_says_nothing_fails(database: Database) -> None:
    """Proves that changing something and noting nothing undoes the change, and that "unchanged" must be said."""

    @use_case
    async def silent(*, honest: bool) -> None:
        async with recorded(HERE, SCRIPT, "updateSite", NOW) as told:
            await AuditHead.create(id=uuid4())
            if honest:
                told.unchanged()

    with pytest.raises(NothingNoted):
        await silent(honest=False)
    assert await AuditHead.all().count() == 0
    await silent(honest=True)
    assert await AuditRow.all().count() == 0
