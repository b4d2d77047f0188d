"""A door that no network reaches, by the API alone: as a phone app and an admin's page see it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from api.tour.phone import Phone
from domain.locks.rules import Connectivity
from domain.security import base64url
from locksim.phone_link import Presented
from tests.api.firmware_lock import FirmwareLock
from tests.api.pin_steps import pin_of
from tests.serving import House, Served

STREAM = "subscription($id: ID!) { pinSync(pinId: $id) { status opensNow } }"
WARNED = "warnings { code message endsAt locks { name } }"


def _handed_over(
    lock: FirmwareLock, presented: dict[str, Any]
) -> tuple[bool, list[str], list[str]]:
    """What the lock answers: whether it opened, else why not, and its receipts."""
    lease, bundle, key, signature = (
        base64url.decode(presented[name] or "")
        for name in ("lease", "bundle", "publicKey", "signature")
    )
    answer = lock.present(Presented(presented["nonce"], lease, bundle or None, key, signature))
    return answer.opened, [*answer.reasons], [base64url.encode(each) for each in answer.receipts]


async def _offline(house: House) -> FirmwareLock:
    return FirmwareLock(house, await house.lock("Cellar", Connectivity.WIRELESS_OFFLINE))


async def _guest(house: House, lock: FirmwareLock) -> tuple[Phone, str]:
    made = await house.invitation(lock.id)
    phone = house.served.phone()
    assert (await phone.redeem(made["code"]))["__typename"] == "RedeemedInvitation"
    return phone, made["invitation"]["id"]


async def test_a_guests_phone_turns_an_admins_stream_to_updated(served: Served) -> None:
    """Proves the whole way by HTTP: what waits, a lease and a bundle, the door, the receipt from nobody in particular, the
    stream, and the event with its invitation and phone."""
    house = await served.site()
    lock = await _offline(house)
    phone, invitation = await _guest(house, lock)
    pin = (await pin_of(house, lock.id))["pin"]["id"]
    waiting = await house.ask(
        """query($id: ID!) { site(id: $id) { locks(statuses: [NOT_UPDATED], connectivities: [WIRELESS_OFFLINE]) {
             nodes { id leasesOpenUntil sync { pending pendingSince } } } } }""",
        id=house.id,
    )
    (door,) = waiting["site"]["locks"]["nodes"]
    assert (door["id"], door["leasesOpenUntil"], door["sync"]["pending"]) == (lock.id, None, 2)
    assert door["sync"]["pendingSince"] is not None
    async with await served.socket({"token": house.token}) as socket:
        items = socket.subscribe(STREAM, id=pin)
        assert (await anext(items))["pinSync"]["status"] == "NOT_UPDATED"
        assert (await phone.open(lock.id))["__typename"] == "LockOffline"
        hello = lock.hello()
        asked = await phone.lease(lock.id, hello)
        assert (asked["carried"], asked["complete"]) == (2, True)
        opened, _, receipts = _handed_over(lock, phone.presented(hello, asked))
        assert opened
        stranger = served.phone()
        for receipt in receipts:
            assert await stranger.hand_in(lock.id, receipt) == {
                "__typename": "SubmittedReceipt",
                "news": True,
            }
        async with asyncio.timeout(10):
            async for item in items:
                if item["pinSync"]["status"] == "UPDATED":
                    break
    again = await stranger.hand_in(lock.id, receipts[0])
    assert again["news"] is False
    events = await house.ask(
        """query($id: ID!) { site(id: $id) { events(kinds: [OPENED]) {
             nodes { method credential { id } device { id } lock { leasesOpenUntil } } } } }""",
        id=house.id,
    )
    (event,) = events["site"]["events"]["nodes"]
    assert (event["method"], event["credential"]["id"]) == ("PHONE", invitation)
    assert event["lock"]["leasesOpenUntil"] == asked["leaseExpiresAt"]


async def test_what_takes_access_away_says_how_long_a_lease_still_opens(served: Served) -> None:
    """Proves it for an invitation's end, and that the lease opens until then and nothing more is got; and for a member's
    removal without a lease that nothing is said."""
    house = await served.site()
    lock = await _offline(house)
    phone, invitation = await _guest(house, lock)
    await house.change("updateSite", siteId=house.id, leaseMinutes=5)
    hello = lock.hello()
    asked = await phone.lease(lock.id, hello)
    assert _handed_over(lock, phone.presented(hello, asked))[0]
    gone = await house.change(
        "deleteInvitation", f"... on DeletedInvitation {{ {WARNED} }}", invitationId=invitation
    )
    (warned,) = gone["warnings"]
    assert (warned["code"], warned["locks"]) == ("LEASE_STILL_OPENS", [{"name": "Cellar"}])
    assert warned["endsAt"] == asked["leaseExpiresAt"]
    assert "Cellar" in warned["message"]
    assert _handed_over(lock, phone.presented(lock.hello(), {**asked, "bundle": None}))[0]
    with pytest.raises(RuntimeError, match="access has ended"):
        await phone.lease(lock.id, lock.hello())
    member = await house.member("Ada")
    removed = await house.change(
        "removeMember", f"... on RemovedMember {{ {WARNED} }}", memberId=member
    )
    assert removed["warnings"] == []


async def test_a_members_phone_may_and_nothing_else_of_theirs(served: Served) -> None:
    """Proves a lease for a member's phone by their rule, its warning when the rule goes, and NotAllowed for console and
    script, which have no key to open with."""
    house = await served.site()
    lock = await _offline(house)
    member = await house.member("Emma", email="emma@example.com")
    rule = await house.change(
        "createAccessRule",
        "... on CreatedAccessRule { accessRule { id } }",
        siteId=house.id,
        grantee={"memberId": member},
        lockIds=[lock.id],
    )
    console = served.browser()
    await console.sign_in("emma@example.com")
    for change in (console.change, house.change):
        refused = await change("requestOpenLease", lockId=lock.id)
        assert refused["__typename"] == "NotAllowed"
    phone = served.phone()
    signed = await phone.ask(
        """mutation($input: SignInInput!) { signIn(input: $input) { ... on SignedIn { accessToken } } }""",
        input={
            "email": "emma@example.com",
            "password": console._password,
            "deviceName": "Emma's",
            "platform": "IOS",
        },
    )
    phone.token = signed["signIn"]["accessToken"]
    ahead = await phone.lease(lock.id)
    assert (ahead["__typename"], ahead["bundle"]) == ("RequestedOpenLease", None)
    assert _handed_over(lock, phone.presented(lock.hello(), ahead))[0]
    gone = await house.change(
        "deleteAccessRule",
        f"... on DeletedAccessRule {{ {WARNED} }}",
        accessRuleId=rule["accessRule"]["id"],
    )
    assert [each["code"] for each in gone["warnings"]] == ["LEASE_STILL_OPENS"]
    denied = await phone.lease(lock.id, lock.hello())
    assert (denied["__typename"], denied["reasons"]) == ("AccessDenied", ["NO_RULE"])


async def test_nonsense_is_answered_in_types_and_counted(served: Served) -> None:
    """Proves it for hellos and receipts that are none, for locks that are not there, and a budget of wrong receipts."""
    house = await served.site()
    lock = await _offline(house)
    phone, _ = await _guest(house, lock)
    for hello in ("", "?", "AAAA", "x" * 4096, lock.hello()[:-4]):
        assert (await phone.lease(lock.id, hello))["__typename"] == "HelloNotAcceptable"
    assert (await phone.lease(lock.id, "x" * 4097))["__typename"] == "InvalidInput"
    assert (await phone.lease("lock_0"))["__typename"] == "NotFound"
    for lock_id in (lock.id, f"lock_{0:032x}", "lock_0", house.id):
        answer = await phone.hand_in(lock_id, "AAAA")
        assert answer["__typename"] == "ReceiptNotAcceptable"
    for minutes in (0, 1441, None):
        refused = await house.change("updateSite", siteId=house.id, leaseMinutes=minutes)
        assert refused["__typename"] == "InvalidInput"
    hello = lock.hello()
    asked = await phone.lease(lock.id, hello)
    _, _, (receipt,) = _handed_over(lock, phone.presented(hello, asked))
    answers = [(await phone.hand_in(lock.id, "AAAA"))["__typename"] for _ in range(60)]
    assert answers[-1] == "Throttled"
    assert (await phone.hand_in(lock.id, receipt))["__typename"] == "SubmittedReceipt"
    served.clock.advance(timedelta(minutes=11))
    assert (await phone.hand_in(lock.id, "AAAA"))["__typename"] == "ReceiptNotAcceptable"
