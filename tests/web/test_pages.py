"""The plain pages behind links, as a browser gets them."""

import re
from pathlib import Path

import pytest

from tests.locksim import chromium
from tests.serving import Served


@pytest.mark.parametrize("path", ["/i/", "/join/", "/reset/"])
async def test_a_link_leads_to_a_page_whose_parts_all_exist(served: Served, path: str) -> None:
    """Every link that Latchwork hands out leads somewhere: the page, its style sheet and its script are served."""
    page = await served.http.get(f"{served.url}{path}")
    parts = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text)

    assert page.status_code == 200
    assert len(parts) == 2
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for part in parts:
        found = await served.http.get(f"{served.url}{part}")
        assert found.status_code == 200
        assert found.headers["content-type"].startswith(("text/css", "text/javascript"))


@pytest.mark.parametrize("path", ["/i/", "/join/", "/reset/"])
async def test_a_page_takes_no_foreign_scripts_and_sends_no_referrer(
    served: Served, path: str
) -> None:
    """What stands behind # in the link stays there: nothing foreign runs on the page, and no referrer is sent."""
    page = await served.http.get(f"{served.url}{path}")
    known = {"if-none-match": page.headers["etag"]}
    again = await served.http.get(f"{served.url}{path}", headers=known)

    assert (page.status_code, again.status_code) == (200, 304)
    for headers in (page.headers, again.headers):
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-cache"
        assert headers["x-content-type-options"] == "nosniff"


async def test_only_the_pages_own_files_are_served(served: Served) -> None:
    """A name of another file, or a path out of the folder, is not found."""
    for name in (
        "__init__.py",
        "..%2Fpyproject.toml",
        "..%2F__init__.py",
        "..%2Fjoin%2Findex.html",
        "join.html",
    ):
        assert (await served.http.get(f"{served.url}/assets/{name}")).status_code == 404


@pytest.mark.skipif(chromium.PROGRAM is None, reason="no Chromium is installed")
async def test_an_invitation_link_shows_its_code_or_says_what_to_do(
    served: Served, tmp_path: Path
) -> None:
    """Proves that a code is shown as it stands in the link, and that a link cut off or empty gets the advice."""
    async with chromium.page(tmp_path / "profile") as page:
        for behind, shown in (("7QPP-VHA2-QKSX1", "found"), ("%", "missing"), ("", "missing")):
            await page.open("about:blank", width=390, height=844)
            await page.open(f"{served.url}/i/#{behind}", width=390, height=844)
            hidden = {"found": "missing", "missing": "found"}[shown]
            await page.until(f"document.getElementById('{shown}')?.hidden", False)
            assert await page.see(f"document.getElementById('{hidden}').hidden")
            if shown == "found":
                assert await page.see("document.getElementById('code').textContent") == behind


@pytest.mark.parametrize("path", ["/i/", "/join/?a=b", "/reset/"])
async def test_a_page_at_another_address_sends_the_browser_on(served: Served, path: str) -> None:
    """There nobody could sign in or prove a key. What stands behind # goes along, since the new address has none."""
    elsewhere = {"host": f"localhost:{served.url.rpartition(':')[2]}"}
    sent = await served.http.get(f"{served.url}{path}", headers=elsewhere)
    asked = await served.http.post(
        f"{served.url}/graphql", json={"query": "{ me { __typename } }"}, headers=elsewhere
    )

    assert (sent.status_code, sent.headers["location"]) == (307, f"{served.url}{path}")
    assert sent.headers["cache-control"] == "no-store"
    assert asked.json() == {"data": {"me": None}}, "what programs ask is answered wherever they ask"


async def test_behind_a_proxy_that_hides_the_name_nobody_goes_round_in_circles(
    served: Served,
) -> None:
    """Whoever was sent on just now gets the page, whatever name the proxy says."""
    hidden = {"host": "backend"}
    sent = await served.http.get(f"{served.url}/join/", headers=hidden)
    served.http.cookies.clear()
    cookie = sent.headers["set-cookie"].partition(";")[0]
    again = await served.http.get(f"{served.url}/join/", headers={**hidden, "cookie": cookie})

    assert (sent.status_code, again.status_code) == (307, 200)


async def test_any_port_of_the_right_name_gets_the_page(served: Served) -> None:
    """A proxy may leave the port out of the name that it passes on."""
    page = await served.http.get(f"{served.url}/join/", headers={"host": "127.0.0.1"})
    assert page.status_code == 200
