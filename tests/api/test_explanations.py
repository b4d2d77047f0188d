"""Why a door opens: each way, what is wanted and what the lock holds, who may ask, and what cannot be asked."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from domain.locks.tables import Lock, Provisioning
from domain.node_ids import node_id, read_node_id
from domain.sync.tables import EntryState, LockDelivery, LockEntry
from tests.api.bare_lock import BareLock
from tests.api.member_steps import member_phone
from tests.api.pin_steps import pin_of, typed, until_all
from tests.counting import counted
from tests.databases import only_sqlite
from tests.serving import House, Served

REASONS = "opens reasons { speaksFor code message schedule { weekdays } basis { __typename id } }"
EXPLANATION = f"""at opens nextAt subject {{ __typename id }} lock {{ id }}
  ways {{ method opens nextAt credential {{ id }} wanted {{ {REASONS} }} atLock {{ {REASONS} }}
    pinSync {{ status wantedVersion appliedVersion opensNow }} }}"""
EXPLAIN = (
    f"query($input: ExplainAccessInput!) {{ explainAccess(input: $input) {{ {EXPLANATION} }} }}"
)
GRID = """query($input: ExplainAccessGridInput!) { explainAccessGrid(input: $input) {
  at rows { subject { id } cells { lock { id } opens nextAt reasonCodes } } } }"""
EVENT = f"""query($id: ID!) {{ site(id: $id) {{ events(first: 5) {{ nodes {{
  kind reasons explanation {{ {EXPLANATION} }} }} }} }} }}"""


def key(kind: str, text: str) -> UUID:
    found = read_node_id(kind, text)
    assert found is not None
    return found


async def explained(house: House, lock_id: str, *, at: str | None = None, **subject: str) -> Any:
    asked = {"lockId": lock_id, "subject": subject, "at": at}
    return (await house.ask(EXPLAIN, input=asked))["explainAccess"]


def codes(answer: dict[str, Any], *, speaks_for: bool = False) -> set[str]:
    return {each["code"] for each in answer["reasons"] if each["speaksFor"] is speaks_for}


async def settled(lock_id: str) -> None:
    """The lock has acknowledged all that is wanted of it, as far as the tables say, and is connected."""
    lock = key("lock", lock_id)
    for entry in await LockEntry.filter(lock_id=lock):
        live = entry.state is EntryState.LIVE
        await LockEntry.filter(id=entry.id).update(
            applied_version=entry.version, applied_live=live, pending_since=None
        )
    kit = await Provisioning.get(lock_id=lock)
    await Provisioning.filter(id=kit.id).update(proven_at=kit.created_at)
    await Lock.filter(id=lock).update(incarnation=kit.incarnation)


async def online(lock_id: str, now: datetime) -> None:
    await Lock.filter(id=key("lock", lock_id)).update(
        feed_id="f" * 32, last_contact_at=now, nonces=[["n" * 43, now.isoformat()]]
    )


async def test_a_denial_is_explained_with_the_rule_behind_it(served: Served) -> None:
    """Proves the whole way: a lock denies a PIN on the wrong day, and the event's explanation names the PIN, its days, what
    the lock holds, and when it opens next."""
    house = await served.site(timezone="UTC")
    entry = await house.lock()
    now = served.clock()
    day = (now + timedelta(days=2)).strftime("%A").upper()
    made = await pin_of(house, entry["lockId"], weekdays=[day])
    device = await house.device(entry)
    await until_all(house, made["pin"]["id"], Front_door="UPDATED")
    event = await typed(house, device, made["digits"])
    assert event["reasons"] == ["WRONG_WEEKDAY"]
    (shown, *_) = (await house.ask(EVENT, id=house.id))["site"]["events"]["nodes"]
    why = shown["explanation"]
    assert why["subject"] == {"__typename": "Pin", "id": made["pin"]["id"]}
    assert why["opens"] is False
    (way,) = why["ways"]
    for side in ("wanted", "atLock"):
        assert way[side]["opens"] is False
        (reason,) = way[side]["reasons"]
        assert reason["code"] == "WRONG_WEEKDAY"
        assert reason["schedule"] == {"weekdays": [day]}
        assert reason["basis"] == {"__typename": "Pin", "id": made["pin"]["id"]}
    next_day = datetime.fromisoformat(why["nextAt"])
    assert next_day == datetime.combine(now.date() + timedelta(days=2), datetime.min.time(), UTC)
    assert way["pinSync"] == {
        "status": "UPDATED", "wantedVersion": 1, "appliedVersion": 1, "opensNow": [1]
    }  # fmt: skip
    then = await explained(house, entry["lockId"], at=why["nextAt"], pinId=made["pin"]["id"])
    assert then["opens"] is True
    assert then["nextAt"] == why["nextAt"]
    assert codes(then["ways"][0]["atLock"], speaks_for=True) == {"SCHEDULE_OPEN"}


async def test_what_the_lock_holds_is_told_apart_from_what_is_wanted(served: Served) -> None:
    """Proves the answers while a change has not arrived, may have, and is not known; and a lost clock and a lockout."""
    house = await served.site(timezone="UTC")
    entry = await house.lock()
    lock_id = entry["lockId"]
    made = await pin_of(house, lock_id)
    pin_id = made["pin"]["id"]

    async def way() -> dict[str, Any]:
        found = await explained(house, lock_id, pinId=pin_id)
        (only,) = found["ways"]
        assert found["opens"] == only["opens"] == only["atLock"]["opens"]
        return dict(only)

    never = await way()
    assert (never["wanted"]["opens"], never["opens"]) == (True, False)
    assert "LOCK_NEVER_SET_UP" in codes(never["atLock"])
    await settled(lock_id)
    assert (await way())["opens"] is True
    # Blocked, and the lock has not heard of it.
    await house.change("blockPin", "", pinId=pin_id)
    still = await way()
    assert (still["wanted"]["opens"], still["opens"], still["nextAt"]) == (False, True, None)
    assert codes(still["wanted"]) == {"BLOCKED"}
    assert codes(still["atLock"], speaks_for=True) == {"SCHEDULE_OPEN", "STILL_ON_LOCK"}
    # It was handed out, and may have arrived.
    held = await LockEntry.get(pin_id=key("pin", pin_id))
    delivery = await LockDelivery.create(
        lock_id=held.lock_id, incarnation="a" * 32, epoch=1, from_revision=1, to_revision=2,
        items=[[str(held.id), held.version, False]], created_at=served.clock(),
    )  # fmt: skip
    assert (await way())["opens"] is None
    assert "ON_ITS_WAY" in codes((await way())["atLock"])
    await delivery.delete()
    # It has other digits by now; the old ones open, and those are not the PIN's any more.
    await house.change("unblockPin", "", pinId=pin_id)
    await settled(lock_id)
    await house.change("reassignPin", "", pinId=pin_id)
    other = await way()
    assert (other["wanted"]["opens"], other["opens"]) == (True, False)
    assert codes(other["atLock"]) == {"OLD_DIGITS"}
    assert other["pinSync"]["opensNow"] == [3]
    await settled(lock_id)
    assert (await way())["opens"] is True
    # A schedule that the lock does not hold yet: it goes by the one before.
    tomorrow = (served.clock() + timedelta(days=1)).date().isoformat()
    await house.change("updatePin", "", pinId=pin_id, validFrom=tomorrow)
    older = await way()
    assert (older["wanted"]["opens"], older["opens"]) == (False, True)
    assert older["nextAt"].startswith(tomorrow)
    await Lock.filter(id=held.lock_id).update(state_unknown=True)
    assert (await way())["opens"] is None
    assert codes((await way())["atLock"]) == {"NOT_KNOWN"}
    await Lock.filter(id=held.lock_id).update(state_unknown=False)
    await settled(lock_id)
    lost = served.clock()
    await Lock.filter(id=held.lock_id).update(clock_lost_since=lost)
    assert codes((await way())["atLock"]) == {"NO_TIME"}
    await Lock.filter(id=held.lock_id).update(clock_lost_since=None, locked_out_since=lost)
    assert codes((await way())["atLock"]) == {"PIN_LOCKOUT"}
    # A PIN mode that the lock has not heard of.
    await Lock.filter(id=held.lock_id).update(locked_out_since=None)
    await house.change("updatePin", "", pinId=pin_id, validFrom=None)
    await settled(lock_id)
    await house.change("setPinMode", "", target={"lockId": lock_id}, enabled=False)
    off = await way()
    assert (off["wanted"]["opens"], off["opens"], off["nextAt"]) == (False, True, None)
    (reason,) = [each for each in off["wanted"]["reasons"] if not each["speaksFor"]]
    assert (reason["code"], reason["basis"]["__typename"]) == ("PIN_MODE_OFF", "Reader")
    await settled(lock_id)
    assert codes((await way())["atLock"]) == {"PIN_MODE_OFF"}


async def test_each_way_of_opening_is_explained(served: Served) -> None:
    """Proves members (their phone and their PINs), invitations, phones and SmartPINs, at a door that is for them and at
    one that is not."""
    house = await served.site(timezone="Asia/Kathmandu")
    entry, other = await house.lock(), await house.lock("Cellar")
    lock_id = entry["lockId"]
    await house.change("updateLock", "", lockId=lock_id, smartPinEnabled=True)
    cleo = await house.member("Cleo", email="cleo@example.com")
    rule = await house.change(
        "createAccessRule", "... on CreatedAccessRule { accessRule { id } }",
        siteId=house.id, grantee={"memberId": cleo}, lockIds=[lock_id],
    )  # fmt: skip
    await house.change(
        "createPin", "... on CreatedPin { pin { id } }", siteId=house.id, owner={"memberId": cleo}
    )
    now = served.clock()
    for each in (lock_id, other["lockId"]):
        await settled(each)
        await online(each, now)
    hers = await explained(house, lock_id, memberId=cleo)
    assert [way["method"] for way in hers["ways"]] == ["PHONE", "PIN"]
    for way in hers["ways"]:
        assert way["opens"] is True, way
        (reason,) = way["wanted"]["reasons"]
        assert reason["basis"] == {
            "__typename": "AccessRule", "id": rule["accessRule"]["id"]
        }  # fmt: skip
    (nothing,) = (await explained(house, other["lockId"], memberId=cleo))["ways"]
    assert codes(nothing["wanted"]) == {"NO_RULE"}
    assert nothing["nextAt"] is None
    # Somebody without an account has no phone.
    emil = await house.member("Emil")
    (no_phone,) = (await explained(house, lock_id, memberId=emil))["ways"]
    assert codes(no_phone["wanted"]) == {"NO_RULE", "NO_ACCOUNT"}
    # A guest and their phone.
    made = await house.invitation(lock_id)
    phone = served.phone()
    device = (await phone.redeem(made["code"]))["device"]["id"]
    for subject in ({"invitationId": made["invitation"]["id"]}, {"deviceId": device}):
        (way,) = (await explained(house, lock_id, **subject))["ways"]
        assert (way["method"], way["opens"]) == ("PHONE", True)
        assert way["credential"] == {"id": made["invitation"]["id"]}
        (elsewhere,) = (await explained(house, other["lockId"], **subject))["ways"]
        assert codes(elsewhere["wanted"]) == {"NO_RULE"}
    await Lock.filter(id=key("lock", lock_id)).update(feed_id=None)
    (cut,) = (await explained(house, lock_id, memberId=cleo))["ways"][:1]
    assert cut["opens"] is False
    assert codes(cut["atLock"]) == {"LOCK_OFFLINE"}
    # An hour from now the lock may be connected again: that is not known, and what is wanted decides.
    soon = (served.clock() + timedelta(hours=1)).isoformat()
    (later,) = (await explained(house, lock_id, at=soon, memberId=cleo))["ways"][:1]
    assert (later["opens"], later["atLock"]["opens"]) == (True, None)
    # A SmartPIN, before and after an admin blocks it.
    start = now.replace(minute=15, second=0, microsecond=0) + timedelta(
        hours=1
    )  # on the hour there
    smart = await house.change(
        "createSmartPin", "... on CreatedSmartPin { smartPin { id } } ... on InvalidWindow { nearest { startsAt } }",
        lockId=lock_id, guestName="Guest", startsAt=start.isoformat(),
        endsAt=(start + timedelta(hours=3)).isoformat(),
    )  # fmt: skip
    code = smart["smartPin"]["id"]
    at = (start + timedelta(hours=2)).isoformat()
    (way,) = (await explained(house, lock_id, at=at, smartPinId=code))["ways"]
    assert (way["method"], way["opens"], codes(way["wanted"])) == ("SMARTPIN", True, set())
    (early,) = (
        await explained(house, lock_id, at=(start - timedelta(days=9)).isoformat(), smartPinId=code)
    )["ways"]
    assert codes(early["wanted"]) == codes(early["atLock"]) == {"NOT_YET_VALID"}
    assert datetime.fromisoformat(early["nextAt"]) == start
    await house.change("blockSmartPin", "", smartPinId=code)
    (blocked,) = (await explained(house, lock_id, at=at, smartPinId=code))["ways"]
    assert (blocked["opens"], blocked["nextAt"]) == (True, None)
    assert codes(blocked["wanted"]) == {"BLOCKED"}
    await settled(lock_id)
    (blocked,) = (await explained(house, lock_id, at=at, smartPinId=code))["ways"]
    assert codes(blocked["atLock"]) == {"BLOCKED"}
    (elsewhere,) = (await explained(house, other["lockId"], at=at, smartPinId=code))["ways"]
    assert codes(elsewhere["wanted"]) == {"NO_RULE"}


async def test_a_grid_costs_the_same_statements_however_large(served: Served) -> None:
    """Proves that people times doors are read at once, and that each cell says what the single question says."""
    house = await served.site()
    locks = [(await house.lock(f"Door {number}"))["lockId"] for number in range(3)]
    people = [await house.member(f"Person {number}") for number in range(4)]
    for person in people:
        await pin_of(house, *locks[:2], owner={"memberId": person})

    async def grid(subjects: list[str], doors: list[str]) -> Any:
        asked = {
            "siteId": house.id, "lockIds": doors,
            "subjects": [{"memberId": each} for each in subjects],
        }  # fmt: skip
        return (await house.ask(GRID, input=asked))["explainAccessGrid"]

    async def statements(subjects: list[str], doors: list[str]) -> int:
        """The fewest of three: what the server does beside it counts too."""
        sent = []
        for _ in range(3):
            with counted() as each:
                await grid(subjects, doors)
            sent.append(len(each))
        return min(sent)

    assert await statements(people[:1], locks[:1]) == await statements(people, locks) <= 30
    shown = await grid(people, locks)
    assert [row["subject"]["id"] for row in shown["rows"]] == people
    for row in shown["rows"]:
        assert [cell["lock"]["id"] for cell in row["cells"]] == locks
        for cell in row["cells"]:
            alone = await explained(house, cell["lock"]["id"], memberId=row["subject"]["id"])
            assert (cell["opens"], cell["nextAt"] is None) == (
                alone["opens"], alone["nextAt"] is None
            )  # fmt: skip
    assert shown["rows"][0]["cells"][2]["reasonCodes"] == [
        "NO_RULE",
        "NO_ACCOUNT",
        "LOCK_NEVER_SET_UP",
    ]


async def asked(served: Served, token: str, **input_fields: Any) -> Any:
    """The answer by a token, errors and all."""
    return (
        await served.post(EXPLAIN, {"authorization": f"Bearer {token}"}, input=input_fields)
    ).json()


@only_sqlite  # what is asked of the database the others ask of both
async def test_what_cannot_be_asked_says_why(served: Served) -> None:
    """Proves that what is removed or foreign is as what never was, byte for byte and at whatever place; that moments without
    an offset and beyond the calendar are refused; and that a grid has an end."""
    house, theirs = await served.site("Mine"), await served.site("Theirs")
    entry, foreign = await house.lock(), await theirs.lock()
    lock_id = entry["lockId"]
    pin, member = await pin_of(house, lock_id), await house.member("Ada")
    removed = (await pin_of(house, lock_id))["pin"]["id"]
    await house.change("deletePin", "", pinId=removed)
    other_pin = (await pin_of(theirs, foreign["lockId"]))["pin"]["id"]
    invitation = (await theirs.invitation(foreign["lockId"]))["invitation"]["id"]
    nobody = await theirs.member("Bea")
    mine = house.token

    never = {
        "pinId": node_id("pin", uuid4()),
        "memberId": node_id("member", uuid4()),
        "invitationId": node_id("invitation", uuid4()),
        "smartPinId": "pin_0",
        "deviceId": "made up",
    }
    for field, ids in (
        ("pinId", [removed, other_pin, "", lock_id]),
        ("memberId", [nobody]),
        ("invitationId", [invitation]),
        ("smartPinId", [other_pin]),
        ("deviceId", [lock_id]),
    ):
        answers = [
            await asked(served, mine, lockId=lock_id, subject={field: each})
            for each in (never[field], *ids)
        ]
        assert all(answer == answers[0] for answer in answers), answers
        (error,) = answers[0]["errors"]
        assert error["extensions"] == {"code": "NOT_FOUND", "field": f"subject.{field}"}
        grid = {"siteId": house.id, "lockIds": [lock_id]}
        for each in (never[field], *ids):
            given = {**grid, "subjects": [{"memberId": member}, {field: each}]}
            response = await served.post(GRID, {"authorization": f"Bearer {mine}"}, input=given)
            (error,) = response.json()["errors"]
            assert error["extensions"] == {"code": "NOT_FOUND", "field": f"subjects.1.{field}"}
    for each in (foreign["lockId"], node_id("lock", uuid4()), "made up"):
        answer = await asked(served, mine, lockId=each, subject={"pinId": pin["pin"]["id"]})
        assert answer["errors"][0]["extensions"] == {"code": "NOT_FOUND", "field": "lockId"}

    subject = {"pinId": pin["pin"]["id"]}
    for at in (
        "2026-01-01T00:00:00",
        "0001-01-01T00:00:00+00:00",
        "9999-12-31T23:59:59-05:00",
        "soon",
        7,
    ):
        answer = await asked(served, mine, lockId=lock_id, subject=subject, at=at)
        assert answer["errors"][0]["extensions"]["code"] in {
            "BAD_USER_INPUT", "VARIABLES_INVALID"
        }, answer  # fmt: skip
    for at in ("0001-01-04T00:00:00+00:00", "9999-12-27T23:59:59-00:00"):
        assert (await explained(house, lock_id, at=at, **subject))["at"] is not None
    for wrong in ({}, {"pinId": None}, {**subject, "memberId": member}):
        answer = await asked(served, mine, lockId=lock_id, subject=wrong)
        assert "data" not in answer or answer["data"] is None, answer
    for subjects, locks in (([], [lock_id]), ([subject], []), ([subject] * 100, [lock_id] * 100),
                            ([subject] * 50, [lock_id] * 51)):  # fmt: skip
        given = {"siteId": house.id, "subjects": subjects, "lockIds": locks}
        response = await served.post(GRID, {"authorization": f"Bearer {mine}"}, input=given)
        (error,) = response.json()["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT", error
    largest = {"siteId": house.id, "subjects": [subject] * 50, "lockIds": [lock_id] * 50}
    shown = (await house.ask(GRID, input=largest))["explainAccessGrid"]
    assert [len(row["cells"]) for row in shown["rows"]] == [50] * 50
    assert (await house.ask(EXPLAIN, input={"lockId": lock_id, "subject": subject}))[
        "explainAccess"
    ]
    await house.change("deleteLock", "", lockId=lock_id)
    answer = await asked(served, mine, lockId=lock_id, subject=subject)
    assert answer["errors"][0]["extensions"] == {"code": "NOT_FOUND", "field": "lockId"}


@only_sqlite  # what is asked of the database the others ask of both
async def test_members_may_ask_about_themselves_alone(served: Served) -> None:
    """Proves that a USER is told of their own PINs, phones and access, without the rules behind it, and of nobody else's and
    no other door; and that a phone of a person is nobody else's to ask about."""
    house = await served.site()
    entry, other = await house.lock(), await house.lock("Cellar")
    lock_id = entry["lockId"]
    phone, cleo = await member_phone(house, "cleo@example.com")
    ada = await house.member("Ada", email="ada@example.com")
    await house.change(
        "createAccessRule", siteId=house.id, grantee={"memberId": cleo}, lockIds=[lock_id]
    )
    hers = (await pin_of(house, owner={"memberId": cleo}))["pin"]["id"]
    his = (await pin_of(house, lock_id, owner={"memberId": ada}))["pin"]["id"]

    async def ask(lock: str, query: str = EXPLAIN, **subject: str) -> Any:
        return (await phone.send(query, input={"lockId": lock, "subject": subject})).json()

    devices = "{ me { ... on Account { devices { nodes { id } } } } }"
    device = (await phone.ask(devices))["me"]["devices"]["nodes"][0]["id"]
    short = "query($input: ExplainAccessInput!) { explainAccess(input: $input) { opens ways { wanted { opens } } } }"
    for subject in ({"memberId": cleo}, {"pinId": hers}, {"deviceId": device}):
        own = await ask(lock_id, short, **subject)
        assert own["data"]["explainAccess"]["ways"][0]["wanted"]["opens"] is True, own
        elsewhere = await ask(other["lockId"], short, **subject)
        missing = await ask(node_id("lock", uuid4()), short, **subject)
        assert elsewhere == missing
        assert elsewhere["errors"][0]["extensions"] == {"code": "NOT_FOUND", "field": "lockId"}
    full = await ask(lock_id, memberId=cleo)
    assert {each["extensions"]["code"] for each in full["errors"]} == {"NOT_ALLOWED"}
    assert {each["path"][-1] for each in full["errors"]} == {"basis"}
    for subject, unknown in (
        ({"memberId": ada}, {"memberId": node_id("member", uuid4())}),
        ({"pinId": his}, {"pinId": node_id("pin", uuid4())}),
    ):
        assert await ask(lock_id, **subject) == await ask(lock_id, **unknown)
    by_owner = await asked(served, house.token, lockId=lock_id, subject={"deviceId": device})
    assert by_owner["errors"][0]["extensions"]["field"] == "subject.deviceId"
    grid = {"siteId": house.id, "subjects": [{"memberId": cleo}], "lockIds": [lock_id]}
    refused = (await phone.send(GRID, input=grid)).json()
    assert refused["errors"][0]["extensions"]["code"] == "NOT_ALLOWED"
    nobody = (
        await served.post(short, input={"lockId": lock_id, "subject": {"pinId": hers}})
    ).json()
    assert nobody["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    guest = served.phone()
    await guest.redeem((await house.invitation(lock_id))["code"])
    theirs = (await guest.send(short, input={"lockId": lock_id, "subject": {"pinId": hers}})).json()
    assert theirs["errors"][0]["extensions"] == {"code": "NOT_FOUND", "field": "lockId"}


async def test_a_clock_that_was_lost_is_a_reason_until_it_is_set(served: Served) -> None:
    """Proves that the explanation goes by what the lock tells of its clock; what has no schedule opens all the same."""
    house = await served.site()
    entry = await house.lock()
    always = (await pin_of(house, entry["lockId"]))["pin"]["id"]
    timed = (await pin_of(house, entry["lockId"], slotStart="00:00", slotEnd="23:59"))["pin"]["id"]

    async def at_lock(pin_id: str) -> tuple[bool | None, bool]:
        (way,) = (await explained(house, entry["lockId"], pinId=pin_id))["ways"]
        return way["atLock"]["opens"], "NO_TIME" in codes(way["atLock"])

    async with BareLock(served, entry) as lock:
        await lock.online()
        await settled(entry["lockId"])
        for kind, lost in (("CLOCK_LOST", True), ("STARTED", True), ("CLOCK_SET", False)):
            await lock.report(lock.event(kind))
            assert await at_lock(always) == (True, False)
            assert (await at_lock(timed))[1] is lost
