"""Raising alerts: one kind by one actor at most once an hour, so that repeated tries do not bury everything else; of what
lasts one until it is over.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain import topics
from domain.actors import ActorKind, Caller
from domain.alerts.tables import Alert, AlertKind
from domain.audit.service import RecordedChange, recorded
from domain.bus import changes, listening
from domain.database import Queue, Transaction, Work, hold, transaction, use_case
from domain.errors import NotFound
from domain.installation import Installation
from domain.locks.tables import Lock, Provisioning
from domain.mail.facts import LetterGivenUp
from domain.mail.tables import WaitingLetter
from domain.people.standings import standings_of_account
from domain.people.tables import ApiToken
from domain.sites.tables import Site

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


async def alert_of_wrong_entries(tx: Transaction, lock: Lock, now: datetime) -> None:
    """Within the transaction in which the lock told the last of them: somebody is guessing at the site's doors."""
    kind, nobody = AlertKind.WRONG_ENTRIES, (ActorKind.ANONYMOUS, None)
    await _write(tx, lock.site_id, kind, nobody, now, lock_id=lock.id)


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
    await _create(
        tx,
        site_id=site_id,
        kind=kind,
        actor_kind=actor_kind,
        actor_id=actor_id,
        member_id=member_id,
        lock_id=lock_id,
        at=now,
    )


async def _create(tx: Transaction | RecordedChange, **values: Any) -> None:
    site = await Site.get(id=values["site_id"])
    mailed = values["kind"].value in (site.alert_mail_kinds or ())
    await Alert.create(mail_due=mailed, **values)
    tx.wake(topics.alerts(site.id))


@dataclass(frozen=True, slots=True)
class State:
    """Something that lasts: of this site and kind one alert is open for each `cause` until it is over."""

    site_id: UUID
    cause: UUID
    lock_id: UUID | None = None
    pin_id: UUID | None = None
    smart_pin_id: UUID | None = None


async def begin_state(tx: Transaction, kind: AlertKind, state: State, now: datetime) -> bool:
    """Within a transaction: an alert of the state, unless one is open; whether it was made."""
    await hold(f"alerts:{state.site_id}")
    open_ones = Alert.filter(site_id=state.site_id, kind=kind, cause=state.cause, ended_at=None)
    if await open_ones.exists():
        return False
    actor = ActorKind.LOCK if state.lock_id is not None else ActorKind.ANONYMOUS
    values = {each: getattr(state, each) for each in ("lock_id", "pin_id", "smart_pin_id", "cause")}
    await _create(
        tx,
        site_id=state.site_id,
        kind=kind,
        actor_kind=actor,
        actor_id=state.lock_id,
        at=now,
        **values,
    )
    return True


@use_case
async def settle_states(kind: AlertKind, found: Sequence[State], now: datetime) -> int:
    """Makes an alert of each of these states of which none is open, and ends those that are open of all others of the
    kind; how many were made. `found` are all there are of the kind, on all sites."""
    present = {(each.site_id, each.cause): each for each in found}
    open_ones = Alert.filter(kind=kind, ended_at=None, cause__isnull=False)
    known = {
        (site_id, cause): key
        for key, site_id, cause in await open_ones.values_list("id", "site_id", "cause")
    }
    made = 0
    for place, state in present.items():
        if place not in known:
            async with transaction(Queue(Work.CHANGES, state.site_id), repeatable=True) as tx:
                made += await begin_state(tx, kind, state, now)
    over: dict[UUID, list[UUID]] = {}
    for place, key in known.items():
        if place not in present:
            over.setdefault(place[0], []).append(key)
    for site_id, keys in over.items():
        async with transaction(Queue(Work.CHANGES, site_id), repeatable=True) as tx:
            await Alert.filter(id__in=keys, ended_at=None).update(ended_at=now)
            tx.wake(topics.alerts(site_id))
    return made


@use_case
async def raise_state(kind: AlertKind, state: State, now: datetime) -> None:
    """As `begin_state`, in a transaction of its own."""
    async with transaction(Queue(Work.CHANGES, state.site_id)) as tx:
        await begin_state(tx, kind, state, now)


@use_case
async def mark_alerts_seen(
    installation: Installation, by: Caller, *, alert_id: UUID | None, now: datetime
) -> int:
    """All alerts of the site that are unseen are seen, or those up to this one, itself included; how many they were. They
    are seen for everybody. Raises NotFound."""
    async with recorded(installation, by, "markAlertsSeen", now) as change:
        unseen = Alert.filter(site_id=by.site_id, seen_at=None)
        if alert_id is not None:
            if not await Alert.filter(id=alert_id, site_id=by.site_id).exists():
                raise NotFound("alert_id")
            unseen = unseen.filter(id__lte=alert_id)
        count = await unseen.update(seen_at=now)
        change.note("Site", by.site_id, alerts=count)
        change.wake(topics.alerts(by.site_id))
        return count


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
    await _create(
        change,
        site_id=lock.site_id,
        kind=AlertKind.LOCK_REPLACED,
        actor_kind=kit.taken_by_kind or ActorKind.ANONYMOUS,
        actor_id=kit.taken_by_id,
        member_id=standing.member_id if standing is not None else None,
        lock_id=lock.id,
        at=now,
    )


async def follow_alerts(site_id: UUID) -> AsyncIterator[Alert]:
    """Each alert raised from now on."""

    async def newest(_: object) -> dict[UUID, Alert]:
        rows = await Alert.filter(site_id=site_id).order_by("-id").limit(PAGE)
        return {row.id: row for row in reversed(rows)}

    async with listening(topics.alerts(site_id)) as wakeups:
        known = dict.fromkeys(await newest(()))
        async for alert in changes(wakeups, newest, lambda _: None, known):
            yield alert
