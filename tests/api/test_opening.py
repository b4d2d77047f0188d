"""Opening a door by phone: what the lock says, why the door stays closed, and orders that come late, twice or in vain."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.tour.phone import OPEN, Phone
from domain.actors import Role
from domain.unlocking import service as unlocking
from tests.api.bare_lock import BareLock
from tests.serving import House, Served
from tests.waiting import eventually

ROME = ZoneInfo("Europe/Rome")
REMOTE = (
    "... on OpenedLock { event { kind method credential { id } } } ... on AccessDenied { reasons }"
)


def _set_clock(served: Served, wall: str) -> None:
    """Moves the server's clock to this wall time in Rome."""
    served.clock.advance(datetime.fromisoformat(wall).replace(tzinfo=ROME) - served.clock())


async def _guest(house: House, lock: str, **fields: Any) -> Phone:
    phone = house.served.phone()
    made = await house.invitation(lock, **{"endsAt": "2028-12-31T00:00:00Z", **fields})
    assert (await phone.redeem(made["code"]))["__typename"] == "RedeemedInvitation"
    return phone


async def _said(phone: Phone, lock: str) -> list[str] | str:
    """The reasons for which the door stays closed; or the type of the answer."""
    answer = await phone.open(lock)
    reasons: list[str] | str = answer.get("reasons", answer["__typename"])
    return reasons


async def test_an_opening_tells_the_admin_who_and_the_guest_no_more(served: Served) -> None:
    """Proves that the lock's event names invitation and phone, and that a guest cannot look from it into the site."""
    house = await served.site()
    entry = await house.lock()
    await house.device(entry)
    made = await house.invitation(entry["lockId"])
    phone = served.phone()
    device = (await phone.redeem(made["code"]))["device"]

    said = await phone.send(
        "mutation($input: OpenLockInput!) { openLock(input: $input) { ... on OpenedLock { event {"
        " id kind method reasons lock { name tags { nodes { name } } } } } } }",
        input={"lockId": entry["lockId"]},
    )
    event = said.json()["data"]["openLock"]["event"]
    assert (event["kind"], event["method"], event["reasons"]) == ("OPENED", "REMOTE", [])
    assert event["lock"] == {"name": "Front door", "tags": None}
    assert [each["path"] for each in said.json()["errors"]] == [
        ["openLock", "event", "lock", "tags"]
    ]
    seen = await house.ask(
        "query($id: ID!) { node(id: $id) { ... on LockEvent {"
        " kind credential { id } device { id } member { id } occurredAt } } }",
        id=event["id"],
    )
    assert seen["node"].pop("occurredAt") is not None
    assert seen["node"] == {
        "kind": "OPENED",
        "credential": {"id": made["invitation"]["id"]},
        "device": {"id": device["id"]},
        "member": None,
    }


async def test_the_schedule_decides_with_every_reason(served: Served) -> None:
    """Proves not yet valid, slot, weekday, both at once, and a night that belongs to the day on which it began.

    Whoever may open hears LockOffline here: there is no lock, and the schedule is asked first.
    """
    house = await served.site()
    lock = (await house.lock())["lockId"]
    _set_clock(served, "2027-03-01T12:00:00")  # a Monday
    later = await _guest(house, lock, startsAt="2027-03-01T15:00:00+01:00")
    slot = await _guest(house, lock, slotStart="08:00", slotEnd="11:00", weekdays=["TUESDAY"])
    night = await _guest(house, lock, slotStart="22:00", slotEnd="06:00", weekdays=["MONDAY"])

    assert await _said(later, lock) == ["NOT_YET_VALID"]
    assert await _said(slot, lock) == ["WRONG_WEEKDAY", "OUTSIDE_SLOT"]
    _set_clock(served, "2027-03-01T15:00:01")
    assert await _said(later, lock) == "LockOffline"
    _set_clock(served, "2027-03-02T05:59:30")
    assert await _said(night, lock) == "LockOffline"
    assert await _said(slot, lock) == ["OUTSIDE_SLOT"]
    _set_clock(served, "2027-03-02T06:00:01")
    assert await _said(night, lock) == ["WRONG_WEEKDAY", "OUTSIDE_SLOT"]
    _set_clock(served, "2027-03-02T10:59:30")
    assert await _said(slot, lock) == "LockOffline"
    _set_clock(served, "2027-03-02T23:00:00")
    assert await _said(night, lock) == ["WRONG_WEEKDAY"]


async def test_the_slot_follows_both_changes_of_the_clocks(served: Served) -> None:
    """Proves on the wall clock: half of a slot is skipped in spring, and autumn's doubled hour opens twice."""
    house = await served.site()
    lock = (await house.lock())["lockId"]
    guest = await _guest(house, lock, startsAt=None, slotStart="02:30", slotEnd="03:30")

    async def at(moment: str) -> list[str] | str:
        served.clock.advance(datetime.fromisoformat(moment) - served.clock())
        return await _said(guest, lock)

    closed = ["OUTSIDE_SLOT"]
    assert (
        await at("2027-03-28T00:59:30+00:00") == closed
    )  # 01:59 in Rome, the next second is 03:00
    assert await at("2027-03-28T01:00:01+00:00") == "LockOffline"
    assert await at("2027-03-28T01:30:01+00:00") == closed
    assert await at("2027-10-31T00:40:00+00:00") == "LockOffline"  # 02:40 in summer time
    assert await at("2027-10-31T01:10:00+00:00") == closed  # 02:10 again
    assert await at("2027-10-31T01:40:00+00:00") == "LockOffline"  # 02:40 again
    assert await at("2027-10-31T02:30:01+00:00") == closed


async def test_a_door_that_is_not_the_guests_is_no_door(served: Served) -> None:
    """Proves that another lock of the site, another site's, a deleted and an unknown one answer alike; nobody else opens."""
    house, other = await served.site(), await served.site("Other")
    own, flat = (await house.lock("Front"))["lockId"], (await house.lock("Flat"))["lockId"]
    gone, foreign = (await house.lock("Gone"))["lockId"], (await other.lock())["lockId"]
    guest = await _guest(house, own)
    wide = await _guest(house, gone)
    await house.change("deleteLock", lockId=gone)

    answers = [await guest.open(lock) for lock in (flat, foreign, f"lock_{'0' * 32}", "x")]
    answers.append(await wide.open(gone))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["__typename"] == "NotFound"
    offline = await guest.open(own)
    assert (offline["__typename"], offline["lastContactAt"]) == ("LockOffline", None)
    script = await house.change("openLock", lockId=own)
    assert script["__typename"] == "NotAllowed"
    nobody = await served.post(OPEN, input={"lockId": own})
    assert nobody.json()["data"]["openLock"]["__typename"] == "NotAllowed"


async def test_a_lock_that_never_answers_is_said_and_its_event_tells_later(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proves LockDidNotAnswer for a silent lock, and that what it did is told with its command when it reports."""
    monkeypatch.setattr(unlocking, "OUTCOME_PATIENCE_SECONDS", 2.5)
    house = await served.site()
    entry = await house.lock()
    made = await house.invitation(entry["lockId"])
    phone = served.phone()
    bound = (await phone.redeem(made["code"]))["device"]

    async with BareLock(served, entry) as lock:
        feed = await lock.online()
        opening = asyncio.create_task(_said(phone, lock.id))
        command = lock.read_command(await anext(feed))
        assert await opening == "LockDidNotAnswer"
        assert (command.nonce, command.opens, command.releases_lockout) == (lock.nonce, True, False)
        await lock.report(lock.opened(command))
        events = await house.ask(
            "query($id: ID!, $lock: ID!) { site(id: $id) { events(lockIds: [$lock]) {"
            " nodes { kind credential { id } device { id } } } } }",
            id=house.id,
            lock=lock.id,
        )
    assert events["site"]["events"]["nodes"] == [
        {
            "kind": "OPENED",
            "credential": {"id": made["invitation"]["id"]},
            "device": {"id": bound["id"]},
        }
    ]


async def test_a_lock_is_online_once_it_can_be_ordered(served: Served) -> None:
    """Not while its feed alone is open: whoever reads "online" and opens at once is not told that it is offline."""
    house = await served.site()
    entry = await house.lock()
    online = "query($id: ID!) { node(id: $id) { ... on Lock { online lastContactAt } } }"
    async with BareLock(served, entry) as lock:
        feed = lock.feed()
        first = asyncio.ensure_future(anext(feed))
        heard = await eventually(
            lambda: house.ask(online, id=lock.id), lambda seen: seen["node"]["lastContactAt"]
        )
        await lock.report()
        await first
        reported = await house.ask(online, id=lock.id)
        opening = asyncio.create_task(house.change("openLockRemotely", lockId=lock.id))
        command = lock.read_command(await anext(feed))
        await lock.report(lock.opened(command))

        assert (heard["node"]["online"], reported["node"]["online"]) == (False, True)
        assert (await opening)["__typename"] == "OpenedLock"


async def test_a_lock_that_refuses_is_believed(served: Served) -> None:
    """Proves that the lock's own reasons reach the caller: a command that it finds stale or has seen before."""
    house = await served.site()
    entry = await house.lock()
    phone = await _guest(house, entry["lockId"])
    async with BareLock(served, entry) as lock:
        feed = await lock.online()
        for reason in ("STALE_COMMAND", "REPLAYED_COMMAND"):
            opening = asyncio.create_task(phone.open(lock.id))
            command = lock.read_command(await anext(feed))
            refused = lock.event(
                "COMMAND_REFUSED", method="REMOTE", commandId=command.command_id, reasons=[reason]
            )
            await lock.report(refused)
            answer = await opening
            assert (answer["__typename"], answer["reasons"]) == ("AccessDenied", [reason])


@pytest.mark.parametrize("kind", ["COMMAND_REFUSED", "DENIED"])
async def test_a_lock_that_refuses_without_a_reason_is_said_to_give_none(
    served: Served, kind: str
) -> None:
    """To the guest and to the admin, in a sentence that is whole."""
    house = await served.site()
    entry = await house.lock()
    phone = await _guest(house, entry["lockId"])
    query = """mutation($input: OpenLockRemotelyInput!) { openLockRemotely(input: $input) {
      __typename ... on AccessDenied { message reasons } } }"""
    async with BareLock(served, entry) as lock:
        feed = await lock.online()
        for asked in (
            phone.open(lock.id),
            house.ask(query, input={"lockId": lock.id}),
        ):
            opening = asyncio.create_task(asked)
            command = lock.read_command(await anext(feed))
            await lock.report(lock.event(kind, commandId=command.command_id, reasons=None))
            answer = await opening
            answer = answer.get("openLockRemotely", answer)
            assert (answer["__typename"], answer["reasons"]) == ("AccessDenied", [])
            assert answer.get("message", "gave no reason.").endswith("gave no reason.")


async def test_an_order_is_handed_out_again_only_while_it_stands(served: Served) -> None:
    """Proves the moment of handing out: the same id after a reconnect, nothing after ten seconds or once access ended."""
    house = await served.site()
    entry = await house.lock()
    made = await house.invitation(entry["lockId"])
    phone = served.phone()
    await phone.redeem(made["code"])

    async def command() -> str:
        async with BareLock(served, entry) as lock:
            feed = await lock.online()
            opening = asyncio.create_task(phone.open(lock.id))
            given = lock.read_command(await anext(feed))
            opening.cancel()  # whoever goes away leaves the order as it is
            return given.command_id

    async def handed_again() -> str | None:
        """The command that a new connection is handed within a moment."""
        async with BareLock(served, entry) as lock:
            try:
                item = await asyncio.wait_for(anext(lock.feed()), 0.3)
            except TimeoutError:
                return None
            return lock.read_command(item).command_id

    first = await command()
    assert await handed_again() == first
    served.clock.advance(timedelta(seconds=11))
    assert await handed_again() is None
    second = await command()
    assert await handed_again() == second
    await house.change("deleteInvitation", invitationId=made["invitation"]["id"])
    assert await handed_again() is None


async def test_an_admins_command_ends_with_what_it_stands_on(served: Served) -> None:
    """Proves that a remote unlock is not handed out any more once its admin is demoted, or its token has ended."""
    house = await served.site()
    entry = await house.lock()
    admin = await house.member("Ada", Role.SUPER_ADMIN, email="ada@example.com")
    console = served.browser()
    await console.sign_in("ada@example.com")
    soon = served.clock() + timedelta(seconds=5)
    token = await house.make_token(Role.OWNER, expires_at=soon)

    async def unlocked(by: str) -> None:
        async with BareLock(served, entry) as lock:
            feed = await lock.online()
            if by == "token":
                asked = house.change("openLockRemotely", token=token, lockId=entry["lockId"])
            else:
                asked = console.change("openLockRemotely", lockId=entry["lockId"])
            opening = asyncio.ensure_future(asked)
            await anext(feed)
            opening.cancel()

    async def handed() -> bool:
        async with BareLock(served, entry) as lock:
            try:
                await asyncio.wait_for(anext(lock.feed()), 0.3)
            except TimeoutError:
                return False
            return True

    await unlocked("console")
    assert await handed()
    await house.change("updateMember", memberId=admin, role="USER")
    assert not await handed()
    await unlocked("token")
    assert await handed()
    served.clock.advance(timedelta(seconds=6))
    assert not await handed()


async def test_the_bolt_is_drawn_once_for_one_order(served: Served) -> None:
    """Proves with the simulated lock that a command which arrives twice, over two connections, opens once."""
    house = await served.site()
    entry = await house.lock()
    device = await house.device(entry)
    phone = await _guest(house, entry["lockId"])
    assert await _said(phone, entry["lockId"]) == "OpenedLock"
    device.network.turn(on=False)
    await house.until_online(entry["lockId"], online=False)
    device.network.turn(on=True)
    await house.until_online(entry["lockId"])

    kinds = await eventually(lambda: _kinds(house), lambda seen: "COMMAND_REFUSED" in seen)
    assert kinds.count("OPENED") == 1


async def _kinds(house: House) -> list[str]:
    query = "query($id: ID!) { site(id: $id) { events { nodes { kind } } } }"
    nodes = (await house.ask(query, id=house.id))["site"]["events"]["nodes"]
    return [node["kind"] for node in nodes]


async def test_an_admin_unlocks_from_afar(served: Served) -> None:
    """Proves openLockRemotely through the simulated lock, that nobody's schedule matters, and who may not."""
    house, other = await served.site(), await served.site("Other")
    entry = await house.lock()
    offline = await house.change("openLockRemotely", REMOTE, lockId=entry["lockId"])
    await house.device(entry)
    opened = await house.change("openLockRemotely", REMOTE, lockId=entry["lockId"])
    reader = await house.make_token(Role.LIMITED_ADMIN, can_edit=False)
    refused = await house.change("openLockRemotely", token=reader, lockId=entry["lockId"])
    foreign = await other.change("openLockRemotely", lockId=entry["lockId"])

    assert offline["__typename"] == "LockOffline"
    assert opened["__typename"] == "OpenedLock", opened
    assert opened["event"] == {"kind": "OPENED", "method": "REMOTE", "credential": None}
    assert (refused["__typename"], foreign["__typename"]) == ("NotAllowed", "NotFound")
