"""The demo site is made once, whoever makes it."""

import asyncio
from pathlib import Path

import orjson

from api.seed import OWNER_EMAIL, seed
from domain.people.tables import Account
from domain.sites.tables import Site
from tests.serving import Served


async def test_of_several_that_seed_at_once_one_does(served: Served, tmp_path: Path) -> None:
    """The others find that the database is not empty, and write no files over those of the one."""
    folders = [tmp_path / str(number) for number in range(4)]
    made = await asyncio.gather(
        *(seed(served.installation, folder, served.clock()) for folder in folders)
    )

    assert sorted(made) == [False, False, False, True]
    assert await Site.all().count() == await Account.filter(email=OWNER_EMAIL).count() == 1
    (written,) = (folder for folder, done in zip(folders, made, strict=True) if done)
    assert orjson.loads((written / "demo.json").read_bytes())["signIns"][0]["email"] == OWNER_EMAIL
    assert [folder.exists() for folder in folders] == made
