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
