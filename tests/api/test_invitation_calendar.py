"""The calendar: when the doors of invitations open, day by day, by the clock on the site's wall."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.actors import Role
from tests.counting import counted
from tests.serving import House, Served

CALENDAR = """query($site: ID!, $first: Date!, $last: Date!) {
  site(id: $site) { name calendar(firstDay: $first, lastDay: $last) { firstDay lastDay
    occurrences { day startsAt endsAt invitation { id name } } } } }"""
ROME = ZoneInfo("Europe/Rome")


async def _calendar(house: House, first: str, last: str) -> list[dict[str, Any]]:
    data = await house.ask(CALENDAR, site=house.id, first=first, last=last)
    calendar = data["site"]["calendar"]
    assert (calendar["firstDay"], calendar["lastDay"]) == (first, last)
    items: list[dict[str, Any]] = calendar["occurrences"]
    return items


def _wall(item: dict[str, Any]) -> tuple[str, str, str]:
    """Day, opening and closing on the wall clock in Rome."""
    opens, closes = (datetime.fromisoformat(item[key]) for key in ("startsAt", "endsAt"))
    return (
        item["day"],
        f"{opens.astimezone(ROME):%a %H:%M}",
        f"{closes.astimezone(ROME):%a %H:%M}",
    )


async def _until_2028(house: House, lock: str, **fields: Any) -> dict[str, Any]:
    made = await house.invitation(
        lock, **{"startsAt": None, "endsAt": "2028-12-31T23:00:00Z", **fields}
    )
    assert made["__typename"] == "CreatedInvitation", made
    return made


async def test_days_slots_and_bounds_are_those_of_the_site(served: Served) -> None:
    """Proves the spans of a slot over midnight, of whole days, of weekdays and of a validity that cuts both ends."""
    house = await served.site()
    lock = (await house.lock())["lockId"]
    await _until_2028(
        house,
        lock,
        name="Nights",
        slotStart="22:00",
        slotEnd="06:00",
        weekdays=["MONDAY", "TUESDAY"],
    )
    stay = await _until_2028(
        house,
        lock,
        name="Stay",
        startsAt="2027-03-02T15:00:00+01:00",
        endsAt="2027-03-03T11:00:00+01:00",
    )
    gone = await _until_2028(house, lock, name="Gone")
    await house.change("deleteInvitation", invitationId=gone["invitation"]["id"])

    items = await _calendar(house, "2027-03-01", "2027-03-04")

    assert [(item["invitation"]["name"], *_wall(item)) for item in items] == [
        ("Nights", "2027-03-01", "Mon 22:00", "Tue 06:00"),
        ("Stay", "2027-03-02", "Tue 15:00", "Wed 00:00"),
        ("Nights", "2027-03-02", "Tue 22:00", "Wed 06:00"),
        ("Stay", "2027-03-03", "Wed 00:00", "Wed 11:00"),
    ]
    assert items[1]["invitation"]["id"] == stay["invitation"]["id"]
    assert await _calendar(house, "2027-03-04", "2027-03-05") == []


async def test_both_changes_of_the_clocks_are_right(served: Served) -> None:
    """Proves that a skipped hour opens nothing, one that comes twice opens twice, and a day may have 23."""
    house = await served.site()
    lock = (await house.lock())["lockId"]
    await _until_2028(house, lock, name="Small hours", slotStart="02:15", slotEnd="03:30")
    spring = await _calendar(house, "2027-03-28", "2027-03-28")
    autumn = await _calendar(house, "2027-10-31", "2027-10-31")

    assert [(item["startsAt"], item["endsAt"]) for item in spring] == [
        ("2027-03-28T01:00:00+00:00", "2027-03-28T01:30:00+00:00")
    ]
    assert [(item["startsAt"], item["endsAt"]) for item in autumn] == [
        ("2027-10-31T00:15:00+00:00", "2027-10-31T01:00:00+00:00"),
        ("2027-10-31T01:15:00+00:00", "2027-10-31T02:30:00+00:00"),
    ]

    await _until_2028(house, lock, name="All day")
    for day, hours in (("2027-03-28", 23), ("2027-10-31", 25), ("2027-06-01", 24)):
        (item,) = [
            i for i in await _calendar(house, day, day) if i["invitation"]["name"] == "All day"
        ]
        opens, closes = (datetime.fromisoformat(item[key]) for key in ("startsAt", "endsAt"))
        assert closes - opens == timedelta(hours=hours)


async def test_the_range_is_bounded_and_the_answer_says_why(served: Served) -> None:
    """62 days at most; every other range, and whoever may not read the site, gets an error beside the site's name."""
    house = await served.site()
    user = await house.make_token(Role.USER)

    async def refusal(token: str, first: str, last: str) -> tuple[str, str | None]:
        answer = await served.post(
            CALENDAR,
            {"authorization": f"Bearer {token}"},
            site=house.id,
            first=first,
            last=last,
        )
        (error,) = answer.json()["errors"]
        assert error["path"] == ["site", "calendar"]
        assert answer.json()["data"]["site"] == {"name": "House", "calendar": None}
        return error["extensions"]["code"], error["extensions"].get("field")

    assert await _calendar(house, "2027-01-01", "2027-03-03") == []
    assert await refusal(house.token, "2027-01-01", "2027-03-04") == ("BAD_USER_INPUT", "lastDay")
    assert await refusal(house.token, "2027-01-02", "2027-01-01") == ("BAD_USER_INPUT", "lastDay")
    assert await refusal(house.token, "0001-01-01", "0001-01-02") == ("BAD_USER_INPUT", "firstDay")
    assert await refusal(house.token, "9999-12-31", "9999-12-31") == ("BAD_USER_INPUT", "firstDay")
    assert (await refusal(user, "2027-01-01", "2027-01-02"))[0] == "NOT_ALLOWED"
    lock = (await house.lock())["lockId"]
    for _ in range(3):
        await house.invitation(lock)
    with counted() as few:
        await _calendar(house, "2026-01-01", "2026-01-31")
    for _ in range(9):
        await house.invitation(lock)
    with counted() as many:
        await _calendar(house, "2026-01-01", "2026-01-31")
    assert len(many) == len(few)


BARS = """query($site: ID!, $first: Date!, $last: Date!, $locks: [ID!], $states: [CredentialState!], $search: String) {
  site(id: $site) { calendar(firstDay: $first, lastDay: $last, lockIds: $locks, states: $states, search: $search) {
    bars { firstDay lastDay weekdays slotStart slotEnd invitation { name state } }
    days(perDay: 1) { day totalCount earliest { invitation { name } } } } } }"""


async def _bars(
    house: House, first: str, last: str, **narrowed: Any
) -> tuple[list[Any], list[Any]]:
    """The bars as name, first and last day; the days with how many there are and the first name."""
    data = await house.ask(BARS, site=house.id, first=first, last=last, **narrowed)
    found = data["site"]["calendar"]
    return (
        [(bar["invitation"]["name"], bar["firstDay"], bar["lastDay"]) for bar in found["bars"]],
        [
            (
                day["day"][-2:],
                day["totalCount"],
                *(i["invitation"]["name"] for i in day["earliest"]),
            )
            for day in found["days"]
        ],
    )


async def test_a_calendar_is_bars_and_counts_of_days(served: Served) -> None:
    """An invitation is one bar, however many days it has; each day says how much there is; both as narrowed."""
    house = await served.site()
    front, back = [(await house.lock(name))["lockId"] for name in ("Front", "Back")]
    await _until_2028(house, front, name="Cleaner", weekdays=["MONDAY", "WEDNESDAY"])
    await _until_2028(
        house,
        back,
        name="Stay",
        startsAt="2027-03-02T15:00:00+01:00",
        endsAt="2027-03-03T11:00:00+01:00",
    )
    gone = await _until_2028(house, back, name="Gone")
    await house.change("deleteInvitation", invitationId=gone["invitation"]["id"])
    week = ("2027-03-01", "2027-03-04")

    bars, days = await _bars(house, *week)

    assert bars == [("Cleaner", "2027-03-01", "2027-03-03"), ("Stay", "2027-03-02", "2027-03-03")]
    assert days == [("01", 1, "Cleaner"), ("02", 1, "Stay"), ("03", 2, "Cleaner"), ("04", 0)]
    assert (await _bars(house, *week, locks=[back]))[0] == bars[1:]
    assert (await _bars(house, *week, search="clean"))[0] == bars[:1]
    assert (await _bars(house, *week, states=["REMOVED"]))[0] == [("Gone", week[0], week[1])]
    assert (await _bars(house, *week, states=["ACTIVE"]))[0] == bars[:1]


async def test_an_invitation_without_a_start_appears_from_its_creation_on(served: Served) -> None:
    """Before that it opened nothing, and nobody could have redeemed it."""
    house = await served.site()
    await _until_2028(house, (await house.lock())["lockId"], name="Guest")
    today = served.clock().astimezone(ROME).date()
    days = [today + timedelta(days=number) for number in (-9, 1)]

    items = await _calendar(house, *(day.isoformat() for day in days))

    assert [item["day"] for item in items] == [today.isoformat(), days[1].isoformat()]
    assert datetime.fromisoformat(items[0]["startsAt"]) <= served.clock()


async def test_a_day_shows_as_many_as_was_asked_for(served: Served) -> None:
    """From none to twenty; more is refused with the place that is wrong."""
    house = await served.site()
    query = """query($id: ID!, $n: Int!) { site(id: $id) { calendar(firstDay: "2027-01-01", lastDay: "2027-01-02") {
      days(perDay: $n) { day totalCount } } } }"""
    for number in (0, 20):
        found = (await house.ask(query, id=house.id, n=number))["site"]["calendar"]["days"]
        assert [day["totalCount"] for day in found] == [0, 0]
    for number in (-1, 21):
        answer = await served.post(
            query, {"authorization": f"Bearer {house.token}"}, id=house.id, n=number
        )
        (error,) = answer.json()["errors"]
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "perDay"}
