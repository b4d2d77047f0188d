"""Chapter: an admin gives a PIN and sees it arrive; changes it while the lock is offline, and sees what still opens."""

from typing import Any

from api.tour.keypad import Keypad
from api.tour.stage import Stage, TourFailed, expect

DOOR = "Flat 4"


async def play(stage: Stage) -> None:
    """A PIN for a member, typed, changed in a power of silence, typed again, deleted. Raises TourFailed."""
    owner = await _member_tag(stage, "Emma")
    made = expect(
        await stage.console.change(
            "createPin",
            "... on CreatedPin { digits pin { id owner { name } lockSync { nodes { status } } } }",
            siteId=stage.site,
            owner={"memberTagId": owner},
            lockIds=[stage.locks[DOOR]],
            notes="tour",
        ),
        "CreatedPin",
    )
    pin = made["pin"]
    stage.say(
        f"createPin for {pin['owner']['name']} at {DOOR}: {len(made['digits'])} digits, "
        f"{pin['lockSync']['nodes'][0]['status']}"
    )
    async with (
        stage.leaving_nothing("deletePin", pinId=pin["id"]),
        stage.watching(pin["id"], DOOR) as watch,
    ):
        await watch.until("UPDATED")
        keypad = await stage.keypad(DOOR)
        if keypad is not None:
            await _type(stage, keypad, made["digits"], opens=True)
            try:
                changed = await _change_while_offline(stage, keypad, pin["id"])
                await watch.until("NOT_UPDATED")
            finally:
                await keypad.network(on=True)
            stage.say(f"the network of {DOOR} is plugged in again")
            await watch.until("UPDATED")
            await keypad.wait_closed()
            await _type(stage, keypad, made["digits"], opens=False)
            await _type(stage, keypad, changed, opens=True)
        expect(await stage.console.change("deletePin", pinId=pin["id"]), "DeletedPin")
        await watch.until("REMOVED")


async def _member_tag(stage: Stage, name: str) -> str:
    data = await stage.console.ask(
        """query($id: ID!) { site(id: $id) { tags(kinds: [DEFAULT], targets: [MEMBER], first: 100) {
             nodes { id name } } } }""",
        id=stage.site,
    )
    for tag in data["site"]["tags"]["nodes"]:
        if tag["name"] == name:
            return str(tag["id"])
    raise TourFailed(f"there is no member {name}")


async def _type(stage: Stage, keypad: Keypad, digits: str, *, opens: bool) -> None:
    opened = await keypad.type(digits)
    if opened != opens:
        raise TourFailed(f"the keypad {'opened' if opened else 'denied'}, which it must not")
    stage.say(f"typed at {DOOR}: {'granted, the door opens' if opened else 'denied'}")


async def _change_while_offline(stage: Stage, keypad: Keypad, pin_id: str) -> str:
    await keypad.network(on=False)
    await stage.until_online(DOOR, online=False)
    stage.say(f"the network of {DOOR} is pulled out; the admin reassigns the PIN")
    answer: dict[str, Any] = expect(
        await stage.console.change(
            "reassignPin",
            "... on ReassignedPin { digits pin { lockSync { nodes { status opensNow wantedVersion } } } }",
            pinId=pin_id,
        ),
        "ReassignedPin",
    )
    state = answer["pin"]["lockSync"]["nodes"][0]
    stage.say(
        f"   wanted is version {state['wantedVersion']}, but version {state['opensNow']} opens the door now"
    )
    await _tell_why(stage, pin_id)
    return str(answer["digits"])


_WHY = """query($input: ExplainAccessInput!) { explainAccess(input: $input) {
  opens ways { wanted { opens } atLock { reasons { code message } } } } }"""


async def _tell_why(stage: Stage, pin_id: str) -> None:
    asked = {"lockId": stage.locks[DOOR], "subject": {"pinId": pin_id}}
    why = (await stage.console.ask(_WHY, input=asked))["explainAccess"]
    (way,) = why["ways"]
    if why["opens"] or not way["wanted"]["opens"]:
        raise TourFailed("the new digits are said to open, which the lock has not heard of")
    reasons = ", ".join(f"{each['code']} ({each['message']})" for each in way["atLock"]["reasons"])
    stage.say(f"explainAccess: the new digits are wanted to open, but at the lock: {reasons}")
