"""A phone: a P-256 key that never leaves it, and a DPoP proof on every request (docs/phone.md).

It uses the API as any app would, and nothing of the server's code.
"""

import hashlib
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey

from api.tour.failure import answered
from api.tour.socket import Socket
from domain.security import base64url


def _digest(data: bytes) -> str:
    return base64url.encode(hashlib.sha256(data).digest())


class Phone:
    """One phone. `url` is the server's public URL, without `/graphql`."""

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self.url = url
        self.token: str | None = None
        self._http = http
        self._key = ECKey.generate_key("P-256", private=True)

    @property
    def thumbprint(self) -> str:
        """RFC 7638."""
        return self._key.thumbprint()

    def proof(self, body: bytes, **other: Any) -> str:
        """A fresh DPoP proof for a POST of this body; `other` replaces claims, for trying the wrong things."""
        claims = {
            "htm": "POST",
            "htu": f"{self.url}/graphql",
            "iat": int(time.time()),
            "jti": secrets.token_urlsafe(16),
            "bdh": _digest(body),
        }
        if self.token is not None:
            claims["ath"] = _digest(self.token.encode())
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self._key.as_dict(private=False)}
        return jwt.encode(header, {**claims, **other}, self._key, algorithms=["ES256"])

    async def send(self, query: str, **variables: Any) -> httpx.Response:
        """POSTs one operation with a proof, and the token once there is one."""
        body = orjson.dumps({"query": query, "variables": variables})
        headers = {"content-type": "application/json", "dpop": self.proof(body)}
        if self.token is not None:
            headers["authorization"] = f"DPoP {self.token}"
        return await self._http.post(f"{self.url}/graphql", content=body, headers=headers)

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The `data` of one operation. Raises RuntimeError with the server's errors."""
        answer = answered(await self.send(query, **variables))
        if answer.get("errors"):
            raise RuntimeError(str(answer["errors"][0]["message"]))
        data: dict[str, Any] = answer["data"]
        return data

    async def redeem(self, code: str, name: str = "My phone") -> dict[str, Any]:
        """Redeems an invitation code and keeps the token; returns the answer."""
        data = await self.ask(REDEEM, input={"code": code, "deviceName": name, "platform": "IOS"})
        answer: dict[str, Any] = data["redeemInvitation"]
        self.token = answer.get("accessToken", self.token)
        return answer

    async def open(self, lock_id: str) -> dict[str, Any]:
        """Asks to open a door; returns the answer."""
        answer: dict[str, Any] = (await self.ask(OPEN, input={"lockId": lock_id}))["openLock"]
        return answer

    async def lease(self, lock_id: str, hello: str | None = None) -> dict[str, Any]:
        """Asks for a lease, and with the lock's hello for what it lacks; returns the answer."""
        asked = {"lockId": lock_id} if hello is None else {"lockId": lock_id, "hello": hello}
        answer: dict[str, Any] = (await self.ask(LEASE, input=asked))["requestOpenLease"]
        return answer

    async def hand_in(self, lock_id: str, receipt: str) -> dict[str, Any]:
        """Hands in what a lock said; returns the answer. It needs no token: whoever found the phone may."""
        asked = {"lockId": lock_id, "receipt": receipt}
        answer: dict[str, Any] = (await self.ask(RECEIPT, input=asked))["submitReceipt"]
        return answer

    def presented(self, hello: str, answer: dict[str, Any]) -> dict[str, Any]:
        """What the phone hands to the lock: lease, bundle, its key, and the opening of this lock signed over the nonce."""
        said = orjson.loads(base64url.decode(hello)[33:])
        parts = (b"latchwork/opening/v1", said["lockId"].encode(), said["nonce"].encode())
        message = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
        key = self._key.private_key
        assert key is not None
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(SHA256())))
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {
            "nonce": said["nonce"],
            "lease": answer["lease"],
            "bundle": answer["bundle"],
            "publicKey": base64url.encode(point),
            "signature": base64url.encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")),
        }

    async def socket(self) -> Socket:
        """A socket for subscriptions, opened with a ticket."""
        answer = await self.ask(
            "mutation { createSocketTicket { ... on CreatedSocketTicket { ticket } ... on Error { message } } }"
        )
        return await Socket.open(self.url, {"ticket": answer["createSocketTicket"]["ticket"]})

    async def follow(self, query: str, **variables: Any) -> AsyncIterator[dict[str, Any]]:
        """The items of one subscription, on a socket of its own."""
        async with await self.socket() as socket:
            async for item in socket.subscribe(query, **variables):
                yield item


REDEEM = """mutation Redeem($input: RedeemInvitationInput!) {
  redeemInvitation(input: $input) { __typename
    ... on RedeemedInvitation { accessToken device { id name }
      home { site { id name timezone } expiresAt doors { lock { id name }
        schedules { startsAt endsAt validFrom validUntil slotStart slotEnd weekdays } } } }
    ... on DeviceLimitReached { message limit }
    ... on Throttled { message retryAfterSeconds }
    ... on Error { message } } }"""

OPEN = """mutation Open($input: OpenLockInput!) {
  openLock(input: $input) { __typename
    ... on OpenedLock { event { id kind occurredAt method } }
    ... on AccessDenied { message reasons nextAt }
    ... on LockOffline { message lastContactAt }
    ... on Error { message } } }"""

LEASE = """mutation Lease($input: RequestOpenLeaseInput!) {
  requestOpenLease(input: $input) { __typename
    ... on RequestedOpenLease { lease leaseExpiresAt bundle carried complete }
    ... on AccessDenied { message reasons }
    ... on Error { message } } }"""

RECEIPT = """mutation Receipt($input: SubmitReceiptInput!) {
  submitReceipt(input: $input) { __typename
    ... on SubmittedReceipt { news }
    ... on Error { message } } }"""
