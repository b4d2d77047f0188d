"""The demo's doors can be freed from a lockout as the keypad page says: by the card that it holds to the reader."""

import re
from pathlib import Path

import orjson

from api.seed import CARD_UID, SITE_NAME, seed
from domain.actors import Role
from domain.people.tables import Account
from domain.sites.tables import Site
from tests.serving import House, Served
from tests.waiting import eventually

PAGE = Path(__file__).parents[2] / "locksim" / "panel" / "static" / "panel.html"


async def test_the_card_of_the_keypad_page_ends_a_lockout_at_the_demos_doors(
    served: Served, tmp_path: Path
) -> None:
    """The seed pairs the card that stands in the page's field, and says which door has no keypad."""
    assert re.findall(r'id="uid"[^>]* value="([0-9a-f]+)"', PAGE.read_text()) == [CARD_UID]
    assert await seed(served.installation, tmp_path, served.clock())
    entries = orjson.loads((tmp_path / "locks.json").read_bytes())
    assert [(entry["name"], entry["keypad"]) for entry in entries] == [
        *(("Front door", True), ("Flat 4", True), ("Garage", False), ("Cellar", True))
    ]
    owner = await Account.get(email="anna@demo.example")
    house = House(served, await Site.get(name=SITE_NAME), owner)
    house.token = await house.make_token(Role.OWNER)
    device = await house.device(entries[0])

    async def disabled_by_guessing() -> bool:
        await device.type("5193")
        return device.view is not None and device.view.locked_out

    async def freed_by_card() -> bool:
        await device.present_card(bytes.fromhex(CARD_UID))
        return device.view is not None and not device.view.locked_out

    await eventually(disabled_by_guessing, bool)
    # Again until the delivery with the card has reached the lock.
    await eventually(freed_by_card, bool)
