"""Writing checkpoints while serving: of each chain that has grown, after its new rows were read and found right."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

from domain.audit.chains import Finding, walk_end
from domain.audit.checkpoint_folder import CheckpointFolder
from domain.audit.checkpoints import (
    Checkpoint,
    CheckpointForged,
    CheckpointOfOtherKey,
    NoCheckpoint,
    read_line,
    signed_line,
    signed_under,
)
from domain.audit.tables import AuditHead, AuditRow
from domain.audit.verifying import CheckpointsOfOther
from domain.database.rows import column
from domain.recorded_keys.tables import RecordedKey
from domain.security.keys import Keyring

OVERLAP = timedelta(minutes=10)
"""Rows get their ids before their commit, and by clocks that differ: those of the last minutes are looked at again."""
REMEMBERED = timedelta(hours=1)
"""So long a chain is looked at in every turn, so that one that was cut meanwhile is noticed."""
MOST_ROWS = 1_000
"""Of one chain that are read again before its end is signed; `latchwork audit verify` reads all."""
_HEADS_AT_ONCE = 500


async def last_signed(keys: Keyring, folder: CheckpointFolder) -> datetime | None:
    """When something was signed into the folder last; None where no line tells, or where that was under a key before.

    Raises CheckpointsOfOther for one in which another installation has written, OSError for one that cannot be read.
    """
    newest = folder.newest()
    if newest is None:
        return None
    try:
        at = read_line(keys, newest.text).at
        return at if signed_under(newest.text) == keys.current_id else None
    except CheckpointOfOtherKey as other:
        if other.key_id not in set(await column(RecordedKey.all(), "id")):
            raise CheckpointsOfOther(newest, other.key_id) from None
    except (NoCheckpoint, CheckpointForged):
        pass  # `latchwork audit verify` tells
    return None


class Checkpoints:
    """Signs the ends of chains into a folder, turn by turn; one for each process."""

    def __init__(self, folder: CheckpointFolder) -> None:
        self._folder = folder
        self._key_id = ""
        self._looked_at: datetime | None = None
        self._signed: dict[UUID, Checkpoint] = {}
        """What was signed last of each chain, for an hour."""

    async def sign(self, keys: Keyring, now: datetime) -> list[Finding]:
        """Signs the end of each chain that has grown since the last turn, or, at the first turn, since the newest line of
        the folder; of every chain once under each key, so that the folder does without the keys before.

        What is not whole is not signed: it is returned. Raises OSError where the lines could not be written, and
        CheckpointsOfOther.
        """
        if self._key_id != keys.current_id:
            self._key_id, self._signed = keys.current_id, {}
            self._looked_at = await last_signed(keys, self._folder)
        grown = await self._grown()
        signed = {chain: each for chain, each in self._signed.items() if each.at > now - REMEMBERED}
        findings: list[Finding] = []
        lines = []
        for start in range(0, len(grown), _HEADS_AT_ONCE):
            part = grown[start : start + _HEADS_AT_ONCE]
            macs = dict(await AuditHead.filter(id__in=part).values_list("id", "mac"))
            for chain in part:
                before = signed.get(chain)
                if before is not None and macs.get(chain) == before.mac:
                    continue
                known = (before.number, before.mac) if before is not None else None
                read = await walk_end(keys, chain, known, MOST_ROWS)
                if read.finding is not None:
                    findings.append(read.finding)
                elif read.number:
                    signed[chain] = Checkpoint(chain, read.number, read.mac, now)
                    lines.append(signed_line(keys, signed[chain]))
        await asyncio.to_thread(self._folder.add, lines, now)
        self._looked_at, self._signed = now, signed
        return findings

    async def _grown(self) -> list[UUID]:
        if self._looked_at is None:
            return await column(AuditHead.all().order_by("id"), "id")
        since = UUID(int=int((self._looked_at - OVERLAP).timestamp() * 1000) << 80)
        recent = AuditRow.filter(id__gte=since).distinct()
        return sorted({*await column(recent, "chain"), *self._signed}, key=str)
