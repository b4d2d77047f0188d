"""A transaction at one site hangs: whoever needs its rows is told to try again, and every other site goes on."""

import asyncio
from contextlib import suppress
from typing import Any

import httpx

from domain.database.transactions import advisory_key
from tests.databases import only_postgresql
from tests.domain.crossing import held_back
from tests.serving import House, Served
from tests.waiting import eventually

pytestmark = only_postgresql

ASKERS = 24
EVENTS = "query($id: ID!) { site(id: $id) { events { nodes { kind } } } }"


def rows_of(house: House) -> list[str]:
    """What a change of this site needs, whichever change: another transaction has it all."""
    site = house.row.id
    return [
        f"SELECT pg_advisory_xact_lock({advisory_key(f'access:{site}')})",
        f"SELECT 1 FROM sites WHERE id = '{site}' FOR UPDATE",
        f"SELECT 1 FROM locks WHERE site_id = '{site}' FOR UPDATE",
        f"SELECT 1 FROM audit_heads WHERE id = '{site}' FOR UPDATE",
    ]


async def mutation(house: House, name: str, fields: dict[str, Any]) -> httpx.Response:
    kind = name[0].upper() + name[1:]
    document = f"mutation($input: {kind}Input!) {{ {name}(input: $input) {{ __typename }} }}"
    return await house.served.post(
        document, {"authorization": f"Bearer {house.token}"}, input=fields
    )


async def test_other_sites_go_on_while_a_transaction_at_one_hangs(served: Served) -> None:
    """Changes, openings and locks of the one site wait for it, many at once and again and again; the process has ten
    connections for all.
    """
    stuck, other = await served.site("Stuck"), await served.site("Other")
    theirs, ours = await stuck.lock(), await other.lock()
    deaf, device = await stuck.device(theirs), await other.device(ours)
    guest = served.phone()
    await guest.redeem((await other.invitation(ours["lockId"]))["code"])
    asked: list[tuple[str, dict[str, Any]]] = [
        ("createMember", {"siteId": stuck.id, "name": "A", "role": "USER", "canEdit": False}),
        ("setPinMode", {"target": {"lockId": theirs["lockId"]}, "enabled": False}),
        ("updateSite", {"siteId": stuck.id, "name": "Stuck"}),
        ("openLockRemotely", {"lockId": theirs["lockId"]}),
    ]
    over = asyncio.Event()
    codes: list[str] = []

    async def asks(name: str, fields: dict[str, Any]) -> None:
        while not over.is_set():
            answer = (await mutation(stuck, name, fields)).json()
            if not over.is_set():
                codes.append(answer["errors"][0]["extensions"]["code"])

    async with asyncio.timeout(240), held_back(served.database, *rows_of(stuck)) as held:
        askers = [
            asyncio.create_task(asks(*asked[number % len(asked)])) for number in range(ASKERS)
        ]
        await eventually(held.waiting, lambda waiting: waiting >= 2, within_seconds=60)
        with suppress(TimeoutError):
            await asyncio.wait_for(deaf.type("1234567"), 0.1)
        for _ in range(3):
            remote = await other.change("openLockRemotely", lockId=ours["lockId"])
            opened = await guest.open(ours["lockId"])
            assert (remote["__typename"], opened["__typename"]) == ("OpenedLock", "OpenedLock")
        await device.type("1234567")

        async def stored() -> bool:
            nodes = (await other.ask(EVENTS, id=other.id))["site"]["events"]["nodes"]
            return any(node["kind"] == "DENIED" for node in nodes)

        await eventually(stored, within_seconds=60)
        member = await other.change(
            "createMember", siteId=other.id, name="B", role="USER", canEdit=False
        )
        browser = served.browser()
        await browser.sign_in("owner-other@example.com")
        assert member["__typename"] == "CreatedMember"
        await eventually(codes_of(codes), bool, within_seconds=60)
        over.set()
    await asyncio.gather(*askers)

    assert set(codes) == {"UNAVAILABLE"}
    renamed = await stuck.change("updateSite", siteId=stuck.id, name="Free")
    assert renamed["__typename"] == "UpdatedSite"


def codes_of(codes: list[str]) -> Any:
    async def look() -> list[str]:
        return codes

    return look
