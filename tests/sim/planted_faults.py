"""Faults that a server process of the machine can be given on purpose, to show that the machine finds their kind.

Each puts back a habit that has done harm: reading without holding, saving what nobody decided, waking nobody.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from tortoise.models import Model

from domain.audit import service as audit
from domain.database import transactions
from domain.database.statements import Select
from domain.database.transactions import Transaction
from domain.locks.tables import Lock, Reader
from domain.pins import digits
from domain.sites.tables import Site
from domain.tags.tables import Tag

PAUSE_SECONDS = 0.02
"""Before each write, so that what can cross does."""


def _slowly(*tables: type[Model]) -> None:
    """Whoever writes such a row has read it a while ago."""
    save = Model.save

    async def late(self: Model, *args: Any, **options: Any) -> None:
        if isinstance(self, tables):
            await asyncio.sleep(PAUSE_SECONDS)
        await save(self, *args, **options)

    Model.save = late  # type: ignore[method-assign]


def locks_are_not_held() -> None:
    """A lock, a reader or a tag is decided upon as it was read, and somebody else may change it meanwhile."""
    held = transactions._held

    def read(model: type[Model], free_only: bool) -> Select[Any]:
        select = held(model, free_only)
        if model not in (Lock, Reader, Tag):
            return select
        key = model._meta.db_pk_column
        return Select(model, f'"{key}" IN [?1]', order=f'"{key}"')

    transactions._held = read  # type: ignore[assignment]
    _slowly(Lock, Reader, Tag, Site)


def every_column_is_saved() -> None:
    """A reader that was read before it was held overwrites what somebody else has decided."""
    locks_are_not_held()
    save = Model.save

    async def whole(self: Model, *args: Any, **options: Any) -> None:
        if isinstance(self, Reader):
            options["update_fields"] = None
        await save(self, *args, **options)

    Model.save = whole  # type: ignore[method-assign]


def sites_are_not_held() -> None:
    """Of two changes of access neither sees the other."""

    async def not_held(name: str) -> None:
        await asyncio.sleep(PAUSE_SECONDS)

    audit.hold = not_held  # type: ignore[attr-defined]


def digits_stay_taken() -> None:
    """Given-up digits are freed by nobody."""

    async def kept(reservation_ids: object) -> None:
        pass

    digits.free_unheld = kept


def nobody_is_woken() -> None:
    """A change is committed and its lock is not told to look."""
    wake = Transaction.wake

    def silent(self: Transaction, *topics: str) -> None:
        wake(self, *(each for each in topics if not each.startswith("lock:")))

    Transaction.wake = silent  # type: ignore[method-assign]


PLANTED: dict[str, Callable[[], None]] = {
    each.__name__: each
    for each in (
        locks_are_not_held,
        every_column_is_saved,
        sites_are_not_held,
        digits_stay_taken,
        nobody_is_woken,
    )
}


def plant(name: str) -> None:
    """Puts the fault of this name into this process."""
    PLANTED[name]()
