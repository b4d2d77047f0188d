"""Whoever follows sees what there is, and then each change of it once."""

import asyncio
from collections.abc import AsyncIterator, Collection

from domain.bus.changes import LOOK_EVERY_SECONDS, changes
from domain.bus.memory import Bus


class Shelf:
    """What is read: values by key. It remembers the keys that it was told of at each look."""

    def __init__(self, **values: int) -> None:
        self.values, self.told = values, list[set[str]]()

    async def read(self, told: Collection[str]) -> dict[str, int]:
        self.told.append(set(told))
        return dict(self.values)


class Reader:
    """Reads a stream meanwhile."""

    def __init__(self, stream: AsyncIterator[int]) -> None:
        self._read: list[int] = []
        self._reading = asyncio.ensure_future(self._follow(stream))

    async def _follow(self, stream: AsyncIterator[int]) -> None:
        async for value in stream:
            self._read.append(value)

    async def look(self) -> list[int]:
        """What has come since the last look."""
        await asyncio.sleep(3 * LOOK_EVERY_SECONDS)
        read, self._read = self._read, []
        return read

    def end(self) -> None:
        self._reading.cancel()


async def test_all_comes_first_and_then_what_is_no_longer_as_it_was_told() -> None:
    """Also what is new; what is as before is not said again, and each look is given the keys of the one before."""
    bus, shelf = Bus(), Shelf(a=1, b=2)
    async with bus.listening("shelf") as wakeups:
        reader = Reader(changes(wakeups, shelf.read, lambda value: value))
        assert await reader.look() == [1, 2]
        shelf.values.update(b=3, c=4)
        bus.deliver(["shelf"])
        assert await reader.look() == [3, 4]
        bus.deliver(["shelf"])
        assert await reader.look() == []
        reader.end()

    assert shelf.told == [set(), {"a", "b"}, {"a", "b", "c"}]


async def test_only_the_parts_that_were_woken_are_read() -> None:
    """Until all of it is woken, or a part comes together with all; what is not read stays as it was told."""
    bus, shelf = Bus(), Shelf(a=1, b=2)
    asked: list[list[str]] = []

    async def read_parts(told: Collection[str], parts: Collection[str]) -> dict[str, int]:
        asked.append(sorted(parts))
        return {each: shelf.values[each] for each in parts}

    async with bus.listening("shelf") as wakeups:
        stream = changes(wakeups, shelf.read, lambda value: value, read_parts=read_parts)
        reader = Reader(stream)
        assert await reader.look() == [1, 2]
        shelf.values.update(a=3, b=4)
        bus.deliver(["shelf#a"])
        assert await reader.look() == [3]
        bus.deliver(["shelf#a", "shelf#b"])
        assert await reader.look() == [4]
        shelf.values.update(a=5, b=6)
        bus.deliver(["shelf#a", "shelf"])
        assert await reader.look() == [5, 6]
        reader.end()

    assert asked == [["a"], ["a", "b"]]


async def test_what_was_known_before_is_not_told() -> None:
    """Nor what differs in nothing that is said of it."""
    bus, shelf = Bus(), Shelf(a=1, b=2)
    async with bus.listening("shelf") as wakeups:
        reader = Reader(changes(wakeups, shelf.read, lambda _: None, {"a": None}))
        assert await reader.look() == [2]
        shelf.values["a"] = 5
        bus.deliver(["shelf"])
        assert await reader.look() == []
        reader.end()


async def test_many_wake_ups_are_few_looks() -> None:
    """A thousand locks that answer one after the other are not a thousand readings of all of them; the last one is seen."""
    bus, shelf = Bus(), Shelf(a=1)
    async with bus.listening("shelf") as wakeups:
        reader = Reader(changes(wakeups, shelf.read, lambda value: value))
        assert await reader.look() == [1]
        for value in range(2, 200):
            shelf.values["a"] = value
            bus.deliver(["shelf"])
            await asyncio.sleep(0)
        assert (await reader.look())[-1] == 199
        reader.end()

    assert len(shelf.told) <= 4
