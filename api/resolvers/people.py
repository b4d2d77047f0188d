"""Operations on members, sessions, phones and tokens."""

from api.context import Call
from api.operations import ANY_ACTOR, PERSON, PERSON_OR_TOKEN, SOCKET_USER, AtSite, mutation, query
from api.schema.errors import MailNotSent, SeatLimitReached
from api.schema.nodes import global_id, key_of
from api.schema.people import (
    Actor,
    Session,
    actor_type,
    api_token_type,
    device_type,
    member_type,
)
from api.schema.sign_in import (
    CreateApiTokenInput,
    CreatedApiToken,
    CreatedMember,
    CreateMemberInput,
    EndedSession,
    EndSessionInput,
    RemovedDevice,
    RemoveDeviceInput,
    RemovedMember,
    RemoveMemberInput,
    RevokeApiTokenInput,
    RevokedApiToken,
    SocketTicket,
    UpdatedMember,
    UpdateMemberInput,
)
from domain.people import api_tokens, devices, members, sign_in, tickets
from domain.people.actors import AccountActor, InvitedDeviceActor, TokenActor
from domain.people.rules import Permission
from domain.people.tables import Member

_AT_SITE = AtSite(Permission.CREDENTIALS)
_AT_MEMBER = AtSite(Permission.CREDENTIALS, "member_id", "member", Member)
_OWNER = AtSite(Permission.SITE_SETTINGS)


@query(ANY_ACTOR)
async def me(call: Call) -> Actor:
    """Who is asking."""
    assert call.by.actor is not None
    return actor_type(call.by.actor)


@mutation(_AT_SITE, SeatLimitReached, MailNotSent)
async def create_member(call: Call, input: CreateMemberInput) -> CreatedMember:
    """Adds a member. With an e-mail a link goes out; only its reader can accept, with an account of their own."""
    member = await members.create_member(
        call.here,
        call.by,
        name=input.name,
        role=input.role,
        can_edit=input.can_edit,
        email=input.email,
        now=call.now,
    )
    return CreatedMember(member=member_type(member))


@mutation(_AT_MEMBER, MailNotSent)
async def update_member(call: Call, input: UpdateMemberInput) -> UpdatedMember:
    """Changes what the input names; everything else stays."""
    member = await members.update_member(
        call.here,
        call.by,
        member_id=key_of("member", input.member_id, "memberId"),
        name=input.name,
        role=input.role,
        can_edit=input.can_edit,
        email=input.email,
        now=call.now,
    )
    return UpdatedMember(member=member_type(member))


@mutation(_AT_MEMBER)
async def remove_member(call: Call, input: RemoveMemberInput) -> RemovedMember:
    """Removes a member and all of their access, at once."""
    key = key_of("member", input.member_id, "memberId")
    return RemovedMember(
        member=member_type(
            await members.remove_member(call.here, call.by, member_id=key, now=call.now)
        )
    )


@mutation(_OWNER)
async def create_api_token(call: Call, input: CreateApiTokenInput) -> CreatedApiToken:
    """Makes a token for scripts, shown once."""
    row, token = await api_tokens.create_api_token(
        call.here,
        call.by,
        site_ids=[call.by.site_id],
        name=input.name,
        role=input.role,
        can_edit=input.can_edit,
        expires_at=input.expires_at,
        now=call.now,
    )
    return CreatedApiToken(token=token, api_token=api_token_type(row))


@mutation(_OWNER)
async def revoke_api_token(call: Call, input: RevokeApiTokenInput) -> RevokedApiToken:
    """Ends a token at once, with its sockets and streams."""
    key = key_of("api_token", input.token_id, "tokenId")
    row = await api_tokens.revoke_api_token(call.here, call.by, token_id=key, now=call.now)
    return RevokedApiToken(api_token=api_token_type(row))


@mutation(PERSON)
async def end_session(call: Call, input: EndSessionInput) -> EndedSession:
    """Ends one of the caller's own console sign-ins."""
    actor = call.by.actor
    assert isinstance(actor, AccountActor)
    key = key_of("session", input.session_id, "sessionId")
    row = await sign_in.end_session(call.here, call.by, actor, session_id=key, now=call.now)
    return EndedSession(
        session=Session(
            id=global_id("session", row.id),
            created_at=row.created_at,
            expires_at=row.expires_at,
            current=row.id == actor.session_id,
        )
    )


@mutation(PERSON_OR_TOKEN)
async def remove_device(call: Call, input: RemoveDeviceInput) -> RemovedDevice:
    """Ends a phone's access: one's own, or, for whoever may edit invitations, an invited one."""
    key = key_of("device", input.device_id, "deviceId")
    return RemovedDevice(
        device=device_type(
            await devices.remove_device(call.here, call.by, device_id=key, now=call.now)
        )
    )


@mutation(SOCKET_USER)
async def create_socket_ticket(call: Call) -> SocketTicket:
    """Makes a ticket that opens one websocket within thirty seconds, as the caller."""
    actor = call.by.actor
    ticket, expires_at = await tickets.create_socket_ticket(
        call.here,
        session_id=actor.session_id if isinstance(actor, AccountActor) else None,
        device_id=(
            actor.device_id if isinstance(actor, AccountActor | InvitedDeviceActor) else None
        ),
        token_id=actor.token_id if isinstance(actor, TokenActor) else None,
        now=call.now,
    )
    return SocketTicket(ticket=ticket, expires_at=expires_at)
