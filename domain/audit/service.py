"""The audit: every mutation by a person or a script leaves a row in its own transaction, chained by a MAC.

`recorded` is the only way in: a use case that changes something and notes nothing fails its transaction, so a missing
audit row is a broken use case, not a gap. Only ids, names of fields and settings belong in `changes`,
never a secret; people appear by id, so that erasing a person leaves the chain whole.
"""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.actors import Caller
from domain.audit.chains import walk
from domain.audit.rows import Said, content, row_mac
from domain.audit.tables import AuditHead, AuditRow
from domain.database import Queue, Transaction, Work, hold, lock_row, transaction
from domain.database.rows import save_all
from domain.installation import Installation
from domain.recorded_keys.service import check_keys


@dataclass(frozen=True, slots=True)
class Note:
    """What was done to one thing."""

    target_kind: str
    target_id: UUID
    changes: dict[str, Any]


class NothingNoted(RuntimeError):
    """A use case ended without an audit note: a mistake in its code."""


class RecordedChange:
    """One use case's transaction, and the notes that it will leave in the audit."""

    def __init__(self, tx: Transaction, chain: UUID | None) -> None:
        self._tx = tx
        self._chain = chain
        self.notes: defaultdict[UUID, list[Note]] = defaultdict(list)
        """By chain."""
        self.changed_nothing = False

    def wake(self, *topics: str) -> None:
        """Wakes those who listen to the topics, after the commit."""
        self._tx.wake(*topics)

    def note(
        self, target_kind: str, target_id: UUID, chain: UUID | None = None, **changes: Any
    ) -> None:
        """Adds an audit note of what was done to one thing. `chain` is the id of the site or account, needed only where the
        caller does not imply it. Raises ValueError where there is none.
        """
        belongs_to = chain or self._chain
        if belongs_to is None:
            raise ValueError("an audit note needs a chain")
        self.notes[belongs_to].append(Note(target_kind, target_id, changes))

    def unchanged(self) -> None:
        """Says that the use case found everything as asked and wrote nothing, so that it needs no audit row."""
        self.changed_nothing = True


@asynccontextmanager
async def recorded(
    installation: Installation,
    by: Caller,
    action: str,
    now: datetime,
    *,
    queue: Queue | None = None,
) -> AsyncIterator[RecordedChange]:
    """A transaction that ends with the audit rows of what was noted. Raises NothingNoted when nothing was, and
    KeysMissing where this process lacks a key of the database: what it wrote might overlook what others did.

    It waits in the `queue`: that of the changes of the caller's site, unless another is given.
    """
    chain = by.standing.site_id if by.standing else None
    if queue is None and chain is not None:
        queue = Queue(Work.CHANGES, chain)
    async with transaction(queue) as tx:
        front = installation.keys.current_id
        change = RecordedChange(tx, chain)
        yield change
        if not change.notes and not change.changed_nothing:
            raise NothingNoted(action)
        for belongs_to in sorted(change.notes, key=lambda chain: chain.bytes):
            await _append(installation, by, action, belongs_to, change.notes[belongs_to], now)
        await check_keys(installation.keys, front)


@asynccontextmanager
async def changing_access(
    installation: Installation, by: Caller, action: str, now: datetime
) -> AsyncIterator[RecordedChange]:
    """As `recorded`, one at a time for each site: for whatever changes which locks should hold which PINs.

    Two such changes at once would not see each other: a rule could be deleted while a PIN is written because of it, and a
    tag be filled with a lock that is being deleted. Making a lock needs no turn: nothing names it or its tag yet.
    """
    async with recorded(installation, by, action, now) as change:
        await hold(f"access:{by.site_id}")
        yield change


async def _append(
    installation: Installation,
    by: Caller,
    action: str,
    chain: UUID,
    notes: list[Note],
    now: datetime,
) -> None:
    """Puts the notes at the chain's end, in four statements however many they are."""
    head = await lock_row(AuditHead, chain)
    if head is None:  # the first row of the chain, of which another may be writing the first now
        await AuditHead.bulk_create([AuditHead(id=chain)], ignore_conflicts=True)
        head = await lock_row(AuditHead, chain)
    assert head is not None
    rows = []
    for note in notes:
        row = AuditRow(
            chain=chain,
            number=head.number + 1,
            at=now,
            actor_kind=by.actor_kind,
            actor_id=by.actor_id,
            action=action,
            target_kind=note.target_kind,
            target_id=note.target_id,
            changes=note.changes,
            mac="",
        )
        row.mac = row_mac(installation.keys, None, head.mac, content(chain, Said.of(row)))
        head.number, head.mac = row.number, row.mac
        rows.append(row)
    await AuditRow.bulk_create(rows)
    await save_all([head], "number", "mac")


async def first_broken_row(installation: Installation, chain: UUID) -> int | None:
    """The number of the first row that was changed, removed or reordered; None when the chain is whole.

    A chain cut at its end and its head set back together is whole by this check: only signed checkpoints kept outside
    the database show that (`domain.audit.verifying`).
    """
    finding = (await walk(installation.keys, chain)).finding
    return None if finding is None else finding.number
