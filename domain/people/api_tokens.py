"""API tokens for scripts: a highest role, sites, an end date; the token itself is shown once.

A token may never do more than the person for whom it acts may do at that moment (`domain.people.standings`). What ends
a token also ends the tokens that it made, while their rows are held.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q

from domain import topics
from domain.actors import AccountActor, ActorKind, Caller, Role, TokenActor
from domain.audit.service import RecordedChange, recorded
from domain.database import lock_row, lock_rows, use_case
from domain.database.rows import column
from domain.errors import InvalidInput, NotAllowed, NotFound
from domain.facts import announce
from domain.inputs.moments import in_utc
from domain.installation import Installation
from domain.people.facts import TokenEnded
from domain.people.identities import API_TOKEN_PREFIX
from domain.people.rules import Permission, allows
from domain.people.standings import standings_of, still_standing
from domain.people.tables import Account, ApiToken, ApiTokenSite
from domain.security.keys import KeyLabel
from domain.security.tokens import new_token
from domain.sites.rules import checked_name
from domain.sites.tables import Site

MOST_OF_ONE_PERSON = 100
"""Each token gets its own share of the server's capacity, so nobody may have as many tokens as they like."""


@use_case
async def create_api_token(
    installation: Installation,
    by: Caller,
    *,
    site_ids: Collection[UUID],
    name: str,
    role: Role,
    can_edit: bool,
    expires_at: datetime | None,
    now: datetime,
) -> tuple[ApiToken, str]:
    """A token for these sites; the caller has checked that `by` owns each of them. Raises InvalidInput, NotAllowed.

    It acts for the person who makes it and never beyond that person's own role; one person has at most
    `MOST_OF_ONE_PERSON` tokens that have not ended. A token made by another token ends no later than that one.
    """
    expires_at = _checked_end(by, expires_at, now)
    token = new_token(API_TOKEN_PREFIX)
    async with recorded(installation, by, "createApiToken", now) as change:
        if by.standing is not None:
            await lock_row(Site, by.site_id)
            by = await still_standing(by, Permission.SITE_SETTINGS, now)
        if by.account_id is not None:
            await _check_few(by.account_id, now)
        row = await ApiToken.create(
            name=checked_name(name),
            tag=installation.keys.tag(KeyLabel.TOKENS, API_TOKEN_PREFIX, token),
            role=role,
            can_edit=can_edit,
            account_id=by.account_id,
            parent_id=by.actor.token_id if isinstance(by.actor, TokenActor) else None,
            created_at=now,
            expires_at=expires_at,
        )
        for site_id in sorted(set(site_ids)):
            await ApiTokenSite.create(token=row, site_id=site_id)
            change.note("ApiToken", row.id, chain=site_id, role=role.value)
        return row, token


async def _check_few(account_id: UUID, now: datetime) -> None:
    """Raises InvalidInput for a person with the most tokens already. The account's row is held from here on, so that two
    tokens made at once are both counted."""
    await lock_row(Account, account_id)
    living = ApiToken.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)
    if await living.filter(account_id=account_id).count() >= MOST_OF_ONE_PERSON:
        raise InvalidInput(
            "site_ids", f"You have {MOST_OF_ONE_PERSON} tokens already: revoke one first."
        )


def _checked_end(by: Caller, expires_at: datetime | None, now: datetime) -> datetime | None:
    latest = by.actor.ends_at if isinstance(by.actor, TokenActor) else None
    if expires_at is None:
        return latest
    end = in_utc("expires_at", expires_at)
    if end <= now:
        raise InvalidInput("expires_at", "The end of a token lies in the future.")
    if latest is not None and end > latest:
        raise InvalidInput("expires_at", "A token ends no later than the one that makes it.")
    return end


@use_case
async def revoke_api_token(
    installation: Installation, by: Caller, *, token_id: UUID, now: datetime
) -> tuple[ApiToken, bool]:
    """Ends a token, and all that it made, at the caller's site; returns it, and whether it ended everywhere.

    It ends everywhere if the caller made it or owns all its sites, or if it has no other site. Raises NotAllowed for a
    caller who neither made it nor owns the site, NotFound unless it acts on the caller's site.
    """
    async with recorded(installation, by, "revokeApiToken", now) as change:
        # Held, so that none of these makes another token meanwhile.
        family = await _held_family(token_id)
        made = any(_made(by, each) for each in [*family[:1], *await _ancestors(family)])
        assert by.standing is not None
        if not made and not allows(by.standing, Permission.SITE_SETTINGS):
            raise NotAllowed
        acts_here = ApiTokenSite.filter(token_id=token_id, site_id=by.site_id)
        if not family or not await acts_here.exists():
            raise NotFound("api_token_id")
        everywhere = made or await _owns_all_sites(by, token_id)
        await _end(installation, change, family, None if everywhere else by.site_id, now)
        return family[0], family[0].revoked_at is not None


@use_case
async def end_family(
    installation: Installation, by: Caller, action: str, token_id: UUID, now: datetime
) -> None:
    """Ends a token, and all that it made, everywhere; for the operator."""
    async with recorded(installation, by, action, now) as change:
        await _end(installation, change, await _held_family(token_id), None, now)
        if not change.notes:
            change.unchanged()


def _made(by: Caller, row: ApiToken) -> bool:
    """Whether the caller is this token, or the person for whom it acts, or the operator."""
    match by.actor:
        case AccountActor(account_id=account_id):
            return row.account_id == account_id
        case TokenActor(token_id=token_id):
            return row.id == token_id
        case _:
            return by.actor_kind is ActorKind.COMMAND_LINE


async def _ancestors(family: Sequence[ApiToken]) -> list[ApiToken]:
    """The token that made the first of these, the one that made that, and so on."""
    found: list[ApiToken] = []
    parent_id = family[0].parent_id if family else None
    while parent_id is not None:
        found.append(await ApiToken.get(id=parent_id))
        parent_id = found[-1].parent_id
    return found


async def _held_family(token_id: UUID) -> list[ApiToken]:
    """A token that was not revoked and the living ones below it, generation by generation, their rows held."""
    family: list[ApiToken] = []
    generation = [token_id]
    while generation:
        held = [row for row in await lock_rows(ApiToken, generation) if row.revoked_at is None]
        family += held
        made = ApiToken.filter(parent_id__in=[row.id for row in held], revoked_at=None)
        generation = await column(made, "id")
    return family


async def _owns_all_sites(by: Caller, token_id: UUID) -> bool:
    site_ids = await column(ApiTokenSite.filter(token_id=token_id), "site_id")
    standings = await standings_of(by.actor, site_ids)
    return all(
        each in standings and allows(standings[each], Permission.SITE_SETTINGS) for each in site_ids
    )


async def held_with_ancestors(token_id: UUID) -> list[ApiToken]:
    """A token and the tokens that made it, their rows held. Raises NotAllowed if one has been revoked meanwhile."""
    token = await ApiToken.get(id=token_id)
    above = [row.id for row in await _ancestors([token])]
    line = list(await lock_rows(ApiToken, [token_id, *above]))
    if any(row.revoked_at is not None for row in line):
        raise NotAllowed
    return line


async def end_tokens_of(
    installation: Installation,
    change: RecordedChange,
    account_id: UUID,
    site_id: UUID,
    now: datetime,
) -> None:
    """Ends the tokens that act for a person at a site: part of removing the person, while the site's row is held."""
    at = ApiTokenSite.filter(site_id=site_id, token__account_id=account_id)
    rows = await lock_rows(ApiToken, await column(at, "token_id"))
    await _end(installation, change, [row for row in rows if row.revoked_at is None], site_id, now)


async def _end(
    installation: Installation,
    change: RecordedChange,
    rows: Sequence[ApiToken],
    site_id: UUID | None,
    now: datetime,
) -> None:
    """Ends tokens whose rows are held, at one site or (None) everywhere; each site where one ends gets an audit note."""
    for row in rows:
        site_ids = await column(ApiTokenSite.filter(token_id=row.id), "site_id")
        ending = [each for each in site_ids if site_id in (None, each)]
        if len(ending) == len(site_ids):
            row.revoked_at = now
            await row.save(update_fields=["revoked_at"])
        else:
            await ApiTokenSite.filter(token_id=row.id, site_id__in=ending).delete()
        await announce(installation, change, TokenEnded(row.id, frozenset(ending)), now)
        for each in ending:
            change.note("ApiToken", row.id, chain=each)
        change.wake(topics.api_token(row.id))
