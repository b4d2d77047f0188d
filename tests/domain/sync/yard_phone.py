"""A phone in a yard: it asks the server by its use cases, and stands at doors whose locks no network reaches."""

from collections import deque
from typing import TYPE_CHECKING
from uuid import UUID

from domain.actors import (
    AccountActor,
    ActorKind,
    Caller,
    InvitedDeviceActor,
    Role,
    Standing,
)
from domain.database import use_case
from domain.database.rows import new_id
from domain.errors import ReceiptNotAcceptable
from domain.invitations.tables import Invitation
from domain.people.tables import Account, Device, Member, Platform
from domain.security import base64url
from domain.unlocking.leases import RequestedLease, request_open_lease, submit_receipt
from locksim.phone import CarriedKey
from locksim.phone_link import Answer
from tests.domain.sync.yard_lock import YardLock

if TYPE_CHECKING:
    from tests.domain.sync.yard import Yard


class YardPhone:
    """One phone, a member's or an invitation's. `receipts` are those that it has not handed in."""

    def __init__(self, yard: "Yard", by: Caller, device_id: UUID, key: CarriedKey) -> None:
        self.yard, self.by, self.device_id, self.key = yard, by, device_id, key
        self.receipts: deque[tuple[YardLock, bytes]] = deque()

    @classmethod
    async def of_member(cls, yard: "Yard", member: Member | None = None) -> "YardPhone":
        """The phone of the yard's member, or of another, who is a user."""
        key = CarriedKey()
        owner = member or yard.owner
        account, device = await _signed_in(owner, key, yard)
        actor = AccountActor(account.id, account.email, device_id=device.id)
        standing = Standing(yard.site.id, Role.USER, False, owner.id)
        by = Caller(ActorKind.ACCOUNT, account.id, standing, actor, "192.0.2.1")
        return cls(yard, by, device.id, key)

    @classmethod
    async def of_guest(cls, yard: "Yard", invitation: Invitation) -> "YardPhone":
        """A phone that has redeemed the invitation."""
        key = CarriedKey()
        device = await _redeemed(invitation, key, yard)
        actor = InvitedDeviceActor(
            device.id, invitation.id, invitation.site_id, "Phone", invitation.valid_until
        )
        by = Caller(ActorKind.INVITED_DEVICE, device.id, None, actor, "192.0.2.2")
        return cls(yard, by, device.id, key)

    async def ask(self, lock: YardLock, hello: bytes | None = None) -> RequestedLease:
        """A lease for a lock, with a bundle if there is a hello."""
        return await request_open_lease(
            self.yard.installation,
            self.by,
            lock_id=lock.id,
            hello=None if hello is None else base64url.encode(hello),
            now=self.yard.now,
        )

    def hand_over(
        self, lock: YardLock, hello: bytes, lease: bytes | None, bundle: bytes | None
    ) -> Answer | None:
        """Answers a hello with what it carries; the receipts are kept."""
        answer = lock.present(self.key.presented(hello, lease, bundle))
        if answer is not None:
            self.receipts.extend((lock, each) for each in answer.receipts)
        return answer

    async def open(self, lock: YardLock) -> Answer | None:
        """Opens a door where the phone has coverage: hello, lease and bundle, all handed over. Receipts are kept."""
        hello = lock.hello()
        asked = await self.ask(lock, hello)
        assert asked.bundle is not None
        return self.hand_over(lock, hello, asked.sealed, asked.bundle.sealed)

    async def submit(self, lock: YardLock, receipt: bytes) -> bool:
        """Hands in one receipt; whether it told anything new."""
        return await submit_receipt(
            self.yard.installation,
            self.by,
            lock_id=lock.id,
            receipt=base64url.encode(receipt),
            now=self.yard.now,
        )

    async def come_home(self) -> list[bool]:
        """Hands in all receipts, in order; those of a life of a lock that is over are forgotten."""
        told = []
        while self.receipts:
            try:
                told.append(await self.submit(*self.receipts.popleft()))
            except ReceiptNotAcceptable:
                told.append(False)
        return told

    async def carry(self, lock: YardLock) -> Answer | None:
        """Opens, and hands the receipts in at once."""
        answer = await self.open(lock)
        await self.come_home()
        return answer


@use_case
async def _signed_in(member: Member, key: CarriedKey, yard: "Yard") -> tuple[Account, Device]:
    row = await Member.get(id=member.id).select_related("account")
    account = row.account
    if account is None:
        account = await Account.create(email=f"{new_id()}@example.org", created_at=yard.now)
        await Member.filter(id=member.id).update(account_id=account.id, accepted_at=yard.now)
    device = await _device(key, yard, account_id=account.id)
    return account, device


@use_case
async def _redeemed(invitation: Invitation, key: CarriedKey, yard: "Yard") -> Device:
    return await _device(key, yard, invitation_id=invitation.id)


async def _device(
    key: CarriedKey,
    yard: "Yard",
    *,
    account_id: UUID | None = None,
    invitation_id: UUID | None = None,
) -> Device:
    return await Device.create(
        account_id=account_id,
        invitation_id=invitation_id,
        thumbprint=key.thumbprint,
        name="Phone",
        platform=Platform.OTHER,
        redeemed_at=yard.now,
    )
