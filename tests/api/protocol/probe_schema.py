"""A schema made to be observed and to misbehave: slow, endless, silent and failing fields."""

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import strawberry
from strawberry.types import Info

from api.protocol import PublicError

SECRET = "40718263"  # stands for a PIN, a password, a token; found nowhere but where it was sent


@dataclass
class Probe:
    """What happened inside the server."""

    bodies: list[bytes] = field(default_factory=list)
    mutations: int = 0
    opened: int = 0
    closed: int = 0
    yielded: int = 0
    guards: int = 0
    contexts: list[int] = field(default_factory=list)
    revoked: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    """Upon which a held flood begins, and a stubborn generator ends."""


@dataclass
class Context:
    """The context of one operation; `serial` differs for each."""

    probe: Probe
    authenticated: Any
    serial: int = 0
    cookies: dict[str, str] = field(default_factory=dict)


def _probe(info: Info) -> Probe:
    probe: Probe = info.context.probe
    return probe


@strawberry.type
class Node:
    id: int
    name: str

    @strawberry.field
    def things(self, first: int | None = None, last: int | None = None) -> "Things":
        return Things(edges=[])


@strawberry.type
class Edge:
    node: Node


@strawberry.type
class Things:
    edges: list[Edge]


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "world") -> str:
        return f"hello {name}"

    @strawberry.field
    def me(self) -> "Query":
        return Query()

    @strawberry.field
    def friends(self) -> "list[Query]":
        return [Query()] * 5

    @strawberry.field
    def rivals(self) -> "list[Query]":
        return [Query()] * 6

    @strawberry.field
    def things(self, first: int | None = None, last: int | None = None) -> Things:
        return Things(edges=[])

    @strawberry.field
    def serial(self, info: Info) -> int:
        serial: int = info.context.serial
        _probe(info).contexts.append(serial)
        return serial

    @strawberry.field
    def who(self, info: Info) -> str:
        return str(info.context.authenticated)

    @strawberry.field
    def broken(self) -> str | None:
        raise ValueError(f"row with digits={SECRET} exists")

    @strawberry.field
    def broken_required(self) -> str:
        raise ValueError(f"row with digits={SECRET} exists")

    @strawberry.field
    def unserialisable(self) -> int:
        return SECRET + "x"  # type: ignore[return-value]

    @strawberry.field
    def refused(self) -> str | None:
        raise PublicError("The plan has no such feature.", code="FEATURE_NOT_IN_PLAN", limit=3)


@strawberry.type
class Mutation:
    @strawberry.mutation
    def touch(self, info: Info, digits: str = "") -> int:
        _probe(info).mutations += 1
        return _probe(info).mutations

    @strawberry.mutation
    def sign_in(self, info: Info) -> str:
        info.context.cookies["session"] = "abc"
        return "welcome"

    @strawberry.mutation
    def fail(self, digits: str) -> str:
        raise RuntimeError(f"cannot store {digits}") from ValueError(digits)


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int = 3) -> AsyncIterator[int]:
        for number in range(to):
            yield number

    @strawberry.subscription
    async def serial(self, info: Info) -> AsyncIterator[int]:
        yield info.context.serial

    @strawberry.subscription
    async def ticks(self, info: Info, every: float = 0.01) -> AsyncIterator[int]:
        probe = _probe(info)
        probe.opened += 1
        try:
            for number in itertools.count():
                yield number
                await asyncio.sleep(every)
        finally:
            probe.closed += 1

    @strawberry.subscription
    async def silence(self, info: Info) -> AsyncIterator[int]:
        probe = _probe(info)
        probe.opened += 1
        try:
            yield 0
            await asyncio.Event().wait()
        finally:
            probe.closed += 1

    @strawberry.subscription
    async def flood(
        self, info: Info, size: int = 100_000, held: bool = False
    ) -> AsyncIterator[str]:
        probe = _probe(info)
        probe.opened += 1
        try:
            while held and not probe.released.is_set():
                await asyncio.sleep(0.01)
            while True:
                probe.yielded += 1
                yield "x" * size
        finally:
            probe.closed += 1

    @strawberry.subscription
    async def failing(self) -> AsyncIterator[int]:
        yield 1
        raise ValueError(f"row with digits={SECRET} exists")

    @strawberry.subscription
    async def stubborn(self, info: Info) -> AsyncIterator[int]:
        probe = _probe(info)
        probe.opened += 1
        try:
            yield 0
            await asyncio.Event().wait()
        finally:
            while not probe.released.is_set():
                await asyncio.sleep(0.01)
            probe.closed += 1
