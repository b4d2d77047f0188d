"""Chapter: a SmartPIN opens a lock without its network; the guest makes it shorter; the admin hears of it, blocks it."""

import asyncio
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from api.tour.keypad import Keypad
from api.tour.stage import Stage, TourFailed, expect

DOOR = "Flat 4"
STAY = timedelta(hours=2)
"""How long the guest's code opens: 384 codes of so many hours begin with each hour, so the tour can be played as often."""
SEEN = "guestName state firstUsedAt shortPinSetAt blockSync"


async def play(stage: Stage) -> None:
    """SmartPINs on, the network out, a guest in, the network back, the guest out. Raises TourFailed."""
    await _switch_on(stage)
    keypad = await stage.keypad(DOOR)
    if keypad is None:
        return
    await keypad.network(on=False)
    await stage.until_online(DOOR, online=False)
    stage.say(f"the network of {DOOR} is pulled out; whatever follows, the lock hears none of it")
    made = await create_code(stage)
    await keypad.wait_closed()
    await _type(stage, keypad, "the SmartPIN", made["digits"].replace("-", ""), opens=True)
    # Not one digit, not a run, and within ten seconds of the SmartPIN.
    short = f"9{secrets.randbelow(10**4):04}5"
    await keypad.type(short)
    stage.say("within ten seconds, a short PIN of the guest's own: six digits and Enter")
    await keypad.wait_closed()
    await _type(stage, keypad, "the short PIN", short, opens=True)
    before = await _seen(stage, made["smartPin"]["id"])
    stage.say(f"the admin still sees: {before['guestName']}, first used {before['firstUsedAt']}")
    await keypad.network(on=True)
    after = await _until(stage, made["smartPin"]["id"], lambda row: bool(row["shortPinSetAt"]))
    stage.say(
        f"the network is back; the admin sees: {after['guestName']}, first used {after['firstUsedAt']}, "
        "a short PIN set (nobody but the lock can check its digits)"
    )
    await _block(stage, keypad, made, short)


async def _switch_on(stage: Stage) -> None:
    expect(
        await stage.console.change(
            "updateLock", "", lockId=stage.locks[DOOR], smartPinEnabled=True
        ),
        "UpdatedLock",
    )
    for _ in range(100):
        data = await stage.console.ask(
            "query($id: ID!) { node(id: $id) { ... on Lock { sync { pending } } } }",
            id=stage.locks[DOOR],
        )
        if data["node"]["sync"]["pending"] == 0:
            stage.say(f"updateLock: SmartPINs are on at {DOOR}, and the lock knows")
            return
        await asyncio.sleep(0.2)
    raise TourFailed(f"{DOOR} did not take its settings")


async def create_code(stage: Stage) -> dict[str, Any]:
    """A code for the guest from this hour on. Raises TourFailed."""
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    made = expect(
        await stage.console.change(
            "createSmartPin",
            "... on CreatedSmartPin { digits smartPin { id state schedule { endsAt } } }",
            lockId=stage.locks[DOOR],
            guestName="Gina",
            startsAt=start.isoformat(),
            endsAt=(start + STAY).isoformat(),
        ),
        "CreatedSmartPin",
    )
    shown = made["smartPin"]
    stage.say(
        f"createSmartPin for Gina: ten digits, {shown['state']}, until {shown['schedule']['endsAt']}"
    )
    return made


async def _type(stage: Stage, keypad: Keypad, what: str, digits: str, *, opens: bool) -> None:
    opened = await keypad.type(digits)
    if opened != opens:
        raise TourFailed(f"{what} {'opened' if opened else 'was denied'}, which must not be")
    stage.say(f"typed at {DOOR}, {what}: {'granted, the door opens' if opened else 'denied'}")


async def _seen(stage: Stage, smart_pin_id: str) -> dict[str, Any]:
    query = f"query($id: ID!) {{ node(id: $id) {{ ... on SmartPin {{ {SEEN} }} }} }}"
    row: dict[str, Any] = (await stage.console.ask(query, id=smart_pin_id))["node"]
    return row


async def _until(
    stage: Stage, smart_pin_id: str, wanted: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    for _ in range(100):
        row = await _seen(stage, smart_pin_id)
        if wanted(row):
            return row
        await asyncio.sleep(0.2)
    raise TourFailed("the lock did not tell of the SmartPIN")


async def _block(stage: Stage, keypad: Keypad, made: dict[str, Any], short: str) -> None:
    key = made["smartPin"]["id"]
    expect(await stage.console.change("blockSmartPin", "", smartPinId=key), "BlockedSmartPin")
    row = await _until(stage, key, lambda row: row["blockSync"] == "UPDATED")
    stage.say(f"blockSmartPin: {row['state']}, and the lock has heard of it: {row['blockSync']}")
    await keypad.wait_closed()
    await _type(stage, keypad, "the SmartPIN", made["digits"].replace("-", ""), opens=False)
    await _type(stage, keypad, "the short PIN", short, opens=False)
    # It also forgives the wrong entries, so that the tour can be played again and again.
    opened = await stage.console.change(
        "openLockRemotely", "... on OpenedLock { event { kind } }", lockId=stage.locks[DOOR]
    )
    stage.say(f"openLockRemotely: {expect(opened, 'OpenedLock')['event']['kind']}")
