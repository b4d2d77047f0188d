"""Socket tickets: what a phone or a console shows to open a websocket, good once and for thirty seconds.

A ticket is taken by a guarded update, so that it never opens two sockets.
"""

from datetime import datetime, timedelta
from typing import Any

from domain.actors import AccountActor, InvitedDeviceActor, TokenActor
from domain.database import use_case
from domain.installation import Installation
from domain.people.tables import SocketTicket
from domain.security.keys import KeyLabel
from domain.security.tokens import new_token, well_formed
from domain.throttling.service import Budget, count_try

LIFETIME = timedelta(seconds=30)
TICKETS = Budget("socket tickets of one phone, sign-in or token", 120, timedelta(minutes=1))
_PREFIX = "lwk"


@use_case
async def create_socket_ticket(
    installation: Installation, actor: AccountActor | InvitedDeviceActor | TokenActor, now: datetime
) -> tuple[str, datetime]:
    """A ticket that opens one websocket within thirty seconds, as this actor, and when it expires.

    The actor's expired tickets are deleted, so that nobody fills the table. Raises Throttled.
    """
    ticket = new_token(_PREFIX)
    expires_at = now + LIFETIME
    asker = _asker(actor)
    await count_try(installation, TICKETS, str(next(filter(None, asker.values()))), now)
    await SocketTicket.filter(**asker, expires_at__lte=now).delete()
    await SocketTicket.create(
        tag=installation.keys.tag(KeyLabel.TOKENS, _PREFIX, ticket),
        expires_at=expires_at,
        **asker,
    )
    return ticket, expires_at


def _asker(actor: AccountActor | InvitedDeviceActor | TokenActor) -> dict[str, Any]:
    """Whose ticket it is, as the columns of its row: a sign-in's, a phone's or a token's."""
    asker: dict[str, Any] = {"session_id": None, "device_id": None, "token_id": None}
    match actor:
        case AccountActor():
            return asker | {"session_id": actor.session_id, "device_id": actor.device_id}
        case InvitedDeviceActor():
            return asker | {"device_id": actor.device_id}
        case TokenActor():
            return asker | {"token_id": actor.token_id}


@use_case
async def consume_socket_ticket(
    installation: Installation, ticket: str, now: datetime
) -> SocketTicket | None:
    """Takes the ticket by a guarded update; None when it is unknown, used or too old."""
    if not well_formed(ticket, _PREFIX):
        return None
    tags = installation.keys.candidate_tags(KeyLabel.TOKENS, _PREFIX, ticket)
    taken = await SocketTicket.filter(tag__in=tags, used_at=None, expires_at__gt=now).update(
        used_at=now
    )
    return await SocketTicket.get(tag__in=tags) if taken == 1 else None
