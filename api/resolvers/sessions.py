"""Operations on console sign-ins and on tickets for sockets."""

from api.context import Call
from api.operations import PERSON, SOCKET_USER, mutation
from api.schema.nodes import key_of
from api.schema.sessions import CreatedSocketTicket, EndedSession, EndSessionInput, session_type
from domain.actors import AccountActor, InvitedDeviceActor, TokenActor
from domain.people import sign_in, tickets


@mutation(PERSON)
async def end_session(call: Call, input: EndSessionInput) -> EndedSession:
    """Ends one of the caller's own console sign-ins."""
    actor = call.by.actor
    assert isinstance(actor, AccountActor)
    key = key_of("session", input.session_id, "session_id")
    row = await sign_in.end_session(call.installation, call.by, actor, session_id=key, now=call.now)
    return EndedSession(session=session_type(row, actor))


@mutation(SOCKET_USER)
async def create_socket_ticket(call: Call) -> CreatedSocketTicket:
    """Makes a ticket that opens one websocket within thirty seconds, as the caller."""
    actor = call.by.actor
    assert isinstance(actor, AccountActor | InvitedDeviceActor | TokenActor)
    ticket, expires_at = await tickets.create_socket_ticket(call.installation, actor, call.now)
    return CreatedSocketTicket(ticket=ticket, expires_at=expires_at)
