"""Operations on API tokens."""

from api.context import Call
from api.operations import AtSite, mutation
from api.schema.api_tokens import (
    CreateApiTokenInput,
    CreatedApiToken,
    RevokeApiTokenInput,
    RevokedApiToken,
    api_token_type,
)
from api.schema.nodes import key_of
from domain.people import api_tokens
from domain.people.rules import Permission

_OWNER = AtSite(Permission.SITE_SETTINGS)
_MEMBER = AtSite(Permission.OWN_ACCESS)
"""Whoever made a token may end it, whatever they are by now; all others as owners only, which the use case asks."""


@mutation(_OWNER)
async def create_api_token(call: Call, input: CreateApiTokenInput) -> CreatedApiToken:
    """Makes a token for scripts, shown once."""
    row, token = await api_tokens.create_api_token(
        call.installation,
        call.by,
        site_ids=[call.by.site_id],
        name=input.name,
        role=input.role,
        can_edit=input.can_edit,
        expires_at=input.expires_at,
        now=call.now,
    )
    return CreatedApiToken(token=token, api_token=api_token_type(row))


@mutation(_MEMBER)
async def revoke_api_token(call: Call, input: RevokeApiTokenInput) -> RevokedApiToken:
    """Ends a token at once, with its sockets, its streams and the tokens that it made: at this site, for an owner of it;
    everywhere, for whoever made the token or owns all its sites."""
    key = key_of("api_token", input.api_token_id, "api_token_id")
    row, everywhere = await api_tokens.revoke_api_token(
        call.installation, call.by, token_id=key, now=call.now
    )
    return RevokedApiToken(api_token=api_token_type(row), everywhere=everywhere)
