"""Who a caller is, by the credential that they show.

Every function here reads the database anew, so that no credential outlives its account, invitation or token; sockets and
streams ask `domain.locks.identities.refreshed` whenever it may have changed.
"""

from collections.abc import Sequence
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
    Role,
    TokenActor,
)
from domain.database import DatabaseUnavailable, use_case
from domain.database.statements import Found, Statement
from domain.installation import Installation
from domain.people.tables import ApiToken, Device, Session, SocketTicket
from domain.security.keys import KeyLabel
from domain.security.tokens import derived_token, derived_token_key, well_formed

SESSION_PREFIX = "lws"
DEVICE_PREFIX = "lwd"
API_TOKEN_PREFIX = "lwt"  # noqa: S105 - how a token begins, not one
USE_NOTED_EVERY = timedelta(minutes=1)


def device_token(installation: Installation, device: Device) -> str:
    """The access token of a device: the same whenever it is asked for, until `generation` is raised."""
    parts = (str(device.id), device.thumbprint, str(device.generation))
    return derived_token(installation.keys, DEVICE_PREFIX, *parts)


_SESSIONS = """
SELECT s.id, s.tag, s.account_id, s.expires_at, s.ended_at, a.email
FROM sessions s JOIN accounts a ON a.id = s.account_id
"""
_DEVICES = """
SELECT d.id, d.account_id, d.invitation_id, d.thumbprint, d.name, d.generation, d.token_key,
  d.expires_at, d.removed_at, a.email, i.site_id, i.valid_until, i.deleted_at
FROM devices d LEFT JOIN accounts a ON a.id = d.account_id LEFT JOIN invitations i ON i.id = d.invitation_id
"""
_TOKENS = """
SELECT id, tag, account_id, name, role, can_edit, expires_at, revoked_at, last_used_at FROM api_tokens
"""
SESSION_BY_TAG = Statement(f"{_SESSIONS} WHERE s.tag = ?1")
SESSION_BY_ID = Statement(f"{_SESSIONS} WHERE s.id = ?1")
DEVICES_BY_THUMBPRINT = Statement(f"{_DEVICES} WHERE d.thumbprint = ?1 AND d.removed_at IS NULL")
DEVICE_BY_ID = Statement(f"{_DEVICES} WHERE d.id = ?1")
TOKEN_BY_TAG = Statement(f"{_TOKENS} WHERE tag = ?1")
TOKEN_BY_ID = Statement(f"{_TOKENS} WHERE id = ?1")


async def _by_tag(statement: Statement, tags: Sequence[str]) -> Found | None:
    """What bears the token's tag; while keys rotate, also that of an earlier key."""
    for tag in tags:
        for row in await statement.rows(tag):
            return row
    return None


async def _by_id(statement: Statement, key: UUID) -> Found | None:
    rows = await statement.rows(key)
    return rows[0] if rows else None


async def session_actor(
    installation: Installation, token: str, now: datetime
) -> AccountActor | None:
    """The person behind a console cookie, or None."""
    if not well_formed(token, SESSION_PREFIX):
        return None
    tags = installation.keys.candidate_tags(KeyLabel.TOKENS, SESSION_PREFIX, token)
    row = await _by_tag(SESSION_BY_TAG, tags)
    actor = _of_session(row, now)
    if row is not None and actor is not None and row["tag"] != tags[0]:
        await _tag_anew(Session, row, tags[0])
    return actor


def _of_session(row: Found | None, now: datetime) -> AccountActor | None:
    if row is None or row["ended_at"] is not None:
        return None
    ends_at = row.moment("expires_at")
    if ends_at <= now:
        return None
    return AccountActor(
        row.key("account_id"), row["email"], session_id=row.key("id"), ends_at=ends_at
    )


async def device_actor(
    installation: Installation, token: str, thumbprint: str, now: datetime
) -> AccountActor | InvitedDeviceActor | None:
    """The phone that holds both the token and the key of this thumbprint (RFC 7638), or None."""
    if not well_formed(token, DEVICE_PREFIX):
        return None
    for row in await DEVICES_BY_THUMBPRINT.rows(thumbprint):
        parts = (str(row.key("id")), row["thumbprint"], str(row["generation"]))
        key_id = derived_token_key(installation.keys, token, DEVICE_PREFIX, *parts)
        if key_id is not None:
            if len(installation.keys.ids) > 1 and row["token_key"] != key_id:
                await _note_token_key(row.key("id"), key_id)
            return _of_device(row, now)
    return None


def _of_device(row: Found | None, now: datetime) -> AccountActor | InvitedDeviceActor | None:
    if row is None or row["removed_at"] is not None:
        return None
    device_id, ends_at = row.key("id"), row.moment_or_none("expires_at")
    if ends_at is not None and ends_at <= now:
        return None
    invitation_id = row.key_or_none("invitation_id")
    if invitation_id is None:
        return AccountActor(
            row.key("account_id"), row["email"], device_id=device_id, ends_at=ends_at
        )
    valid_until = row.moment("valid_until")
    if row["deleted_at"] is not None or valid_until <= now:
        return None
    return InvitedDeviceActor(
        device_id, invitation_id, row.key("site_id"), row["name"], valid_until
    )


async def api_token_actor(
    installation: Installation, token: str, now: datetime
) -> TokenActor | None:
    """The script behind an API token, or None."""
    if not well_formed(token, API_TOKEN_PREFIX):
        return None
    tags = installation.keys.candidate_tags(KeyLabel.TOKENS, API_TOKEN_PREFIX, token)
    row = await _by_tag(TOKEN_BY_TAG, tags)
    actor = _of_token(row, now)
    if row is None or actor is None:
        return None
    used_at = row.moment_or_none("last_used_at")
    if used_at is None or used_at <= now - USE_NOTED_EVERY:
        with suppress(DatabaseUnavailable):  # a script may still read while nothing can be written
            await _note_use(actor.token_id, now)
    if row["tag"] != tags[0]:
        await _tag_anew(ApiToken, row, tags[0])
    return actor


async def _tag_anew(table: type[ApiToken] | type[Session], row: Found, tag: str) -> None:
    """What was shown is there now, so that it can be tagged under the key in front, and outlives the key before."""
    with suppress(DatabaseUnavailable):
        await _save_tag(table, row.key("id"), row["tag"], tag)


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


@use_case
async def _note_use(token_id: UUID, now: datetime) -> None:
    earlier = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_NOTED_EVERY)
    await ApiToken.filter(earlier, id=token_id).update(last_used_at=now)


def _of_token(row: Found | None, now: datetime) -> TokenActor | None:
    if row is None or row["revoked_at"] is not None:
        return None
    ends_at = row.moment_or_none("expires_at")
    if ends_at is not None and ends_at <= now:
        return None
    return TokenActor(
        row.key("id"),
        row["name"],
        Role(row["role"]),
        bool(row["can_edit"]),
        ends_at,
        account_id=row.key_or_none("account_id"),
    )


async def token_by_id(token_id: UUID, now: datetime) -> TokenActor | None:
    """The script behind a token that has not ended, or None."""
    return _of_token(await _by_id(TOKEN_BY_ID, token_id), now)


async def refreshed_person(
    actor: AccountActor | InvitedDeviceActor | TokenActor, now: datetime
) -> AccountActor | InvitedDeviceActor | TokenActor | None:
    """The same person, phone or script as the database has it now; None when its sign-in, invitation or token has ended."""
    match actor:
        case AccountActor(session_id=UUID() as session_id):
            return _of_session(await _by_id(SESSION_BY_ID, session_id), now)
        case AccountActor(device_id=UUID() as device_id) | InvitedDeviceActor(device_id=device_id):
            return _of_device(await _by_id(DEVICE_BY_ID, device_id), now)
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
        return _of_session(await _by_id(SESSION_BY_ID, ticket.session_id), now)
    if ticket.device_id is not None:
        return _of_device(await _by_id(DEVICE_BY_ID, ticket.device_id), now)
    return None if ticket.token_id is None else await token_by_id(ticket.token_id, now)
