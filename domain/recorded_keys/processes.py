"""The processes that serve a database, as they write themselves down: which keys each goes on with.

One that was not heard of for a while counts as gone. Should it be only slow, it changes nothing: what it would write under
keys is refused until it knows all that are needed (`service.check_keys`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from domain.database import Sweep, delete_some, transaction, use_case
from domain.database.rows import new_id
from domain.recorded_keys.service import follow_keys
from domain.recorded_keys.tables import ServingProcess
from domain.security.keys import InvalidSecret, KeyFileError, Keyring

HEARD_EVERY = timedelta(seconds=15)
GONE_AFTER = timedelta(seconds=60)
KEPT = timedelta(hours=1)
LOOK_SECONDS = 2.0
"""How often a process asks which keys there are."""

log = structlog.get_logger(__name__)


@dataclass
class OwnProcess:
    """This process, as it writes itself down. `load` reads its secrets anew from `source`."""

    name: str
    source: str
    keys: Keyring
    load: Callable[[], Keyring]
    id: UUID = field(default_factory=new_id)
    _written: tuple[str, ...] = ()
    _written_at: datetime | None = None
    _trouble: str = ""

    async def look(self, now: datetime) -> None:
        """Learns of other keys, and says which it knows. Secrets that cannot be read leave it with those that it has."""
        try:
            await follow_keys(self.keys, self.load)
            self._trouble = ""
        except (KeyFileError, InvalidSecret, OSError) as error:
            if self._trouble != type(error).__name__:
                self._trouble = type(error).__name__
                log.error("the secret cannot be read again", fault=self._trouble)
        stale = self._written_at is None or now - self._written_at >= HEARD_EVERY
        if stale or self._written != self.keys.ids:
            written = self.keys.ids
            await _write(self.id, self.name, self.source, written, now)
            self._written, self._written_at = written, now

    @use_case
    async def leave(self) -> None:
        """Says that it serves no more."""
        await ServingProcess.filter(id=self.id).delete()


@use_case
async def _write(
    process_id: UUID, name: str, source: str, key_ids: tuple[str, ...], now: datetime
) -> None:
    async with transaction():
        values: dict[str, Any] = {
            "name": name,
            "source": source,
            "keys": list(key_ids),
            "seen_at": now,
        }
        if not await ServingProcess.filter(id=process_id).update(**values):
            await ServingProcess.create(id=process_id, **values)


async def present_processes(now: datetime) -> list[ServingProcess]:
    """Those that were heard of not long ago."""
    return await ServingProcess.filter(seen_at__gt=now - GONE_AFTER).order_by("id")


async def _gone(now: datetime, most: int) -> int:
    return await delete_some(ServingProcess.filter(seen_at__lt=now - KEPT), most)


SWEEPS = (Sweep("serving_processes", _gone),)
