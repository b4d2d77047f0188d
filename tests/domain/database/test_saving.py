"""A held row is saved by what was changed of it, and nothing else."""

import pytest

from domain.database import lock_row, transaction
from domain.database.rows import saving
from tests.databases import Database
from tests.domain.database.toys import Box


@pytest.fixture
def model_modules() -> list[str]:
    return ["tests.domain.database.toys"]


async def test_what_was_not_changed_is_not_written_back(database: Database) -> None:
    """What another statement of the transaction writes meanwhile stays, since the row here still has the old value."""
    await Box.create(id=1, label="old", balance=1)
    async with transaction():
        box = await lock_row(Box, 1)
        assert box is not None
        async with saving(box):
            await Box.filter(id=1).update(balance=7)
            box.label = "new"
    row = await Box.get(id=1)

    assert (row.label, row.balance) == ("new", 7)


async def test_a_block_that_fails_saves_nothing(database: Database) -> None:
    """Whoever goes on after it finds the row as it was."""
    await Box.create(id=1, label="old")
    async with transaction():
        box = await lock_row(Box, 1)
        assert box is not None
        with pytest.raises(ValueError, match="no"):  # noqa: PT012 - the block is what is tested
            async with saving(box):
                box.label = "new"
                raise ValueError("no")

    assert (await Box.get(id=1)).label == "old"
