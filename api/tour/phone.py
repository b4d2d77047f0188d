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
