"""Verifying the audit: every chain from its first row to its head, and every checkpoint that was kept outside.

Whatever the length of the chains and of the files, some megabytes of memory are enough.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from uuid import UUID

from domain.audit.chains import Finding, all_chains, walk
from domain.audit.checkpoint_folder import FoundLine
from domain.audit.checkpoints import (
    Checkpoint,
    CheckpointForged,
    CheckpointOfOtherKey,
    NoCheckpoint,
    read_line,
)
from domain.audit.tables import AuditRow
from domain.database.rows import column
from domain.recorded_keys.tables import RecordedKey
from domain.security.keys import Keyring

MOST_FINDINGS = 100
"""Of each kind; those beyond are counted."""
_LINES_AT_ONCE = 500


class CheckpointsOfOther(Exception):
    """The checkpoints are those of another installation: none of its keys was ever one of this one's."""

    def __init__(self, line: FoundLine, key_id: str) -> None:
        place = f"{line.file}, line {line.number}" if line.number else f"{line.file}, its last line"
        super().__init__(
            f"{place}: signed under the key {key_id}, which this database never had. "
            "These are the checkpoints of another installation"
        )


@dataclass(slots=True)
class Verified:
    """What was read, and what was found."""

    chains: int = 0
    rows: int = 0
    checkpoints: int = 0
    findings: list[Finding] = field(default_factory=list)
    """Of the chains; not empty: somebody tampered with them, or with the database as a whole."""
    forged: list[str] = field(default_factory=list)
    """Lines that were changed, by file and number."""
    unreadable: list[str] = field(default_factory=list)
    """Lines that are none, such as half of one that a power cut left; by file and number."""
    unproven: int = 0
    """Lines under a key that this installation had once and has no more."""

    @property
    def whole(self) -> bool:
        """Whether nothing was tampered with."""
        return not self.findings and not self.forged


async def verify(
    keys: Keyring, lines: Iterable[FoundLine], *, only: UUID | None = None
) -> Verified:
    """Reads all chains, or only that one, and compares them with the checkpoints. Raises CheckpointsOfOther, OSError."""
    told = Verified()
    if only is not None:
        await _read(keys, only, told)
    else:
        async for chain in all_chains():
            await _read(keys, chain, told)
    ours = set(await column(RecordedKey.all(), "id"))
    left = iter(lines)
    while batch := list(islice(left, _LINES_AT_ONCE)):
        await _compare(_readable(keys, batch, ours, told), only, told)
    return told


async def _read(keys: Keyring, chain: UUID, told: Verified) -> None:
    read = await walk(keys, chain)
    told.chains += 1
    told.rows += read.number
    _note(told.findings, read.finding)


def _note(found: list[Finding], finding: Finding | None) -> None:
    if finding is not None and len(found) < MOST_FINDINGS:
        found.append(finding)


def _readable(
    keys: Keyring, batch: Sequence[FoundLine], ours: set[str], told: Verified
) -> list[Checkpoint]:
    read = []
    for line in batch:
        place = f"{line.file}, line {line.number}"
        try:
            read.append(read_line(keys, line.text))
        except NoCheckpoint:
            if line.text.strip() and len(told.unreadable) < MOST_FINDINGS:
                told.unreadable.append(place)
        except CheckpointForged:
            if len(told.forged) < MOST_FINDINGS:
                told.forged.append(place)
        except CheckpointOfOtherKey as other:
            if other.key_id not in ours:
                raise CheckpointsOfOther(line, other.key_id) from None
            told.unproven += 1
    return read


async def _compare(checkpoints: Sequence[Checkpoint], only: UUID | None, told: Verified) -> None:
    wanted = [each for each in checkpoints if only in (None, each.chain)]
    told.checkpoints += len(wanted)
    rows = AuditRow.filter(
        chain__in=list({each.chain for each in wanted}),
        number__in=list({each.number for each in wanted}),
    )
    there = (
        {
            (chain, number): mac
            for chain, number, mac in await rows.values_list("chain", "number", "mac")
        }
        if wanted
        else {}
    )
    for each in wanted:
        mac = there.get((each.chain, each.number))
        if mac == each.mac:
            continue
        what = "is missing" if mac is None else "is another one now"
        finding = Finding(
            each.chain,
            each.number,
            f"it was the last one at {each.at:%Y-%m-%d %H:%M:%S} UTC, by a checkpoint, and {what}",
        )
        _note(told.findings, finding)
