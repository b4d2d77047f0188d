"""Chapter: an admin invites, a phone redeems, a door opens, and the access ends."""

from datetime import UTC, datetime, timedelta

from api.tour.phone import Phone
from api.tour.stage import Stage, TourFailed, expect

DOOR = "Front door"


async def play(stage: Stage) -> None:
    """Invitation, redemption, opening, the device limit, deletion. Raises TourFailed."""
    now = datetime.now(UTC)
    made = expect(
        await stage.console.change(
            "createInvitation",
            """... on CreatedInvitation { invitationCode { code shareLinks { web } }
                 invitation { id state } }""",
            siteId=stage.site,
            name="Tour guest",
            lockIds=[stage.locks[DOOR]],
            startsAt=(now - timedelta(minutes=1)).isoformat(),
            endsAt=(now + timedelta(hours=2)).isoformat(),
            deviceLimit=1,
        ),
        "CreatedInvitation",
    )
    shared = made["invitationCode"]
    stage.say(
        f"createInvitation for {DOOR}: {made['invitation']['state']}, {shared['shareLinks']['web']}"
    )
    invitation_id = made["invitation"]["id"]
    async with stage.leaving_nothing("deleteInvitation", invitationId=invitation_id):
        phone = stage.phone()
        home = expect(await phone.redeem(shared["code"]), "RedeemedInvitation")["home"]
        doors = ", ".join(door["lock"]["name"] for door in home["doors"])
        stage.say(
            f"redeemInvitation on a phone: {home['site']['name']}, {doors}, until {home['expiresAt']}"
        )
        opened = expect(await phone.open(stage.locks[DOOR]), "OpenedLock")["event"]
        stage.say(f"openLock: the lock says {opened['kind']} at {opened['occurredAt']}")
        await _see_event(stage, opened["id"])
        full = expect(
            await stage.phone().redeem(shared["code"], "Second phone"), "DeviceLimitReached"
        )
        stage.say(f"a second phone redeems: {full['__typename']} ({full['message']})")
        await _delete_and_see_it_end(stage, invitation_id, phone)


async def _see_event(stage: Stage, event_id: str) -> None:
    data = await stage.console.ask(
        """query($id: ID!) { site(id: $id) { events(first: 10) { nodes {
             id kind method lock { name } } } } }""",
        id=stage.site,
    )
    for event in data["site"]["events"]["nodes"]:
        if event["id"] == event_id:
            stage.say(
                f"the admin sees: {event['lock']['name']} {event['kind']} by {event['method']}"
            )
            return
    raise TourFailed("the admin does not see the event")


async def _delete_and_see_it_end(stage: Stage, invitation_id: str, phone: Phone) -> None:
    async with await phone.socket() as socket:
        stream = socket.subscribe("subscription { myAccess { active } }")
        if not (await anext(stream))["myAccess"]["active"]:
            raise TourFailed("myAccess does not start active")
        deleted = await stage.console.change("deleteInvitation", invitationId=invitation_id)
        expect(deleted, "DeletedInvitation")
        code, reason = await socket.closed(within_seconds=2)
    stage.say(f"deleteInvitation: the phone's socket closes with {code} {reason}")
    refused = await phone.send("{ me { ... on Node { id } } }")
    if refused.status_code != 401:
        raise TourFailed(f"the deleted invitation's phone still gets {refused.status_code}")
    stage.say(
        f"the phone asks again: {refused.status_code} {refused.json()['errors'][0]['message']}"
    )
