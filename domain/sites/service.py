"""Changing a site's settings and its plan. `domain.people.new_sites` creates one, with its first owner."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain import topics
from domain.actors import Caller
from domain.audit.service import recorded
from domain.database import lock_row, use_case
from domain.database.statements import row_by_id
from domain.errors import NotFound
from domain.facts import announce
from domain.inputs.partial_updates import Fields, check_not_cleared
from domain.installation import Installation
from domain.sites.facts import SiteSettingsChanged, ZoneChanged
from domain.sites.rules import (
    check_pin_policy,
    checked_lease_minutes,
    checked_release,
    checked_retention,
    checked_site_name,
    checked_zone,
)
from domain.sites.tables import Site


async def live_site(site_id: UUID) -> Site:
    """The site. Raises NotFound."""
    site = await row_by_id(Site, site_id)
    if site is None:
        raise NotFound("site_id")
    return site


def zone_of(site: Site) -> ZoneInfo:
    """The site's time zone."""
    return ZoneInfo(site.timezone)


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
    """Changes those given of `name`, `timezone`, `pin_policy`, `smart_pin_activation`, `lockout_release_minutes`,
    `lease_minutes`.

    `pin_policy` is a mapping of its own, of `min_length`, `max_length`, `auto_length` and `guess_limit`. Only the minutes
    can be cleared: then no lockout ends by itself. Raises InvalidInput, PolicyViolation.
    """
    check_not_cleared(
        fields, "name", "timezone", "pin_policy", "smart_pin_activation", "lease_minutes"
    )
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
        if "lease_minutes" in fields:
            columns["lease_minutes"] = checked_lease_minutes(fields["lease_minutes"])
        if "event_retention_days" in fields:
            columns["event_retention_days"] = checked_retention(fields["event_retention_days"])
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
        "leaseMinutes": site.lease_minutes,
        "eventRetentionDays": site.event_retention_days,
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
    """Changes the plan, from the command line only: those given of `PLAN`. Raises NotFound."""
    async with recorded(installation, by, "changePlan", now) as change:
        site = await lock_row(Site, site_id)
        if site is None:
            raise NotFound("site_id")
        given = {name: fields[name] for name in PLAN if name in fields}
        await site.update_from_dict(given).save(update_fields=list(given))
        change.note("Site", site.id, chain=site.id, **given)
        change.wake(topics.homes(site.id))
        return site
