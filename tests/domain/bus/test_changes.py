"""Whoever follows sees what there is, and then each change of it once."""

from collections.abc import Collection
from typing import Any

from domain.bus.changes import changes
from domain.bus.memory import Bus


class Shelf:
    """What is read: values by key. It remembers the keys that it was told of at each look."""

    def __init__(self, **values: int) -> None:
        self.values, self.told = values, list[set[str]]()

    async def read(self, told: Collection[str]) -> dict[str, int]:
        self.told.append(set(told))
        return dict(self.values)


async def look(stream: Any) -> list[int]:
    """What one look brings, up to the None behind it."""
    found = []
    while (value := await anext(stream)) is not None:
        found.append(value)
    return found


async def test_all_comes_first_and_then_what_is_no_longer_as_it_was_told() -> None:
    """Also what is new; what is as before is not said again, and each look is given the keys of the one before."""
    bus, shelf = Bus(), Shelf(a=1, b=2)
    async with bus.listening("shelf") as wakeups:
        stream = changes(wakeups, shelf.read, lambda value: value)
        assert await look(stream) == [1, 2]
        shelf.values.update(b=3, c=4)
        bus.deliver(["shelf"])
        assert await look(stream) == [3, 4]
        bus.deliver(["shelf"])
        assert await look(stream) == []

    assert shelf.told == [set(), {"a", "b"}, {"a", "b", "c"}]


async def test_what_was_known_before_is_not_told() -> None:
    """Nor what differs in nothing that is said of it."""
    bus, shelf = Bus(), Shelf(a=1, b=2)
    async with bus.listening("shelf") as wakeups:
        stream = changes(wakeups, shelf.read, lambda _: None, {"a": None})
        assert await look(stream) == [2]
        shelf.values["a"] = 5
        bus.deliver(["shelf"])
        assert await look(stream) == []
