"""Giving out SmartPINs, blocking them, letting them open again.

A code is shown in the answer that makes it and never again, although it could be computed anew: whoever lost it gets
another, and the lost one is blocked. No two guests get one code: it is unique in its table, and chosen under the lock's row.
No block ends before the code does: it covers every reading of the digits.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import smartpin
from domain.actors import Caller
from domain.audit.service import RecordedChange, recorded
from domain.database import lock_row, use_case
from domain.errors import (
    InvalidInput,
    LockWithoutKeypad,
    NotFound,
    SmartPinBlockedAtDoor,
    SmartPinsOff,
)
from domain.installation import Installation
from domain.link.entries import EntryKind, SmartPinBlockPayload, smartpin_entry_id
from domain.locks.keypads import locks_with_keypad
from domain.locks.service import held_lock
from domain.locks.tables import Lock, Provisioning
from domain.schedules.states import CredentialState
from domain.sharing import ShareLinks, share_links
from domain.sites.rules import checked_name
from domain.sites.service import zone_of
from domain.sites.tables import Site
from domain.smartpins.rules import (
    NoSmartPins,
    all_used,
    fitted,
    words_for_guest,
)
from domain.smartpins.serving import Incarnation, check_zone_known, opened, serving_secret
from domain.smartpins.states import smart_pin_state
from domain.smartpins.tables import SmartPin
from domain.sync.entries import Wanted, write_entries
from domain.sync.tables import EntryState, LockEntry
from smartpin import Daily, EffectiveWindow, Reading, Window

SWEEP_AFTER = timedelta(days=1)
"""How long after its end a block stays wanted: the lock's clock may lag behind."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A new SmartPIN with its code as shown to people, for the one answer that shows it.

    `activate_by` is None where the site does not ask for a first use; `newer_secret_pending` says that the lock was given
    a later secret than the one that the code is for, and has not proven it.
    """

    smart_pin: SmartPin
    code: str
    window: EffectiveWindow
    activate_by: datetime | None
    links: ShareLinks
    newer_secret_pending: bool

    def __repr__(self) -> str:
        return f"Issued(smart_pin={self.smart_pin.id})"


def _reading(row: SmartPin) -> Reading:
    reading = smartpin.reading_at(row.epoch, row.code_index)
    assert reading is not None
    return reading


async def _choose(
    serving: Incarnation, lock: Lock, window: Window, now: datetime
) -> tuple[Reading, str]:
    """An unused reading of the window and its entry name. Raises NoFreeWindow.

    Digits that are somebody's in another year are passed over too: one incarnation of a lock has each code once.
    """
    given = SmartPin.filter(
        lock_id=lock.id, incarnation=serving.id, closes_at__gt=now - SWEEP_AFTER
    )
    used: dict[Window, set[int]] = {}
    for row in await given:
        reading = _reading(row)
        used.setdefault(reading.window, set()).add(reading.variant)
    while True:
        try:
            reading = smartpin.choose_variant(
                serving.codec, window, used, now=now, lock_time=serving.lock_time
            )
        except smartpin.NoFreeWindow as refusal:
            raise all_used(refusal.nearest, serving.lock_time) from None
        name = smartpin_entry_id(serving.codec.block_tag(serving.codec.encode(reading)))
        if not await SmartPin.filter(lock_id=lock.id, entry_name=name).exists():
            return reading, name
        used.setdefault(window, set()).add(reading.variant)


@use_case
async def create_smart_pin(
    installation: Installation,
    by: Caller,
    *,
    lock_id: UUID,
    guest_name: str,
    starts_at: datetime,
    ends_at: datetime,
    incarnation: str | None = None,
    now: datetime,
) -> Issued:
    """A code for one guest and one door, under the secret in force or the one of this incarnation.

    Raises InvalidWindow, NoFreeWindow, SmartPinsOff, LockTimezoneUnknown, LockWithoutKeypad, InvalidInput, NotFound.
    """
    guest_name = checked_name(guest_name, "guest_name")
    async with recorded(installation, by, "createSmartPin", now) as change:
        # The site's row first: its zone stays while a code for it is being made.
        site = await lock_row(Site, by.site_id)
        assert site is not None
        lock = await held_lock(by, lock_id)
        if not await locks_with_keypad([lock.id]):
            raise LockWithoutKeypad([lock])
        if not lock.smart_pin_enabled:
            raise SmartPinsOff(NoSmartPins.SWITCHED_OFF, "SmartPINs are switched off at this lock.")
        zone = zone_of(site)
        secret, newer_pending = await serving_secret(lock, incarnation, now)
        serving = opened(installation, secret, zone)
        effective = fitted(
            starts_at,
            ends_at,
            now=now,
            lock_time=serving.lock_time,
            activation=site.smart_pin_activation,
        )
        if isinstance(effective.window, Daily):
            await check_zone_known(lock, secret, site)
        reading, name = await _choose(serving, lock, effective.window, now)
        row = await SmartPin.create(
            site=site,
            lock=lock,
            incarnation=serving.id,
            epoch=reading.window.code_epoch,
            code_index=reading.index,
            entry_name=name,
            guest_name=guest_name,
            opens_at=effective.opens,
            closes_at=effective.closes,
            activate_by=effective.activate_by,
            created_at=now,
        )
        await write_entries(installation, change, await _ended_blocks(lock.id, now), now)
        change.note("SmartPin", row.id, lock=str(lock.id))
    code = smartpin.display(serving.codec.encode(reading))
    activate_by = effective.activate_by if site.smart_pin_activation else None
    words = words_for_guest(
        code,
        site=site.name,
        lock=lock.name,
        window=effective,
        activate_by=activate_by,
        zone=zone,
    )
    links = share_links(f"Your code for {site.name}", words)
    return Issued(row, code, effective, activate_by, links, newer_pending)


@use_case
async def set_blocked(
    installation: Installation, by: Caller, *, smart_pin_id: UUID, blocked: bool, now: datetime
) -> SmartPin:
    """Blocks a SmartPIN at its lock until its window ends, or lets it open again; its code stays used.

    Raises NotFound, InvalidInput for one that can open no more, SmartPinBlockedAtDoor.
    """
    action = "blockSmartPin" if blocked else "unblockSmartPin"
    async with recorded(installation, by, action, now) as change:
        row, lock = await _held(by, smart_pin_id)
        if row.blocked_at_door is not None and not blocked:
            raise SmartPinBlockedAtDoor
        if smart_pin_state(row, now) in {CredentialState.ENDED, CredentialState.VOID}:
            raise InvalidInput("smart_pin_id", "This SmartPIN opens nothing any more.")
        if (row.blocked_at is not None) == blocked:
            change.unchanged()
            return row
        row.blocked_at = now if blocked else None
        await row.save(update_fields=["blocked_at"])
        await _write_block(installation, change, lock, row, blocked, now)
        change.note("SmartPin", row.id)
        return row


async def _held(by: Caller, smart_pin_id: UUID) -> tuple[SmartPin, Lock]:
    """The site's SmartPIN and its lock, the rows held, the lock's first. Raises NotFound."""
    found = await SmartPin.get_or_none(id=smart_pin_id, site_id=by.site_id)
    lock = await lock_row(Lock, found.lock_id) if found is not None else None
    row = await lock_row(SmartPin, smart_pin_id)
    if row is None or lock is None or lock.deleted_at is not None:
        raise NotFound("smart_pin_id")
    return row, lock


async def _write_block(
    installation: Installation,
    change: RecordedChange,
    lock: Lock,
    row: SmartPin,
    blocked: bool,
    now: datetime,
) -> None:
    site = await Site.get(id=row.site_id)
    provisioning = await Provisioning.get_or_none(lock_id=lock.id, incarnation=row.incarnation)
    if provisioning is None:
        raise InvalidInput("smart_pin_id", "This SmartPIN opens nothing any more.")
    serving = opened(installation, provisioning, zone_of(site))
    code = serving.codec.encode(_reading(row))
    readings = serving.codec.unended_readings(code, now, serving.lock_time)
    until = max(
        (serving.lock_time.closes(reading.window) for reading in readings), default=row.closes_at
    )
    block = Wanted(
        lock_id=lock.id,
        name=row.entry_name,
        kind=EntryKind.SMARTPIN_BLOCK,
        state=EntryState.LIVE if blocked else EntryState.REMOVED,
        content=SmartPinBlockPayload(serving.codec.block_tag(code), until).to_payload(),
    )
    await write_entries(installation, change, [*await _ended_blocks(lock.id, now), block], now)


async def _ended_blocks(lock_id: UUID, now: datetime) -> list[Wanted]:
    """The lock's blocks that are over: it need not hold them any more."""
    rows = await LockEntry.filter(
        lock_id=lock_id, kind=EntryKind.SMARTPIN_BLOCK, state=EntryState.LIVE, gone_at=None
    )
    return [
        Wanted(lock_id, row.name, row.kind, EntryState.REMOVED, {})
        for row in rows
        if SmartPinBlockPayload.from_payload(row.content).until < now - SWEEP_AFTER
    ]
