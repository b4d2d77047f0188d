"""A door that no network reaches, by the API alone: as a phone app and an admin's page see it."""

from typing import Any

from domain.locks.rules import Connectivity
from locksim.phone_link import Presented
from domain.security import base64url
from tests.api.firmware_lock import FirmwareLock
from tests.serving import House, Served

STREAM = "subscription($id: ID!) { pinSync(pinId: $id) { status opensNow } }"


def _hand_over(lock: FirmwareLock, presented: dict[str, Any]) -> tuple[bool, list[str]]:
    """What the lock answers: whether it opened, and its receipts."""

    def data(name: str) -> bytes:
        return base64url.decode(presented[name] or "")

    answer = lock.present(
        Presented(
            presented["nonce"],
            data("lease"),
            data("bundle") if presented["bundle"] else None,
            data("publicKey"),
            data("signature"),
        )
    )
    return answer.opened, [base64url.encode(each) for each in answer.receipts]


async def _offline(house: House) -> FirmwareLock:
    entry = await house.lock("Cellar")
    await house.change("updateLock", lockId=entry["lockId"], connectivity=Connectivity.WIRELESS_OFFLINE)
    return FirmwareLock(house, entry)
