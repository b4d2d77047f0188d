"""Chapter: a door that no network reaches: a guest's phone opens it, and carries what everybody's PINs need, both ways."""

from datetime import UTC, datetime, timedelta
from typing import Any

from api.tour.keypad import Keypad
from api.tour.phone import Phone
from api.tour.stage import Stage, TourFailed, expect

DOOR = "Cellar"


async def play(stage: Stage) -> None:
    """A PIN that waits, a guest's phone at the door, its receipt, and the end of the access. Raises TourFailed."""
    keypad = await stage.keypad(DOOR)
    if keypad is None:
        return
    pin = await _new_pin(stage)
    phone, invitation = await _guest(stage)
    async with (
        stage.leaving_nothing("deletePin", pinId=pin["pin"]["id"]),
        stage.leaving_nothing("deleteInvitation", invitationId=invitation),
        stage.watching(pin["pin"]["id"], DOOR) as watch,
    ):
        await watch.until("NOT_UPDATED")
        refused = expect(await phone.open(stage.locks[DOOR]), "LockOffline")
        stage.say(f"openLock: {refused['message']}")
        await keypad.wait_closed()
        receipts = await _at_the_door(stage, phone, keypad)
        await keypad.wait_closed()
        if not await keypad.type(pin["digits"]):
            raise TourFailed("the PIN that the phone has brought was denied")
        stage.say(f"typed at {DOOR}, the PIN that the guest's phone has brought: granted")
        for receipt in receipts:
            handed = expect(await phone.hand_in(stage.locks[DOOR], receipt), "SubmittedReceipt")
            stage.say(f"submitReceipt: news: {handed['news']}")
        await watch.until("UPDATED")
        expect(
            await stage.console.change("deleteInvitation", invitationId=invitation),
            "DeletedInvitation",
        )
        try:
            await phone.lease(stage.locks[DOOR])
        except RuntimeError as error:
            stage.say(f"deleteInvitation; requestOpenLease: {error}")
        else:
            raise TourFailed("a phone whose access was taken away got another lease")
        expect(await stage.console.change("deletePin", pinId=pin["pin"]["id"]), "DeletedPin")


async def _new_pin(stage: Stage) -> dict[str, Any]:
    data = await stage.console.ask(
        "query($id: ID!) { site(id: $id) { members(first: 100) { nodes { id name } } } }",
        id=stage.site,
    )
    owner = next(
        (each["id"] for each in data["site"]["members"]["nodes"] if each["name"] == "Emma"), None
    )
    if owner is None:
        raise TourFailed("there is no member Emma")
    made = expect(
        await stage.console.change(
            "createPin",
            "... on CreatedPin { digits pin { id } }",
            siteId=stage.site,
            owner={"memberId": owner},
            lockIds=[stage.locks[DOOR]],
            notes="tour",
        ),
        "CreatedPin",
    )
    stage.say(f"createPin for Emma at {DOOR}, where no network is: it waits for a phone")
    return made


async def _guest(stage: Stage) -> tuple[Phone, str]:
    ends = datetime.now(UTC) + timedelta(hours=3)
    made = expect(
        await stage.console.change(
            "createInvitation",
            "... on CreatedInvitation { invitationCode { code } invitation { id } }",
            siteId=stage.site,
            name="Meter reader",
            lockIds=[stage.locks[DOOR]],
            endsAt=ends.isoformat(),
            deviceLimit=1,
        ),
        "CreatedInvitation",
    )
    phone = stage.phone()
    expect(await phone.redeem(made["invitationCode"]["code"]), "RedeemedInvitation")
    stage.say(f"redeemInvitation: a meter reader's phone may open {DOOR}")
    return phone, str(made["invitation"]["id"])


async def _at_the_door(stage: Stage, phone: Phone, keypad: Keypad) -> list[str]:
    hello = await keypad.hello()
    stage.say(f"the phone is held to {DOOR}: the lock says hello, {len(hello)} characters")
    asked = expect(await phone.lease(stage.locks[DOOR], hello), "RequestedOpenLease")
    stage.say(
        f"requestOpenLease: a lease until {asked['leaseExpiresAt']}, and {asked['carried']} sealed changes to carry"
    )
    answer = await keypad.hand_over(phone.presented(hello, asked))
    if not answer["opened"]:
        raise TourFailed(f"the lock did not open: {', '.join(answer['reasons'])}")
    stage.say(f"handed over: the door opens, and gives {len(answer['receipts'])} receipt back")
    receipts: list[str] = answer["receipts"]
    return receipts
