"""Walking along a chain of the audit, from row to row: what of it was changed, removed, put elsewhere or cut.

A chain of any length is read a thousand rows at a time.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from domain.audit.checkpoints import (
    Checkpoint,
    CheckpointForged,
    CheckpointOfOtherKey,
    NoCheckpoint,
    read_line,
)
from domain.audit.rows import COLUMNS, EMPTY, Said, content, digest_with, row_mac
from domain.audit.tables import AuditClosing, AuditHead, AuditRow
from domain.security.keys import Keyring

ROWS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Finding:
    """The first place at which a chain is not what it was, in words for the operator."""

    chain: UUID
    number: int
    what: str


@dataclass(slots=True)
class Walk:
    """How far a chain was read, and what was found there."""

    chain: UUID
    number: int = 0
    """The last row that is whole."""
    mac: str = ""
    digest: bytes = EMPTY
    """Of the rows from the first to this one; meaningless where the walk began later."""
    finding: Finding | None = None

    def found(self, number: int, what: str) -> None:
        if self.finding is None:
            self.finding = Finding(self.chain, number, what)


async def walk(keys: Keyring, chain: UUID) -> Walk:
    """Reads a chain from its first row to its head."""
    so_far = Walk(chain)
    closings = await _closings(keys, chain)
    await _walk_on(keys, so_far, closings)
    if so_far.finding is None:
        present = await AuditRow.filter(chain=chain, number__lte=so_far.number).count()
        if present != so_far.number:
            so_far.found(so_far.number, "there are more rows than numbers: some were added")
    return so_far


async def walk_end(keys: Keyring, chain: UUID, known: tuple[int, str] | None, most: int) -> Walk:
    """Reads a chain from its row `known` (number and MAC) to its head, at most the last `most` rows of it."""
    head = await AuditHead.get_or_none(id=chain)
    number, mac = known or (0, "")
    if head is not None and head.number - number > most:
        before = await AuditRow.get_or_none(chain=chain, number=head.number - most)
        if before is not None:
            number, mac = before.number, before.mac
    so_far = Walk(chain, number, mac)
    await _walk_on(keys, so_far, await _closings(keys, chain))
    return so_far


async def _walk_on(keys: Keyring, so_far: Walk, closings: dict[int, Checkpoint]) -> None:
    known = frozenset(keys.ids)
    proven_to = max(closings, default=0)
    unproven: int | None = None
    from_first = so_far.number == 0
    async for row in _rows(so_far.chain, so_far.number):
        expected = so_far.number + 1
        if row.number != expected:
            so_far.found(
                expected, "it is missing" if row.number > expected else "its number is there twice"
            )
            return
        said = content(so_far.chain, row)
        key_id = row.mac.partition(":")[0]
        if key_id in known:
            if row_mac(keys, key_id, so_far.mac, said) != row.mac:
                so_far.found(row.number, "it was changed, or is not the one that was here")
                return
        elif row.number > proven_to:
            so_far.found(row.number, "it is under a key that is not here")
            return
        elif unproven is None:
            unproven = row.number
        so_far.digest = digest_with(so_far.digest, said, row.mac)
        so_far.number, so_far.mac = row.number, row.mac
        closing = closings.get(row.number)
        if closing is not None and from_first:
            if closing.digest != so_far.digest.hex():
                so_far.found(
                    unproven or row.number, "the rows from here on are not those that were closed"
                )
                return
            unproven = None
    await _compare_head(so_far)


async def _compare_head(so_far: Walk) -> None:
    head = await AuditHead.get_or_none(id=so_far.chain)
    number, mac = (0, "") if head is None else (head.number, head.mac)
    if (number, mac) == (so_far.number, so_far.mac):
        return
    if number > so_far.number:
        appended = await AuditRow.filter(chain=so_far.chain, number=so_far.number + 1).exists()
        if not appended:
            so_far.found(so_far.number + 1, "it is missing: the chain was cut here")
        return  # rows were added while the others were read
    so_far.found(so_far.number + 1, "the chain's head does not name the row before as its last")


async def _rows(chain: UUID, after: int) -> AsyncIterator[Said]:
    while True:
        page = (
            await AuditRow.filter(chain=chain, number__gt=after)
            .order_by("number")
            .limit(ROWS_AT_ONCE)
            .values_list(*COLUMNS)
        )
        for each in page:
            row = Said(*each)
            yield row
        if len(page) < ROWS_AT_ONCE:
            return
        after = Said(*page[-1]).number


async def _closings(keys: Keyring, chain: UUID) -> dict[int, Checkpoint]:
    """What closes the chain, by number; only what is signed under a key that is here."""
    lines = await AuditClosing.filter(chain=chain).values_list("line", flat=True)
    found = {}
    for line in lines:
        try:
            checkpoint = read_line(keys, str(line).encode())
        except (NoCheckpoint, CheckpointForged, CheckpointOfOtherKey):
            continue
        if checkpoint.chain == chain and checkpoint.digest is not None:
            found[checkpoint.number] = checkpoint
    return found


async def all_chains(after: UUID | None = None) -> AsyncIterator[UUID]:
    """Every chain that has a head or a row, in the order of their ids."""
    while True:
        heads = AuditHead.all() if after is None else AuditHead.filter(id__gt=after)
        rows = AuditRow.all() if after is None else AuditRow.filter(chain__gt=after)
        head = await heads.order_by("id").first()
        row = await rows.order_by("chain", "number").first()
        found = [head.id] if head is not None else []
        found += [row.chain] if row is not None else []
        if not found:
            return
        after = min(found, key=str)
        yield after
