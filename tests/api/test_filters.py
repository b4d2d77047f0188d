"""What lists are narrowed by: time, kind, member, lock and words; on every list, in one statement more or none."""

from datetime import timedelta
from typing import Any

import pytest

from tests.api.bare_lock import BareLock
from tests.api.firmware_lock import installed
from tests.api.member_steps import member_tag, rule
from tests.api.pin_steps import lock_tag, pin_of
from tests.api.smartpin_steps import switch, this_hour
from tests.counting import counted
from tests.serving import House, Served


async def listed(house: House, field: str, shown: str, **filters: Any) -> list[Any]:
    """One field of each node of a list, as the list gives them; `filters` by variables of these types."""
    types = {
        "from": "DateTime",
        "to": "DateTime",
        "openFrom": "DateTime",
        "openTo": "DateTime",
        "kinds": "[ActivityKind!]",
        "search": "String",
        "memberIds": "[ID!]",
        "ownerIds": "[ID!]",
        "lockIds": "[ID!]",
        "states": "[CredentialState!]",
    }
    given = "".join(f", ${name}: {types[name]}" for name in filters)
    passed = ", ".join(["first: 100", *(f"{name}: ${name}" for name in filters)])
    query = f"query($id: ID!{given}) {{ site(id: $id) {{ list: {field}({passed}) {{ nodes {{ shown: {shown} }} }} }} }}"
    page = (await house.ask(query, id=house.id, **filters))["site"]["list"]
    return [each["shown"] for each in page["nodes"]]


async def test_events_are_narrowed_by_time_kind_and_member(served: Served) -> None:
    """From a moment on and before another, by the lock's time; by the server's where the lock had none."""
    house = await served.site()
    now = served.clock()
    early, late = now - timedelta(hours=2), now - timedelta(hours=1)
    entry = await house.lock()
    async with BareLock(served, entry) as bare:
        await bare.report(
            bare.event("STARTED", at=early.isoformat()),
            bare.event("CARD_PRESENTED", at=late.isoformat()),
            bare.event("LOCKOUT_STARTED", at=None),
        )

    async def kinds(**filters: Any) -> list[str]:
        return await listed(house, "events", "kind", **filters)

    everything = await kinds()
    assert everything[-3:] == ["LOCKOUT_STARTED", "CARD_PRESENTED", "STARTED"]
    assert await kinds(to=late.isoformat()) == ["STARTED"]
    assert await kinds(**{"from": late.isoformat(), "to": now.isoformat()}) == ["CARD_PRESENTED"]
    assert "STARTED" not in await kinds(**{"from": late.isoformat()})
    assert "LOCKOUT_STARTED" in await kinds(**{"from": now.isoformat()})
    assert await kinds(kinds=["STARTED", "LOCKOUT_STARTED"]) == ["LOCKOUT_STARTED", "STARTED"]


async def test_events_are_narrowed_to_one_member(served: Served) -> None:
    """What one member did at a keypad, and none of what another did; a foreign member did nothing here."""
    house = await served.site()
    entry = await house.lock()
    emma, otto = await house.member("Emma"), await house.member("Otto")
    digits = [
        (await pin_of(house, entry["lockId"], owner={"memberId": owner}))["digits"]
        for owner in (emma, otto)
    ]
    lock = await installed(house, entry)
    for each in (digits[0], digits[1], digits[0]):
        lock.enter(each)
    await lock.tell()
    stranger = await (await served.site("Other")).member("Sven")

    assert await listed(house, "events", "member { id }", memberIds=[emma]) == [{"id": emma}] * 2
    assert await listed(house, "events", "member { id }", memberIds=[otto]) == [{"id": otto}]
    assert await listed(house, "events", "member { id }", memberIds=[stranger]) == []


async def test_the_audit_is_narrowed_by_time(served: Served) -> None:
    """What was changed before a moment, and from it on."""
    house = await served.site()
    await house.change("createHub", siteId=house.id, name="Early")
    served.clock.advance(timedelta(hours=1))
    between = served.clock().isoformat()
    await house.change("createMember", siteId=house.id, name="Late")

    assert await listed(house, "auditLog", "action", **{"from": between}) == ["createMember"]
    before = await listed(house, "auditLog", "action", to=between)
    assert before[0] == "createHub"
    assert "createMember" not in before


async def test_invitations_and_smart_pins_are_narrowed_to_what_is_open_within_a_span(
    served: Served,
) -> None:
    """Whatever is open at some moment of it: the end of one is outside, and an open start has always begun."""
    house = await served.site(timezone="UTC")
    lock = (await house.lock())["lockId"]
    await switch(house, lock)
    hour = served.clock().replace(minute=0, second=0, microsecond=0)

    def at(hours: int) -> str:
        return (hour + timedelta(hours=hours)).isoformat()

    for name, start, end in (("Early", 1, 4), ("Late", 4, 8)):
        await house.invitation(lock, name=name, startsAt=at(start), endsAt=at(end))
        made = await house.change(
            "createSmartPin", lockId=lock, guestName=name, startsAt=at(start), endsAt=at(end)
        )
        assert made["__typename"] == "CreatedSmartPin"
    await house.invitation(lock, name="Always", startsAt=None, endsAt=at(9))

    for field, shown, always in (
        ("invitations", "name", ["Always"]),
        ("smartPins", "guestName", []),
    ):
        assert await listed(house, field, shown, openFrom=at(4)) == [*always, "Late"]
        assert await listed(house, field, shown, openTo=at(4)) == [*always, "Early"]
        both = {"openFrom": at(3), "openTo": at(5)}
        assert await listed(house, field, shown, **both) == [*always, "Late", "Early"]
        assert await listed(house, field, shown, openFrom=at(9)) == []


async def test_pins_are_found_by_their_notes_and_by_their_owners_name(served: Served) -> None:
    """In any case, by part of a word, either of the two; removed ones are not found."""
    house = await served.site()
    lock = (await house.lock())["lockId"]
    emma, otto = await house.member("Emma Rossi"), await house.member("Otto")
    await pin_of(house, lock, owner={"memberId": emma}, notes="for the gardener")
    await pin_of(house, lock, owner={"memberId": otto}, notes="like EMMA's")
    gone = await pin_of(house, lock, owner={"memberId": emma}, notes="gone")
    await house.change("deletePin", pinId=gone["pin"]["id"])

    async def notes(search: str) -> list[str]:
        return await listed(house, "pins", "notes", search=search)

    assert await notes("emma") == ["for the gardener", "like EMMA's"]
    assert await notes("GARDEN") == ["for the gardener"]
    assert await notes("otto") == ["like EMMA's"]
    assert await notes("gone") == await notes("%") == []


async def test_pins_are_narrowed_by_state_owner_and_lock(served: Served) -> None:
    """Each by several at once; removed ones by that state alone; an empty choice, and one too long, is a mistake."""
    house = await served.site()
    front, back = (await house.lock("Front"))["lockId"], (await house.lock("Back"))["lockId"]
    emma, otto = await house.member("Emma"), await house.member("Otto")
    days = served.clock().date() + timedelta(days=9), served.clock().date() - timedelta(days=9)
    for owner, lock, notes, fields in (
        (emma, front, "now", {}),
        (otto, back, "later", {"validFrom": str(days[0])}),
        (otto, front, "over", {"validUntil": str(days[1])}),
        (emma, back, "blocked", {}),
        (emma, back, "over and blocked", {"validUntil": str(days[1])}),
        (emma, back, "removed", {}),
    ):
        made = await pin_of(house, lock, owner={"memberId": owner}, notes=notes, **fields)
        for word, mutation in (("blocked", "blockPin"), ("removed", "deletePin")):
            if word in notes:
                await house.change(mutation, pinId=made["pin"]["id"])

    async def notes_of(**filters: Any) -> list[str]:
        return await listed(house, "pins", "notes", **filters)

    assert await notes_of(states=["ACTIVE"]) == ["now"]
    assert await notes_of(states=["UPCOMING", "ENDED"]) == ["later", "over", "over and blocked"]
    assert await notes_of(states=["BLOCKED", "REMOVED"]) == ["blocked", "removed"]
    assert await notes_of(states=["VOID"]) == []
    assert await notes_of(ownerIds=[otto]) == ["later", "over"]
    assert await notes_of(ownerIds=[emma, otto], lockIds=[front]) == ["now", "over"]
    assert len(await notes_of(lockIds=[front, back])) == 5
    assert await listed(house, "pins", "blocked", states=["ENDED"]) == [False, True]
    bearer = {"authorization": f"Bearer {house.token}"}
    for wrong, field in (
        ("states: []", "states"),
        ("ownerIds: []", "ownerIds"),
        (f"lockIds: {[front] * 101}".replace("'", '"'), "lockIds"),
    ):
        query = f"query($id: ID!) {{ site(id: $id) {{ pins({wrong}) {{ nodes {{ id }} }} }} }}"
        (error,) = (await served.post(query, bearer, id=house.id)).json()["errors"]
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": field}


async def test_what_looks_alike_is_found_alike_in_every_list(served: Served) -> None:
    """Written with accents of their own or in one character, in full width, in another case, renamed: found by either."""
    house = await served.site()
    apart, whole = "Cafe\u0301 E\u0301milie", "caf\u00e9 \u00e9milie"
    lock = (await house.lock())["lockId"]
    await switch(house, lock)
    await house.change("updateLock", lockId=lock, name=apart)
    hub = await house.change(
        "createHub", "... on CreatedHub { hub { id } }", siteId=house.id, name="?"
    )
    await house.change("updateHub", hubId=hub["hub"]["id"], name=whole)
    member = await house.member("?")
    await house.change("updateMember", memberId=member, name=apart)
    tag = await lock_tag(house, name="?")
    await house.change("updateTag", tagId=tag, name=whole)
    made = await pin_of(house, lock, owner={"memberId": await house.member("Otto")})
    await house.change("updatePin", pinId=made["pin"]["id"], notes=apart)
    await house.invitation(lock, name=whole)
    opens = this_hour(served)
    await house.change(
        "createSmartPin",
        lockId=lock,
        guestName=apart,
        startsAt=opens.isoformat(),
        endsAt=(opens + timedelta(hours=1)).isoformat(),
    )

    lists = ("locks", "hubs", "members", "tags", "pins", "invitations", "smartPins")
    for field in lists:
        for words in (
            "\u00e9milie",
            "E\u0301MILIE",
            "\u00c9mil CAF",
            "\uff23\uff21\uff26\u00c9",
            "f\u00e9\u3000\u00e9m",
        ):
            assert await listed(house, field, "id", search=words), (field, words)
        assert await listed(house, field, "id", search="\u00e9milie nobody") == [], field
        assert await listed(house, field, "id", search="%") == [], field
    assert len(await listed(house, "tags", "id", search=whole)) == 3, "default tags are renamed too"


async def test_words_are_searched_one_by_one(served: Served) -> None:
    """In whatever order, each a part of a word, all of them found; for PINs in the notes and in the owner's name."""
    house = await served.site()
    lock = (await house.lock())["lockId"]
    first = await house.member("\u00d6d\u00f6n \u010cerven\u00fd Stra\u00dfe")
    await house.member("\u010cerven\u00e1")
    await pin_of(house, lock, owner={"memberId": first}, notes="for the gardener")

    async def named(search: str) -> list[str]:
        return await listed(house, "members", "id", search=search)

    assert await named("\u010cerven\u00fd \u00d6d\u00f6n") == [first]
    assert await named("  \u00f6d\u00f6  \u010derv  ") == [first]
    assert await named("strasse") == [first]
    assert await named("\u010cerven\u00fd Jan") == []
    assert len(await named("\u010cerven")) == 2
    assert len(await listed(house, "pins", "id", search="garden \u010derven\u00fd")) == 1
    assert await listed(house, "pins", "id", search="garden jan") == []


async def test_the_letters_i_of_turkish_are_found_by_each_other(served: Served) -> None:
    """In the case of that language, in that of others, and by a keyboard that has not all four."""
    house = await served.site()
    ipek = await house.member("\u0130pek I\u015eIK")
    await house.member("Otto")
    for words in (
        *("ipek", "Ipek", "\u0130PEK", "I\u0307pek", "\u0131pek"),
        *(
            "i\u015fik",
            "\u0131\u015f\u0131k",
            "I\u015eIK",
            "\u0130\u015e\u0130K",
            "\u0131\u015f\u0131k ip",
        ),
    ):
        assert await listed(house, "members", "id", search=words) == [ipek], words


async def test_hubs_and_tags_are_found_by_name(served: Served) -> None:
    """As locks and members are."""
    house = await served.site()
    for name in ("East wing", "West wing", "Cellar"):
        await house.change("createHub", siteId=house.id, name=name)
        await house.change("createTag", siteId=house.id, name=name, target="LOCK")

    for field in ("hubs", "tags"):
        assert await listed(house, field, "name", search="WING") == ["East wing", "West wing"]
        assert await listed(house, field, "name", search="attic") == []


async def test_access_rules_are_narrowed_to_a_lock_by_its_id_and_by_tags(served: Served) -> None:
    """A rule that names the lock, and one whose tag holds it now; not one of another lock, nor once it left the tag."""
    house = await served.site()
    front, back = (await house.lock("Front"))["lockId"], (await house.lock("Back"))["lockId"]
    emma = await house.member("Emma")
    club = await member_tag(house, emma)
    doors = await lock_tag(house, front)
    named = await rule(house, emma, front)
    tagged = await rule(house, None, memberTagId=club, lockTagIds=[doors])
    other = await rule(house, emma, back)

    async def of(lock: str, **filters: Any) -> list[str]:
        return await listed(house, "accessRules", "id", lockIds=[lock], **filters)

    assert await of(front) == [named, tagged]
    assert await of(front, memberIds=[emma]) == [named]
    await house.change("updateTag", tagId=doors, lockIds=[back])
    assert (await of(front), await of(back)) == ([named], [tagged, other])


@pytest.mark.parametrize(
    ("field", "filters"),
    [
        ("pins", {"search": "a"}),
        ("pins", {"states": ["UPCOMING", "ENDED"]}),
        ("pins", {"lockIds": []}),
        ("accessRules", {"lockIds": []}),
        ("events", {"kinds": ["STARTED"], "from": "2020-01-01T00:00:00Z"}),
        ("auditLog", {"from": "2020-01-01T00:00:00Z"}),
    ],
)
async def test_a_filter_costs_no_statement_more(
    served: Served, field: str, filters: dict[str, Any]
) -> None:
    """Choices by other rows are part of the page's one statement; how long a span is takes another."""
    house = await served.site()
    if "lockIds" in filters:
        filters = {"lockIds": [(await house.lock())["lockId"]]}
    await listed(house, field, "__typename")  # the first use of a token is written down
    with counted() as plain:
        await listed(house, field, "__typename")
    with counted() as narrowed:
        await listed(house, field, "__typename", **filters)
    assert len(narrowed) == len(plain) + (field == "events")
