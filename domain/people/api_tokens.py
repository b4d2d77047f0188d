"""API tokens for scripts: a role ceiling, sites, an end date; the token itself is shown once."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from domain.audit.service import recorded
from domain.database import lock_row, use_case
from domain.errors import InvalidInput, NotFound
from domain.installation import Installation
from domain.moments import in_utc
from domain.people.actors import Caller, Role, TokenActor
from domain.people.identities import API_TOKEN_PREFIX
from domain.people.tables import ApiToken, ApiTokenSite
from domain.security.keys import KeyLabel
from domain.security.tags import keyed_tag
from domain.security.tokens import new_token
from domain.sites.rules import checked_name


@use_case
async def create_api_token(
    here: Installation,
    by: Caller,
    *,
    site_ids: Collection[UUID],
    name: str,
    role: Role,
    can_edit: bool,
    expires_at: datetime | None,
    now: datetime,
) -> tuple[ApiToken, str]:
    """A token for these sites; the caller has checked that `by` owns each of them. Raises InvalidInput.

    One that a token makes ends no later than its maker.
    """
    expires_at = _checked_end(by, expires_at, now)
    token = new_token(API_TOKEN_PREFIX)
    async with recorded(here, by, "createApiToken", now) as deed:
        row = await ApiToken.create(
            name=checked_name(name),
            tag=keyed_tag(here.keys, KeyLabel.TOKENS, API_TOKEN_PREFIX, token),
            role=role,
            can_edit=can_edit,
            created_at=now,
            expires_at=expires_at,
        )
        for site_id in sorted(set(site_ids)):
            await ApiTokenSite.create(token=row, site_id=site_id)
            deed.note("ApiToken", row.id, chain=site_id, role=role.value)
        return row, token


def _checked_end(by: Caller, expires_at: datetime | None, now: datetime) -> datetime | None:
    latest = by.actor.ends_at if isinstance(by.actor, TokenActor) else None
    if expires_at is None:
        return latest
    end = in_utc("expiresAt", expires_at)
    if end <= now:
        raise InvalidInput("expiresAt", "The end of a token lies in the future.")
    if latest is not None and end > latest:
        raise InvalidInput("expiresAt", "A token ends no later than the one that makes it.")
    return end


@use_case
async def revoke_api_token(
    here: Installation, by: Caller, *, token_id: UUID, now: datetime
) -> ApiToken:
    """Ends a token at once, wherever it acts. Raises NotFound unless it acts on the caller's site."""
    async with recorded(here, by, "revokeApiToken", now) as deed:
        row = await lock_row(ApiToken, token_id)
        if (
            row is None
            or row.revoked_at is not None
            or not await ApiTokenSite.filter(token_id=token_id, site_id=by.site_id).exists()
        ):
            raise NotFound("tokenId")
        row.revoked_at = now
        await row.save(update_fields=["revoked_at"])
        deed.note("ApiToken", row.id)
        deed.wake(f"token:{row.id}")
        return row
