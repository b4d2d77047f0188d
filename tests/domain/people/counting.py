"""A password hasher that is cheap, counts what it spends, and lets something happen while it verifies."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from domain.security.networks import Network
from domain.security.passwords import (
    NOBODY,
    Asker,
    HasherBusy,
    HashingPool,
    PasswordHasher,
    PasswordProfile,
)

CHEAP = PasswordProfile(time_cost=1, memory_kib=8, parallelism=1)
_T = TypeVar("_T")


class CountingPool(HashingPool):
    """Counts the argon2 runs, and can be full."""

    spent = 0
    full = False

    async def run(self, work: Callable[[], _T], askers: tuple[Network, ...] = ()) -> _T:
        if self.full:
            raise HasherBusy("as the test wants it")
        self.spent += 1
        return await super().run(work, askers)


class CountingHasher(PasswordHasher):
    """`spent` is how many argon2 runs there were; `meanwhile` happens once, after the next verification."""

    def __init__(self) -> None:
        super().__init__(CHEAP)
        super().close()
        self.strangers = self.recognised = self.pins = self._counting = CountingPool()
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    @property
    def spent(self) -> int:
        return self._counting.spent

    @property
    def full(self) -> bool:
        return self._counting.full

    @full.setter
    def full(self, full: bool) -> None:
        self._counting.full = full

    async def verify(self, encoded: str, password: str, asker: Asker = NOBODY) -> bool:
        answer = await super().verify(encoded, password, asker)
        if self.meanwhile is not None:
            happening, self.meanwhile = self.meanwhile, None
            await happening()
        return answer
