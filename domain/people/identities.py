"""Who a caller is, by the credential that they show.

Every function here reads the database anew, so that no credential outlives its account, invitation or token; sockets and
streams ask `domain.locks.identities.refreshed` whenever it may have changed.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.expressions import Q

from domain import topics
from domain.actors import (
    AccountActor,
    Actor,
    InvitedDeviceActor,
    LockActor,
    TokenActor,
)
from domain.database import DatabaseUnavailable, use_case
from domain.installation import Installation
from domain.people.tables import Account, ApiToken, Device, Session, SocketTicket
from domain.security.keys import KeyLabel
from domain.security.tokens import derived_token, derived_token_key, well_formed

SESSION_PREFIX = "lws"
DEVICE_PREFIX = "lwd"
API_TOKEN_PREFIX = "lwt"  # noqa: S105 - how a token begins, not one
USE_NOTED_EVERY = timedelta(minutes=1)


def device_token(installation: Installation, device: Device) -> str:
    """The access token of a device: the same whenever it is asked for, until `generation` is raised."""
    return derived_token(installation.keys, DEVICE_PREFIX, *_device_parts(device))


def _device_parts(device: Device) -> tuple[str, ...]:
    return (str(device.id), device.thumbprint, str(device.generation))


async def session_actor(
    installation: Installation, token: str, now: datetime
) -> AccountActor | None:
    """The person behind a console cookie, or None."""
    if not well_formed(token, SESSION_PREFIX):
        return None
    tags = installation.keys.candidate_tags(KeyLabel.TOKENS, SESSION_PREFIX, token)
    session = await Session.get_or_none(tag__in=tags).select_related("account")
    actor = _of_session(session, now)
    if session is not None and actor is not None and session.tag != tags[0]:
        await _tag_anew(Session, session, tags[0])
    return actor


def _of_session(session: Session | None, now: datetime) -> AccountActor | None:
    if session is None or session.ended_at is not None or session.expires_at <= now:
        return None
    account = session.account
    return AccountActor(
        account.id, account.email, session_id=session.id, ends_at=session.expires_at
    )


async def device_actor(
    installation: Installation, token: str, thumbprint: str, now: datetime
) -> AccountActor | InvitedDeviceActor | None:
    """The phone that holds both the token and the key of this thumbprint (RFC 7638), or None."""
    if not well_formed(token, DEVICE_PREFIX):
        return None
    devices = await Device.filter(thumbprint=thumbprint, removed_at=None).select_related(
        "account", "invitation"
    )
    for device in devices:
        key_id = derived_token_key(installation.keys, token, DEVICE_PREFIX, *_device_parts(device))
        if key_id is not None:
            if len(installation.keys.ids) > 1 and device.token_key != key_id:
                await _note_token_key(device.id, key_id)
            return _of_device(device, now)
    return None


def _of_device(device: Device | None, now: datetime) -> AccountActor | InvitedDeviceActor | None:
    if device is None or device.removed_at is not None:
        return None
    if device.expires_at is not None and device.expires_at <= now:
        return None
    invitation = device.invitation
    if invitation is not None:
        if invitation.deleted_at is not None or invitation.valid_until <= now:
            return None
        return InvitedDeviceActor(
            device.id, invitation.id, invitation.site_id, device.name, invitation.valid_until
        )
    account: Account | None = device.account
    assert account is not None, "a device belongs to an account or an invitation"
    return AccountActor(account.id, account.email, device_id=device.id, ends_at=device.expires_at)


async def api_token_actor(
    installation: Installation, token: str, now: datetime
) -> TokenActor | None:
    """The script behind an API token, or None."""
    if not well_formed(token, API_TOKEN_PREFIX):
        return None
    tags = installation.keys.candidate_tags(KeyLabel.TOKENS, API_TOKEN_PREFIX, token)
    row = await ApiToken.get_or_none(tag__in=tags)
    actor = _of_token(row, now)
    if row is not None and actor is not None and _use_is_news(row, now):
        with suppress(DatabaseUnavailable):  # a script may still read while nothing can be written
            await _note_use(row.id, now)
    if row is not None and actor is not None and row.tag != tags[0]:
        await _tag_anew(ApiToken, row, tags[0])
    return actor


async def _tag_anew(
    table: type[ApiToken] | type[Session], row: ApiToken | Session, tag: str
) -> None:
    """What was shown is there now, so that it can be tagged under the key in front, and outlives the key before."""
    with suppress(DatabaseUnavailable):
        await _save_tag(table, row.id, row.tag, tag)


@use_case
async def _save_tag(
    table: type[ApiToken] | type[Session], row_id: UUID, before: str, tag: str
) -> None:
    await table.filter(id=row_id, tag=before).update(tag=tag)


async def _note_token_key(device_id: UUID, key_id: str) -> None:
    """While there are several keys: who still has a token of which one."""
    with suppress(DatabaseUnavailable):
        await _save_token_key(device_id, key_id)


@use_case
async def _save_token_key(device_id: UUID, key_id: str) -> None:
    await Device.filter(id=device_id).update(token_key=key_id)


def _use_is_news(row: ApiToken, now: datetime) -> bool:
    return row.last_used_at is None or row.last_used_at <= now - USE_NOTED_EVERY


@use_case
async def _note_use(token_id: UUID, now: datetime) -> None:
    earlier = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_NOTED_EVERY)
    await ApiToken.filter(earlier, id=token_id).update(last_used_at=now)


def _of_token(row: ApiToken | None, now: datetime) -> TokenActor | None:
    if row is None or row.revoked_at is not None:
        return None
    if row.expires_at is not None and row.expires_at <= now:
        return None
    return TokenActor(
        row.id, row.name, row.role, row.can_edit, row.expires_at, account_id=row.account_id
    )


async def _session_by_id(session_id: UUID, now: datetime) -> AccountActor | None:
    return _of_session(await Session.get_or_none(id=session_id).select_related("account"), now)


async def _device_by_id(device_id: UUID, now: datetime) -> AccountActor | InvitedDeviceActor | None:
    return _of_device(
        await Device.get_or_none(id=device_id).select_related("account", "invitation"), now
    )


async def token_by_id(token_id: UUID, now: datetime) -> TokenActor | None:
    """The script behind a token that has not ended, or None."""
    return _of_token(await ApiToken.get_or_none(id=token_id), now)


async def refreshed_person(
    actor: AccountActor | InvitedDeviceActor | TokenActor, now: datetime
) -> AccountActor | InvitedDeviceActor | TokenActor | None:
    """The same person, phone or script as the database has it now; None when its sign-in, invitation or token has ended."""
    match actor:
        case AccountActor(session_id=UUID() as session_id):
            return await _session_by_id(session_id, now)
        case AccountActor(device_id=UUID() as device_id) | InvitedDeviceActor(device_id=device_id):
            return await _device_by_id(device_id, now)
        case TokenActor():
            return await token_by_id(actor.token_id, now)
        case _:
            return None


def topics_of(actor: Actor) -> tuple[str, ...]:
    """The bus topics that are woken when what the actor may do can have changed."""
    match actor:
        case AccountActor(session_id=None, device_id=UUID() as device_id):
            return (topics.account(actor.account_id), topics.device(device_id))
        case AccountActor():
            assert actor.session_id is not None
            return (topics.account(actor.account_id), topics.session(actor.session_id))
        case InvitedDeviceActor():
            return (topics.device(actor.device_id), topics.invitation(actor.invitation_id))
        case TokenActor():
            if actor.account_id is None:
                return (topics.api_token(actor.token_id),)
            return (topics.api_token(actor.token_id), topics.account(actor.account_id))
        case LockActor():
            return (topics.lock_life(actor.lock_id),)


async def ticket_actor(ticket: SocketTicket, now: datetime) -> Actor | None:
    """The actor who asked for the ticket; None if their sign-in, phone or token has ended since."""
    if ticket.session_id is not None:
        return await _session_by_id(ticket.session_id, now)
    if ticket.device_id is not None:
        return await _device_by_id(ticket.device_id, now)
    return None if ticket.token_id is None else await token_by_id(ticket.token_id, now)
