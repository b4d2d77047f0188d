"""Redeeming: one round trip to the home screen, one answer for every code that is not good, one place for one phone."""

from datetime import datetime, timedelta

from api.tour.phone import REDEEM
from domain.actors import Role
from domain.database import use_case
from domain.invitations.tables import Invitation
from domain.node_ids import read_node_id
from domain.people.tables import Device
from tests.serving import Served

DEVICES = """query($id: ID!) { node(id: $id) { ... on Invitation {
  devicesUsed devices { id name } } } }"""


async def test_one_round_trip_shows_the_whole_home_screen(served: Served) -> None:
    """Proves row 15: location, expiry, locks and schedule in the answer, and nothing of the invitation's name."""
    house = await served.site("Casa Anna & Figli")
    front, flat = await house.lock("Front door"), await house.lock("Flat 4")
    until = (served.clock() + timedelta(days=3)).replace(microsecond=0)
    made = await house.invitation(
        front["lockId"],
        flat["lockId"],
        name="Difficult guest, ask for cash",
        startsAt=(served.clock() + timedelta(hours=1)).isoformat(),
        endsAt=until.isoformat(),
        slotStart="22:00",
        slotEnd="06:30",
        weekdays=["SUNDAY", "MONDAY"],
    )

    response = await served.phone().send(
        REDEEM, input={"code": made["code"], "deviceName": "Eve's phone", "platform": "ANDROID"}
    )

    assert "Difficult" not in response.text
    home = response.json()["data"]["redeemInvitation"]["home"]
    assert (home["site"]["name"], home["site"]["timezone"]) == ("Casa Anna & Figli", "Europe/Rome")
    assert home["expiresAt"] == until.isoformat()
    assert [door["lock"]["name"] for door in home["doors"]] == ["Front door", "Flat 4"]
    (schedule,) = home["doors"][0]["schedules"]
    assert (schedule["slotStart"], schedule["slotEnd"]) == ("22:00:00", "06:30:00")
    assert schedule["weekdays"] == ["MONDAY", "SUNDAY"]
    assert schedule["endsAt"] == until.isoformat()

    await house.change("deleteLock", lockId=flat["lockId"])
    again = await served.phone().redeem(made["code"])
    assert again["__typename"] == "DeviceLimitReached"


async def test_a_code_is_read_as_people_write_it(served: Served) -> None:
    """Proves that case, blanks, dashes and Crockford's confusions do not matter, and that all of it is one device."""
    house = await served.site()
    made = await house.invitation((await house.lock())["lockId"])
    code = made["code"]
    phone = served.phone()
    confused = code.replace("0", "o").replace("1", "l")
    spellings = [
        code,
        code.lower(),
        code.replace("-", ""),
        f"  {code.replace('-', ' ')} ",
        code.replace("-", "\u2013"),
        confused,
        confused.replace("l", "i").upper(),
    ]

    answers = [await phone.redeem(spelling) for spelling in spellings]

    assert {answer["__typename"] for answer in answers} == {"RedeemedInvitation"}
    assert len({answer["accessToken"] for answer in answers}) == 1
    assert (await house.ask(DEVICES, id=made["invitation"]["id"]))["node"]["devicesUsed"] == 1
    for wrong in (code[:-1], code + "0", code.replace("-", "_"), "", "U" * 13):
        assert (await phone.redeem(wrong))["__typename"] == "InvitationNotRedeemable"


async def test_unknown_ended_and_deleted_codes_answer_byte_for_byte_alike(served: Served) -> None:
    """Proves that a code which is not good tells nothing of what it was: the whole responses are equal."""
    house = await served.site()
    lock = (await house.lock())["lockId"]
    ended = await house.invitation(lock, endsAt=(served.clock() + timedelta(seconds=1)).isoformat())
    deleted = await house.invitation(lock)
    await house.change("deleteInvitation", invitationId=deleted["invitation"]["id"])
    served.clock.advance(timedelta(seconds=2))

    answers = []
    for code in ("K7Q9-M2XA-4T8RB", "nonsense", ended["code"], deleted["code"]):
        response = await served.phone().send(REDEEM, input={"code": code, "deviceName": "Phone"})
        headers = {k: v for k, v in response.headers.items() if k != "date"}
        answers.append((response.status_code, headers, response.content))

    assert all(answer == answers[0] for answer in answers)
    assert b"InvitationNotRedeemable" in answers[0][2]


async def test_a_full_invitation_says_so_and_a_removed_phone_makes_room_for_others(
    served: Served,
) -> None:
    """Proves DeviceLimitReached, that the phone inside may retry for ever, and that removeDevice frees the place.

    Not for the phone that was removed: its token is dead, and the code admits its key no more.
    """
    house = await served.site()
    made = await house.invitation((await house.lock())["lockId"])
    inside, outside = served.phone(), served.phone()
    first = await inside.redeem(made["code"])
    refused = await outside.redeem(made["code"])
    again = await inside.redeem(made["code"], "Renamed")

    assert (refused["__typename"], refused["limit"]) == ("DeviceLimitReached", 1)
    assert again["accessToken"] == first["accessToken"]

    removed = await house.change("removeDevice", deviceId=first["device"]["id"])
    assert removed["__typename"] == "RemovedDevice"
    assert (await inside.send("{ me { ... on Node { id } } }")).status_code == 401
    inside.token = None
    barred = await inside.redeem(made["code"])
    assert barred["__typename"] == "InvitationNotRedeemable"
    assert (await house.ask(DEVICES, id=made["invitation"]["id"]))["node"] == {
        "devicesUsed": 0,
        "devices": [],
    }
    taken = await outside.redeem(made["code"])
    assert taken["__typename"] == "RedeemedInvitation"


async def test_a_phone_is_barred_from_that_invitation_and_from_no_other(served: Served) -> None:
    """Proves that the same key redeems another invitation of the site, before and after it was removed from one."""
    house = await served.site()
    lock_id = (await house.lock())["lockId"]
    one, other, third = [await house.invitation(lock_id) for _ in range(3)]
    phone = served.phone()
    first = await phone.redeem(one["code"])
    phone.token = None
    second = await phone.redeem(other["code"])
    await house.change("removeDevice", deviceId=first["device"]["id"])

    assert (await phone.ask("{ me { ... on Node { id } } }"))["me"]["id"] == second["device"]["id"]
    phone.token = None
    kinds = [(await phone.redeem(each["code"]))["__typename"] for each in (one, other, third)]
    assert kinds == ["InvitationNotRedeemable", "RedeemedInvitation", "RedeemedInvitation"]


async def test_a_phone_that_left_by_itself_redeems_again_with_a_new_token(served: Served) -> None:
    """Proves that only an admin's removal bars a key: the row of one that is merely gone is revived."""
    house = await served.site()
    made = await house.invitation((await house.lock())["lockId"])
    phone = served.phone()
    first = await phone.redeem(made["code"])
    await _left(made["invitation"]["id"], served.clock())
    old, phone.token = phone.token, None
    back = await phone.redeem(made["code"])

    assert back["device"]["id"] == first["device"]["id"]
    assert back["accessToken"] != old
    phone.token = old
    assert (await phone.send("{ me { ... on Node { id } } }")).status_code == 401


@use_case
async def _left(invitation: str, now: datetime) -> None:
    """All phones of the invitation are gone, without anybody having put them out."""
    key = read_node_id("invitation", invitation)
    await Device.filter(invitation_id=key).update(removed_at=now)
    await Invitation.filter(id=key).update(devices_used=0)


async def test_wrong_codes_are_throttled_by_address_and_a_right_one_never(served: Served) -> None:
    """Proves the count, guess by guess, through aliases too; a right code passes meanwhile; a minute forgets."""
    house = await served.site()
    made = await house.invitation((await house.lock())["lockId"], deviceLimit=3)
    guesses = " ".join(
        f'g{n}: redeemInvitation(input: {{ code: "{n}", deviceName: "x" }}) {{ __typename }}'
        for n in range(5)
    )
    kinds: list[str] = []
    for _ in range(5):
        data = await served.phone().ask(f"mutation {{ {guesses} }}")
        kinds += [answer["__typename"] for answer in data.values()]

    assert kinds == ["InvitationNotRedeemable"] * 20 + ["Throttled"] * 5
    throttled = await served.phone().redeem("K7Q9-M2XA-4T8RB")
    assert throttled["__typename"] == "Throttled"
    assert 1 <= throttled["retryAfterSeconds"] <= 61
    assert (await served.phone().redeem(made["code"]))["__typename"] == "RedeemedInvitation"

    served.clock.advance(timedelta(seconds=61))
    assert (await served.phone().redeem("x"))["__typename"] == "InvitationNotRedeemable"


async def test_redeeming_needs_a_key_and_a_name(served: Served) -> None:
    """Proves that nothing is bound without a proof, or with a device name that cannot be shown."""
    house = await served.site()
    made = await house.invitation((await house.lock())["lockId"])
    keyless = await served.post(REDEEM, input={"code": made["code"], "deviceName": "Phone"})
    nameless = await served.phone().redeem(made["code"], "\u0007")

    assert keyless.json()["data"]["redeemInvitation"]["__typename"] == "NotAllowed"
    assert nameless["__typename"] == "InvalidInput"
    assert (await house.ask(DEVICES, id=made["invitation"]["id"]))["node"]["devicesUsed"] == 0


async def test_what_is_gone_or_foreign_is_not_there(served: Served) -> None:
    """Proves that a deleted lock leaves the home screen, and that only this site's editors remove a phone."""
    house = await served.site()
    front, flat = await house.lock("Front door"), await house.lock("Flat 4")
    made = await house.invitation(front["lockId"], flat["lockId"])
    phone = served.phone()
    device = (await phone.redeem(made["code"]))["device"]

    await house.change("deleteLock", lockId=flat["lockId"])
    (home,) = (await phone.ask("{ homes { doors { lock { name } } } }"))["homes"]
    assert home["doors"] == [{"lock": {"name": "Front door"}}]

    other = await served.site("Other")
    reader = await house.make_token(Role.LIMITED_ADMIN, can_edit=False)
    for token, refused in ((other.token, "NotFound"), (reader, "NotAllowed")):
        answer = await house.change("removeDevice", token=token, deviceId=device["id"])
        assert answer["__typename"] == refused
    assert (await phone.send("{ me { ... on Node { id } } }")).status_code == 200
