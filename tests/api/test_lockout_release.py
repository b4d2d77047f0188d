"""How long a lockout lasts is the owner's to say, and the lock's to keep."""

from typing import Any

from domain.actors import Role
from tests.api.firmware_lock import FirmwareLock, installed
from tests.api.pin_steps import pin_of
from tests.api.test_keypad import until_lockout
from tests.serving import House, Served

UPDATED = """... on UpdatedSite { site { lockoutReleaseMinutes pinPolicy { minLength } } }
  ... on InvalidInput { field }"""


async def released_after(house: House, minutes: int | None, token: str = "") -> dict[str, Any]:
    """The answer of `updateSite`."""
    return await house.change(
        "updateSite", UPDATED, token=token, siteId=house.id, lockoutReleaseMinutes=minutes
    )


def guess(lock: FirmwareLock) -> None:
    """Ten entries that nobody has."""
    for number in range(10):
        lock.enter(f"5550{number:03}")


async def test_a_lockout_ends_by_itself_after_as_long_as_the_owner_said(served: Served) -> None:
    """Not a minute before; the admin sees its end; null takes the rule away from the lock again."""
    house = await served.site()
    entry = await house.lock()
    digits = (await pin_of(house, entry["lockId"]))["digits"]
    lock = await installed(house, entry)

    said = await released_after(house, 15)
    await lock.settled()
    guess(lock)
    await lock.tell()
    begun = await until_lockout(house, lock.id, there=True)
    lock.skip(minutes=14)
    early = lock.enter(digits).value
    lock.skip(minutes=2)
    late = lock.enter(digits).value
    await lock.tell()
    ended = await until_lockout(house, lock.id, there=False)
    cleared = await released_after(house, None)
    await lock.settled()
    guess(lock)
    lock.skip(minutes=7 * 24 * 60)

    assert said["site"]["lockoutReleaseMinutes"] == 15
    assert (early, late) == ("DENIED", "GRANTED")
    assert begun is not None
    assert ended is None
    assert cleared["site"]["lockoutReleaseMinutes"] is None
    assert lock.enter(digits).value == "DENIED"


async def test_only_an_owner_says_how_long_and_at_most_a_week(served: Served) -> None:
    """From one minute to 10,080; nobody below an owner; what is not mentioned stays."""
    house = await served.site()
    admin = await house.make_token(Role.SUPER_ADMIN)

    for minutes in (0, -1, 10_081, 2**31 - 1):
        refused = await released_after(house, minutes)
        assert (refused["__typename"], refused["field"]) == (
            "InvalidInput",
            "lockoutReleaseMinutes",
        )
    for minutes in (10_080, 1):
        answer = await released_after(house, minutes)
        assert answer["site"]["lockoutReleaseMinutes"] == minutes
    assert (await released_after(house, 5, token=admin))["__typename"] == "NotAllowed"
    renamed = await house.change("updateSite", UPDATED, siteId=house.id, name="Home")
    assert renamed["site"]["lockoutReleaseMinutes"] == 1
