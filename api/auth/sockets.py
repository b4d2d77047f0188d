"""Who opens a socket, and the watch that closes it when what the client stands on has ended."""

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.websockets import WebSocket

from api.auth.cookies import session_cookie
from api.auth.origins import is_own
from api.auth.seen_proofs import take_proof
from api.context import Context, Identity
from api.protocol.requests import RequestRefused
from domain.actors import Actor
from domain.bus import listening
from domain.clock import Clock
from domain.installation import Installation
from domain.link.claims import Claim, UnknownLinkVersion
from domain.link.wire import Malformed
from domain.locks.identities import refreshed
from domain.people.identities import (
    api_token_actor,
    session_actor,
    ticket_actor,
    topics_of,
)
from domain.people.tickets import consume_socket_ticket
from domain.sync.connections import begin_connection
from domain.sync.lock_identity import CHALLENGE_LIFETIME, prove_lock

ENDED = (4403, "Your access has ended")


@dataclass(frozen=True)
class SocketAuthentication:
    """Turns the payload of `connection_init` into an identity, or refuses it."""

    installation: Installation
    clock: Clock

    async def identify(self, websocket: WebSocket, payload: dict[str, Any]) -> Identity:
        """Who asks. Raises RequestRefused, which closes the socket with 4403, or with 4400 for a lock's malformed claim."""
        address = websocket.client.host if websocket.client else ""
        shown = [name for name in ("ticket", "token", "lock") if name in payload]
        if len(shown) > 1:
            raise _refused("Show one credential.")
        match shown:
            case ["ticket"]:
                return await self._ticket(payload["ticket"], address)
            case ["token"]:
                return await self._token(payload["token"], address)
            case ["lock"]:
                return await self._lock(payload["lock"], address)
            case _:
                return await self._cookie(websocket, address)

    async def _ticket(self, ticket: object, address: str) -> Identity:
        if isinstance(ticket, str):
            row = await consume_socket_ticket(self.installation, ticket, self.clock())
            actor = await ticket_actor(row, self.clock()) if row is not None else None
            if actor is not None:
                return Identity(actor, address, subscriptions_only=True)
        raise _refused("This ticket is unknown, used or expired.")

    async def _token(self, token: object, address: str) -> Identity:
        actor = (
            await api_token_actor(self.installation, token, self.clock())
            if isinstance(token, str)
            else None
        )
        if actor is None:
            raise _refused("This token is unknown, revoked or expired.")
        return Identity(actor, address)

    async def _lock(self, shown: object, address: str) -> Identity:
        now = self.clock()
        if isinstance(shown, dict):
            try:
                claim = Claim.read(shown)
            except (Malformed, UnknownLinkVersion) as error:
                raise RequestRefused(400, "BAD_USER_INPUT", str(error)) from None
            lock_name, proof = shown.get("id"), shown.get("proof")
            if isinstance(lock_name, str) and isinstance(proof, str):
                proven = await prove_lock(self.installation, lock_name, proof, now)
                if proven is not None and await take_proof(
                    proven.proof_id, now + 2 * CHALLENGE_LIFETIME
                ):
                    actor = await begin_connection(proven, claim)
                    if actor is not None:
                        return Identity(actor, address)
        raise _refused("This is no proof of a lock.")

    async def _cookie(self, websocket: WebSocket, address: str) -> Identity:
        """A browser's cookie counts only from our own pages; a socket without any credential is refused."""
        cookie = websocket.cookies.get(session_cookie(self.installation))
        own_page = is_own(self.installation, websocket.headers.get("origin"))
        actor = (
            await session_actor(self.installation, cookie, self.clock())
            if cookie and own_page
            else None
        )
        if actor is None:
            raise _refused("Sign in first.")
        return Identity(actor, address, subscriptions_only=True)


def _refused(message: str) -> RequestRefused:
    return RequestRefused(403, "FORBIDDEN", message)


async def watch(context: Context) -> tuple[int, str]:
    """Returns when the socket's client has lost what it stands on: by a change, or by the clock."""
    actor: Actor | None = context.actor
    assert actor is not None, "a socket without an actor was let in"
    async with listening(*topics_of(actor)) as wakeups:
        while True:
            now = context.clock()
            actor = await refreshed(actor, now)
            if actor is None:
                return ENDED
            ends_at = getattr(actor, "ends_at", None)
            left = math.inf
            if ends_at is not None:
                left = (ends_at - now) / timedelta(seconds=1) + 0.05
            await wakeups.wait(max(left, 0.05))
