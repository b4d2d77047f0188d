"""The keypad page in a real browser when something is amiss: wrong fields, no power, no keypad, no simulator."""

import asyncio
import contextlib

import pytest

from locksim.panel.server import bind, serve
from tests.locksim import chromium
from tests.locksim.test_panel import Browser, browser
from tests.locksim.test_panel_page import LOCKED_OUT, lit, page, text

pytestmark = pytest.mark.skipif(chromium.PROGRAM is None, reason="no Chromium is installed")
__all__ = ["browser", "page"]

WATCH = """window.seen = []; window.at = [];
  for (const [id, now] of [['red', e => e.classList.contains('on')], ['answer', e => e.textContent]]) {
    const place = document.querySelector('#' + id);
    let was = now(place);
    new MutationObserver(() => {
      if (now(place) === was) return;
      window.seen.push(`${id} ${was = now(place)}`);
      window.at.push(performance.now());
    }).observe(place, { attributes: true, childList: true });
  }"""


async def choose(page: chromium.Page, browser: Browser, number: int) -> None:
    """Go to the door of this number."""
    key = (await browser.locks())[number - 1]["key"]
    field = "document.querySelector('#choose')"
    await page.see(f"{field}.value = '{key}'; {field}.dispatchEvent(new Event('change'))")
    await page.until(text("#name"), f"Door {number}")


async def test_an_address_that_cannot_be_read_leads_to_the_first_lock(
    page: chromium.Page, browser: Browser
) -> None:
    """A stray % behind # once left the page empty."""
    await page.open("about:blank", width=390, height=844)
    await page.open(f"{browser.http.base_url}/#%", width=390, height=844)
    await page.until(text("#name"), "Door 1")
    assert await page.see("document.querySelector('main').hidden") is False


async def test_enter_on_a_key_that_has_the_focus_presses_that_key(
    page: chromium.Page, browser: Browser
) -> None:
    """Cancel is Cancel, and no half entry is handed in; behind a finger's tap Enter is the lock's."""
    await page.see("document.querySelector('#choose').focus()")
    for _ in range(10):
        await page.press("Tab")
    assert await page.see("document.activeElement.dataset.key") == "CANCEL"
    await page.press("1", "2")
    await page.until(text("#dots"), "••")
    await page.press("Enter")
    await page.until(text("#answer"), "Cleared")
    assert (await browser.locks())[0]["typed"] == 0
    for key in "5193":
        await page.tap(f"#keys [data-key='{key}']")
    await page.press("Enter")
    await page.until(text("#answer"), "Denied")


async def test_the_page_says_why_no_pin_can_be_entered(
    page: chromium.Page, browser: Browser
) -> None:
    """PIN mode off, with SmartPINs and without, a lockout, no power, no keypad."""
    pen = browser.pen
    await page.until(text("#lockout"), "enabled")
    browser.feed.send(pen.snapshot(2, pen.settings(pin=False, smartpin=True, version=2)))
    await page.until(text("#lockout"), "off (PIN mode); SmartPINs open")
    browser.feed.send(pen.snapshot(3, pen.settings(pin=False, version=3)))
    await page.until(text("#lockout"), "off (PIN mode)")
    browser.feed.send(pen.snapshot(4, pen.settings(version=4)))
    await page.until(text("#lockout"), "enabled")
    for _ in range(10):
        await browser.type("5193")
    await page.until(text("#lockout"), LOCKED_OUT)
    await browser.act("power", on=False)
    await page.until(text("#lockout"), "no power")
    await choose(page, browser, 3)
    await page.until(text("#lockout"), "this lock has no keypad")
    assert await page.see("document.querySelector('#keys').checkVisibility()") is False
    assert await page.see("document.querySelector('#no-keypad').checkVisibility()") is True
    await page.press("1")
    assert await page.see("sending.then(() => 0)") is not None
    assert (await browser.locks())[2]["typed"] == 0


async def test_without_power_nothing_shines(page: chromium.Page, browser: Browser) -> None:
    """Light and word go out with the power, not two seconds later."""
    await browser.type("5193")
    await page.until(text("#answer"), "Denied")
    assert await page.see(lit("red"))
    # The page's own timers stand still, so that only the power can put the light out.
    await page.see("answerTimers.forEach(clearTimeout)")
    await browser.act("power", on=False)
    await page.until(text("#answer"), "")
    assert not await page.see(lit("red"))


async def test_a_second_denial_is_seen_and_read_out(page: chromium.Page, browser: Browser) -> None:
    """Between two answers it is dark and empty for a moment, also if they are the same."""
    await browser.type("5193")
    await page.until(text("#answer"), "Denied")
    await page.see(WATCH)
    await browser.type("5193")
    await page.until("seen.slice(0, 4).sort().join()", "answer ,answer Denied,red false,red true")
    assert await page.see("at[3] - at[0] > 100"), "too short a moment to be seen"


async def test_what_is_wrong_with_a_field_stands_beside_it_until_it_is_mended(
    page: chromium.Page, browser: Browser
) -> None:
    """In words for people; the keypad's own answers stay free of it."""
    await page.tap("summary")
    for wrong in ("200000", "fast", ""):
        await page.fill("#drift", "7")
        await page.fill("#drift", wrong)
        await page.until(text("#faults-said") + ".slice(0, 27)", "The drift is a whole number")
    await page.fill("#drift", "-120")
    await page.until(text("#faults-said"), "")
    await browser.until(driftPpm=-120)
    await page.fill("#uid", "04a1b")
    await page.tap("#card button")
    await page.until(text("#card-said") + ".slice(0, 8)", "A UID is")
    assert await page.see("document.querySelector('#uid').ariaInvalid") == "true"
    await page.fill("#uid", "04a1b2c3")
    await page.until(text("#card-said"), "")
    await page.tap("#card button")
    await page.until(text("#answer"), "Denied")


async def test_while_the_simulator_is_away_the_page_says_so_and_rests(
    page: chromium.Page, browser: Browser
) -> None:
    """Nothing can be pressed and everything is dimmed; when it is back, all is as before."""
    off = "[...document.querySelectorAll('main button')].every(button => button.disabled)"
    dimmed = "document.querySelector('main').classList.contains('away')"
    assert (await page.see(off), await page.see(dimmed)) == (False, False)
    browser.panel.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await browser.panel
    await page.until(text("#link"), "The simulator does not answer. Trying again…")
    assert (await page.see(off), await page.see(dimmed)) == (True, True)
    await page.press("1")
    port = browser.http.base_url.port
    assert port is not None
    back = asyncio.create_task(serve(browser.fleet, bind(port)))
    try:
        await page.until(text("#link"), "")
        assert (await page.see(off), await page.see(dimmed)) == (False, False)
        await page.press("7", "7")
        await page.until(text("#typed"), "2 digits entered")
    finally:
        back.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await back


@pytest.mark.parametrize(("width", "height"), [(390, 844), (844, 390), (1280, 800)])
async def test_the_whole_keypad_is_in_sight_and_can_be_hit(
    page: chromium.Page, browser: Browser, width: int, height: int
) -> None:
    """On a phone, upright and on its side, and on a desk: no scrolling to Enter, and 44 px for a finger."""
    await page.open("about:blank", width=width, height=height)
    await page.open(str(browser.http.base_url), width=width, height=height)
    await page.until(text("#online"), "connected")
    await page.see("document.querySelector('details').open = true")
    lowest = "Math.max(...[...document.querySelectorAll('#keys button')].map(e => e.getBoundingClientRect().bottom))"
    small = (
        "[...document.querySelectorAll('button, input, select, summary')].filter(e => e.offsetParent).filter(e => {"
        " const r = e.getBoundingClientRect(); return r.width < 44 || r.height < 44; }).length"
    )
    assert await page.see(lowest) <= height
    assert await page.see(small) == 0
    assert await page.see("document.documentElement.scrollWidth <= innerWidth")
