"""What a server does by itself goes on, whatever goes wrong at one turn."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from api.background import repeat
from domain.database import DatabaseUnavailable

FAULTS = [DatabaseUnavailable("gone"), ValueError("digits 4711"), OSError("disk"), KeyError("x")]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda each: type(each).__name__)
async def test_a_failure_ends_neither_the_work_nor_what_comes_after_it(
    fault: Exception, capfd: pytest.CaptureFixture[str]
) -> None:
    """Of any kind: it is tried again at the next turn, and the log has its kind and not its text."""
    tries = 0
    after: asyncio.Queue[int] = asyncio.Queue()

    async def failing() -> None:
        nonlocal tries
        tries += 1
        raise fault

    async def next_one() -> None:
        after.put_nowait(tries)

    await _until(after.get, failing, next_one)
    await _until(after.get, failing, next_one)
    assert tries >= 2
    assert "4711" not in "".join(capfd.readouterr())


async def test_it_ends_when_it_is_cancelled() -> None:
    """Also in the middle of its work."""
    begun = asyncio.Event()

    async def slow() -> None:
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(repeat(0, slow))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def _until(
    seen: Callable[[], Awaitable[object]], *works: Callable[[], Awaitable[object]]
) -> None:
    """Lets the works be repeated until something is seen."""
    task = asyncio.create_task(repeat(0, *works))
    try:
        async with asyncio.timeout(30):
            await seen()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
