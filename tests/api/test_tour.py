"""The tour is played again and again in one place, by whoever shows the product."""

from api.tour.smartpin import DOOR, create_code
from api.tour.stage import Stage
from tests.api.smartpin_steps import switch
from tests.serving import Served

VARIANTS_OF_TWO_DAYS = 16


async def test_the_smartpin_chapter_finds_a_code_each_time_within_an_hour(served: Served) -> None:
    """More often than a window of two days has codes; the answer is one that opens now."""
    house = await served.site()
    entry = await house.lock(DOOR)
    await switch(house, entry["lockId"])
    browser = served.browser()
    await browser.sign_in("owner-house@example.com")
    demo = {"site": house.id, "signIns": []}
    stage = Stage(browser, served.http, demo, "", lambda _: None)
    stage.locks[DOOR] = entry["lockId"]

    made = [await create_code(stage) for _ in range(VARIANTS_OF_TWO_DAYS + 1)]

    assert len({each["digits"] for each in made}) == len(made)
    assert {each["smartPin"]["state"] for each in made} == {"ACTIVE"}
