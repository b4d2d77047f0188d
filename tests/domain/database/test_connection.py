"""The database is opened by a URL, answers, and closes."""

import pytest

from tests.databases import Database
from tests.domain.database.toys import Box


@pytest.fixture
def model_modules() -> list[str]:
    return ["tests.domain.database.toys"]


@pytest.mark.parametrize("n", range(20))
async def test_each_test_has_its_own_database(database: Database, n: int) -> None:
    """A row made by one test is not seen by the next, on either database."""
    assert await Box.all().count() == 0
    await Box.create(id=1, label="a")
