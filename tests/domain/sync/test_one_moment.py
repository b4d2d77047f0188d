"""What is read by several statements is of one moment, whatever is changed between two of them; on both databases."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from domain.access.schedule import ALWAYS, Schedule, Weekday
from domain.access_rules import grants
from domain.access_rules.service import create_access_rule, update_access_rule
from domain.database.rows import new_id
from domain.pins.service import delete_pin
from domain.sync import status
from domain.sync.status import pins_at_locks
from domain.sync.tables import UnlockCommand
from domain.unlocking.service import standing_commands
from tests.databases import Database
from tests.domain.sync.yard import Yard

BETWEEN_SECONDS = 1.0
"""How long a reader waits between two statements for a change, which on SQLite waits for the reader."""


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    """A site with one member and no locks yet."""
    made = await Yard.make(tmp_path)
    yield made
    made.installation.passwords.close()


class Between:
    """Runs a change in the middle of a reading, before the function of this name is called."""

    def __init__(self, patch: pytest.MonkeyPatch, module: Any, name: str) -> None:
        self._patch, self._module, self._name = patch, module, name

    async def of(self, reading: Awaitable[Any], change: Callable[[], Awaitable[Any]]) -> Any:
        """What was read. The change is made, if not in the middle, then after it."""
        original = getattr(self._module, self._name)
        begun = asyncio.Event()

        async def once_begun() -> None:
            await begun.wait()
            await change()

        made = asyncio.ensure_future(
            once_begun()
        )  # here: inside, it would be in the reader's transaction

        async def first_the_change(*args: Any) -> Any:
            begun.set()
            await asyncio.wait([made], timeout=BETWEEN_SECONDS)
            return await original(*args)

        with self._patch.context() as patch:
            patch.setattr(self._module, self._name, first_the_change)
            found = await reading
        assert begun.is_set(), "the reading did not come by"
        await made
        return found


async def test_a_removed_pin_that_still_opens_is_said_to(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its delivery is acknowledged while its state is read: what the lock holds is in one of the two or in the other."""
    lock = await yard.lock("Front")
    await yard.settle()
    shown = await yard.pin(lock)
    await lock.server_looks()
    while lock.down:
        lock.lock_hears()
    await delete_pin(yard.installation, yard.by, pin_id=shown.pin.id, now=yard.now)

    async def acknowledged() -> None:
        while lock.up:
            await lock.server_hears()

    between = Between(monkeypatch, status, "unsettled_versions")
    found = await between.of(pins_at_locks([shown.pin.id]), acknowledged)

    (state,) = found[shown.pin.id]
    assert lock.held(shown.digits)
    assert state.opens == [1]
    (after,) = (await pins_at_locks([shown.pin.id]))[shown.pin.id]
    assert (after.opens, after.applied_version) == ([1], 1)


async def test_an_order_is_not_handed_out_by_a_rule_that_never_was(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule for another door at any time becomes one for this door on other days: at no moment was this one open."""
    front, back = await yard.lock("Front"), await yard.lock("Back")
    rule = await _rule(yard, back.id, ALWAYS)
    command = UnlockCommand(id=new_id(), lock_id=front.id, member_id=yard.owner.id)

    async def changed() -> None:
        days = [list(Weekday)[(yard.now.weekday() + 1) % 7]]
        await update_access_rule(
            yard.installation,
            yard.by,
            access_rule_id=rule,
            fields={"lock_ids": [front.id], "weekdays": days},
            now=yard.now,
        )

    between = Between(monkeypatch, grants, "locks_of_rules")

    assert not await standing_commands([command], yard.now)
    assert not await between.of(standing_commands([command], yard.now), changed)
    assert not await standing_commands([command], yard.now)


async def _rule(yard: Yard, lock_id: UUID, schedule: Schedule) -> UUID:
    rule = await create_access_rule(
        yard.installation,
        yard.by,
        member_id=yard.owner.id,
        member_tag_id=None,
        lock_ids=[lock_id],
        lock_tag_ids=None,
        schedule=schedule,
        now=yard.now,
    )
    return rule.id
