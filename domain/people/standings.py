"""An actor's standing: which role it has at a site now.

It is always read from the database. `still_standing` reads it once more in the transaction of a change, while the rows
are held that taking a role away needs too, so that nobody acts with a role that they have just lost.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain.actors import AccountActor, Actor, Caller, LockActor, Role, Standing, TokenActor
from domain.database import lock_row
from domain.database.rows import column
from domain.database.statements import Found, Statement
from domain.errors import NotAllowed
from domain.people.identities import refreshed_person
from domain.people.rules import Permission, allows, lesser
from domain.people.tables import ApiToken, ApiTokenSite, Member

_ACCEPTED = "m.removed_at IS NULL AND m.accepted_at IS NOT NULL"
MEMBER_AT = Statement(f"""
SELECT m.id, m.role, m.can_edit FROM members m
WHERE m.account_id = ?1 AND m.site_id = ?2 AND {_ACCEPTED}
""")  # noqa: S608 - words of ours
TOKEN_AT = Statement(f"""
SELECT m.id, m.role, m.can_edit FROM api_token_sites s
LEFT JOIN members m ON m.account_id = ?3 AND m.site_id = s.site_id AND {_ACCEPTED}
WHERE s.token_id = ?1 AND s.site_id = ?2
""")  # noqa: S608 - words of ours


async def standing_at(actor: Actor | None, site_id: UUID) -> Standing | None:
    """The actor's standing at the site now; None if it has none, which callers answer like an unknown id."""
    match actor:
        case AccountActor(account_id=account_id):
            rows = await MEMBER_AT.rows(account_id, site_id)
            return _of_member(rows[0], site_id) if rows else None
        case TokenActor(token_id=token_id, account_id=account_id):
            rows = await TOKEN_AT.rows(token_id, site_id, account_id)
            if not rows:
                return None
            own = _of_token(actor, site_id)
            if account_id is None:
                return own
            maker = _of_member(rows[0], site_id)
            return None if maker is None else lesser(own, maker)
        case _:
            return None


def _of_member(row: Found, site_id: UUID) -> Standing | None:
    member_id = row.key_or_none("id")
    if member_id is None:
        return None
    return Standing(site_id, Role(row["role"]), bool(row["can_edit"]), member_id)


def _of_token(actor: TokenActor, site_id: UUID) -> Standing:
    """What the token could do by itself."""
    can_edit = actor.can_edit or actor.role is Role.OWNER
    return Standing(site_id, actor.role, can_edit, None)


async def standings_of(
    actor: Actor | None, site_ids: Collection[UUID] | None = None
) -> dict[UUID, Standing]:
    """The actor's standings at these sites, or (None) at all, in two statements at most; sites without one are left out.

    A token has at most the standing that its account has at that site now; one without an account acts for the operator.
    """
    match actor:
        case AccountActor():
            return await standings_of_account(actor.account_id, site_ids)
        case TokenActor():
            among = {} if site_ids is None else {"site_id__in": list(site_ids)}
            at = await column(ApiTokenSite.filter(token_id=actor.token_id, **among), "site_id")
            own = {site_id: _of_token(actor, site_id) for site_id in at}
            if actor.account_id is None:
                return own
            makers = await standings_of_account(actor.account_id, at)
            return {each: lesser(own[each], makers[each]) for each in at if each in makers}
        case _:
            return {}


async def standings_of_account(
    account_id: UUID, site_ids: Collection[UUID] | None = None
) -> dict[UUID, Standing]:
    """A person's standings at these sites, or (None) at all; sites without one are left out."""
    among = {} if site_ids is None else {"site_id__in": list(site_ids)}
    members = await Member.filter(
        account_id=account_id, removed_at=None, accepted_at__isnull=False, **among
    )
    return {
        each.site_id: Standing(each.site_id, each.role, each.can_edit, each.id) for each in members
    }


async def still_standing(by: Caller, permission: Permission, now: datetime) -> Caller:
    """Within a transaction, under the site's row: the caller with their standing now, which stays until the end.

    Members lose roles only under the site's row, and tokens end only under their own, which is held from here on. The
    command line needs no standing. Raises NotAllowed for a caller who does not have the permission any more.
    """
    if by.actor is None:
        return by
    if isinstance(by.actor, TokenActor):
        await lock_row(ApiToken, by.actor.token_id)
    if isinstance(by.actor, LockActor):  # a lock has no role at a site
        raise NotAllowed
    actor = await refreshed_person(by.actor, now)
    standing = await standing_at(actor, by.site_id)
    if standing is None or not allows(standing, permission):
        raise NotAllowed
    return replace(by, actor=actor, standing=standing)
