"""A flood of wrong passwords keeps nobody else from signing in, whatever addresses it comes from."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from domain.people.sign_in import BY_ADDRESS
from domain.security.passwords import HashingPool
from tests.api.test_sign_in import EMAIL, SIGN_IN, WRONG
from tests.serving import PASSWORD, Served
from tests.waiting import becomes

AT_ONCE = 40
"""More sign-ins than wait in the queue."""


async def sign_in(served: Served, address: str, password: str, email: str = EMAIL) -> str:
    """The answer to somebody at this address, as the proxy in front tells it."""
    asked = {"email": email, "password": password}
    answer = await served.post(SIGN_IN, {"x-forwarded-for": address}, input=asked)
    return str(answer.json()["data"]["signIn"]["__typename"])


@asynccontextmanager
async def slow_hashes(pool: HashingPool) -> AsyncIterator[None]:
    """While this lasts, no hash of this queue comes to an end."""
    gate = threading.Event()
    held = [asyncio.create_task(pool.run(lambda: gate.wait(60))) for _ in range(2)]
    await asyncio.sleep(0)
    try:
        yield
    finally:
        gate.set()
        await asyncio.gather(*held)


@pytest.mark.parametrize(
    ("addresses", "places"),
    [
        (["192.0.2.1"], 4),
        (["192.0.2.1", "::ffff:192.0.2.1", "64:ff9b::c000:201"], 4),
        ([f"2001:db8::{number:x}" for number in range(1, AT_ONCE)], 4),
        ([f"2001:db8:0:{number:x}::1" for number in range(1, AT_ONCE)], 16),
    ],
)
async def test_one_network_does_not_fill_the_queue(
    served: Served, addresses: list[str], places: int
) -> None:
    """One address, one household, one company: each has its few places; the rest is told to come back."""
    await served.site()
    pool = served.installation.passwords.strangers
    async with slow_hashes(pool):
        flood = [
            asyncio.create_task(
                sign_in(served, addresses[n % len(addresses)], WRONG, f"n{n}@example.com")
            )
            for n in range(AT_ONCE)
        ]
        await becomes(lambda: sum(each.done() for each in flood) == AT_ONCE - places)
        assert pool.taken == 2 + places
        owner = asyncio.create_task(sign_in(served, "198.51.100.7", PASSWORD))
        await becomes(lambda: pool.taken == 3 + places)
    answers = await asyncio.gather(*flood)
    assert await owner == "SignedIn"
    assert answers.count("Throttled") == AT_ONCE - places
    assert answers.count("SignInFailed") == places


async def test_where_strangers_fill_the_queue_known_browsers_and_pins_have_their_own(
    served: Served,
) -> None:
    """From a hundred addresses at once: the owner's browser signs in, a password is confirmed, a PIN is made."""
    house = await served.site()
    door = (await house.lock())["lockId"]
    member = await house.member("Emil")
    browser = served.browser()
    await browser.sign_in(EMAIL)
    pool = served.installation.passwords.strangers
    async with slow_hashes(pool):
        flood = [
            asyncio.create_task(sign_in(served, f"192.0.2.{n}", WRONG, f"n{n}@example.com"))
            for n in range(AT_ONCE)
        ]
        await becomes(lambda: pool.taken == 34)
        stranger = await sign_in(served, "198.51.100.7", PASSWORD)
        confirmed: dict[str, Any] = await browser.ask(
            "mutation($p: String!) { confirmPassword(input: { password: $p }) { __typename } }",
            p=PASSWORD,
        )
        again = await browser.sign_in(EMAIL)
        made = await house.change(
            "createPin", siteId=house.id, owner={"memberId": member}, lockIds=[door]
        )
    await asyncio.gather(*flood)

    assert stranger == "Throttled"
    assert confirmed["confirmPassword"]["__typename"] == "ConfirmedPassword"
    assert again["__typename"] == "SignedIn"
    assert made["__typename"] == "CreatedPin"


async def test_guesses_from_one_household_are_counted_together(served: Served) -> None:
    """A hundred in a quarter of an hour, from as many addresses of one /64 as there are."""
    await served.site()
    judged = [
        await sign_in(served, f"2001:db8::{n:x}", WRONG, f"n{n}@example.com")
        for n in range(1, BY_ADDRESS.tries + 3)
    ]
    assert judged == ["SignInFailed"] * BY_ADDRESS.tries + ["Throttled"] * 2
    assert await sign_in(served, "2001:db8:0:1::1", PASSWORD) == "SignedIn"


async def test_what_a_client_says_of_its_address_is_not_believed(served: Served) -> None:
    """Only what the trusted proxy says, which comes last."""
    await served.site()
    for n in range(BY_ADDRESS.tries):
        await sign_in(served, f"10.9.8.{n}, 203.0.113.9", WRONG, f"n{n}@example.com")
    assert await sign_in(served, "10.9.8.250, 203.0.113.9", PASSWORD) == "Throttled"
    assert await sign_in(served, "203.0.113.10", PASSWORD) == "SignedIn"
