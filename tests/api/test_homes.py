"""A phone asks one thing whoever carries it: its homes."""

from datetime import datetime
from zoneinfo import ZoneInfo

from tests.api.member_steps import HOMES, member_phone, rule
from tests.serving import Served

CHANGES = "{ homes { doors { opens nextChangeAt } } }"
ALL = f"{{ homes {{ {HOMES} member {{ name }} }} }}"


async def test_guests_and_members_see_their_homes_alike(served: Served) -> None:
    """The site, the doors and when each opens; a member's access has no end of its own, a guest's has no PINs."""
    house = await served.site("House", "Europe/Rome")
    lock = (await house.lock("Front"))["lockId"]
    phone, emma = await member_phone(house)
    await rule(house, emma, lock, slotStart="08:00", slotEnd="18:00")
    guest = served.phone()
    redeemed = await guest.redeem((await house.invitation(lock))["code"])

    (of_member,) = (await phone.ask(ALL))["homes"]
    (of_guest,) = (await guest.ask(ALL))["homes"]

    site = {"id": house.id, "name": "House", "timezone": "Europe/Rome"}
    assert of_member["site"] == of_guest["site"] == redeemed["home"]["site"] == site
    doors = [[each["lock"] for each in home["doors"]] for home in (of_member, of_guest)]
    assert doors == [[{"id": lock, "name": "Front"}]] * 2
    (hers,) = (await phone.ask(CHANGES))["homes"][0]["doors"]
    (theirs,) = (await guest.ask(CHANGES))["homes"][0]["doors"]
    assert theirs == {"opens": True, "nextChangeAt": of_guest["expiresAt"]}
    changes = datetime.fromisoformat(hers["nextChangeAt"]).astimezone(ZoneInfo("Europe/Rome"))
    assert changes.hour == (18 if hers["opens"] else 8)
    assert of_member["doors"][0]["schedules"][0]["slotStart"] == "08:00:00"
    assert of_guest["doors"][0]["schedules"][0]["endsAt"] == of_guest["expiresAt"]
    assert (of_member["expiresAt"], of_member["member"]) == (None, {"name": "Emma"})
    assert (of_guest["member"], of_guest["pinsOffered"], of_guest["pins"]) == (None, False, [])
    assert of_member["pinsOffered"] is True
    assert of_member["id"] != of_guest["id"]


async def test_homes_are_for_phones_and_people(served: Served) -> None:
    """A script has none, and a stranger signs in first."""
    house = await served.site()
    for headers, code in (
        ({"authorization": f"Bearer {house.token}"}, "NOT_ALLOWED"),
        ({}, "UNAUTHENTICATED"),
    ):
        answer = (await served.post("{ homes { id } }", headers)).json()
        assert answer["data"] == {"homes": None}
        assert [each["extensions"]["code"] for each in answer["errors"]] == [code]


async def test_a_guest_sees_what_place_it_is_and_no_more_of_it(served: Served) -> None:
    """What the site is set to, and its lists, are null with an error each; its name stays."""
    house = await served.site()
    guest = served.phone()
    await guest.redeem(
        (await house.invitation((await house.lock())["lockId"]))["invitationCode"]["code"]
    )

    answer = (
        await guest.send(
            "{ homes { site { name timezone systemType seats { used } events { nodes { id } } } } }"
        )
    ).json()

    assert answer["data"]["homes"][0]["site"] == {
        "name": "House",
        "timezone": "Europe/Rome",
        "systemType": None,
        "seats": None,
        "events": None,
    }
    assert sorted(each["path"][-1] for each in answer["errors"]) == [
        "events",
        "seats",
        "systemType",
    ]
    assert {each["extensions"]["code"] for each in answer["errors"]} == {"NOT_ALLOWED"}
