"""Warnings for credentials as things are now: shown when one is created or changed, and as long as they hold.

Each function takes many credentials and needs the same number of statements for any number of them. Removed ones have
no warnings, nor have ended SmartPINs and invitations.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.access.schedule import Schedule, still_opens
from domain.access_rules.grants import locks_of_rules
from domain.access_rules.tables import AccessRule
from domain.database.rows import column
from domain.invitations.states import invitation_state
from domain.invitations.tables import Invitation, InvitationLock
from domain.pins.entries import locks_named_by
from domain.pins.tables import Pin, PinStatus
from domain.schedules.states import CredentialState
from domain.sites.service import zone_of
from domain.sites.tables import Site
from domain.smartpins.states import smart_pin_state
from domain.smartpins.tables import SmartPin
from domain.tags.tables import TaggedMember
from domain.warnings.doors import Doors, Warned
from domain.warnings.rules import Lack, WarningCode, Way, lacks


async def _zones(rows: Sequence[Pin | Invitation | AccessRule]) -> dict[UUID, ZoneInfo]:
    return {
        site.id: zone_of(site) for site in await Site.filter(id__in={row.site_id for row in rows})
    }


async def of_pins(pin_ids: Collection[UUID], now: datetime) -> dict[UUID, list[Warned]]:
    """By PIN; a personal one is for what its member's access rules grant."""
    pins = await Pin.filter(id__in=list(pin_ids)).exclude(status=PinStatus.REMOVED)
    named = await locks_named_by(pins)
    zones = await _zones(pins)
    doors = await Doors.of({lock_id for locks in named.values() for lock_id in locks})
    found = {}
    for pin in pins:
        zone = zones[pin.site_id]
        at = [lack for door in doors.at(named[pin.id]) for lack in lacks(door, Way.PIN)]
        over = _over(named[pin.id], doors, zone, now)
        ended = () if pin.personal else _ended(pin.schedule(), zone, now)
        found[pin.id] = doors.warnings([*at, *over, *ended])
    return {pin_id: found.get(pin_id, []) for pin_id in pin_ids}


def _over(
    schedules: Mapping[UUID, Sequence[Schedule]], doors: Doors, zone: ZoneInfo, now: datetime
) -> Iterator[Lack]:
    """At which of its doors no schedule opens any more."""
    for lock_id, given in schedules.items():
        if not any(still_opens(each, zone, now) for each in given):
            for door in doors.at([lock_id]):
                yield WarningCode.ALREADY_OVER, door


def _ended(schedule: Schedule, zone: ZoneInfo, now: datetime) -> Iterator[Lack]:
    """Whether it opens nowhere any more, also where its tags hold no door just now."""
    if not still_opens(schedule, zone, now):
        yield WarningCode.ALREADY_OVER, None


async def of_smart_pins(smart_pin_ids: Collection[UUID], now: datetime) -> dict[UUID, list[Warned]]:
    """By SmartPIN."""
    rows = [
        row
        for row in await SmartPin.filter(id__in=list(smart_pin_ids))
        if smart_pin_state(row, now) not in {CredentialState.ENDED, CredentialState.VOID}
    ]
    doors = await Doors.of({row.lock_id for row in rows})
    found = {
        row.id: doors.warnings(
            lack
            for door in doors.at([row.lock_id])
            for lack in lacks(door, Way.SMART_PIN, incarnation=row.incarnation)
        )
        for row in rows
    }
    return {key: found.get(key, []) for key in smart_pin_ids}


async def of_invitations(
    invitation_ids: Collection[UUID], now: datetime
) -> dict[UUID, list[Warned]]:
    """By invitation."""
    rows = [
        row
        for row in await Invitation.filter(id__in=list(invitation_ids))
        if invitation_state(row, now) not in {CredentialState.ENDED, CredentialState.REMOVED}
    ]
    named: dict[UUID, list[UUID]] = defaultdict(list)
    for choice in await InvitationLock.filter(invitation_id__in=[row.id for row in rows]):
        named[choice.invitation_id].append(choice.lock_id)
    zones = await _zones(rows)
    doors = await Doors.of({lock_id for locks in named.values() for lock_id in locks})
    found = {}
    for row in rows:
        at = [lack for door in doors.at(named[row.id]) for lack in lacks(door, Way.PHONE)]
        times = {lock_id: [row.schedule()] for lock_id in named[row.id]}
        found[row.id] = doors.warnings([*at, *_over(times, doors, zones[row.site_id], now)])
    return {key: found.get(key, []) for key in invitation_ids}


async def of_rules(rule_ids: Collection[UUID], now: datetime) -> dict[UUID, list[Warned]]:
    """By access rule: for phones, and for the personal PINs of the members that it lets in."""
    rules = await AccessRule.filter(id__in=list(rule_ids), deleted_at=None)
    doors, found = await lacks_of_rules(rules, now)
    return {key: doors.warnings(found.get(key, [])) for key in rule_ids}


async def lacks_of_rules(
    rules: Sequence[AccessRule], now: datetime
) -> tuple[Doors, dict[UUID, list[Lack]]]:
    """The doors of these rules, and what is in the way of each rule there, by rule."""
    named = await locks_of_rules([rule.id for rule in rules])
    typing = await rules_with_pins(rules)
    zones = await _zones(rules)
    doors = await Doors.of({lock_id for locks in named.values() for lock_id in locks})
    found = {}
    for rule in rules:
        ways = (Way.PHONE, Way.PIN) if rule.id in typing else (Way.PHONE,)
        at = [
            lack for door in doors.at(named[rule.id]) for way in ways for lack in lacks(door, way)
        ]
        times = {lock_id: [rule.schedule()] for lock_id in named[rule.id]}
        zone = zones[rule.site_id]
        found[rule.id] = [
            *at,
            *_over(times, doors, zone, now),
            *_ended(rule.schedule(), zone, now),
        ]
    return doors, found


async def rules_with_pins(rules: Sequence[AccessRule]) -> set[UUID]:
    """Those of the rules by which some member opens with a personal PIN."""
    tags = {rule.member_tag_id for rule in rules if rule.member_tag_id is not None}
    members_of: dict[UUID, set[UUID]] = defaultdict(set)
    for tagged in await TaggedMember.filter(tag_id__in=list(tags)):
        members_of[tagged.tag_id].add(tagged.member_id)
    let_in = {
        rule.id: {rule.member_id} if rule.member_tag_id is None else members_of[rule.member_tag_id]
        for rule in rules
    }
    people = {member_id for members in let_in.values() for member_id in members}
    pins = Pin.filter(owner_id__in=list(people), personal=True).exclude(status=PinStatus.REMOVED)
    owners = set(await column(pins, "owner_id"))
    return {rule_id for rule_id, members in let_in.items() if members & owners}
