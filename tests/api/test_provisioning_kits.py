"""A provisioning kit that nobody has proven: good for a day, listed, cancelled, and void with the rights of its taker."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from api.app import new_installation
from api.settings import Settings
from api.tour.socket import SocketRefused
from domain.actors import Role
from domain.audit.tables import AuditRow
from domain.locks.provisioning import MOST_PENDING
from domain.locks.rules import Connectivity
from domain.node_ids import read_node_id
from domain.security.keys import Keyring
from tests.api.bare_lock import BareLock
from tests.api.smartpin_steps import ask, seen, smart_pin, switch
from tests.browser import Browser
from tests.serving import House, Served

KIT = """id incarnation createdAt expiresAt lock { id }
  takenBy { __typename ... on Account { email } ... on ApiToken { name } }"""
TAKEN = f"... on ProvisionedLock {{ incarnation secret provisioningKit {{ {KIT} }} }} ... on InvalidInput {{ field }}"
ALERTS = """query($id: ID!) { site(id: $id) { alerts { nodes {
  kind actorKind member { id } lock { id } } } } }"""
NEW_ALERT = """subscription($id: ID!) { siteAlerts(siteId: $id) {
  kind lock { id } actor { ... on Account { email } } } }"""
DAY = timedelta(hours=24)
NOT_YET = timedelta(minutes=10)
"""Longer than any test runs."""


async def taken(house: House, lock_id: str, token: str | None = None) -> dict[str, Any]:
    """A kit of a lock: its secret, and what is shown of it."""
    return await house.change("provisionLock", TAKEN, token=token, lockId=lock_id)


async def cancelled(house: House, kit: dict[str, Any]) -> str:
    """The answer to cancelling a kit."""
    answer = await house.change(
        "cancelProvisioningKit", provisioningKitId=kit["provisioningKit"]["id"]
    )
    kind: str = answer["__typename"]
    return kind


async def proves(served: Served, lock_id: str, kit: dict[str, Any]) -> bool:
    """Whether somebody who holds the kit's secret is let in as the lock."""
    try:
        lock = await BareLock(served, {"lockId": lock_id, **kit}).connect()
    except SocketRefused:
        return False
    async with lock.socket:
        return True


async def alerts(house: House) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await house.ask(ALERTS, id=house.id))["site"]["alerts"]["nodes"]
    return found


async def pending(house: House, lock_id: str, token: str | None = None) -> Any:
    """What is listed at the lock and at the site, which are the same."""
    query = f"""query($lock: ID!, $site: ID!) {{
      node(id: $lock) {{ ... on Lock {{ provisioningKits {{ nodes {{ {KIT} }} }} }} }}
      site(id: $site) {{ provisioningKits {{ nodes {{ {KIT} }} }} }} }}"""
    data = await house.ask(query, token=token, lock=lock_id, site=house.id)
    kits = data["node"]["provisioningKits"]["nodes"]
    assert [each for each in data["site"]["provisioningKits"]["nodes"] if each in kits] == kits
    return kits


class Admin:
    """A person of the site who may provision, on the console, and their token."""

    def __init__(self, house: House, member: str, browser: Browser, token: dict[str, Any]) -> None:
        self.house, self.member, self.browser = house, member, browser
        self.token: str = token["token"]
        self.token_id: str = token["apiToken"]["id"]

    @classmethod
    async def at(cls, house: House) -> "Admin":
        member = await house.member("Eve", Role.OWNER, email="eve@example.com")
        browser = house.served.browser()
        await browser.sign_in("eve@example.com")
        asked = {"siteId": house.id, "name": "Script", "role": "SUPER_ADMIN"}
        made = "... on CreatedApiToken { token apiToken { id } }"
        return cls(house, member, browser, await browser.change("createApiToken", made, **asked))

    async def become(self, role: str) -> None:
        answer = await self.house.change("updateMember", memberId=self.member, role=role)
        assert answer["__typename"] == "UpdatedMember", answer

    async def leave(self) -> None:
        answer = await self.house.change("removeMember", memberId=self.member)
        assert answer["__typename"] == "RemovedMember", answer

    async def revoke(self) -> None:
        asked = {"siteId": self.house.id, "apiTokenId": self.token_id}
        answer = await self.house.change("revokeApiToken", **asked)
        assert answer["__typename"] == "RevokedApiToken", answer

    async def lose_and_regain(self) -> None:
        await self.become("LIMITED_ADMIN")
        await self.become("OWNER")

    async def leave_and_come_back(self) -> None:
        await self.leave()
        await self.house.member("Eve", Role.OWNER, email="eve@example.com")


LOSSES: dict[str, Callable[[Admin], Awaitable[None]]] = {
    "demoted": lambda admin: admin.become("LIMITED_ADMIN"),
    "removed": lambda admin: admin.leave(),
    "demoted and promoted again": lambda admin: admin.lose_and_regain(),
    "removed and invited again": lambda admin: admin.leave_and_come_back(),
}


async def test_a_kit_ends_with_the_rights_of_whoever_took_it(served: Served) -> None:
    """Proves the attack for a person, their token and a token's child: the working lock stays, and no alert is needed."""
    for how, lose in LOSSES.items():
        house = await served.site(how)
        admin = await Admin.at(house)
        entry = await house.lock()
        device = await house.device(entry)
        own = await admin.browser.change("provisionLock", TAKEN, lockId=entry["lockId"])
        scripts = await taken(house, entry["lockId"], admin.token)
        assert len(await pending(house, entry["lockId"])) == 2

        await lose(admin)

        assert await pending(house, entry["lockId"]) == [], how
        for kit in (own, scripts):
            assert not await proves(served, entry["lockId"], kit), how
        assert device.online, how
        assert await alerts(house) == []
        rows = AuditRow.filter(chain=house.row.id, target_kind="ProvisioningKit")
        told = {row.target_id for row in await rows}
        keys = {
            read_node_id("provisioning_kit", kit["provisioningKit"]["id"]) for kit in (own, scripts)
        }
        assert told == keys, how


async def test_a_kit_that_a_token_took_ends_with_the_token(served: Served) -> None:
    """Proves it for revocation and for its end in time; a role that may still provision ends nothing."""
    house = await served.site()
    admin = await Admin.at(house)
    entry = await house.lock()
    lock_id = entry["lockId"]
    await house.device(entry)
    kit = await taken(house, lock_id, admin.token)
    await admin.become("SUPER_ADMIN")
    assert len(await pending(house, lock_id)) == 1
    await admin.revoke()
    assert not await proves(served, lock_id, kit)

    end = served.clock() + timedelta(hours=2)
    short = await house.make_token(Role.SUPER_ADMIN, expires_at=end)
    late = await taken(house, lock_id, short)
    assert datetime.fromisoformat(late["provisioningKit"]["expiresAt"]) == end
    served.clock.advance(timedelta(hours=2))
    assert not await proves(served, lock_id, late)


async def test_a_kit_is_good_for_a_day(served: Served) -> None:
    """Proves both sides of the end, by the server's clock, for a lock that works and for one that never did."""
    house = await served.site()
    fresh, working = await house.lock("Fresh"), await house.lock("Working")
    assert await proves(served, working["lockId"], working)
    early = await taken(house, working["lockId"])
    late = await taken(house, working["lockId"])
    created, end = [
        datetime.fromisoformat(late["provisioningKit"][key]) for key in ("createdAt", "expiresAt")
    ]
    assert end - created == DAY

    served.clock.advance(DAY - NOT_YET)
    assert await proves(served, working["lockId"], early)
    served.clock.advance(NOT_YET)
    assert served.clock() >= end
    assert not await proves(served, working["lockId"], late)
    assert not await proves(served, fresh["lockId"], fresh)
    assert await pending(house, working["lockId"]) == []
    assert await proves(served, working["lockId"], early), "a proven secret has no end"


def test_the_day_is_a_setting() -> None:
    """Proves LATCHWORK_PROVISIONING_KIT_HOURS, and that it has bounds."""
    keys = Keyring.from_secret(b"k" * 32)
    installation = new_installation(Settings(provisioning_kit_hours=2), keys)
    assert installation.provisioning_kit_lifetime == timedelta(hours=2)
    for hours in (0, -1, 24 * 30 + 1):
        with pytest.raises(ValueError, match="provisioning_kit_hours"):
            Settings(provisioning_kit_hours=hours)


async def test_replacing_a_lock_stays_one_step_and_is_told_at_once(served: Served) -> None:
    """Proves that the old one is thrown off, that every replacement is told, of which lock, and who took the kit."""
    house = await served.site()
    admin = await Admin.at(house)
    first, second = await house.lock("Front"), await house.lock("Back")
    device = await house.device(first)
    assert await proves(served, second["lockId"], second)
    assert await alerts(house) == [], "a first proof replaces nothing"

    async with await served.socket({"token": house.token}) as socket:
        told = socket.subscribe(NEW_ALERT, id=house.id)
        waiting = asyncio.ensure_future(anext(told))
        await house.until_online(first["lockId"])
        kit = await admin.browser.change("provisionLock", TAKEN, lockId=first["lockId"])
        assert await proves(served, first["lockId"], kit)
        alert = (await asyncio.wait_for(waiting, 10))["siteAlerts"]
    assert alert == {
        "kind": "LOCK_REPLACED",
        "lock": {"id": first["lockId"]},
        "actor": {"email": "eve@example.com"},
    }
    await house.until_online(first["lockId"], online=False)
    assert not await proves(served, first["lockId"], first)
    by_script = await taken(house, second["lockId"], admin.token)
    assert await proves(served, second["lockId"], by_script)
    by_operator = await taken(house, second["lockId"])
    assert await proves(served, second["lockId"], by_operator)

    found = [
        (each["lock"]["id"], each["actorKind"], each["member"] and each["member"]["id"])
        for each in await alerts(house)
    ]
    assert found == [
        (second["lockId"], "TOKEN", None),
        (second["lockId"], "TOKEN", admin.member),
        (first["lockId"], "ACCOUNT", admin.member),
    ]
    assert device


async def test_of_two_kits_either_may_be_installed_until_the_newer_one_is_proven(
    served: Served,
) -> None:
    """Proves that the older one still serves while both are pending, and is void once the newer one is proven."""
    house = await served.site()
    one, other = await house.lock("One"), await house.lock("Other")
    older, newer = [await taken(house, one["lockId"]) for _ in range(2)]
    assert await proves(served, one["lockId"], older)
    assert [each["id"] for each in await pending(house, one["lockId"])] == [
        newer["provisioningKit"]["id"]
    ]
    assert await proves(served, one["lockId"], newer)

    older, newer = [await taken(house, other["lockId"]) for _ in range(2)]
    assert await proves(served, other["lockId"], newer)
    assert not await proves(served, other["lockId"], older)
    assert await pending(house, other["lockId"]) == []


async def test_pending_kits_are_listed_with_their_taker_and_can_be_cancelled(
    served: Served,
) -> None:
    """Proves what is shown and to whom; a cancelled one is void, told to the audit, and gone from `node`."""
    house = await served.site()
    admin = await Admin.at(house)
    lock_id = (await house.lock())["lockId"]
    mine = await admin.browser.change("provisionLock", TAKEN, lockId=lock_id)
    scripts = await taken(house, lock_id, admin.token)

    seeded, *listed = await pending(house, lock_id, await house.make_token(Role.SUPER_ADMIN))
    assert listed == [mine["provisioningKit"], scripts["provisioningKit"]]
    assert seeded["takenBy"] is None, "the command line's"
    assert [each["takenBy"] for each in listed] == [
        {"__typename": "Account", "email": "eve@example.com"},
        {"__typename": "ApiToken", "name": "Script"},
    ]
    node = (
        "query($id: ID!) { node(id: $id) { id ... on Lock { provisioningKits { nodes { id } } } } }"
    )
    limited = await house.make_token(Role.LIMITED_ADMIN)
    hidden = (await served.post(node, {"authorization": f"Bearer {limited}"}, id=lock_id)).json()
    assert hidden["data"]["node"] == {"id": lock_id, "provisioningKits": None}
    (said,) = hidden["errors"]
    assert (said["path"], said["extensions"]["code"]) == (
        ["node", "provisioningKits"],
        "NOT_ALLOWED",
    )
    assert (await house.ask(node, token=limited, id=mine["provisioningKit"]["id"]))["node"] is None
    assert (await house.ask(node, id=mine["provisioningKit"]["id"]))["node"]["id"] == mine[
        "provisioningKit"
    ]["id"]

    assert await cancelled(house, mine) == "CancelledProvisioningKit"
    assert await cancelled(house, mine) == "NotFound"
    assert not await proves(served, lock_id, mine)
    assert (await house.ask(node, id=mine["provisioningKit"]["id"]))["node"] is None
    row = await AuditRow.get(chain=house.row.id, action="cancelProvisioningKit")
    assert row.target_id == read_node_id("provisioning_kit", mine["provisioningKit"]["id"])
    assert await proves(served, lock_id, scripts)
    assert await cancelled(house, scripts) == "NotFound", "what was proven is no kit any more"


async def test_a_kit_is_either_proven_or_cancelled(served: Served) -> None:
    """Proves the race: the answers agree with each other and with what holds afterwards, whichever comes first."""
    house = await served.site()
    lock_id = (await house.lock())["lockId"]
    for _ in range(4):
        kit = await taken(house, lock_id)
        proven, answer, again = await asyncio.gather(
            proves(served, lock_id, kit), cancelled(house, kit), proves(served, lock_id, kit)
        )
        assert (answer == "CancelledProvisioningKit") != (proven or again)
        assert await proves(served, lock_id, kit) == (answer == "NotFound")


async def test_a_kit_is_either_proven_or_its_taker_was_demoted_before(served: Served) -> None:
    """Proves the race: a proof that was let in has begun a life, one that was not begins none later."""
    house = await served.site()
    admin = await Admin.at(house)
    lock_id = (await house.lock())["lockId"]
    for _ in range(3):
        kit = await taken(house, lock_id, admin.token)
        first, _, second = await asyncio.gather(
            proves(served, lock_id, kit), admin.become("USER"), proves(served, lock_id, kit)
        )
        assert await proves(served, lock_id, kit) == (first or second)
        await admin.become("OWNER")
        assert await proves(served, lock_id, kit) == (first or second)


async def test_one_lock_has_so_many_pending_kits(served: Served) -> None:
    """Proves the bound, and that a cancelled one makes room."""
    house = await served.site()
    lock_id = (await house.lock())["lockId"]
    kits = [await taken(house, lock_id) for _ in range(MOST_PENDING - 1)]
    refused = await taken(house, lock_id)
    assert (refused["__typename"], refused["field"]) == ("InvalidInput", "lockId")
    await cancelled(house, kits[0])
    assert (await taken(house, lock_id))["__typename"] == "ProvisionedLock"


async def test_codes_are_made_for_no_kit_that_has_ended(served: Served) -> None:
    """Proves that those made for a cancelled one are dead, and that an expired one serves nothing."""
    house = await served.site()
    lock_id = (await house.lock())["lockId"]
    await switch(house, lock_id)
    older, newer = [await taken(house, lock_id) for _ in range(2)]
    made = await smart_pin(house, lock_id)
    await cancelled(house, newer)

    assert (await seen(house, made["smartPin"]["id"]))["state"] == "VOID"
    asked = await ask(house, lock_id, incarnation=newer["incarnation"])
    assert (asked["__typename"], asked["field"]) == ("NotFound", "incarnation")
    assert (await ask(house, lock_id, incarnation=older["incarnation"]))["digits"]
    served.clock.advance(DAY)
    late = await ask(house, lock_id)
    assert (late["__typename"], late["reason"]) == ("SmartPinsOff", "NOT_PROVISIONED")


async def test_a_lock_without_a_network_keeps_its_codes(served: Served) -> None:
    """Proves that such a lock, which proves nothing, has codes after the day; a cancelled kit serves it no more."""
    house = await served.site()
    lock_id = (await house.lock("Cellar", Connectivity.WIRELESS_OFFLINE))["lockId"]
    await switch(house, lock_id)
    kit = await taken(house, lock_id)
    unwanted = await taken(house, lock_id)
    await cancelled(house, unwanted)
    served.clock.advance(DAY * 3)

    assert (await ask(house, lock_id))["digits"]
    assert (await ask(house, lock_id, incarnation=kit["incarnation"]))["digits"]
    refused = await ask(house, lock_id, incarnation=unwanted["incarnation"])
    assert refused["__typename"] == "NotFound"
    assert not await proves(served, lock_id, kit), "nor does it begin a life by a socket"
