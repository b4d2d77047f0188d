"""From an invitation to an open door, on both databases, over real sockets."""

from tests.serving import Served


async def test_a_redeemed_invitation_opens_its_door(served: Served) -> None:
    """Proves the first slice whole: code, redemption, command over the lock's feed, the lock's own event."""
    house = await served.site()
    entry = await house.lock()
    await house.device(entry)
    made = await house.invitation(entry["lockId"])
    phone = served.phone()

    redeemed = await phone.redeem(made["code"])
    opened = await phone.open(entry["lockId"])

    assert redeemed["home"]["site"]["name"] == "House"
    assert [door["lock"]["id"] for door in redeemed["home"]["doors"]] == [entry["lockId"]]
    assert opened["__typename"] == "OpenedLock"
    assert opened["event"]["kind"] == "OPENED"
