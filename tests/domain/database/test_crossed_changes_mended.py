"""What changes that crossed left behind in databases of the first version is mended by the next migration."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.database import migrate
from domain.database.connection import connected
from domain.locks.service import delete_lock
from domain.locks.tables import Lock
from domain.people.tables import Member
from domain.pins.service import delete_pin
from domain.pins.tables import HeldDigits, PinReservation
from domain.tags.service import create_tag
from domain.tags.tables import TaggedLock, TaggedMember, TagTarget
from tests.databases import Database
from tests.domain.sync.yard import Yard

FORGET = "DELETE FROM tortoise_migrations WHERE name LIKE '%_what_crossed_changes_left'"
LEAKED, HELD, LIVE, AT_DELETED = "49172638", "58203917", "60314028", "71425139"


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    """A site with one member and no locks yet."""
    made = await Yard.make(tmp_path)
    yield made
    made.installation.passwords.close()


async def test_digits_without_a_holder_are_free_and_all_others_stay_taken(
    database: Database, yard: Yard
) -> None:
    """Freed are those that no lock holds, or only one that was deleted."""
    shown = {
        digits: await yard.pin(await yard.lock(digits), digits=digits)
        for digits in (LEAKED, HELD, LIVE, AT_DELETED)
    }
    await yard.settle()
    for digits in (LEAKED, HELD, AT_DELETED):
        await delete_pin(yard.installation, yard.by, pin_id=shown[digits].pin.id, now=yard.now)
    await HeldDigits.filter(reservation__pin_id=shown[LEAKED].pin.id).delete()
    await Lock.filter(name=AT_DELETED).update(deleted_at=yard.now)

    await connected().client.execute_query(FORGET)
    assert len(await migrate(database.url)) == 1

    kept = {each.pin_id for each in await PinReservation.all()}
    assert kept == {shown[HELD].pin.id, shown[LIVE].pin.id}
    holders = await HeldDigits.all().select_related("reservation")
    assert [each.reservation.pin_id for each in holders] == [shown[HELD].pin.id]


async def test_tags_hold_neither_deleted_locks_nor_removed_members(
    database: Database, yard: Yard
) -> None:
    front, back = await yard.lock("Front"), await yard.lock("Back")
    tags = [
        await create_tag(
            yard.installation,
            yard.by,
            name="Some",
            target=target,
            member_ids=[yard.owner.id] if target is TagTarget.MEMBER else None,
            lock_ids=[front.id, back.id] if target is TagTarget.LOCK else None,
            now=yard.now,
        )
        for target in (TagTarget.LOCK, TagTarget.MEMBER)
    ]
    await delete_lock(yard.installation, yard.by, lock_id=front.id, now=yard.now)
    await TaggedLock.create(tag=tags[0], lock_id=front.id)
    gone = await Member.create(
        site=yard.site, name="Gone", role="USER", created_at=yard.now, removed_at=yard.now
    )
    await TaggedMember.create(tag=tags[1], member=gone)

    await connected().client.execute_query(FORGET)
    await migrate(database.url)

    assert [row.lock_id for row in await TaggedLock.filter(tag_id=tags[0].id)] == [back.id]
    assert [row.member_id for row in await TaggedMember.filter(tag_id=tags[1].id)] == [
        yard.owner.id
    ]
