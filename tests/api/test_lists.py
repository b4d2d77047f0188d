"""Lists: pages that neither lose nor repeat, filters, and a constant number of SQL statements."""

from datetime import timedelta
from typing import Any

from domain.columns import new_id
from domain.database import use_case
from domain.invitations.tables import Invitation, InvitationLock
from domain.node_ids import read_node_id
from domain.people.actors import Role
from domain.people.tables import Account, Device, Member, Platform
from domain.tags.service import make_default_tag
from tests.counting import counted
from tests.serving import House, Served

INVITATIONS = """query($id: ID!, $first: Int!, $after: String, $status: InvitationStatus, $lock: ID, $search: String) {
  site(id: $id) { invitations(first: $first, after: $after, status: $status, lockId: $lock, search: $search) {
    nodes { id name } edges { cursor node { id } } pageInfo { hasNextPage endCursor } } } }"""
EVERYTHING = """query($id: ID!) { site(id: $id) {
  invitations(first: 40) { nodes { name status schedule { weekdays } devices { name }
    locks { name online readers { name } hub { name } tags { name kind } } } }
  tags(first: 100) { nodes { name members { name email tags { name } } locks { name readers { name } } } }
  members(first: 40) { nodes { name email tags { name } } } } }"""


async def _page(house: House, **asked: Any) -> dict[str, Any]:
    data = await house.ask(INVITATIONS, id=house.id, **{"first": 50, **asked})
    page: dict[str, Any] = data["site"]["invitations"]
    return page


async def _names(house: House, **asked: Any) -> list[str]:
    return [node["name"] for node in (await _page(house, **asked))["nodes"]]


async def test_pages_neither_lose_nor_repeat_while_the_list_grows_and_shrinks(
    served: Served,
) -> None:
    """Proves the keyset: newest first, each old invitation once, though others are made and deleted meanwhile."""
    house = await served.site()
    lock = (await house.lock())["lockId"]
    for number in range(7):
        await house.invitation(lock, name=f"Guest {number}")
    seen: list[str] = []
    after = None
    while True:
        page = await _page(house, first=3, after=after)
        seen += [node["name"] for node in page["nodes"]]
        assert [edge["node"]["id"] for edge in page["edges"]] == [n["id"] for n in page["nodes"]]
        assert page["pageInfo"]["endCursor"] == page["edges"][-1]["cursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
        await house.invitation(lock, name="Late guest")
        # Deleting the very row of the cursor must not lose the place.
        await house.change("deleteInvitation", invitationId=page["nodes"][-1]["id"])

    assert seen == [f"Guest {number}" for number in reversed(range(7))]
    assert await _names(house, first=1) == ["Late guest"]
    assert (await _page(house, after=after, first=100))["pageInfo"]["hasNextPage"] is False


async def test_a_page_that_cannot_be_is_refused_with_a_code(served: Served) -> None:
    """Proves coded errors, never an internal one, for sizes, cursors and searches that cannot be."""
    house = await served.site()
    for asked, field in (
        ("invitations(first: 0)", "first"),
        ("invitations(first: 101)", "first"),
        ("locks(first: -1)", "first"),
        ('invitations(after: "zz")', "after"),
        ('members(after: "\u00e9")', "after"),
        ('events(after: "YWJj")', "after"),
        ('invitations(search: "a\\u0000b")', "search"),
    ):
        answer = await served.post(
            f"query($id: ID!) {{ site(id: $id) {{ {asked} {{ nodes {{ id }} }} }} }}",
            {"authorization": f"Bearer {house.token}"},
            id=house.id,
        )
        (error,) = answer.json()["errors"]
        assert (error["extensions"]["code"], error["extensions"].get("field")) == (
            "BAD_USER_INPUT",
            field,
        ), (asked, error)
    huge = "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"  # 24 nines, beyond any column
    await house.ask(
        f'query($id: ID!) {{ site(id: $id) {{ events(after: "{huge}") {{ nodes {{ id }} }} }} }}',
        id=house.id,
    )


async def test_invitations_are_filtered_by_status_lock_and_name(served: Served) -> None:
    """Proves each filter, one without a start among the active ones, and that % and _ in a search mean themselves."""
    house = await served.site()
    front, flat = (await house.lock("Front"))["lockId"], (await house.lock("Flat"))["lockId"]
    now = served.clock()
    soon, later = (now + timedelta(minutes=1)).isoformat(), (now + timedelta(hours=9)).isoformat()
    made = {
        "Over": await house.invitation(front, name="Over", validUntil=soon),
        "Open": await house.invitation(front, name="Open", validFrom=None, validUntil=later),
        "100% sure": await house.invitation(flat, name="100% sure", validUntil=later),
        "a_b": await house.invitation(
            front,
            flat,
            name="a_b",
            validFrom=(now + timedelta(hours=8)).isoformat(),
            validUntil=later,
        ),
        "Gone": await house.invitation(front, name="Gone", validUntil=later),
    }
    await house.change("deleteInvitation", invitationId=made["Gone"]["invitation"]["id"])
    served.clock.advance(timedelta(minutes=2))

    assert await _names(house) == ["a_b", "100% sure", "Open", "Over"]
    assert await _names(house, status="ACTIVE") == ["100% sure", "Open"]
    assert await _names(house, status="UPCOMING") == ["a_b"]
    assert await _names(house, status="ENDED") == ["Over"]
    assert await _names(house, status="DELETED") == ["Gone"]
    assert await _names(house, lock=flat) == ["a_b", "100% sure"]
    assert await _names(house, lock=flat, status="ACTIVE") == ["100% sure"]
    assert await _names(house, search="OVE") == ["Over"]
    assert await _names(house, search="%") == ["100% sure"]
    assert await _names(house, search="_") == ["a_b"]
    assert await _names(house, search="\\") == []
    assert await _names(house, search="  ") == await _names(house)
    other = await served.site("Other")
    assert await _names(other, lock=flat) == []


@use_case
async def _grow(house: House, locks: list[str], count: int) -> None:
    """So many invitations with a phone each, and so many members with an account and a tag."""
    now = house.served.clock()
    keys = [read_node_id("lock", lock) for lock in locks]
    for _ in range(count):
        name = str(new_id())
        invitation = await Invitation.create(
            site=house.row,
            name=name,
            code_tag=name,
            code_sealed=b"",
            valid_until=now + timedelta(hours=1),
            device_limit=1,
            created_at=now,
        )
        await InvitationLock.bulk_create(
            [InvitationLock(invitation=invitation, lock_id=key) for key in keys]
        )
        await Device.create(
            invitation=invitation,
            thumbprint=name,
            name="My phone",
            platform=Platform.IOS,
            redeemed_at=now,
        )
        account = await Account.create(email=f"{name}@example.com", created_at=now)
        member = await Member.create(
            site=house.row, account=account, name=name, role=Role.USER, created_at=now
        )
        await make_default_tag(house.row.id, member, now)


async def test_lists_cost_a_constant_number_of_statements(served: Served) -> None:
    """Proves that three rows and thirty cost the same: invitations with phones, locks, tags, readers; tags; members."""
    house = await served.site()
    locks = [(await house.lock(f"Door {number}"))["lockId"] for number in range(3)]

    await _grow(house, locks, 3)
    with counted() as few:
        small = await house.ask(EVERYTHING, id=house.id)
    await _grow(house, locks, 27)
    with counted() as many:
        large = await house.ask(EVERYTHING, id=house.id)

    sizes = [
        [len(data["site"][name]["nodes"]) for name in ("invitations", "tags", "members")]
        for data in (small, large)
    ]
    assert sizes == [[3, 7, 4], [30, 34, 31]]
    assert large["site"]["invitations"]["nodes"][0]["devices"] == [{"name": "My phone"}]
    assert len(many) == len(few), "\n".join(many[len(few) :])
    assert len(many) <= 25
