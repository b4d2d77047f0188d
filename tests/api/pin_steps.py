"""What tests of PINs do again and again: set one, follow its stream, type it, look at it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from locksim.simulated_lock import SimulatedLock
from tests.serving import House
from tests.waiting import WITHIN_SECONDS, eventually

SYNC = """subscription($pin: ID!) { pinSync(pinId: $pin) {
  lock { id name } status wantedVersion appliedVersion opensNow pendingSince propagation } }"""
PIN = """id kind state blocked label notes locks { nodes { id name } }
  schedule { validFrom validUntil slotStart slotEnd weekdays }
  lockSync { nodes { lock { id name } status wantedVersion appliedVersion opensNow pendingSince propagation } }"""
CREATED = "... on CreatedPin { digits pin { id kind state lockSync { nodes { status } } } }"
NOT_FOUND = "... on NotFound { field }"
REFUSED_DIGITS = f"""{NOT_FOUND} ... on InvalidInput {{ field }} ... on InvalidPin {{ field }}
  ... on PinTooShort {{ minLength }} ... on PolicyViolation {{ field }}"""
REFUSED = f"{REFUSED_DIGITS} ... on InvalidSchedule {{ field }} ... on LockWithoutKeypad {{ locks {{ name }} }}"


async def states(house: House, pin_id: str) -> AsyncIterator[dict[str, Any]]:
    """What `pinSync` says, item by item."""
    async with await house.served.socket({"token": house.token}) as socket:
        async for item in socket.subscribe(SYNC, pin=pin_id):
            yield item["pinSync"]


async def until(house: House, pin_id: str, status: str) -> list[dict[str, Any]]:
    """The stream's items up to the first with this status, ten seconds at most."""
    seen = []
    async with asyncio.timeout(WITHIN_SECONDS):
        async for state in states(house, pin_id):
            seen.append(state)
            if state["status"] == status:
                return seen
    raise AssertionError("the stream ended")


async def until_all(house: House, pin_id: str, **status_of_lock: str) -> list[dict[str, Any]]:
    """Waits until `Pin.lockSync` names exactly these locks (underscores for spaces) with these statuses."""
    wanted = {name.replace("_", " "): status for name, status in status_of_lock.items()}

    async def look() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await pin(house, pin_id))["lockSync"]["nodes"]
        return found

    seen: list[dict[str, Any]] = await eventually(
        look, lambda sync: {each["lock"]["name"]: each["status"] for each in sync} == wanted
    )
    return seen


async def pin(house: House, pin_id: str) -> dict[str, Any]:
    """The PIN as the API shows it."""
    found: dict[str, Any] = (
        await house.ask(
            f"query($id: ID!) {{ node(id: $id) {{ ... on Pin {{ {PIN} }} }} }}", id=pin_id
        )
    )["node"]
    return found


async def at_lock(house: House, pin_id: str, lock_id: str) -> dict[str, Any]:
    """The PIN at one lock."""
    (found,) = [
        each
        for each in (await pin(house, pin_id))["lockSync"]["nodes"]
        if each["lock"]["id"] == lock_id
    ]
    return dict(found)


async def pin_of(house: House, *lock_ids: str, **fields: Any) -> dict[str, Any]:
    """A PIN of a new member at these locks."""
    if "owner" not in fields:
        fields["owner"] = {"memberId": await house.member("Emil")}
    if lock_ids:
        fields["lockIds"] = list(lock_ids)
    made = await house.change("createPin", f"{CREATED} {REFUSED}", siteId=house.id, **fields)
    assert made["__typename"] == "CreatedPin", made
    return made


async def default_tag(house: House, node_id: str) -> str:
    """The id of the default tag of a lock or member."""
    query = """query($id: ID!) { node(id: $id) {
      ... on Lock { tags { nodes { id kind } } }
      ... on Member { tags { nodes { id kind } } } } }"""
    tags = (await house.ask(query, id=node_id))["node"]["tags"]["nodes"]
    (found,) = [str(tag["id"]) for tag in tags if tag["kind"] == "DEFAULT"]
    return found


async def lock_tag(house: House, *lock_ids: str, name: str = "Doors") -> str:
    """A special tag that holds these locks."""
    made = await house.change(
        "createTag",
        "... on CreatedTag { tag { id } }",
        siteId=house.id,
        name=name,
        target="LOCK",
        lockIds=list(lock_ids),
    )
    return str(made["tag"]["id"])


EVENTS = """query($id: ID!) { site(id: $id) { events(first: 50) { nodes {
  id kind method reasons member { id } lock { id name } occurredAt } } } }"""


async def events(house: House) -> list[dict[str, Any]]:
    """The newest fifty events, newest first."""
    found: list[dict[str, Any]] = (await house.ask(EVENTS, id=house.id))["site"]["events"]["nodes"]
    return found


async def typed(house: House, device: SimulatedLock, digits: str) -> dict[str, Any]:
    """Types digits at the keypad; the event that the admin sees of it."""
    before = {event["id"] for event in await events(house)}
    await device.type(digits)

    async def look() -> list[dict[str, Any]]:
        new = [each for each in await events(house) if each["id"] not in before]
        return [each for each in new if each["kind"] in ("OPENED", "DENIED")]

    return dict((await eventually(look, bool))[0])
