"""Chapter: a member signs in on a phone and chooses a PIN of their own; the door follows the member's access rules."""

import secrets
from datetime import UTC, datetime, timedelta

from api.tour.phone import Phone
from api.tour.stage import Stage, TourFailed, expect

DOOR = "Front door"
WHO = "emma@demo.example"
_ASSIGN = """mutation($input: AssignMyPinInput!) { answer: assignMyPin(input: $input) {
  __typename ... on AssignedPin { digits pin { id kind } } ... on Error { message } } }"""
_DELETE = "mutation($input: DeleteMyPinInput!) { deleteMyPin(input: $input) { __typename } }"
_SIGN_IN = """mutation($input: SignInInput!) { answer: signIn(input: $input) {
  __typename ... on SignedIn { accessToken account { members { nodes { id name } } } } ... on Error { message } } }"""


async def play(stage: Stage) -> None:
    """Rule, phone, a short PIN refused, a good one set, typed, deleted. Raises TourFailed."""
    phone = stage.phone()
    signed_in = expect(
        (
            await phone.ask(
                _SIGN_IN,
                input={
                    "email": WHO,
                    "password": stage.sign_ins[WHO],
                    "deviceName": "Emma's phone",
                    "platform": "ANDROID",
                },
            )
        )["answer"],
        "SignedIn",
    )
    phone.token = signed_in["accessToken"]
    (member,) = signed_in["account"]["members"]["nodes"]
    stage.say(f"signIn on a phone: {member['name']}")
    rule = expect(
        await stage.console.change(
            "createAccessRule",
            "... on CreatedAccessRule { accessRule { id } }",
            siteId=stage.site,
            grantee={"memberId": member["id"]},
            lockIds=[stage.locks[DOOR]],
            # A tour that is killed leaves a rule that soon ends by itself.
            validUntil=(datetime.now(UTC) + timedelta(days=1)).date().isoformat(),
        ),
        "CreatedAccessRule",
    )["accessRule"]
    stage.say(f"createAccessRule: {member['name']} may open {DOOR}")
    async with stage.leaving_nothing("deleteAccessRule", accessRuleId=rule["id"]):
        opened = expect(await phone.open(stage.locks[DOOR]), "OpenedLock")
        stage.say(f"openLock from the phone: {opened['event']['kind']}")
        await _choose(stage, phone, rule["id"])


async def _choose(stage: Stage, phone: Phone, rule_id: str) -> None:
    asked = {"siteId": stage.site, "kind": "CUSTOM"}
    short = (await phone.ask(_ASSIGN, input={**asked, "digits": "407"}))["answer"]
    stage.say(f"assignMyPin with three digits: {expect(short, 'PinTooShort')['message']}")
    digits = f"{secrets.randbelow(9) + 1}{secrets.randbelow(10**6):06}7"
    mine = expect(
        (await phone.ask(_ASSIGN, input={**asked, "digits": digits}))["answer"], "AssignedPin"
    )
    pin_id = mine["pin"]["id"]
    stage.say(f"assignMyPin: a {mine['pin']['kind']} PIN of {len(mine['digits'])} digits")
    async with (
        stage.leaving_nothing("deletePin", pinId=pin_id),
        stage.watching(pin_id, DOOR) as watch,
    ):
        await watch.until("UPDATED")
        keypad = await stage.keypad(DOOR)
        if keypad is not None:
            await keypad.wait_closed()
            if not await keypad.type(mine["digits"]):
                raise TourFailed("the member's own PIN does not open")
            stage.say(f"typed at {DOOR}: granted, the door opens")
        expect(
            await stage.console.change("deleteAccessRule", accessRuleId=rule_id),
            "DeletedAccessRule",
        )
        if await _still_opens(stage, pin_id):
            stage.say(f"deleteAccessRule: another rule still opens {DOOR}, so the PIN stays")
        else:
            stage.say("deleteAccessRule: the PIN leaves the lock with the rule")
            await watch.until("REMOVED")
        await phone.ask(_DELETE, input={"pinId": pin_id})
        stage.say("deleteMyPin: it is gone")


async def _still_opens(stage: Stage, pin_id: str) -> bool:
    """Whether a rule that is not of the tour gives the door, too."""
    data = await stage.console.ask(
        "query($id: ID!) { node(id: $id) { ... on Pin { locks { nodes { id } } } } }", id=pin_id
    )
    return stage.locks[DOOR] in {lock["id"] for lock in data["node"]["locks"]["nodes"]}
