"""The listeners of one process, and the bus that is enough where there is only one: on SQLite."""

import asyncio
import contextlib
import math
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from domain.bus.payloads import EVERYBODY, checked, topic_and_part

SLOW_POLL_SECONDS = 10.0
"""After so long every listener looks again, woken or not."""
REST_SECONDS = 60.0
"""After so long one that expects nothing does, where the bus loses no wake-up."""

POLLS = 100
"""Moments of a poll's time at which polls are due: few enough that some look together, so many that nobody else waits
for all who look at one of them.
"""

MAX_TOPICS_PER_LISTENER = 10_000


class Wakeups:
    """One listener: which topics wake it, and whether it has been woken since it last looked.

    One that is woken `at_commit` does not wait for what this process commits to come back from between the processes.
    """

    at_commit = False

    def __init__(self, bus: "Bus") -> None:
        self._bus = bus
        self._topics: set[str] = set()
        self._woken = asyncio.Event()
        self._parts: set[str] | None = set()
        self.parts: frozenset[str] | None = None
        """After a wait: the parts of the topics that were woken; None where all is to be looked at."""

    def add(self, *topics: str) -> None:
        """Listen to these too. Read the database after adding, not before: earlier wake-ups are not
        repeated.
        """
        for topic in checked(topics):
            if topic in self._topics:
                continue
            if len(self._topics) >= MAX_TOPICS_PER_LISTENER:
                raise ValueError(f"more than {MAX_TOPICS_PER_LISTENER} topics for one listener")
            self._topics.add(topic)
            self._bus._listeners.setdefault(topic, set()).add(self)

    def discard(self, *topics: str) -> None:
        """Listen to these no longer."""
        for topic in topics:
            self._topics.discard(topic)
            listeners = self._bus._listeners.get(topic)
            if listeners is not None:
                listeners.discard(self)
                if not listeners:
                    del self._bus._listeners[topic]

    async def wait(self, at_most_seconds: float = math.inf, *, at_rest: bool = False) -> bool:
        """True as soon as one of the topics was woken since the last call; False if none is for so long, or until the
        slow poll. `at_rest`: whether nothing but a wake-up can bring anything.
        """
        now = asyncio.get_running_loop().time()
        until = now + at_most_seconds
        poll = self._bus.rest_seconds if at_rest else SLOW_POLL_SECONDS
        if at_most_seconds >= poll:
            # Jittered, since one change wakes many, who would all poll at one moment ever after.
            tick = poll / POLLS
            early = random.uniform(0.8, 1.0)  # noqa: S311 - jitter
            until = math.floor((now + early * poll) / tick) * tick
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._woken.wait()
        woken = self._woken.is_set()
        self.parts = frozenset(self._parts) if woken and self._parts is not None else None
        self._parts = set()
        self._woken.clear()
        return woken

    def wake(self, part: str = "") -> None:
        """Of one part of a topic, or of all."""
        if not part:
            self._parts = None
        elif self._parts is not None:
            self._parts.add(part)
        self._woken.set()


class Bus:
    """The bus of one process, in memory. `rest_seconds` is how long one listens that expects nothing."""

    rest_seconds = REST_SECONDS

    def __init__(self) -> None:
        self._listeners: dict[str, set[Wakeups]] = {}
        self.wakes = 0
        """How often something was woken: where it has not grown, nothing has changed of which this process knows."""

    @property
    def topics(self) -> frozenset[str]:
        """What somebody in this process listens to now."""
        return frozenset(self._listeners)

    async def start(self) -> None:
        """Called by `connect()`."""

    async def stop(self) -> None:
        """Called by `disconnect()`: everybody is woken, to find out that it is over."""
        self.wake_everybody()

    def tell(self, topics: Iterable[str]) -> None:
        """A change of these is committed: wake the listeners in every process. Does not wait and does not fail, as
        nothing about the change may depend on it.
        """
        self.deliver(topics)

    def deliver(self, topics: Iterable[str]) -> None:
        """Wake the listeners in this process."""
        self.wakes += 1
        for topic in topics:
            if topic == EVERYBODY:
                self.wake_everybody()
            whole, part = topic_and_part(topic)
            for listener in self._listeners.get(whole, ()):
                listener.wake(part)

    def committed(self, topics: Iterable[str]) -> None:
        """A change of these is committed in this process, and its commit tells: wake whoever does not wait for that."""
        self.wakes += 1
        for topic in topics:
            for listener in self._listeners.get(topic, ()):
                if listener.at_commit:
                    listener.wake()

    def wake_everybody(self) -> None:
        """Something may have been missed: all look again."""
        self.wakes += 1
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.wake()

    @asynccontextmanager
    async def listening(self, *topics: str) -> AsyncIterator[Wakeups]:
        wakeups = Wakeups(self)
        try:
            wakeups.add(*topics)
            yield wakeups
        finally:
            wakeups.discard(*list(wakeups._topics))
