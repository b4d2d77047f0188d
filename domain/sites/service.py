"""Making a site, changing its settings and its plan, and counting its seats."""

import os
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from tortoise.functions import Count

from domain import topics
from domain.actors import Caller, Role, TokenActor
from domain.audit.service import recorded
from domain.database import lock_row, use_case
from domain.errors import NotAllowed, NotFound, SeatLimitReached
from domain.facts import announce
from domain.inputs.partial_updates import Fields, check_not_cleared
from domain.installation import Installation
from domain.invitations.tables import Invitation
from domain.people.api_tokens import held_line
from domain.people.facts import MemberMade
from domain.people.tables import Account, ApiTokenSite, Member
from domain.sites.facts import SiteSettingsChanged, ZoneChanged
from domain.sites.rules import (
    SystemType,
    check_pin_policy,
    checked_release,
    checked_site_name,
    checked_zone,
)
from domain.sites.tables import Site
from domain.throttling.service import Budget, count_try

_SITES = Budget("sites made by one caller", 100, timedelta(days=1))


async def live_site(site_id: UUID) -> Site:
    """The site. Raises NotFound."""
    site = await Site.get_or_none(id=site_id)
    if site is None:
        raise NotFound("site_id")
    return site


def zone_of(site: Site) -> ZoneInfo:
    """The site's time zone."""
    return ZoneInfo(site.timezone)


async def seats_used(site_ids: Collection[UUID], now: datetime) -> dict[UUID, int]:
    """By site: members, and invitations that have not ended, whatever the number of their devices."""
    used = dict.fromkeys(site_ids, 0)
    members = Member.filter(site_id__in=list(used), removed_at=None)
    invitations = Invitation.filter(site_id__in=list(used), deleted_at=None, valid_until__gt=now)
    for rows in (members, invitations):
        counts = rows.annotate(number=Count("id")).group_by("site_id")
        for site_id, number in await counts.values_list("site_id", "number"):
            used[site_id] += number
    return used


async def take_seat(site_id: UUID, now: datetime) -> Site:
    """Within a transaction: locks the site's row, so that two cannot both take the last seat. Raises SeatLimitReached."""
    site = await lock_row(Site, site_id)
    assert site is not None
    if (await seats_used([site_id], now))[site_id] >= site.seat_limit:
        raise SeatLimitReached(site.seat_limit)
    return site


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
            for each in await held_line(by.actor.token_id):
                await ApiTokenSite.create(token=each, site=site)
        change.note("Site", site.id, chain=site.id)
        return site


_POLICY_COLUMNS = {
    "min_length": "pin_min_length",
    "max_length": "pin_max_length",
    "auto_length": "pin_auto_length",
    "guess_limit": "guess_limit",
}
_TOLD_TO_LOCKS = ("timezone", "smartPinActivation", "lockoutReleaseMinutes")


@use_case
async def update_site(
    installation: Installation,
    by: Caller,
    *,
    fields: Fields,
    now: datetime,
) -> Site:
    """Changes the mentioned ones of `name`, `timezone`, `pin_policy`, `smart_pin_activation`, `lockout_release_minutes`.

    `pin_policy` is a mapping of its own, of `min_length`, `max_length`, `auto_length` and `guess_limit`. Only the minutes
    can be cleared: then a lockout ends by hand alone. Raises InvalidInput, PolicyViolation.
    """
    check_not_cleared(fields, "name", "timezone", "pin_policy", "smart_pin_activation")
    policy: Fields = fields.get("pin_policy", {})
    check_not_cleared(policy, *_POLICY_COLUMNS, inside="pin_policy")
    async with recorded(installation, by, "updateSite", now) as change:
        site = await lock_row(Site, by.site_id)
        assert site is not None
        before = _settings(site)
        columns: dict[str, Any] = {_POLICY_COLUMNS[name]: policy[name] for name in policy}
        if "name" in fields:
            columns["name"] = checked_site_name(fields["name"])
        if "timezone" in fields:
            columns["timezone"] = checked_zone(fields["timezone"]).key
        if "smart_pin_activation" in fields:
            columns["smart_pin_activation"] = fields["smart_pin_activation"]
        if "lockout_release_minutes" in fields:
            columns["lockout_release_minutes"] = checked_release(fields["lockout_release_minutes"])
        site.update_from_dict(columns)
        check_pin_policy(
            site.pin_min_length, site.pin_max_length, site.pin_auto_length, site.guess_limit
        )
        await site.save(update_fields=list(columns))
        after = _settings(site)
        if after["timezone"] != before["timezone"]:
            await announce(installation, change, ZoneChanged(site.id), now)
        if any(after[each] != before[each] for each in _TOLD_TO_LOCKS):
            await announce(installation, change, SiteSettingsChanged(site.id), now)
        changes: dict[str, Any] = {key: after[key] for key in after if after[key] != before[key]}
        change.note("Site", site.id, **changes)
        change.wake(topics.homes(site.id))
        return site


def _settings(site: Site) -> dict[str, object]:
    return {
        "timezone": site.timezone,
        "pinMinLength": site.pin_min_length,
        "pinMaxLength": site.pin_max_length,
        "pinAutoLength": site.pin_auto_length,
        "guessLimit": site.guess_limit,
        "smartPinActivation": site.smart_pin_activation,
        "lockoutReleaseMinutes": site.lockout_release_minutes,
    }


PLAN = ("system_type", "invitations_enabled", "custom_pins_enabled", "seat_limit")


@use_case
async def change_plan(
    installation: Installation,
    by: Caller,
    *,
    site_id: UUID,
    fields: Fields,
    now: datetime,
) -> Site:
    """Changes the plan, from the command line only: the mentioned ones of `PLAN`. Raises NotFound."""
    async with recorded(installation, by, "changePlan", now) as change:
        site = await lock_row(Site, site_id)
        if site is None:
            raise NotFound("site_id")
        given = {name: fields[name] for name in PLAN if name in fields}
        await site.update_from_dict(given).save(update_fields=list(given))
        change.note("Site", site.id, chain=site.id, **given)
        change.wake(topics.homes(site.id))
        return site
