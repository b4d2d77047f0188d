"""Opening a door from afar: a command to a connected lock, and what became of it.

A command must not work later than it was meant, so it carries the lock's own nonce and a deadline; nor twice, so the lock
remembers its id; nor for somebody whose access has ended meanwhile, which is decided under the row's lock, and once more
when it is handed out (`standing_commands`).
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from domain import topics
from domain.access.decision import Decision, DenialReason, Denied, Granted, decide
from domain.access_rules.grants import grants_of_members
from domain.actors import (
    Caller,
    InvitedDeviceActor,
    Standing,
    TokenActor,
)
from domain.audit.service import RecordedChange, recorded
from domain.bus import Wakeups, listening
from domain.database import Queue, Work, snapshot, use_case
from domain.database.rows import new_id
from domain.errors import AccessDenied, LockDidNotAnswer, LockOffline, NotAllowed, NotFound
from domain.installation import Installation
from domain.invitations.tables import Invitation
from domain.link.events import LockEventKind
from domain.locks.rules import is_online
from domain.locks.tables import Lock
from domain.people.identities import token_by_id
from domain.people.rules import Permission, allows
from domain.people.standings import standing_at
from domain.people.tables import Device, Member
from domain.sites.service import live_site, zone_of
from domain.sync.orders import drop_unsent
from domain.sync.tables import LockEvent, UnlockCommand
from domain.unlocking.entitlement import Entitled, entitled_guest, entitled_member
from domain.unlocking.rules import (
    COMMAND_PATIENCE_SECONDS,
    OUTCOME_PATIENCE_SECONDS,
    command_seconds,
)

_DECISIVE = (LockEventKind.OPENED, LockEventKind.DENIED, LockEventKind.COMMAND_REFUSED)
"""What answers a command. The end of a lockout names it too, and says nothing of the bolt."""


async def open_lock(
    installation: Installation, by: Caller, *, lock_id: UUID, now: datetime
) -> LockEvent:
    """Opens a door that the caller's invitation, or a rule for the calling member, opens now; returns the lock's event.

    Raises AccessDenied with every reason, the lock's own too; LockOffline; LockDidNotAnswer; NotFound.
    """
    command_id = new_id()
    async with listening(topics.command(command_id)) as wakeups:
        if isinstance(by.actor, InvitedDeviceActor):
            await _command_by_invitation(installation, by, command_id, lock_id, now)
        else:
            await _command_by_rules(installation, by, command_id, lock_id, now)
        return await _outcome(command_id, wakeups, now)


async def open_lock_remotely(
    installation: Installation, by: Caller, *, lock_id: UUID, now: datetime
) -> LockEvent:
    """Opens a door as somebody who may, whatever the schedules; also releases a lockout.

    Raises LockOffline, LockDidNotAnswer, AccessDenied when the lock itself refused, NotFound.
    """
    command_id = new_id()
    async with listening(topics.command(command_id)) as wakeups:
        await _command_by_admin(installation, by, command_id, lock_id, now)
        return await _outcome(command_id, wakeups, now)


@use_case
async def _command_by_invitation(
    installation: Installation, by: Caller, command_id: UUID, lock_id: UUID, now: datetime
) -> None:
    actor = by.actor
    assert isinstance(actor, InvitedDeviceActor)
    queue = Queue(Work.OPENINGS, actor.site_id)
    async with recorded(installation, by, "openLock", now, queue=queue) as change:
        entitled = await entitled_guest(actor, lock_id)
        await _give(change, entitled, command_id, now)


@use_case
async def _command_by_rules(
    installation: Installation, by: Caller, command_id: UUID, lock_id: UUID, now: datetime
) -> None:
    queue = Queue(Work.OPENINGS, by.site_id)
    async with recorded(installation, by, "openLock", now, queue=queue) as change:
        entitled = await entitled_member(by, lock_id)
        await _give(change, entitled, command_id, now)


async def _give(
    change: RecordedChange, entitled: Entitled, command_id: UUID, now: datetime
) -> None:
    decision = entitled.decision(now)
    if isinstance(decision, Denied):
        raise entitled.denied(decision, now)
    lock = entitled.lock
    command = _command(lock, command_id, now)
    command.member_id, command.invitation_id = entitled.member_id, entitled.invitation_id
    command.device_id = entitled.device_id
    await command.save(force_create=True)
    change.note("Lock", lock.id, chain=lock.site_id, command=str(command_id))
    change.wake(topics.lock(lock.id))


async def _decide_by_rules(member_id: UUID, lock: Lock, now: datetime) -> Decision:
    """Whether the access rules let a member in at this lock now."""
    grants = await grants_of_members([member_id])
    zone = zone_of(await live_site(lock.site_id))
    return decide(grants.get(member_id, {}).get(lock.id, []), zone, now)


@use_case
async def _command_by_admin(
    installation: Installation, by: Caller, command_id: UUID, lock_id: UUID, now: datetime
) -> None:
    queue = Queue(Work.OPENINGS, by.site_id)
    async with recorded(installation, by, "openLockRemotely", now, queue=queue) as change:
        lock = await Lock.get_or_none(id=lock_id, site_id=by.site_id, deleted_at=None)
        if lock is None:
            raise NotFound("lock_id")
        command = _command(lock, command_id, now)
        command.releases_lockout = True
        if isinstance(by.actor, TokenActor):
            command.token_id = by.actor.token_id
        elif by.standing is not None:
            command.member_id = by.standing.member_id
        await command.save(force_create=True)
        change.note("Lock", lock.id, command=str(command_id))
        change.wake(topics.lock(lock.id))


def _command(lock: Lock, command_id: UUID, now: datetime) -> UnlockCommand:
    if not is_online(lock.feed_id, lock.nonces, lock.last_contact_at, now):
        raise LockOffline(lock.last_contact_at)
    nonce, received_at = lock.nonces[0]
    seconds = command_seconds(datetime.fromisoformat(received_at), now)
    if seconds is None:
        raise LockOffline(lock.last_contact_at)
    return UnlockCommand(
        id=command_id,
        lock_id=lock.id,
        incarnation=lock.incarnation,
        nonce=nonce,
        nonce_seconds=seconds,
        created_at=now,
        expires_at=now + timedelta(seconds=COMMAND_PATIENCE_SECONDS),
    )


async def standing_commands(commands: Sequence[UnlockCommand], now: datetime) -> set[UUID]:
    """Those of the commands, by id, whose makers may still give them."""
    return {command.id for command in commands if await _still_stands(command, now)}


async def _still_stands(command: UnlockCommand, now: datetime) -> bool:
    """Whether invitation, phone, membership, rules, token and the rights of the token's maker still hold."""
    if command.invitation_id is not None:
        alive = Invitation.filter(id=command.invitation_id, deleted_at=None, valid_until__gt=now)
        device = Device.filter(id=command.device_id, removed_at=None)
        return await alive.exists() and await device.exists()
    if command.member_id is not None:
        phone = Device.filter(id=command.device_id, removed_at=None)
        if command.device_id is not None and not await phone.exists():
            return False
        if command.releases_lockout:
            return await _may_still_unlock(command.member_id)
        lock = await Lock.get(id=command.lock_id)
        # One moment: rules and tags that change between two reads would grant what neither of them ever did.
        async with snapshot():
            return isinstance(await _decide_by_rules(command.member_id, lock, now), Granted)
    if command.token_id is not None:
        lock = await Lock.get(id=command.lock_id)
        script = await token_by_id(command.token_id, now)
        standing = await standing_at(script, lock.site_id)
        return standing is not None and allows(standing, Permission.CREDENTIALS)
    return False  # nobody's command


async def _may_still_unlock(member_id: UUID) -> bool:
    """Whether this member is still one of those who may unlock from afar: neither removed nor demoted."""
    member = await Member.get_or_none(id=member_id, removed_at=None)
    if member is None:
        return False
    standing = Standing(member.site_id, member.role, member.can_edit, member.id)
    return allows(standing, Permission.CREDENTIALS)


async def _outcome(command_id: UUID, wakeups: Wakeups, now: datetime) -> LockEvent:
    """Waits for the lock's event that answers the command. A caller that goes away leaves the command as it is.

    One that was dropped, since its maker may not give it any more, or that never left, was certainly not carried out: it is
    answered as refused, or as not sent.
    """
    decisive = LockEvent.filter(command_id=command_id, kind__in=_DECISIVE).order_by("number")
    dropped = UnlockCommand.filter(id=command_id, dropped_at__isnull=False)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + OUTCOME_PATIENCE_SECONDS
    # A wake-up says "look again", no more: it may have nothing to do with this command.
    while (event := await decisive.first()) is None:
        if (command := await dropped.first()) is not None:
            raise await _why_dropped(command, now)
        left = deadline - loop.time()
        if left <= 0:
            if not await drop_unsent(command_id, now):
                raise LockDidNotAnswer
            raise await _not_sent(command_id)
        await wakeups.wait(left)
    if event.kind is not LockEventKind.OPENED:
        raise AccessDenied([DenialReason(each) for each in event.reasons])
    return event


async def _why_dropped(command: UnlockCommand, now: datetime) -> AccessDenied | NotAllowed:
    """Why its maker may not give the command any more."""
    if command.releases_lockout:
        return NotAllowed("You may not do this any more.")
    if command.member_id is not None:
        lock = await Lock.get(id=command.lock_id)
        decision = await _decide_by_rules(command.member_id, lock, now)
        if isinstance(decision, Denied):
            return AccessDenied(decision.reasons)
    return AccessDenied([DenialReason.ENDED])


async def _not_sent(command_id: UUID) -> LockOffline:
    command = await UnlockCommand.get(id=command_id).select_related("lock")
    return LockOffline(command.lock.last_contact_at)
