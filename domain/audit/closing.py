"""Closing a chain: its rows so far are proven by one signature under the current key, whatever becomes of older keys."""

from datetime import datetime
from uuid import UUID

from domain.audit.chains import Finding, walk
from domain.audit.checkpoints import Checkpoint, signed_line
from domain.audit.tables import AuditClosing
from domain.database import transaction, use_case
from domain.security.keys import Keyring


class ChainBroken(Exception):
    """The chain is not whole: signing it would prove what was tampered with."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(f"row {finding.number} of the chain {finding.chain}: {finding.what}")
        self.finding = finding


@use_case
async def close_chain(keys: Keyring, chain: UUID, now: datetime) -> bytes | None:
    """Reads the chain to its end and closes it there; the signed line, for the folder of checkpoints too, or None for one
    without rows. One that is closed there already under the current key stays as it is.

    Where a key is to be dropped this is called once every process writes with the next one. Raises ChainBroken.
    """
    read = await walk(keys, chain)
    if read.finding is not None:
        raise ChainBroken(read.finding)
    if read.number == 0:
        return None
    checkpoint = Checkpoint(chain, read.number, read.mac, now, read.digest.hex())
    line = signed_line(keys, checkpoint)
    async with transaction():
        values = {"line": line.decode().rstrip("\n")}
        await AuditClosing.update_or_create(values, chain=chain, number=read.number)
    return line
