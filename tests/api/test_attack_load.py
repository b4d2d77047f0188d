"""One address attacks, and another one's sign-in and openLock go on.

Measured against as many plain requests from that address and not against a clock: a busy machine slows both.
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest

from api.tour.phone import Phone
from tests.api.test_dpop import ME, Forger
from tests.serving import PASSWORD, Served

ATTACKERS = 12
TIMES = 25
"""How much longer than beside plain requests; the documents that this closes out took a hundred times as long."""
NUMBERS = itertools.count()
MANY_VALUES = b'{"query":"{__typename}","variables":{"x":[' + b"[]," * 80_000 + b"[]]}}"
SIGN_IN = "mutation($input: SignInInput!) { signIn(input: $input) { __typename } }"


async def _plain(served: Served, http: httpx.AsyncClient) -> None:
    await http.post(f"{served.url}/graphql", json={"query": "{ __typename }"})


async def _merging(served: Served, http: httpx.AsyncClient) -> None:
    """A new document each time: 300 fields that cannot be merged."""
    first = next(NUMBERS)
    fields = " ".join(f'site(id: "{first}-{n}") {{ name }}' for n in range(300))
    await http.post(f"{served.url}/graphql", json={"query": f"{{ {fields} }}"})


async def _fragments(served: Served, http: httpx.AsyncClient) -> None:
    first = next(NUMBERS)
    spreads = " ".join(f"...F{n}" for n in range(90))
    fragments = " ".join(f"fragment F{n} on Query {{ me{first}: me {{ id }} }}" for n in range(90))
    await http.post(f"{served.url}/graphql", json={"query": f"{{ {spreads} }} {fragments}"})


async def _values(served: Served, http: httpx.AsyncClient) -> None:
    """As much as fits into a body, in a variable that the document does not even name."""
    headers = {"content-type": "application/json"}
    await http.post(f"{served.url}/graphql", content=MANY_VALUES, headers=headers)


async def _proofs(served: Served, http: httpx.AsyncClient) -> None:
    await Forger(served.url, http).knock(Forger(served.url, http).proof(ME), scheme=None)


async def _sign_ins(served: Served, http: httpx.AsyncClient) -> None:
    email = f"nobody{next(NUMBERS)}@example.com"
    sent = {"email": email, "password": "x" * 1_000, "deviceName": "x" * 10_000}
    body = {"query": SIGN_IN, "variables": {"input": sent}}
    await http.post(f"{served.url}/graphql", json=body)


Attack = Callable[[Served, httpx.AsyncClient], Coroutine[Any, Any, None]]


async def _beside(served: Served, attack: Attack, work: Coroutine[Any, Any, None]) -> float:
    """How long the work takes while twelve connections of another address do this without a pause."""

    async def again_and_again(http: httpx.AsyncClient) -> None:
        while True:
            await attack(served, http)

    transport = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
    async with httpx.AsyncClient(transport=transport, timeout=60) as http:
        tasks = [asyncio.create_task(again_and_again(http)) for _ in range(ATTACKERS)]
        await attack(served, http)  # they have begun
        started = time.perf_counter()
        async with asyncio.timeout(60):
            await work
        took = time.perf_counter() - started
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(ended, asyncio.CancelledError), ended
    return took


@pytest.mark.parametrize(
    "attack", [_merging, _fragments, _values, _proofs, _sign_ins], ids=lambda each: each.__name__
)
async def test_others_are_served_while_one_address_attacks(served: Served, attack: Attack) -> None:
    """A sign-in and an opening, whole: with proofs, password and the lock's own answer."""
    if served.database.is_postgresql and attack in {_merging, _fragments, _values}:
        pytest.skip("a document that is refused reaches no database")
    house = await served.site()
    entry = await house.lock()
    house.simulated(entry)
    await house.until_online(entry["lockId"])
    guest = served.phone()
    await guest.redeem((await house.invitation(entry["lockId"]))["code"])

    async def work() -> None:
        phone: Phone = served.phone()
        signed_in = await phone.ask(
            SIGN_IN, input={"email": house.owner.email, "password": PASSWORD, "deviceName": "Phone"}
        )
        assert signed_in["signIn"]["__typename"] == "SignedIn"
        assert (await guest.open(entry["lockId"]))["__typename"] == "OpenedLock"

    plain = await _beside(served, _plain, work())
    attacked = await _beside(served, attack, work())
    assert attacked < TIMES * plain
