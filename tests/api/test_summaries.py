"""A site at a glance: totals of lists, and what needs attention; the locks that are meant are listed by the same words."""

from typing import Any

from domain.database import use_case
from domain.locks.tables import Lock
from domain.node_ids import read_node_id
from tests.api.firmware_lock import installed
from tests.api.pin_steps import lock_tag, pin_of
from tests.counting import counted
from tests.serving import House, Served

SUMMARY = """query($id: ID!) { site(id: $id) { summary { locks locksOffline locksNotUpdated locksUnknown locksLockedOut
  locksNeverSetUp pins pinsNotUpdated pinsOlderVersionOpens pinsUnknown invitationsActive invitationsUpcoming
  smartPinsActive members membersInvited } } }"""


async def summary(house: House) -> dict[str, int]:
    """What is not zero."""
    counts = (await house.ask(SUMMARY, id=house.id))["site"]["summary"]
    return {name: count for name, count in counts.items() if count}


async def names(house: House, filters: str) -> list[str]:
    """The locks of a list, which has as many as it says."""
    query = f"query($id: ID!) {{ site(id: $id) {{ locks({filters}) {{ totalCount nodes {{ name }} }} }} }}"
    found = (await house.ask(query, id=house.id))["site"]["locks"]
    assert found["totalCount"] == len(found["nodes"])
    return [each["name"] for each in found["nodes"]]


@use_case
async def disturb(lock_id: str, **columns: Any) -> None:
    await Lock.filter(id=read_node_id("lock", lock_id)).update(**columns)


async def test_a_site_says_what_needs_attention(served: Served) -> None:
    """Each door counts where it belongs, and the lists show just those."""
    house = await served.site()
    front = await installed(house, await house.lock("Front"))
    back = await installed(house, await house.lock("Back"))
    await house.lock("New")
    kept = await pin_of(house, front.id)
    await pin_of(house, front.id, back.id)
    await front.settled()
    await back.settled()
    await house.invitation(front.id)
    later = {"startsAt": "2028-01-01T10:00:00Z", "endsAt": "2028-01-02T10:00:00Z"}
    await house.invitation(front.id, **later)
    await house.change("createMember", siteId=house.id, name="Ada", email="ada@example.com")
    calm = await summary(house)

    await front.disconnect()
    await house.until_online(front.id, online=False)
    await house.change("updatePin", pinId=kept["pin"]["id"], validUntil="2028-01-01")
    await disturb(back.id, locked_out_since=served.clock())
    waiting = await summary(house)
    tag = await lock_tag(house, back.id)
    lists = {
        filters: await names(house, filters)
        for filters in (
            "online: true",
            "online: false",
            "statuses: [NOT_UPDATED]",
            "statuses: [UPDATED, UNKNOWN]",
            "lockedOut: true",
            "online: true, lockedOut: false",
            "connectivities: [WIRELESS_OFFLINE]",
            f'tagIds: ["{tag}"]',
        )
    }
    await disturb(front.id, state_unknown=True)
    unknown = await summary(house)

    members = calm.pop("members")
    assert calm == {
        "locks": 3,
        "locksNeverSetUp": 1,
        "locksNotUpdated": 1,
        "pins": 2,
        "invitationsActive": 1,
        "invitationsUpcoming": 1,
        "membersInvited": 1,
    }
    assert waiting == {
        **calm,
        "members": members,
        "locksOffline": 1,
        "locksNotUpdated": 2,
        "locksLockedOut": 1,
        "pinsNotUpdated": 1,
        "pinsOlderVersionOpens": 1,
    }
    assert (unknown["locksUnknown"], unknown["pinsUnknown"]) == (1, 2)
    assert unknown["locksNotUpdated"] == 1, "the new one"
    assert not {"pinsNotUpdated", "pinsOlderVersionOpens"} & set(unknown)
    assert lists == {
        "online: true": ["Back"],
        "online: false": ["Front", "New"],
        "statuses: [NOT_UPDATED]": ["Front", "New"],
        "statuses: [UPDATED, UNKNOWN]": ["Back"],
        "lockedOut: true": ["Back"],
        "online: true, lockedOut: false": [],
        "connectivities: [WIRELESS_OFFLINE]": [],
        f'tagIds: ["{tag}"]': ["Back"],
    }


async def test_a_removed_pin_that_has_not_left_a_lock_still_counts_there(served: Served) -> None:
    """It is no PIN of the site any more, and opens a door."""
    house = await served.site()
    lock = await installed(house, await house.lock())
    made = await pin_of(house, lock.id)
    await lock.settled()
    await lock.disconnect()
    await house.change("deletePin", pinId=made["pin"]["id"])

    found = await summary(house)

    assert "pins" not in found
    assert (found["pinsNotUpdated"], found["pinsOlderVersionOpens"]) == (1, 1)


async def test_a_total_is_that_of_the_list_as_it_is_narrowed(served: Served) -> None:
    """Whatever the page; in lists of lists too."""
    house = await served.site()
    for name in ("One", "Two", "Three"):
        await house.lock(name)
    query = """query($id: ID!, $after: String) { site(id: $id) {
      locks(first: 2, after: $after) { totalCount nodes { tags(first: 1) { totalCount } } pageInfo { endCursor } }
      none: locks(search: "nowhere") { totalCount } t: locks(search: "t") { totalCount } } }"""
    first = (await house.ask(query, id=house.id))["site"]
    after = first["locks"]["pageInfo"]["endCursor"]
    second = (await house.ask(query, id=house.id, after=after))["site"]

    assert (first["locks"]["totalCount"], second["locks"]["totalCount"]) == (3, 3)
    assert (first["none"]["totalCount"], first["t"]["totalCount"]) == (0, 2)
    assert [each["tags"]["totalCount"] for each in first["locks"]["nodes"]] == [1, 1]


async def test_a_summary_costs_the_same_however_large_the_site(served: Served) -> None:
    """Statements are counted with one lock and with six."""
    house = await served.site()
    costs = []
    for count in (1, 5):
        for _ in range(count):
            entry = await house.lock()
            await pin_of(house, entry["lockId"])
        with counted() as statements:
            await house.ask(SUMMARY, id=house.id)
        costs.append(len(statements))
    assert costs[0] == costs[1]
