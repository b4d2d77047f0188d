"""Proofs that were used, so that none is used twice: kept in the database, where they outlive a restart and all processes
see them.

A proof is remembered only once it is known whose it is, or after it was counted against the address that sent it; so
nobody can fill the table.
"""

from datetime import datetime

from domain.database import DuplicateRow, use_case
from domain.database.rows import new_id
from domain.people.tables import SeenProof


@use_case
async def take_proof(proof_id: str, expires_at: datetime) -> bool:
    """Whether this is the first time that the proof is used. It is forgotten after `expires_at`."""
    try:
        await SeenProof.create(id=new_id(), proof=proof_id, expires_at=expires_at)
    except DuplicateRow:
        return False
    return True
