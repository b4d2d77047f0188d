"""Raising alerts: one kind by one actor at most once an hour, so that repeated tries do not bury everything else."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

from domain import topics
from domain.actors import ActorKind, Caller
from domain.alerts.tables import Alert, AlertKind
from domain.audit.service import RecordedChange
from domain.bus import changes, listening
from domain.database import Queue, Transaction, Work, hold, transaction, use_case
from domain.installation import Installation
from domain.locks.tables import Lock, Provisioning
from domain.mail.facts import LetterGivenUp
from domain.mail.tables import WaitingLetter
from domain.people.standings import standings_of_account
from domain.people.tables import ApiToken

QUIET = timedelta(hours=1)
PAGE = 50
"""How many of the newest alerts a follower reads at each look; no site has as many causes within one poll."""


@use_case
async def raise_alert(by: Caller, kind: AlertKind, now: datetime) -> None:
    """Tells the admins of the caller's site what the caller caused."""
    async with transaction(Queue(Work.CHANGES, by.site_id)) as tx:
        member_id = by.standing.member_id if by.standing else None
        cause = (by.actor_kind, by.actor_id)
        await _write(tx, by.site_id, kind, cause, now, member_id=member_id)


async def alert_of_old_lock(tx: Transaction | RecordedChange, lock: Lock, now: datetime) -> None:
    """Within the transaction in which the lock said what its firmware reads: it cannot hold all that is wanted of it."""
    cause = (ActorKind.LOCK, lock.id)
    await _write(tx, lock.site_id, AlertKind.LOCK_TOO_OLD, cause, now, lock_id=lock.id)


async def alert_of_letter(
    installation: Installation, tx: Transaction, fact: LetterGivenUp, now: datetime
) -> None:
    """The admins of the site that asked for the letter hear that it was never sent."""
    letter = await WaitingLetter.get_or_none(id=fact.letter_id)
    if letter is None or letter.site_id is None:
        return
    cause = (letter.actor_kind, letter.actor_id)
    kind = AlertKind.LETTER_NOT_SENT
    await _write(tx, letter.site_id, kind, cause, now, member_id=letter.member_id)


async def _write(
    tx: Transaction | RecordedChange,
    site_id: UUID,
    kind: AlertKind,
    cause: tuple[ActorKind, UUID | None],
    now: datetime,
    *,
    member_id: UUID | None = None,
    lock_id: UUID | None = None,
) -> None:
    actor_kind, actor_id = cause
    await hold(f"alerts:{site_id}")
    recent = Alert.filter(site_id=site_id, kind=kind, actor_id=actor_id, at__gt=now - QUIET)
    if await recent.exists():
        return
    await Alert.create(
        site_id=site_id,
        kind=kind,
        actor_kind=actor_kind,
        actor_id=actor_id,
        member_id=member_id,
        lock_id=lock_id,
        at=now,
    )
    tx.wake(topics.alerts(site_id))


async def alert_of_replaced_lock(
    change: RecordedChange, lock: Lock, kit: Provisioning, now: datetime
) -> None:
    """Within the transaction in which the lock proves the kit in place of the secret in force: each time, not once an hour.

    The actor is who took the kit; the member is that person, or the one for whom a token acts.
    """
    account_id = kit.taken_by_id if kit.taken_by_kind is ActorKind.ACCOUNT else None
    if kit.taken_by_kind is ActorKind.TOKEN:
        token = await ApiToken.get_or_none(id=kit.taken_by_id)
        account_id = token.account_id if token is not None else None
    standing = None
    if account_id is not None:
        standing = (await standings_of_account(account_id, [lock.site_id])).get(lock.site_id)
    await Alert.create(
        site_id=lock.site_id,
        kind=AlertKind.LOCK_REPLACED,
        actor_kind=kit.taken_by_kind or ActorKind.ANONYMOUS,
        actor_id=kit.taken_by_id,
        member_id=standing.member_id if standing is not None else None,
        lock_id=lock.id,
        at=now,
    )
    change.wake(topics.alerts(lock.site_id))


async def follow_alerts(site_id: UUID) -> AsyncIterator[Alert]:
    """Each alert raised from now on."""

    async def newest(_: object) -> dict[UUID, Alert]:
        rows = await Alert.filter(site_id=site_id).order_by("-id").limit(PAGE)
        return {row.id: row for row in reversed(rows)}

    async with listening(topics.alerts(site_id)) as wakeups:
        known = dict.fromkeys(await newest(()))
        async for alert in changes(wakeups, newest, lambda _: None, known):
            yield alert
