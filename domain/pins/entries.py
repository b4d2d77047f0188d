"""PINs at the locks: which should hold a PIN, with which schedules, what follows when that changes, and what a lock gets.

Everything is read anew and `write_entries` finds out what differs, so that a PIN leaves the locks which no longer name it.
`following` says which PINs are concerned when a tag, a rule or a keypad has changed.
"""

import contextlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import topics
from domain.access.schedule import Schedule
from domain.access_rules.grants import grants_of_members
from domain.audit.service import RecordedChange
from domain.database.statements import Select
from domain.errors import InvalidInput
from domain.installation import EntryToFill, Installation
from domain.link.digests import pin_digest
from domain.link.entries import MAX_SCHEDULES, EntryKind, Payload, PinPayload
from domain.link.schedules import schedule_from_wire, schedule_to_wire
from domain.locks.keypads import locks_with_keypad
from domain.node_ids import node_id
from domain.pins.digits import open_verifier
from domain.pins.guess_budget import check_guess_budget
from domain.pins.tables import Pin, PinLock, PinLockTag, PinStatus
from domain.security.keys import SealBroken
from domain.sites.tables import Site
from domain.sync.entries import Wanted, write_entries
from domain.sync.statements import ENTRIES_OF_PINS
from domain.sync.tables import EntryState, LockEntry
from domain.tags.tables import TaggedLock

_PINS = Select(Pin, "id IN [?1]", order="id")
_LOCKS_CHOSEN = Select(PinLock, "pin_id IN [?1]")
_TAGS_CHOSEN = Select(
    PinLockTag, "pin_id IN [?1] AND tag_id IN (SELECT id FROM tags WHERE deleted_at IS NULL)"
)


async def locks_of_pins(pins: Sequence[Pin]) -> dict[UUID, dict[UUID, list[Schedule]]]:
    """For each PIN: the locks that should hold it, each with the schedules under which it opens there.

    Those that it names and that have a keypad.
    """
    named = await locks_named_by(pins)
    able = await locks_with_keypad({lock_id for locks in named.values() for lock_id in locks})
    return {
        pin_id: {lock_id: times for lock_id, times in locks.items() if lock_id in able}
        for pin_id, locks in named.items()
    }


async def locks_named_by(pins: Sequence[Pin]) -> dict[UUID, dict[UUID, list[Schedule]]]:
    """For each PIN: the locks that it is for, with a keypad or without, each with the schedules under which it opens there.

    A rule PIN has locks and one schedule of its own; a personal PIN has what its member's access rules grant.
    """
    chosen = await _locks_chosen([pin.id for pin in pins if not pin.personal])
    granted = await grants_of_members({pin.owner_id for pin in pins if pin.personal})
    return {
        pin.id: granted.get(pin.owner_id, {})
        if pin.personal
        else {lock_id: [pin.schedule()] for lock_id in chosen[pin.id]}
        for pin in pins
    }


async def locks_chosen(pin_id: UUID) -> set[UUID]:
    """The locks that a rule PIN names now, by id and by what its tags hold."""
    return (await _locks_chosen([pin_id]))[pin_id]


async def _locks_chosen(pin_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    found: dict[UUID, set[UUID]] = defaultdict(set)
    if not pin_ids:
        return found
    for row in await _LOCKS_CHOSEN(list(pin_ids)):
        found[row.pin_id].add(row.lock_id)
    tagged = await _TAGS_CHOSEN(list(pin_ids))
    if not tagged:
        return found
    members: dict[UUID, set[UUID]] = defaultdict(set)
    for held in await TaggedLock.filter(tag_id__in=list({choice.tag_id for choice in tagged})):
        members[held.tag_id].add(held.lock_id)
    for choice in tagged:
        found[choice.pin_id] |= members[choice.tag_id]
    return found


async def follow_pins(
    installation: Installation, change: RecordedChange, pin_ids: Collection[UUID], now: datetime
) -> list[LockEntry]:
    """Within a transaction: the locks should hold these PINs as they now are; returns the entries that changed."""
    pins = await _PINS(list(pin_ids))
    present: dict[UUID, list[LockEntry]] = defaultdict(list)
    for entry in await ENTRIES_OF_PINS(list(pin_ids)):
        assert entry.pin_id is not None
        present[entry.pin_id].append(entry)
    named = await locks_of_pins(pins)
    before = {
        (entry.pin_id, entry.lock_id): (entry.state, entry.content)
        for entries in present.values()
        for entry in entries
    }
    wanted = []
    for pin in pins:
        locks = named[pin.id] if pin.status is not PinStatus.REMOVED else {}
        check_schedules(locks)
        state = EntryState.LIVE if pin.status is PinStatus.ACTIVE else EntryState.BLOCKED
        wanted += [_wanted(pin, lock_id, state, times) for lock_id, times in locks.items()]
        wanted += [
            _wanted(pin, entry.lock_id, EntryState.REMOVED, [])
            for entry in present[pin.id]
            if entry.lock_id not in locks
        ]
    change.wake(*(topics.member(pin.owner_id) for pin in pins if pin.personal))
    changed = await write_entries(installation, change, wanted, now)
    await _check_growth(pins, changed, before, now)
    return changed


def check_schedules(locks: Mapping[UUID, Sequence[Schedule]], field: str = "member_id") -> None:
    """A lock refuses an entry with more schedules than it takes, and with it all that comes after. Raises InvalidInput."""
    if any(len(schedules) > MAX_SCHEDULES for schedules in locks.values()):
        raise InvalidInput(
            field, f"At most {MAX_SCHEDULES} different schedules for one member at one lock."
        )


async def _check_growth(
    pins: Sequence[Pin],
    changed: Sequence[LockEntry],
    before: Mapping[tuple[UUID | None, UUID], tuple[EntryState, dict[str, Any]]],
    now: datetime,
) -> None:
    """Holds the locks that got more to guess to their guess budget. Raises PinTooShort."""
    grown: dict[UUID, dict[UUID, list[int]]] = defaultdict(lambda: defaultdict(list))
    by_id = {pin.id: pin for pin in pins}
    for entry in changed:
        state, content = before.get((entry.pin_id, entry.lock_id), (EntryState.REMOVED, {}))
        was_live = state is EntryState.LIVE
        same_digits = was_live and content["digits"] == entry.content.get("digits")
        if entry.state is EntryState.LIVE and entry.pin_id is not None and not same_digits:
            pin = by_id[entry.pin_id]
            grown[pin.site_id][entry.lock_id].append(pin.length)
    for site_id, lengths in grown.items():
        await check_guess_budget(await Site.get(id=site_id), lengths, now)


def _wanted(pin: Pin, lock_id: UUID, state: EntryState, schedules: Sequence[Schedule]) -> Wanted:
    return Wanted(
        lock_id=lock_id,
        name=node_id("pin", pin.id),
        kind=EntryKind.PIN,
        state=state,
        content={
            "digits": pin.digits_version,
            "schedules": [schedule_to_wire(schedule) for schedule in schedules],
        },
        pin_id=pin.id,
        pin_length=pin.length,
    )


async def pin_payloads(
    installation: Installation, entries: Sequence[EntryToFill]
) -> Mapping[UUID, Payload]:
    """What a lock gets of a PIN: the digest of its verifier under the lock's own key, and its schedules there.

    By the id of the entry, without those whose verifier does not open.
    """
    verifiers = {}
    for pin in await _PINS(list({entry.pin_id for entry in entries})):
        with contextlib.suppress(SealBroken):
            verifiers[pin.id] = open_verifier(installation, pin)
    return {
        entry.id: PinPayload(
            pin_digest(entry.keys, verifiers[entry.pin_id]),
            tuple(schedule_from_wire(each, "schedules") for each in entry.content["schedules"]),
        )
        for entry in entries
        if entry.pin_id in verifiers
    }
