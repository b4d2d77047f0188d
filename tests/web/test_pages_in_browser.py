"""The pages behind links in a real browser: what a person sees of a good link, a dead one and half a one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.api.letters import Letters
from tests.databases import only_sqlite
from tests.locksim import chromium
from tests.serving import House, Served

pytestmark = [
    pytest.mark.skipif(chromium.PROGRAM is None, reason="no Chromium is installed"),
    only_sqlite,  # the pages know nothing of the database
]

NEW = "a password of Ada's own"
FORM_SHOWN = "document.querySelector('#form')?.checkVisibility()"
SAID = "document.querySelector('#said')?.textContent"


@pytest_asyncio.fixture
async def page(tmp_path: Path) -> AsyncIterator[chromium.Page]:
    """An empty tab."""
    async with chromium.page(tmp_path / "profile") as page:
        yield page


async def visit(page: chromium.Page, url: str) -> None:
    """Open a link on a phone, as if for the first time."""
    await page.open("about:blank", width=390, height=844)
    await page.until("location.href", "about:blank")
    await page.open(url, width=390, height=844)
    await page.until("document.readyState", "complete")


async def invited(served: Served, house: House, email: str) -> str:
    """The link in the letter to a new member."""
    await house.change("createMember", siteId=house.id, name="Ada", email=email)
    return f"{served.url}/join/#{await Letters(served).link_to(email)}"


async def test_a_link_without_a_whole_code_asks_for_a_new_one(
    served: Served, page: chromium.Page
) -> None:
    """Also where it cannot be read at all; nothing of it is shown."""
    for half in ("", "#%", "#51J0-PRW0", "#<b>51J0-PRW0-TG9KT</b>"):
        await visit(page, f"{served.url}/i/{half}")
        await page.until("document.querySelector('#missing')?.checkVisibility()", True)
        assert await page.see("document.querySelector('#found').checkVisibility()") is False
        assert await page.see("document.querySelector('h1').textContent") == "Your invitation"


async def test_an_invitations_code_is_shown(served: Served, page: chromium.Page) -> None:
    """As it stands behind # in the link."""
    await visit(page, f"{served.url}/i/#51J0-PRW0-TG9KT")
    await page.until("document.querySelector('#code')?.textContent", "51J0-PRW0-TG9KT")
    assert await page.see("document.querySelector('#missing').checkVisibility()") is False


async def test_a_link_without_a_whole_secret_asks_for_no_password(
    served: Served, page: chromium.Page
) -> None:
    """The page says at once what to do, and shows no form."""
    for path in ("/join/", "/reset/", "/join/#lwl_half", "/reset/#%"):
        await visit(page, f"{served.url}{path}")
        await page.until(f"{SAID}?.slice(0, 22)", "This link is not whole")
        assert await page.see(FORM_SHOWN) is False


async def test_a_person_joins_and_learns_how_to_sign_in(
    served: Served, page: chromium.Page
) -> None:
    """A password that is refused can be mended; then the form is gone with what was typed; the link works once."""
    house = await served.site()
    link = await invited(served, house, "ada@example.com")
    await visit(page, link)
    await page.until(FORM_SHOWN, True)
    await page.fill("#password", "short")
    await page.tap("#form button")
    await page.until(f"{SAID} !== ''", True)
    assert await page.see(FORM_SHOWN) is True
    await page.until("document.querySelector('#form button').disabled", False)
    await page.fill("#password", NEW)
    await page.see(
        "window.turns = []; new MutationObserver(() => turns.push(document.querySelector('#form button').disabled))"
        ".observe(document.querySelector('#form button'), { attributes: true })"
    )
    await page.tap("#form button")
    await page.until(f"{SAID}?.slice(0, 41)", "You have joined. Sign in as ada@example.c")
    assert await page.see("turns.join()") == "true,false"
    assert await page.see(FORM_SHOWN) is False
    assert await page.see("document.querySelector('#password').value") == ""
    assert (await served.browser().sign_in("ada@example.com", NEW))["__typename"] == "SignedIn"
    await visit(page, link)
    await page.until(FORM_SHOWN, True)
    await page.fill("#password", NEW)
    await page.tap("#form button")
    await page.until(SAID, "This link cannot be used any more. Ask for a new one.")
    assert await page.see(FORM_SHOWN) is False
    assert await page.see("document.querySelector('#password').value") == ""


async def test_another_link_in_the_same_tab_is_read_anew(
    served: Served, page: chromium.Page
) -> None:
    """Only what is behind # differs, of which a browser makes no new page."""
    house = await served.site()
    link = await invited(served, house, "ada@example.com")
    await visit(page, f"{served.url}/join/#lwl_half")
    await page.until(FORM_SHOWN, False)
    await page.open(link, width=390, height=844)
    await page.until(FORM_SHOWN, True)
