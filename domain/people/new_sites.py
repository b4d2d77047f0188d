"""Creating a site, together with its first owner or the token that creates it."""

import os
from datetime import datetime, timedelta

from domain import topics
from domain.actors import Caller, Role, TokenActor
from domain.audit.service import recorded
from domain.database import lock_row, use_case
from domain.errors import NotAllowed, NotSignedIn
from domain.facts import announce
from domain.installation import Installation
from domain.people.api_tokens import held_with_ancestors
from domain.people.facts import MemberMade
from domain.people.tables import Account, ApiTokenSite, Member
from domain.sites.rules import SystemType, checked_site_name, checked_zone
from domain.sites.tables import Site
from domain.throttling.service import Budget, count_try

_SITES = Budget("sites made by one caller", 100, timedelta(days=1))


@use_case
async def create_site(
    installation: Installation,
    by: Caller,
    *,
    name: str,
    timezone: str,
    system_type: SystemType,
    owner: Account | None,
    now: datetime,
) -> Site:
    """A new site. `owner`'s account owns it; a token that makes one, and those that made the token, may act on it.

    Raises InvalidInput, NotAllowed, and Throttled for somebody who makes very many.
    """
    name, zone = checked_site_name(name), checked_zone(timezone)
    if isinstance(by.actor, TokenActor) and by.actor.role is not Role.OWNER:
        raise NotAllowed("Only a token with the role OWNER makes sites: it owns what it makes.")
    maker = owner.id if owner is not None else by.actor_id
    if by.actor is not None:
        await count_try(installation, _SITES, str(maker), now)
    async with recorded(installation, by, "createSite", now) as change:
        if owner is not None:
            held = await lock_row(Account, owner.id)
            if held is None or held.email != owner.email:
                raise NotSignedIn  # erased in this moment
        site = await Site.create(
            name=name,
            timezone=zone.key,
            system_type=system_type,
            pin_salt=os.urandom(16),
            pin_time_cost=installation.pin_profile.time_cost,
            pin_memory_kib=installation.pin_profile.memory_kib,
            pin_parallelism=installation.pin_profile.parallelism,
            created_at=now,
        )
        if owner is not None:
            member = await Member.create(
                site=site,
                account=owner,
                name=owner.email,
                role=Role.OWNER,
                can_edit=True,
                accepted_at=now,
                created_at=now,
            )
            await announce(installation, change, MemberMade(member.id), now)
            change.wake(topics.account(owner.id))
        if isinstance(by.actor, TokenActor):
            for each in await held_with_ancestors(by.actor.token_id):
                await ApiTokenSite.create(token=each, site=site)
        change.note("Site", site.id, chain=site.id)
        return site
