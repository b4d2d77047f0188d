"""What tests of SmartPINs do again and again: switch them on, make one, look at it, type at the door."""

from datetime import UTC, datetime, timedelta
from typing import Any

from locksim.signals import Signal
from tests.serving import House, Served
from tests.waiting import becomes, eventually
from tests.watched_lock import WatchedLock

HOUR = timedelta(hours=1)
SPAN = "startsAt endsAt"
SMART_PIN = f"""id guestName state blocked schedule {{ {SPAN} }} createdAt firstUsedAt shortPinSetAt
  blockedAtDoorAt blockSync activationDueAt activationMissed secretProven lock {{ id name }}"""
CREATED = f"""... on CreatedSmartPin {{ digits windowWidened startsEarlyBySeconds endsLateBySeconds activationDueAt
    newerSecretPending
    shareLinks {{ web email whatsapp sms }} smartPin {{ {SMART_PIN} }} }}
  ... on InvalidWindow {{ fault nearest {{ {SPAN} }}
    limits {{ minHours maxHours minDays maxDays firstDayFrom lastDayUntil }} }}
  ... on NoFreeWindow {{ nearest {{ {SPAN} }} }} ... on SmartPinsOff {{ reason }}
  ... on LockTimezoneUnknown {{ timezone }}
  ... on LockWithoutKeypad {{ locks {{ name }} }} ... on InvalidInput {{ field }} ... on NotFound {{ field }}"""


def this_hour(served: Served) -> datetime:
    """The beginning of the hour by the server's clock."""
    return served.clock().astimezone(UTC).replace(minute=0, second=0, microsecond=0)


async def switch(house: House, lock_id: str, *, on: bool = True) -> dict[str, Any]:
    """SmartPINs at a lock."""
    return await house.change(
        "updateLock",
        "... on UpdatedLock { lock { smartPinEnabled sync { status } } } ... on LockWithoutKeypad { locks { name } }",
        lockId=lock_id,
        smartPinEnabled=on,
    )


async def ready_lock(
    house: House, name: str = "Cellar", *, online: bool = True
) -> tuple[WatchedLock, dict[str, Any]]:
    """A lock with SmartPINs on that has heard of it: its device, and what it was provisioned with."""
    entry = await house.lock(name)
    await switch(house, entry["lockId"])
    device = await house.device(entry)
    await in_step(house, entry["lockId"])
    if not online:
        device.network.turn(on=False)
        await house.until_online(entry["lockId"], online=False)
    return device, entry


async def in_step(house: House, lock_id: str) -> None:
    """Waits until the lock has acknowledged all that it should hold."""

    async def look() -> Any:
        query = (
            "query($id: ID!) { node(id: $id) { ... on Lock { online sync { pending status } } } }"
        )
        return (await house.ask(query, id=lock_id))["node"]

    await eventually(look, lambda lock: lock["online"] and lock["sync"]["pending"] == 0)


async def ask(house: House, lock_id: str, **fields: Any) -> dict[str, Any]:
    """The answer of `createSmartPin`; three hours from this hour on, unless said otherwise."""
    start = this_hour(house.served)
    asked = {
        "lockId": lock_id,
        "guestName": "Anna Guest",
        "startsAt": start.isoformat(),
        "endsAt": (start + 3 * HOUR).isoformat(),
        **fields,
    }
    token = asked.pop("token", None)
    return await house.change("createSmartPin", CREATED, token=token, **asked)


async def smart_pin(house: House, lock_id: str, **fields: Any) -> dict[str, Any]:
    """A new SmartPIN with its digits."""
    made = await ask(house, lock_id, **fields)
    assert made["__typename"] == "CreatedSmartPin", made
    return made


async def blocked(
    house: House, made: dict[str, Any], *, block: bool = True, token: str | None = None
) -> dict[str, Any]:
    """The answer to a block of the SmartPIN, or to the end of it."""
    mutation, result = (
        ("blockSmartPin", "BlockedSmartPin") if block else ("unblockSmartPin", "UnblockedSmartPin")
    )
    fields = f"... on {result} {{ smartPin {{ {SMART_PIN} }} }} ... on InvalidInput {{ field }}"
    return await house.change(mutation, fields, token=token, smartPinId=made["smartPin"]["id"])


def span(start: datetime, end: datetime) -> dict[str, str]:
    """A start and end as the input takes them."""
    return {"startsAt": start.isoformat(), "endsAt": end.isoformat()}


def days(served: Served, count: int = 40) -> dict[str, str]:
    """A window of days in UTC, from 08:00 of tomorrow."""
    start = (this_hour(served) + timedelta(days=1)).replace(hour=8)
    return span(start, (start + timedelta(days=count)).replace(hour=20))


async def seen(house: House, smart_pin_id: str) -> dict[str, Any]:
    """The SmartPIN as the API shows it."""
    query = f"query($id: ID!) {{ node(id: $id) {{ ... on SmartPin {{ {SMART_PIN} }} }} }}"
    found: dict[str, Any] = (await house.ask(query, id=smart_pin_id))["node"]
    return found


async def until_short_pin(house: House, smart_pin_id: str, *, there: bool) -> dict[str, Any]:
    """The SmartPIN as soon as its guest has a short PIN, or none any more, ten seconds at most."""

    async def look() -> dict[str, Any]:
        return await seen(house, smart_pin_id)

    found: dict[str, Any] = await eventually(
        look, lambda row: (row["shortPinSetAt"] is not None) is there
    )
    return found


async def until(house: House, smart_pin_id: str, **wanted: Any) -> dict[str, Any]:
    """The SmartPIN as soon as it looks like this, ten seconds at most."""

    async def look() -> dict[str, Any]:
        return await seen(house, smart_pin_id)

    found: dict[str, Any] = await eventually(
        look, lambda row: all(row[name] == value for name, value in wanted.items())
    )
    return found


async def block_at_keypad(device: WatchedLock, code: str) -> Signal:
    """Programming code, 128, SmartPIN; what is shown for the last."""
    await device.shows(device.provisioning.programming_code)
    await device.shows("128")
    return await device.shows(code)


KIT = """... on ProvisionedLock { incarnation secret programmingCode lock { id name }
  settings { zone fixedOffsetMinutes smartPinEnabled pinSalt
    pinProfile { timeCost memoryKib parallelism } } }"""


async def provisioned(house: House, lock_id: str) -> dict[str, Any]:
    """A new secret for a lock, as an installer types it in: what `python -m locksim` would read."""
    kit = await house.change("provisionLock", KIT, lockId=lock_id)
    lock = kit.pop("lock")
    return {**kit, "lockId": lock["id"], "name": lock["name"]}


async def without_network(house: House, entry: dict[str, Any], *, age: str = "") -> WatchedLock:
    """The simulated lock of this entry with its network off; it runs and never hears of a server."""
    lock = house.simulated({**entry, "network": False}, age)
    await becomes(lambda: lock.view is not None)
    return lock
