"""Locks chosen by id, by tag, or both, as the inputs for access rules, PINs and invitations do."""

from collections.abc import Collection
from uuid import UUID

from domain.database.rows import Row
from domain.errors import InvalidInput
from domain.locks.service import live_locks
from domain.tags.service import live_tags, locks_of_tags
from domain.tags.tables import TagTarget


async def chosen_locks(
    site_id: UUID, lock_ids: Collection[UUID] | None, tag_ids: Collection[UUID] | None
) -> set[UUID]:
    """The ids of the locks named, and of those that the tags hold now; None names nothing.

    Raises InvalidInput for a list that is given and empty, NotFound for what is not the site's.
    """
    for field, given in (("lock_ids", lock_ids), ("lock_tag_ids", tag_ids)):
        if given is not None and not given:
            raise InvalidInput(field, "Name at least one, or leave the field out.")
    locks = await live_locks(site_id, lock_ids or ())
    tags = await live_tags(site_id, tag_ids or (), TagTarget.LOCK, "lock_tag_ids")
    return {lock.id for lock in locks} | await locks_of_tags([tag.id for tag in tags])


async def replace_choice(
    table: type[Row], chooser: dict[str, UUID], column: str, ids: Collection[UUID] | None
) -> None:
    """Within a transaction: the chooser's rows in `table` name exactly these ids in `column`; None keeps them.

    `chooser` is whose choice it is, as a column and its value.
    """
    if ids is not None:
        await table.filter(**chooser).delete()
        await table.bulk_create([table(**chooser, **{column: each}) for each in sorted(set(ids))])
