"""The keypad through the whole system: what opens, what does not and why, and guessing that comes to an end."""

from datetime import date, datetime, time, timedelta
from typing import Any

from domain.actors import Role
from locksim.keypad import Key
from locksim.simulated_lock import SimulatedLock
from tests.api.firmware_lock import FirmwareLock, installed
from tests.api.pin_steps import at_lock, events, pin_of, typed, until_all
from tests.serving import House, Served
from tests.waiting import eventually

CARD = "04:a1:b2:c3:d4:e5:f6"
LOCKOUT = (
    "query($id: ID!) { node(id: $id) { ... on Lock { pinLockout { startedAt wrongEntries } } } }"
)


async def lockout(house: House, lock_id: str) -> dict[str, Any] | None:
    """`Lock.pinLockout`."""
    found: dict[str, Any] | None = (await house.ask(LOCKOUT, id=lock_id))["node"]["pinLockout"]
    return found


async def until_lockout(house: House, lock_id: str, *, there: bool) -> dict[str, Any] | None:
    """Waits until the API says that there is a lockout, or that there is none."""

    async def look() -> tuple[bool, dict[str, Any] | None]:
        found = await lockout(house, lock_id)
        return (found is not None) is there, found

    seen: dict[str, Any] | None = (await eventually(look, lambda found: bool(found[0])))[1]
    return seen


async def wrong(house: House, device: SimulatedLock, times: int) -> None:
    """Types so many entries that nobody has, and waits until the admin has seen them."""

    async def denied() -> int:
        return sum(each["kind"] == "DENIED" for each in await events(house))

    before = await denied()
    for number in range(times):
        await device.type(f"5550{number:03}")
    await eventually(denied, lambda count: count == before + times)


async def ready(
    house: House, entry: dict[str, Any], **fields: Any
) -> tuple[SimulatedLock, dict[str, Any]]:
    """A lock on its door with one PIN on it."""
    made = await pin_of(house, entry["lockId"], **fields)
    device = await house.device(entry)
    await until_all(house, made["pin"]["id"], Front_door="UPDATED")
    return device, made


def slot_away_from(now: datetime) -> tuple[time, time]:
    """An hour of the day that begins in two hours."""
    return time((now.hour + 2) % 24), time((now.hour + 3) % 24)


async def test_the_lock_itself_denies_outside_interval_slot_and_day(served: Served) -> None:
    """Every reason by its name, all of them together where several hold; within all of them the door opens."""
    house = await served.site(timezone="UTC")
    entry = await house.lock()
    owner = await house.member("Emil")
    now = served.clock()
    today = now.date()
    start, end = slot_away_from(now)
    other_days = [(today + timedelta(days=away)).strftime("%A").upper() for away in (2, 3, 4, 5)]
    slot = {"slotStart": start.isoformat(), "slotEnd": end.isoformat()}

    def on(day: date) -> str:
        return day.isoformat()

    tomorrow, yesterday = today + timedelta(days=2), today - timedelta(days=2)
    schedules: list[tuple[dict[str, Any], list[str]]] = [
        ({}, []),
        ({"validFrom": on(yesterday), "validUntil": on(tomorrow)}, []),
        ({"validFrom": on(tomorrow)}, ["NOT_YET_VALID"]),
        ({"validUntil": on(yesterday), "validFrom": "2020-01-01"}, ["ENDED"]),
        ({"weekdays": other_days}, ["WRONG_WEEKDAY"]),
        (slot, ["OUTSIDE_SLOT"]),
        ({**slot, "weekdays": other_days}, ["WRONG_WEEKDAY", "OUTSIDE_SLOT"]),
        ({**slot, "validFrom": on(tomorrow)}, ["NOT_YET_VALID", "OUTSIDE_SLOT"]),
    ]
    made = [
        await pin_of(house, entry["lockId"], owner={"memberId": owner}, **fields)
        for fields, _ in schedules
    ]
    lock = await installed(house, entry)

    for each, (fields, reasons) in zip(made, schedules, strict=True):
        shown = lock.enter(each["digits"]).value
        assert shown == ("DENIED" if reasons else "GRANTED"), fields
    lock.enter("40718263")
    await lock.tell()

    told = [each for each in reversed(await events(house)) if each["method"] == "PIN"]
    assert [each["reasons"] for each in told] == [
        *(r for _, r in schedules),
        ["UNKNOWN_CREDENTIAL"],
    ]
    assert [each["member"] and each["member"]["id"] for each in told] == [
        *[owner] * len(schedules),
        None,
    ]
    assert lock.state.tries.streak == 1  # right ones out of hours are no guesses
    assert await lockout(house, lock.id) is None


async def test_typing_mistakes_can_be_mended_and_every_event_says_who(served: Served) -> None:
    """Backspace takes a digit away, cancel all of them, Enter on nothing is no entry; opened and denied are told apart."""
    house = await served.site()
    entry = await house.lock()
    device, made = await ready(house, entry)
    digits = made["digits"]

    await device.press(*(Key(each) for each in "999"), Key.CANCEL, Key.ENTER)
    opened = await typed(house, device, digits[:-1] + "5")  # one digit wrong
    await device.press(Key(digits[0]), Key.NINE, Key.BACKSPACE)
    mended = await typed(house, device, digits[1:])
    shown = [each["kind"] for each in await events(house) if each["method"] == "PIN"]

    wrong_digit = digits[-1] != "5"
    assert opened["kind"] == ("DENIED" if wrong_digit else "OPENED")
    assert (mended["kind"], mended["reasons"]) == ("OPENED", [])
    assert mended["member"] is not None
    assert len(shown) == 2


async def test_pin_mode_off_denies_without_counting(served: Served) -> None:
    """The event says why; twelve tries make no lockout; switched on again the same PIN opens."""
    house = await served.site()
    entry = await house.lock()
    device, made = await ready(house, entry)
    await house.change("setPinMode", target={"lockId": entry["lockId"]}, enabled=False)

    async def arrived() -> Any:
        query = "query($id: ID!) { node(id: $id) { ... on Lock { sync { pending } } } }"
        return (await house.ask(query, id=entry["lockId"]))["node"]["sync"]["pending"]

    await eventually(arrived, lambda pending: pending == 0)
    denied = await typed(house, device, made["digits"])
    await wrong(house, device, 12)
    await house.change("setPinMode", target={"lockId": entry["lockId"]}, enabled=True)
    await eventually(arrived, lambda pending: pending == 0)

    assert denied["reasons"] == ["PIN_MODE_OFF"]
    assert (await typed(house, device, made["digits"]))["kind"] == "OPENED"
    assert await lockout(house, entry["lockId"]) is None


async def test_ten_wrong_entries_lock_the_keypad_until_the_paired_card_is_shown(
    served: Served,
) -> None:
    """The right PIN no longer opens, phones still do; another card does nothing; the paired one ends it, opening nothing."""
    house = await served.site()
    entry = await house.lock()
    device, made = await ready(house, entry)
    paired = await house.change("pairCard", lockId=entry["lockId"], cardUid=CARD)
    phone = served.phone()
    await phone.redeem((await house.invitation(entry["lockId"]))["code"])
    assert paired["__typename"] == "PairedCard"

    await wrong(house, device, 9)
    assert (await typed(house, device, made["digits"]))["kind"] == "OPENED"
    await wrong(house, device, 10)
    locked = await until_lockout(house, entry["lockId"], there=True)
    denied = await typed(house, device, made["digits"])
    opened = await phone.open(entry["lockId"])
    await device.present_card(bytes.fromhex("0badcafe"))
    still = await typed(house, device, made["digits"])
    await device.present_card(bytes.fromhex(CARD.replace(":", "")))
    ended = await until_lockout(house, entry["lockId"], there=False)
    again = await typed(house, device, made["digits"])
    kinds = [each["kind"] for each in await events(house)]

    assert locked is not None
    assert locked["wrongEntries"] == 10
    assert denied["reasons"] == still["reasons"] == ["PIN_LOCKOUT"]
    assert opened["__typename"] == "OpenedLock"
    assert ended is None
    assert again["kind"] == "OPENED"
    assert kinds.count("LOCKOUT_STARTED") == kinds.count("LOCKOUT_ENDED") == 1
    assert kinds.count("OPENED") == 3  # the cards opened nothing


async def test_a_lockout_is_ended_from_afar_by_somebody_who_may(served: Served) -> None:
    """Not by a LIMITED_ADMIN without can_edit, a USER or a stranger; by one who may edit, with event and opening."""
    house, far = await served.site(), await served.site("Elsewhere")
    entry = await house.lock()
    device, made = await ready(house, entry)
    await wrong(house, device, 10)
    await until_lockout(house, entry["lockId"], there=True)
    tokens = {
        "NotAllowed": await house.make_token(Role.LIMITED_ADMIN, can_edit=False),
        "NotFound": far.token,
    }
    user = await house.make_token(Role.USER)

    for name, token in tokens.items():
        answer = await house.change("openLockRemotely", token=token, lockId=entry["lockId"])
        assert answer["__typename"] == name
    assert (await house.change("openLockRemotely", token=user, lockId=entry["lockId"]))[
        "__typename"
    ] == "NotAllowed"
    assert await lockout(house, entry["lockId"]) is not None
    editor = await house.make_token(Role.LIMITED_ADMIN, can_edit=True)
    released = await house.change(
        "openLockRemotely",
        "... on OpenedLock { event { kind method } }",
        token=editor,
        lockId=entry["lockId"],
    )
    await until_lockout(house, entry["lockId"], there=False)

    assert released["event"] == {"kind": "OPENED", "method": "REMOTE"}
    assert (await typed(house, device, made["digits"]))["kind"] == "OPENED"


async def test_a_remote_opening_without_a_lockout_ends_none(served: Served) -> None:
    """The door opens, and nobody reads of a lockout that never was; the nine wrong entries before it stay counted."""
    house = await served.site()
    entry = await house.lock()
    device, _ = await ready(
        house, entry
    )  # before its first settings a lock takes no PINs and counts none
    for _ in range(9):
        await typed(house, device, "60314028")

    answer = await house.change("openLockRemotely", lockId=entry["lockId"])
    before = [each["kind"] for each in await events(house)]
    await typed(house, device, "60314028")

    async def started() -> bool:
        return "LOCKOUT_STARTED" in [each["kind"] for each in await events(house)]

    assert answer["__typename"] == "OpenedLock"
    assert not {"LOCKOUT_STARTED", "LOCKOUT_ENDED"} & set(before)
    assert await eventually(started, bool)


async def test_wrong_entries_are_on_disk_before_they_are_looked_at(served: Served) -> None:
    """Power cuts between tries give none back: five, a cut, four, a cut, and the next one locks."""
    house = await served.site()
    entry = await house.lock()
    made = await pin_of(house, entry["lockId"])
    lock = await installed(house, entry)

    for tries in (5, 4):
        for number in range(tries):
            lock.enter(f"5550{number:03}")
        await lock.disconnect()
        lock = FirmwareLock(house, entry, lock.disk)
    assert not lock.state.tries.locked
    lock.enter("5559999")
    lock = FirmwareLock(house, entry, lock.disk)
    await lock.connect()
    await lock.tell()
    locked = await until_lockout(house, entry["lockId"], there=True)

    assert lock.enter(made["digits"]).value == "DENIED"
    assert locked is not None
    assert locked["wrongEntries"] == 10
    assert (await at_lock(house, made["pin"]["id"], lock.id))["status"] == "UPDATED"


async def test_knowing_one_pin_does_not_buy_more_guesses(served: Served) -> None:
    """The right PIN resets the ten in a row, and never the bucket of twenty: the twentieth wrong entry locks."""
    house = await served.site()
    entry = await house.lock()
    made = await pin_of(house, entry["lockId"])
    lock = await installed(house, entry)

    shown = []
    for round_of in (9, 9, 1):
        for number in range(round_of):
            lock.enter(f"5550{number:03}")
        shown.append(lock.enter(made["digits"]).value)
    lock.enter("5559999")
    after = lock.enter(made["digits"]).value
    await lock.tell()

    assert shown == ["GRANTED"] * 3
    assert after == "DENIED"
    assert await until_lockout(house, entry["lockId"], there=True) is not None
