"""The plain pages behind links, as a browser gets them."""

import re

import pytest

from tests.serving import Served


@pytest.mark.parametrize("path", ["/i/", "/join/", "/reset/"])
async def test_a_link_leads_to_a_page_whose_parts_all_exist(served: Served, path: str) -> None:
    """Every link that Latchwork hands out leads somewhere: the page, its style sheet and its script are served."""
    page = await served.http.get(f"{served.url}{path}")
    parts = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text)

    assert page.status_code == 200
    assert len(parts) == 2
    for part in parts:
        assert (await served.http.get(f"{served.url}{part}")).status_code == 200


@pytest.mark.parametrize("path", ["/i/", "/join/", "/reset/"])
async def test_a_page_takes_no_foreign_scripts_and_sends_no_referrer(
    served: Served, path: str
) -> None:
    """What stands behind # in the link stays there: nothing foreign runs on the page, and no referrer is sent."""
    headers = (await served.http.get(f"{served.url}{path}")).headers

    assert "script-src 'self'" in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"


async def test_only_the_pages_own_files_are_served(served: Served) -> None:
    """A name of another file, or a path out of the folder, is not found."""
    for name in ("__init__.py", "..%2Fpyproject.toml", "join.html"):
        assert (await served.http.get(f"{served.url}/assets/{name}")).status_code == 404
