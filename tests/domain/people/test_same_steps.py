"""Known and unknown accounts take the same steps in the same order, and a browser is known by a token that changes."""

import re
from datetime import timedelta

import pytest

from domain.errors import SignInFailed, Throttled
from domain.installation import Installation
from domain.people.known_browsers import MOST_KNOWN
from domain.people.lifetimes import KNOWN_FOR
from domain.people.passwords import change_password
from domain.people.sign_in import BY_STRANGERS, Phone, SignedIn, sign_in
from domain.people.tables import KnownBrowser, Platform
from domain.security.tokens import new_token
from tests.counting import counted
from tests.databases import Database
from tests.domain.people.test_confirming import on_console
from tests.domain.people.test_signing_in import (
    EMAIL,
    NEW,
    NOW,
    OLD,
    SOMEBODY,
    account,
    hasher,
)

PHONE = Phone("t" * 43, "Phone", Platform.IOS)
NOBODY = "nobody@example.com"


async def tries(
    installation: Installation, email: str, phone: Phone | None, known: str, password: str = NEW
) -> tuple[str, list[str], int]:
    """How a try to sign in ends, which statements it makes without their values, and the hashes that it spends."""
    before = hasher(installation).spent
    outcome = "SignedIn"
    with counted() as statements:
        try:
            await sign_in(
                installation,
                SOMEBODY,
                email=email,
                password=password,
                phone=phone,
                known=known,
                now=NOW,
            )
        except (SignInFailed, Throttled) as refused:
            outcome = type(refused).__name__
    shapes = [re.sub(r"'[^']*'|\b\d+\b", "?", statement) for statement in statements]
    return outcome, shapes, hasher(installation).spent - before


@pytest.mark.parametrize("phone", [None, PHONE])
async def test_unknown_accounts_take_the_same_steps(
    database: Database, installation: Installation, phone: Phone | None
) -> None:
    """Proves equal statements in equal order on the console's and the phone's path, with and without a cookie, before and
    while the budget is spent, and for an account without a password."""
    await account(installation)
    await account(installation, "invited@example.com", None)
    for known in ("", "x", new_token("lwb")):
        emails = (EMAIL, NOBODY, "invited@example.com")
        seen = [await tries(installation, email, phone, known) for email in emails]
        assert seen[0] == seen[1] == seen[2]
        assert (seen[0][0], seen[0][2]) == ("SignInFailed", 1)
    for email in (EMAIL, NOBODY):
        for _ in range(BY_STRANGERS.tries):
            await tries(installation, email, phone, "")
    for known in ("", new_token("lwb")):
        for password in (OLD, NEW):
            first = await tries(installation, EMAIL, phone, known, password)
            assert first == await tries(installation, NOBODY, phone, known, password)
            assert (first[0], first[2]) == ("Throttled", 0)


async def known_after(installation: Installation, known: str) -> str:
    done = await sign_in(
        installation, SOMEBODY, email=EMAIL, password=OLD, phone=None, known=known, now=NOW
    )
    assert isinstance(done, SignedIn)
    return done.known


async def test_what_a_browser_is_known_by_changes_with_each_sign_in(
    database: Database, installation: Installation
) -> None:
    """Proves that the earlier token is a stranger's, that the browser stays one, and that there is a bound to them."""
    await account(installation)
    first = await known_after(installation, "")
    second = await known_after(installation, first)
    assert first != second
    assert await KnownBrowser.all().count() == 1
    for _ in range(BY_STRANGERS.tries):
        await tries(installation, EMAIL, None, "")
    assert (await tries(installation, EMAIL, None, first, OLD))[0] == "Throttled"
    assert (await tries(installation, EMAIL, None, second, OLD))[0] == "SignedIn"


async def test_known_browsers_are_bounded_and_end(
    database: Database, installation: Installation
) -> None:
    """Proves the newest of an account, half a year, and that a changed password makes strangers of all."""
    await account(installation)
    for _ in range(MOST_KNOWN + 3):
        await known_after(installation, "")
    assert await KnownBrowser.all().count() == MOST_KNOWN
    row = await KnownBrowser.all().order_by("-id").first()
    assert row is not None
    assert row.expires_at == NOW + KNOWN_FOR > NOW + timedelta(days=100)
    await change_password(
        installation, SOMEBODY, await on_console(installation), old=OLD, new=NEW, now=NOW
    )
    assert not await KnownBrowser.exists()


async def test_one_known_browser_locks_no_other_out(
    database: Database, installation: Installation
) -> None:
    """Proves that the budget of known browsers is each one's own: a stolen token spends its own tries."""
    await account(installation)
    stolen, own = await known_after(installation, ""), await known_after(installation, "")
    for _ in range(BY_STRANGERS.tries + 1):
        last = await tries(installation, EMAIL, None, stolen)
    assert last[0] == "Throttled"
    assert (await tries(installation, EMAIL, None, own, OLD))[0] == "SignedIn"
