"""The outbox: letters wait in the database, and a worker in every server sends them.

A letter is posted in the transaction of the change that it tells of, so that both happen or neither, and no request
waits for a mail server. A worker takes a letter by moving its `due_at` ahead in a guarded update: of several
servers one gets it, and the letter of one that died meanwhile is due again when that time is over. So each letter is
sent at least once; one that was sent twice has the same Message-ID both times.
"""

import asyncio
import random
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from domain import topics
from domain.actors import Caller
from domain.bus import listening
from domain.clock import Clock
from domain.database import (
    DatabaseUnavailable,
    Queue,
    TransactionMisuse,
    Work,
    in_background,
    transaction,
    use_case,
)
from domain.database.rows import new_id
from domain.database.transactions import current_transaction
from domain.errors import MailNotSent
from domain.facts import announce
from domain.installation import Installation
from domain.letters.letter import Letter, packed, unpacked
from domain.letters.mailers import NeverSent, NotSentNow
from domain.mail.facts import LetterGivenUp
from domain.mail.tables import WaitingLetter
from domain.security.keys import SealBroken

log = structlog.get_logger(__name__)
MOST_WAITING_AT_SITE = 1_000
GIVEN_UP_AFTER = timedelta(days=3)
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
TAKEN_FOR = timedelta(minutes=5)
"""How long a server has for one try; a try ends after fifteen seconds, so that clocks may differ."""
AT_ONCE = 4
_CANDIDATES = 16


def letter_identity(letter_id: UUID) -> str:
    """The associated data of a sealed letter: a row copied over another does not open."""
    return f"letter:{letter_id}"


async def post(
    installation: Installation,
    by: Caller,
    letter: Letter,
    *,
    about: UUID | None = None,
    until: datetime | None = None,
    now: datetime,
) -> None:
    """Within a transaction: puts the letter into the outbox; it is sent after the commit.

    `about` is the id of the link or invitation that the letter carries, or of the account or member whom it tells
    something (see `end_letters`), `until` when that ends. Raises
    MailNotSent where so many letters of the site wait that its mail server cannot have taken one for long.
    """
    tx = current_transaction()
    if tx is None:
        raise TransactionMisuse("a letter outside of a transaction tells of nothing")
    site_id = by.standing.site_id if by.standing else None
    if site_id is not None:
        waiting = await WaitingLetter.filter(site_id=site_id).count()
        if waiting >= MOST_WAITING_AT_SITE:
            raise MailNotSent
    letter_id = new_id()
    give_up_at = now + GIVEN_UP_AFTER
    await WaitingLetter.create(
        id=letter_id,
        sealed=installation.keys.seal(packed(letter), letter_identity(letter_id)),
        about=about,
        site_id=site_id,
        member_id=by.standing.member_id if by.standing else None,
        actor_kind=by.actor_kind,
        actor_id=by.actor_id,
        written_at=now,
        due_at=now,
        give_up_at=min(give_up_at, until) if until else give_up_at,
    )
    tx.wake(topics.OUTGOING_MAIL)


async def end_letters(about: Collection[UUID]) -> None:
    """Within a transaction: deletes the waiting letters that are about one of these."""
    if about:
        await WaitingLetter.filter(about__in=list(about)).delete()


async def deliver_letters(installation: Installation, clock: Clock) -> None:
    """Sends letters as they become due, a few at a time, until it is cancelled; those under way go on to their end."""
    turns = asyncio.Semaphore(AT_ONCE)
    async with listening(topics.OUTGOING_MAIL) as wakeups:
        while True:
            await turns.acquire()
            row = await _taken_or_none(clock())
            if row is None:
                turns.release()
                await wakeups.wait()
            else:
                _begin(installation, row, clock, turns)


def _begin(
    installation: Installation, row: WaitingLetter, clock: Clock, turns: asyncio.Semaphore
) -> None:
    async def send() -> None:
        try:
            await _send(installation, row, clock)
        except DatabaseUnavailable:
            log.warning("letter not marked")  # it is due again when its time is over
        finally:
            turns.release()

    try:
        in_background(send, "send_letter")
    except DatabaseUnavailable:
        turns.release()


async def deliver_due(installation: Installation, clock: Clock) -> int:
    """Sends what is due now, one after the other; returns how many were tried."""
    tried = 0
    while (row := await take_letter(clock())) is not None:
        await _send(installation, row, clock)
        tried += 1
    return tried


async def _taken_or_none(now: datetime) -> WaitingLetter | None:
    """As `take_letter`. Whatever goes wrong, the worker goes on: without it no letter leaves any more."""
    try:
        return await take_letter(now)
    except Exception as fault:
        log.warning("outbox not read", fault=type(fault).__name__)
        return None


@use_case
async def take_letter(now: datetime) -> WaitingLetter | None:
    """A letter that is due, taken for one try; None where there is none."""
    while True:
        due = (
            await WaitingLetter.filter(due_at__lte=now).order_by("due_at", "id").limit(_CANDIDATES)
        )
        for row in due:
            unchanged = WaitingLetter.filter(id=row.id, due_at=row.due_at)
            if await unchanged.update(due_at=now + TAKEN_FOR, tries=row.tries + 1) == 1:
                row.due_at, row.tries = now + TAKEN_FOR, row.tries + 1
                return row
        if not due:
            return None


async def _send(installation: Installation, row: WaitingLetter, clock: Clock) -> None:
    """One try. Raises DatabaseUnavailable when its outcome could not be marked."""
    if row.give_up_at <= clock():
        await _give_up(installation, row, "too old", clock())
        return
    try:
        letter = unpacked(installation.keys.open(row.sealed, letter_identity(row.id)))
        await installation.mailer.send(letter, row.id, row.written_at)
    except NeverSent:
        await _give_up(installation, row, "refused by the mail server", clock())
    except NotSentNow as fault:
        await _postpone(row, str(fault), clock())
    except SealBroken:
        await _postpone(row, "sealed under a key that is not here", clock())
    except Exception as fault:  # a mistake of ours or of a library, whose text may hold an address
        await _postpone(row, type(fault).__name__, clock())
    else:
        await _remove(row)


@use_case
async def _remove(row: WaitingLetter) -> None:
    await WaitingLetter.filter(id=row.id).delete()


@use_case
async def _postpone(row: WaitingLetter, fault: str, now: datetime) -> None:
    pause = min(FIRST_PAUSE * 2 ** min(row.tries - 1, 10), LONGEST_PAUSE)
    pause *= random.uniform(0.75, 1.25)  # noqa: S311 - so that not all of them come back at once
    log.warning("letter not sent yet", letter=str(row.id), tries=row.tries, fault=fault)
    await WaitingLetter.filter(id=row.id, due_at=row.due_at).update(due_at=now + pause)


@use_case
async def _give_up(
    installation: Installation, row: WaitingLetter, reason: str, now: datetime
) -> None:
    queue = Queue(Work.CHANGES, row.site_id) if row.site_id is not None else None
    async with transaction(queue) as tx:
        await announce(installation, tx, LetterGivenUp(row.id), now)
        await WaitingLetter.filter(id=row.id).delete()
    log.error("letter given up", letter=str(row.id), tries=row.tries, reason=reason)
