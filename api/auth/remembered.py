"""Who showed which credential a moment ago: asked again of the database after a second, or as soon as the bus says so.

What is remembered was read from the database while nothing was woken. It is forgotten by the wake-ups that close a socket
of the same caller; those of this process come with the commit itself, those of others by the bus. Where the bus fails, the
second is the end. Time ends it too: an actor that has ended by the clock is nobody.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from domain.actors import AccountActor, InvitedDeviceActor, TokenActor
from domain.bus import Wakeups, current
from domain.people.identities import topics_of

Caller = TypeVar("Caller", bound=AccountActor | InvitedDeviceActor | TokenActor)

LIFETIME = timedelta(seconds=1)
"""By the clock, and by a watch that nobody sets."""
MOST = 4_096
"""Callers of one process that are remembered; the one not asked for the longest goes first."""


class _Known(Wakeups):
    """A caller, until its rights may have changed."""

    at_commit = True

    def __init__(
        self, actor: AccountActor | InvitedDeviceActor | TokenActor, read_at: datetime
    ) -> None:
        super().__init__(current())
        self.actor = actor
        self._read_at = read_at
        self._until = asyncio.get_running_loop().time() + LIFETIME.total_seconds()
        self.add(*topics_of(actor))

    def holds(self, now: datetime) -> bool:
        if self._woken.is_set() or asyncio.get_running_loop().time() >= self._until:
            return False
        ends_at = self.actor.ends_at
        return now < self._read_at + LIFETIME and (ends_at is None or now < ends_at)

    def forget(self) -> None:
        self.discard(*topics_of(self.actor))


class RememberedCallers:
    """The callers of one process, by what they showed; of that, only a hash is kept."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    async def caller(
        self,
        kind: str,
        shown: str,
        now: datetime,
        read: Callable[[], Awaitable[Caller | None]],
    ) -> Caller | None:
        """Whoever showed this as a credential of this kind, as `read` finds them; None for nobody, which is not remembered.

        One that was shown in another way is another one: a cookie counts for nothing as a bearer token.
        """
        key = hashlib.sha256(f"{kind} {shown}".encode("utf-8", "surrogatepass")).digest()
        known = self._known.get(key)
        if known is not None and known.holds(now):
            self._known.move_to_end(key)
            return known.actor  # type: ignore[return-value]
        bus, wakes = current(), current().wakes
        actor = await read()
        self._forget(key)
        if actor is not None and bus.wakes == wakes:
            self._known[key] = _Known(actor, now)
            if len(self._known) > MOST:
                self._forget(next(iter(self._known)))
        return actor

    def _forget(self, key: bytes) -> None:
        known = self._known.pop(key, None)
        if known is not None:
            known.forget()
