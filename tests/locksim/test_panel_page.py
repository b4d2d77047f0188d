"""The keypad page in a real browser: typed on, tapped, and read like a person would."""

import warnings
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.locksim import chromium
from tests.locksim.rig import CARD
from tests.locksim.test_panel import PIN, Browser, browser

if chromium.PROGRAM is None:
    warnings.warn("NO BROWSER: the keypad page was not tested; install chromium", stacklevel=1)

pytestmark = pytest.mark.skipif(chromium.PROGRAM is None, reason="no Chromium is installed")
__all__ = ["browser"]


@pytest_asyncio.fixture
async def page(browser: Browser, tmp_path: Path) -> AsyncIterator[chromium.Page]:
    """The page on the screen of a phone, once it shows the first lock as connected."""
    async with chromium.page(tmp_path / "profile") as page:
        await page.open(str(browser.http.base_url), width=390, height=844)
        await page.until(text("#online"), "connected")
        yield page


LOCKED_OUT = "disabled: hold the paired card, or let an admin unlock remotely"


def text(selector: str) -> str:
    """A script for the text of an element."""
    return f"document.querySelector('{selector}')?.textContent"


def lit(light: str) -> str:
    """A script that tells whether a light is on."""
    return f"document.querySelector('#{light}').classList.contains('on')"


async def test_a_person_can_use_the_lock_from_keyboard_and_phone(
    page: chromium.Page,
    browser: Browser,
) -> None:
    """Keys, cancel, backspace, lights, door, lockout and card, switches, another door."""
    # From the keyboard, with a correction.
    await page.press(*PIN[:-1], "1", "Backspace", PIN[-1])
    await page.until(text("#dots"), "•" * len(PIN))
    await page.press("Enter")
    await page.until(text("#door-text"), "Open")
    await page.until(text("#answer"), "Granted")
    assert await page.see(lit("green"))
    assert not await page.see(lit("red"))
    await page.until(text("#dots"), "")
    # By finger: Cancel clears, a wrong PIN is red.
    for key in ("5", "5", "CANCEL", "5", "1", "9", "3", "ENTER"):
        await page.tap(f"#keys [data-key='{key}']")
    await page.until(text("#answer"), "Denied")
    assert await page.see(lit("red"))
    # No digit is left in the page, and nothing sticks out of the screen.
    assert PIN not in await page.see("document.documentElement.outerHTML")
    assert await page.see("document.documentElement.scrollWidth <= innerWidth")
    # Ten wrong entries, then the paired card.
    for _ in range(10):
        await browser.type("5193")
    await page.until(text("#lockout"), LOCKED_OUT)
    await page.see(f"document.querySelector('#uid').value = '{CARD.hex()}'")
    await page.tap("#card button")
    await page.until(text("#lockout"), "enabled")
    # Network and power.
    await page.tap("#network")
    await page.until(text("#online"), "not connected")
    await page.tap("#power")
    await page.until(text("#clock"), "no power")
    assert await page.see("[...document.querySelectorAll('#keys button')].every(b => b.disabled)")
    await page.tap("#power")
    await page.tap("#network")
    await page.until(text("#online"), "connected")
    # Another door.
    second = (await browser.locks())[1]
    choose = "document.querySelector('#choose')"
    await page.see(
        f"{choose}.value = '{second['key']}'; {choose}.dispatchEvent(new Event('change'))"
    )
    await page.until(text("#name"), "Door 2")
    await page.press("7")
    await page.until(text("#dots"), "•")
    assert (await browser.locks())[1]["typed"] == 1


async def test_what_is_done_at_the_keypad_shows_as_two_green_flashes(page: chromium.Page) -> None:
    """As after blocking a SmartPIN: on, off, on, off, and never red; an answer that opens is one long light."""
    watch = """window.turns = []; for (const name of ['green', 'red']) {
      const light = document.querySelector('#' + name);
      let was = false;
      new MutationObserver(() => {
        const is = light.classList.contains('on');
        if (is !== was) window.turns.push(`${name} ${is ? 'on' : 'off'}`);
        was = is;
      }).observe(light, { attributes: true });
    }"""
    await page.see(f"{watch}; flash('DONE')")
    await page.until("window.turns.join()", "green on,green off,green on,green off")
    await page.until(text("#answer"), "")
    await page.see("window.turns = []; flash('GRANTED')")
    await page.until("window.turns.join()", "green on,green off")


async def test_every_control_has_a_name_and_can_be_reached_by_tab(page: chromium.Page) -> None:
    """Buttons and fields say what they are; Tab goes through the keys in their order."""
    nameless = (
        "[...document.querySelectorAll('button, input, select')].filter(e =>"
        " !(e.textContent.trim() || e.labels?.length || e.ariaLabel)).length"
    )
    assert await page.see(nameless) == 0
    await page.see("document.querySelector('#choose').focus()")
    reached = []
    for _ in range(13):
        await page.press("Tab")
        reached.append(await page.see("document.activeElement.dataset.key"))
    assert reached == [*"123456789", "CANCEL", "0", "ENTER", "BACKSPACE"]
