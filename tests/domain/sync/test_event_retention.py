"""Events go when their site does not keep them so long, in the order of their numbers; what a lock counts by stays."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.database import sweep, use_case
from domain.errors import CursorExpired, InvalidInput
from domain.link.events import LockEventKind
from domain.locks.rules import Connectivity
from domain.locks.service import NewReader, create_lock
from domain.sites.service import update_site
from domain.sites.tables import Site
from domain.sync.streams import follow_events
from domain.sync.sweeping import SWEEPS
from domain.sync.tables import EventHead, LockEvent
from tests.databases import Database, only_sqlite
from tests.domain.sync.yard import Yard

DAY = timedelta(days=1)
(OLD_EVENTS,) = [each for each in SWEEPS if each.name == "lock_events"]


async def a_lock(yard: Yard) -> UUID:
    lock = await create_lock(
        yard.installation,
        yard.by,
        name="Door",
        connectivity=Connectivity.ONLINE_WIRED,
        hub_id=None,
        readers=[NewReader("Keypad", True)],
        now=yard.now,
    )
    return lock.id


@use_case
async def told(yard: Yard, lock_id: UUID, count: int, **values: Any) -> None:
    """One event a day, from as many days ago."""
    head = (await EventHead.get_or_create(id=yard.site.id))[0]
    state = values.pop("state_id", "state")
    for number in range(1, count + 1):
        head.number += 1
        await LockEvent.create(
            site_id=yard.site.id,
            lock_id=lock_id,
            number=head.number,
            state_id=f"{state}-{uuid4().hex}" if state == "server" else state,
            sequence=1 if state == "server" else number,
            kind=LockEventKind.OPENED,
            recorded_at=yard.now - (count - number) * DAY,
            member_id=yard.owner.id,
            **values,
        )
    await head.save(update_fields=["number"])


async def test_only_what_is_too_old_goes(database: Database, tmp_path: Path) -> None:
    """Nothing without a rule and nothing of other sites; of a lock all of whose events are old the newest that it
    numbered itself stays and names nobody; whoever goes on behind what is gone is told so."""
    yard, other = await Yard.make(tmp_path), await Yard.make(tmp_path)
    busy, quiet = await a_lock(yard), await a_lock(yard)
    await told(yard, quiet, 1)
    await told(yard, quiet, 1, state_id="server")
    await LockEvent.filter(lock_id=quiet).update(recorded_at=yard.now - 90 * DAY)
    await told(yard, busy, 60)
    await told(other, await a_lock(other), 60)
    await sweep(OLD_EVENTS, yard.now)
    assert await LockEvent.all().count() == 122

    await Site.filter(id=yard.site.id).update(event_retention_days=30)
    assert await sweep(OLD_EVENTS, yard.now) == 31
    kept = await LockEvent.filter(lock_id=busy).order_by("number")
    assert kept[0].recorded_at >= yard.now - 30 * DAY
    assert len(kept) == 31
    (last,) = await LockEvent.filter(lock_id=quiet)
    assert (last.state_id, last.sequence, last.member_id) == ("state", 1, None)
    assert await LockEvent.filter(site_id=other.site.id).count() == 60
    assert await sweep(OLD_EVENTS, yard.now) == 0

    head = await EventHead.get(id=yard.site.id)
    assert head.gone == kept[0].number - 1
    with pytest.raises(CursorExpired):
        await anext(follow_events(yard.site.id, None, head.gone - 1))
    assert (await anext(follow_events(yard.site.id, None, head.gone))).id == kept[0].id

    await told(yard, quiet, 1, state_id="later")
    await sweep(OLD_EVENTS, yard.now + 31 * DAY)
    left = await LockEvent.filter(site_id=yard.site.id)
    assert {(each.lock_id, each.state_id) for each in left} == {(busy, "state"), (quiet, "later")}
    for each in (yard, other):
        each.installation.passwords.close()


@only_sqlite
@pytest.mark.parametrize("days", [0, -1, 3_651, 10_000])
async def test_how_long_may_be_chosen(database: Database, tmp_path: Path, days: int) -> None:
    """One day to ten years, or for good; anything else says so and changes nothing."""
    yard = await Yard.make(tmp_path)

    async def choose(value: int | None) -> int | None:
        fields = {"event_retention_days": value}
        row = await update_site(yard.installation, yard.by, fields=fields, now=yard.now)
        return row.event_retention_days

    assert [await choose(each) for each in (1, 3_650, None)] == [1, 3_650, None]
    with pytest.raises(InvalidInput, match="1 to 3650 days, or null") as refused:
        await choose(days)
    assert refused.value.field == "event_retention_days"
    yard.installation.passwords.close()
