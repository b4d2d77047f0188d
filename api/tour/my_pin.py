"""Chapter: a member signs in on a phone and chooses a PIN of their own; the door follows the member's access rules."""

import secrets

from api.tour.stage import Stage, TourFailed, expect

DOOR = "Front door"
WHO = "emma@demo.example"
_ASSIGN = """mutation($input: AssignMyPinInput!) { answer: assignMyPin(input: $input) {
  __typename ... on AssignedPin { digits pin { id kind } } ... on Error { message } } }"""
_SIGN_IN = """mutation($input: SignInInput!) { answer: signIn(input: $input) {
  __typename ... on SignedIn { accessToken member { id name } } ... on Error { message } } }"""


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
    stage.say(f"signIn on a phone: {signed_in['member']['name']}")
    rule = expect(
        await stage.console.change(
            "createAccessRule",
            "... on CreatedAccessRule { accessRule { id } }",
            siteId=stage.site,
            memberId=signed_in["member"]["id"],
            lockIds=[stage.locks[DOOR]],
        ),
        "CreatedAccessRule",
    )["accessRule"]
    stage.say(f"createAccessRule: {signed_in['member']['name']} may open {DOOR}")
    opened = expect(await phone.open(stage.locks[DOOR]), "OpenedLock")
    stage.say(f"openLock from the phone: {opened['event']['kind']}")
    asked = {"siteId": stage.site, "kind": "CUSTOM"}
    short = (await phone.ask(_ASSIGN, input={**asked, "digits": "407"}))["answer"]
    stage.say(f"assignMyPin with three digits: {expect(short, 'PinTooShort')['message']}")
    digits = f"{secrets.randbelow(9) + 1}{secrets.randbelow(10**6):06}7"
    mine = expect(
        (await phone.ask(_ASSIGN, input={**asked, "digits": digits}))["answer"], "AssignedPin"
    )
    stage.say(f"assignMyPin: a {mine['pin']['kind']} PIN of {len(mine['digits'])} digits")
    async with stage.watching(mine["pin"]["id"]) as watch:
        await watch.until("UPDATED")
        keypad = await stage.keypad(DOOR)
        if keypad is not None:
            await keypad.wait_closed()
            if not await keypad.type(mine["digits"]):
                raise TourFailed("the member's own PIN does not open")
            stage.say(f"typed at {DOOR}: granted, the door opens")
        await stage.console.change("deleteAccessRule", accessRuleId=rule["id"])
        stage.say("deleteAccessRule: the PIN leaves the lock with the rule")
        await watch.until("REMOVED")
    await phone.ask(
        "mutation($input: DeleteMyPinInput!) { deleteMyPin(input: $input) { __typename } }",
        input={"pinId": mine["pin"]["id"]},
    )
