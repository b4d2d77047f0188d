"""The second picture: what each lock should hold, computed anew from the tables of decisions.

Written from what the tables mean and not with the functions that the product computes it by: those are what is tried.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.access.schedule import Schedule
from domain.access_rules.tables import AccessRule, AccessRuleLock, AccessRuleLockTag
from domain.installation import Installation
from domain.link.schedules import schedule_to_wire
from domain.locks.tables import Lock, Reader
from domain.node_ids import node_id
from domain.people.tables import Member
from domain.pins.digits import open_verifier
from domain.pins.tables import HeldDigits, Pin, PinLock, PinLockTag, PinReservation, PinStatus
from domain.sites.tables import Site
from domain.smartpins.tables import SmartPin
from domain.sync.tables import EntryState, LockEntry
from domain.tags.tables import Tag, TaggedLock, TaggedMember


@dataclass(frozen=True)
class Holding:
    """One thing that a lock should hold: its content as in the table of entries, and a PIN's verifier."""

    content: Any
    verifier: bytes | None = None


@dataclass
class Recomputed:
    """For each lock that is there what it should hold, by name, and what the table of entries says that it should."""

    wanted: dict[UUID, dict[str, Holding]]
    entries: dict[UUID, dict[str, LockEntry]]
    locks: dict[UUID, Lock]
    leaks: list[str]
    """What is reserved, tied or kept for nobody."""
    holders: list[UUID]
    """The locks for which given-up digits are still reserved."""
    takes_pins: dict[UUID, bool]
    """Whether PIN mode is wanted at a keypad of the lock."""


@dataclass
class Tables:
    """The rows of one site."""

    site: Site
    locks: dict[UUID, Lock]
    readers: list[Reader]
    members: set[UUID]
    tags: set[UUID]
    tagged_locks: dict[UUID, set[UUID]]
    tagged_members: dict[UUID, set[UUID]]

    def keypads(self, lock_id: UUID) -> list[Reader]:
        """The keypads of a lock."""
        return [each for each in self.readers if each.lock_id == lock_id and each.has_keypad]


async def recomputed(installation: Installation, site_id: UUID) -> Recomputed:
    """Everything of this site; to be asked at rest."""
    site = await Site.get(id=site_id)
    locks = {each.id: each for each in await Lock.filter(site_id=site_id, deleted_at=None)}
    tags = {each.id for each in await Tag.filter(site_id=site_id, deleted_at=None)}
    tables = Tables(
        site,
        locks,
        await Reader.filter(lock_id__in=list(locks), deleted_at=None),
        {each.id for each in await Member.filter(site_id=site_id, removed_at=None)},
        tags,
        await _tied(TaggedLock, "lock_id", tags),
        await _tied(TaggedMember, "member_id", tags),
    )
    wanted = {lock_id: _of_the_lock(tables, lock) for lock_id, lock in locks.items()}
    pins = await Pin.filter(site_id=site_id).exclude(status=PinStatus.REMOVED)
    for pin in pins:
        if pin.status is PinStatus.ACTIVE:
            for lock_id, schedules in (await _schedules(tables, pin)).items():
                content = {
                    "digits": pin.digits_version,
                    "schedules": [schedule_to_wire(each) for each in schedules],
                }
                name = node_id("pin", pin.id)
                wanted[lock_id][name] = Holding(content, open_verifier(installation, pin))
    for guest in await SmartPin.filter(site_id=site_id, blocked_at__isnull=False, dead_at=None):
        if guest.lock_id in locks:
            wanted[guest.lock_id][guest.entry_name] = Holding(None)
    entries: dict[UUID, dict[str, LockEntry]] = defaultdict(dict)
    for entry in await LockEntry.filter(lock_id__in=list(locks)):
        entries[entry.lock_id][entry.name] = entry
    held = await HeldDigits.filter(reservation__site_id=site_id).select_related("entry")
    leaks = await _leaks(tables, pins, {each.reservation_id for each in held})
    holders = [each.entry.lock_id for each in held]
    takes_pins = {key: any(each.pin_enabled for each in tables.keypads(key)) for key in locks}
    return Recomputed(wanted, entries, locks, leaks, holders, takes_pins)


async def _tied(table: Any, what: str, tags: set[UUID]) -> dict[UUID, set[UUID]]:
    found: dict[UUID, set[UUID]] = defaultdict(set)
    for row in await table.filter(tag_id__in=list(tags)):
        found[row.tag_id].add(getattr(row, what))
    return found


def _of_the_lock(tables: Tables, lock: Lock) -> dict[str, Holding]:
    """Settings, the activation rule, the paired card."""
    site = tables.site
    keypads = tables.keypads(lock.id)
    on = sorted(node_id("reader", each.id) for each in keypads if each.pin_enabled)
    differ = 0 < len(on) < len(keypads)
    reads = "pin-mode-by-reader" in (lock.link_reads or ())
    settings = {
        "zone": site.timezone,
        "pinEnabled": bool(on) and (reads or not differ),
        "smartPinEnabled": lock.smart_pin_enabled,
        "lockoutReleaseMinutes": site.lockout_release_minutes,
        **({"pinReaders": on} if differ and reads else {}),
    }
    found = {"settings": Holding(settings)}
    if site.smart_pin_activation:
        found["smartpin-rules"] = Holding({"activationRequired": True})
    if lock.card_pairings:
        found["card"] = Holding({"pairing": lock.card_pairings})
    return found


async def _schedules(tables: Tables, pin: Pin) -> dict[UUID, list[Schedule]]:
    """Where a PIN opens, and when: by its own choice of locks and tags, or by its owner's access rules."""
    found: dict[UUID, list[Schedule]] = defaultdict(list)
    if pin.personal:
        rules = await AccessRule.filter(site_id=pin.site_id, deleted_at=None).order_by("id")
        for rule in rules:
            mine = rule.member_id == pin.owner_id or (
                rule.member_tag_id is not None
                and pin.owner_id in tables.tagged_members[rule.member_tag_id]
            )
            if mine and pin.owner_id in tables.members:
                for lock_id in await _chosen(
                    tables, AccessRuleLock, AccessRuleLockTag, rule_id=rule.id
                ):
                    if rule.schedule() not in found[lock_id]:
                        found[lock_id].append(rule.schedule())
    else:
        for lock_id in await _chosen(tables, PinLock, PinLockTag, pin_id=pin.id):
            found[lock_id].append(pin.schedule())
    keypads = {each.lock_id for each in tables.readers if each.has_keypad}
    return {each: times for each, times in found.items() if each in tables.locks.keys() & keypads}


async def _chosen(tables: Tables, by_id: Any, by_tag: Any, **whose: UUID) -> set[UUID]:
    locks = {row.lock_id for row in await by_id.filter(**whose)}
    tags = {row.tag_id for row in await by_tag.filter(**whose)} & tables.tags
    return locks | {lock_id for tag in tags for lock_id in tables.tagged_locks[tag]}


async def _leaks(tables: Tables, pins: list[Pin], held: set[UUID]) -> list[str]:
    """What is kept for something that has gone; `held` are the reservations of which a lock may hold the digits."""
    reservations = await PinReservation.filter(site_id=tables.site.id)
    found = [
        f"digits of {node_id('pin', each.pin_id)} are reserved and nobody holds them"
        for each in reservations
        if each.retired_at is not None and each.id not in held
    ]
    in_use = sorted(each.pin_id for each in reservations if each.retired_at is None)
    if in_use != sorted(each.id for each in pins):
        found.append("not every PIN has its digits, and no others, reserved")
    for what, ties, there in (
        ("lock", tables.tagged_locks, tables.locks.keys()),
        ("member", tables.tagged_members, tables.members),
    ):
        found += [
            f"{node_id('tag', tag)} holds {node_id(what, each)}, which is gone"
            for tag, tied in ties.items()
            for each in tied - there
        ]
    return found


def is_wanted(entry: LockEntry) -> bool:
    """Whether the table of entries says that the lock should hold it."""
    return entry.state is EntryState.LIVE
