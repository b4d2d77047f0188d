"""Opening what was sealed under keys that are left, and sealing and tagging it under the one in front.

In batches: each is a transaction that holds its rows, so that nothing is overwritten that somebody changes meanwhile, and a
process that is killed leaves whole ones behind. What cannot be opened was damaged before: it is counted, and stays.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.database import lock_rows, transaction, use_case
from domain.database.rows import Row, save_all
from domain.installation import Installation
from domain.invitations.service import code_identity, tag_of_code
from domain.invitations.tables import Invitation
from domain.pins.digits import given_up_identity, tag_of, verifier_identity
from domain.pins.tables import Pin, PinReservation
from domain.rotating.columns import SEALED, SealedColumn
from domain.security.keys import SealBroken, key_of_seal, key_of_tag

READ_AT_ONCE = 1_000
WRITTEN_AT_ONCE = 40
"""Rows of one transaction: others have their turn at SQLite in between."""


@dataclass(slots=True)
class Written:
    """What became of the rows of one kind."""

    words: str
    anew: int = 0
    damaged: int = 0
    """Those that do not open, or whose tag is not that of what they hold."""
    unknown: int = 0
    """Digits given up before their verifiers were kept: their tags go when their locks have acknowledged."""


Told = Callable[[Written], None]


async def write_all_anew(
    installation: Installation, old: Collection[str], told: Told
) -> list[Written]:
    """Writes anew whatever is sealed or tagged under these keys, until a whole look finds nothing more to write.

    `told` is called as it goes on. Raises DatabaseUnavailable; what was written until then stays so.
    """
    total: dict[str, Written] = {}
    while True:
        found = [await _seals(installation, each, old, told) for each in SEALED]
        found.append(await _tags(installation, PinReservation, "tag", old, told))
        found.append(await _tags(installation, Invitation, "code_tag", old, told))
        for each in found:
            so_far = total.setdefault(each.words, Written(each.words))
            so_far.anew += each.anew
            so_far.damaged, so_far.unknown = each.damaged, each.unknown
        if not any(each.anew for each in found):
            return list(total.values())


def _sealed_under(old: Collection[str]) -> Callable[[Any], bool]:
    return lambda value: value is not None and key_of_seal(value) in old


def _tagged_under(old: Collection[str]) -> Callable[[Any], bool]:
    return lambda value: key_of_tag(value) in old


async def _ids(
    model: type[Row], column: str, wanted: Callable[[Any], bool], at_once: int = READ_AT_ONCE
) -> AsyncIterator[list[UUID]]:
    """The rows whose value is wanted, by their ids, some at a time, in order; the whole table is read once."""
    after: UUID | None = None
    while True:
        rows = model.all() if after is None else model.filter(id__gt=after)
        page = await rows.order_by("id").limit(READ_AT_ONCE).values_list("id", column)
        found = [row_id for row_id, value in page if wanted(value)]
        for start in range(0, len(found), at_once):
            yield found[start : start + at_once]
        if len(page) < READ_AT_ONCE:
            return
        after = page[-1][0]


async def _seals(
    installation: Installation, sealed: SealedColumn, old: Collection[str], told: Told
) -> Written:
    done = Written(sealed.words)
    async for ids in _ids(sealed.model, sealed.column, _sealed_under(old), WRITTEN_AT_ONCE):
        anew, damaged = await _seal_batch(installation, sealed, ids, old)
        done.anew += anew
        done.damaged += damaged
        told(done)
    return done


@use_case
async def _seal_batch(
    installation: Installation, sealed: SealedColumn, ids: Sequence[UUID], old: Collection[str]
) -> tuple[int, int]:
    async with transaction():
        written, damaged = [], 0
        for row in await lock_rows(sealed.model, ids):
            if not _sealed_under(old)(getattr(row, sealed.column)):
                continue
            opened = _opened(installation, sealed, row)
            if opened is None:
                damaged += 1
                continue
            setattr(row, sealed.column, installation.keys.seal(opened, sealed.identity(row)))
            written.append(row)
        await save_all(written, sealed.column)
    return len(written), damaged


def _opened(installation: Installation, sealed: SealedColumn, row: Any) -> bytes | None:
    try:
        return installation.keys.open(getattr(row, sealed.column), sealed.identity(row))
    except SealBroken:
        return None


async def _tags(
    installation: Installation, model: type[Row], column: str, old: Collection[str], told: Told
) -> Written:
    words = "digits that are taken" if model is PinReservation else "invitations by their code"
    batch: Callable[..., Awaitable[tuple[int, int, int]]] = (
        _reservation_batch if model is PinReservation else _invitation_batch
    )
    done = Written(words)
    async for ids in _ids(model, column, _tagged_under(old), WRITTEN_AT_ONCE):
        anew, damaged, unknown = await batch(installation, ids, old)
        done.anew += anew
        done.damaged += damaged
        done.unknown += unknown
        told(done)
    return done


@use_case
async def _reservation_batch(
    installation: Installation, ids: Sequence[UUID], old: Collection[str]
) -> tuple[int, int, int]:
    """While the reservation is held, nobody gives its digits up, so that its PIN's verifier is theirs."""
    async with transaction():
        written, damaged, unknown = [], 0, 0
        for row in await lock_rows(PinReservation, ids):
            if not _tagged_under(old)(row.tag):
                continue
            verifier = await _verifier_of(installation, row)
            if verifier is None and row.retired_at is not None and row.verifier_sealed is None:
                unknown += 1
            elif verifier is None or not _fits(installation, row, verifier):
                damaged += 1
            else:
                row.tag = tag_of(installation, row.site_id, verifier)
                written.append(row)
        await save_all(written, "tag")
    return len(written), damaged, unknown


def _fits(installation: Installation, row: PinReservation, verifier: bytes) -> bool:
    return row.tag == tag_of(installation, row.site_id, verifier, key_of_tag(row.tag))


async def _verifier_of(installation: Installation, row: PinReservation) -> bytes | None:
    """The verifier of the digits that are taken; None where it is not there, or does not open."""
    try:
        if row.retired_at is not None:
            if row.verifier_sealed is None:
                return None
            return installation.keys.open(row.verifier_sealed, given_up_identity(row))
        pin = await Pin.get(id=row.pin_id)
        if pin.verifier_sealed is None:
            return None
        return installation.keys.open(pin.verifier_sealed, verifier_identity(pin))
    except SealBroken:
        return None


@use_case
async def _invitation_batch(
    installation: Installation, ids: Sequence[UUID], old: Collection[str]
) -> tuple[int, int, int]:
    async with transaction():
        written, damaged = [], 0
        for row in await lock_rows(Invitation, ids):
            if not _tagged_under(old)(row.code_tag):
                continue
            code = _code_of(installation, row)
            if code is None:
                damaged += 1
                continue
            row.code_tag = tag_of_code(installation, code)
            written.append(row)
        await save_all(written, "code_tag")
    return len(written), damaged, 0


def _code_of(installation: Installation, row: Invitation) -> str | None:
    """The code, if the row is what was written."""
    try:
        code = installation.keys.open(row.code_sealed, code_identity(row.id)).decode()
    except SealBroken:
        return None
    fits = row.code_tag == tag_of_code(installation, code, key_of_tag(row.code_tag))
    return code if fits else None
