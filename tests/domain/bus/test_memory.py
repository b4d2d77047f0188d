"""A listener is bounded, and keeps what it was woken by."""

import asyncio

import pytest

from domain.bus.memory import Bus


async def test_a_listener_has_a_bounded_number_of_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is refused; one that it has already is none more."""
    monkeypatch.setattr("domain.bus.memory.MAX_TOPICS_PER_LISTENER", 2)
    async with Bus().listening("a", "b") as wakeups:
        wakeups.add("a")
        with pytest.raises(ValueError, match="topics"):
            wakeups.add("c")


async def test_a_cancelled_wait_does_not_swallow_the_wake_up() -> None:
    """A wait that is cancelled in the very moment of the wake-up leaves it to the next wait."""
    async with Bus().listening("a") as wakeups:
        waiting = asyncio.create_task(wakeups.wait(10))
        await asyncio.sleep(0)
        wakeups.wake()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await wakeups.wait(0)


async def test_a_wait_ends_by_the_slow_poll_however_patient_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever follows something looks again, woken or not."""
    monkeypatch.setattr("domain.bus.memory.SLOW_POLL_SECONDS", 0.05)
    async with Bus().listening("a") as wakeups, asyncio.timeout(5):
        assert not await wakeups.wait()
        assert not await wakeups.wait(60)


async def test_whoever_expects_nothing_listens_longer_and_is_woken_all_the_same() -> None:
    """Only the time of the poll is another one."""
    bus = Bus()
    bus.rest_seconds = 0.001
    async with bus.listening("lock:1") as wakeups:
        assert await wakeups.wait(at_rest=True) is False
        bus.tell(["lock:1"])
        assert await wakeups.wait(at_rest=True) is True
