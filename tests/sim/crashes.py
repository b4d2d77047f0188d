"""A server under load that is killed again and again, with locks at their sockets and people at keypads.

What was acknowledged is there after each kill; of what was not answered either all is there or nothing. In the end every
lock holds what is wanted, and everything that happened at a door is told once.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from domain.database import use_case
from domain.database.rows import column
from domain.people.tables import Member
from locksim.signals import Signal
from tests.databases import Database
from tests.processes import Forked, hands
from tests.serving import House
from tests.sim.locks import CrossedLock
from tests.waiting import eventually

LOCKS = 3
WRITERS = 4
MOST_ANSWERS = 12
"""Acknowledged changes from one kill to the next, at most."""
LATE_SECONDS = 0.05
"""After the last of them, at most."""
REST_SECONDS = 90.0
PINS = """query($id: ID!) { site(id: $id) { pins(first: 40) { nodes { id notes state
  lockSync { nodes { status } } } } } }"""
EVENTS = """query($id: ID!, $after: String) { site(id: $id) { events(first: 100, after: $after) {
  pageInfo { hasNextPage endCursor } nodes { id kind lock { id } } } } }"""


@dataclass
class Tally:
    """What was seen so far."""

    kills: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    """Acknowledged changes, by mutation."""
    unanswered: int = 0
    """Changes that were sent and of which nothing was heard: the server was killed meanwhile."""
    lost_with_effect: int = 0
    """Those of them that had happened."""
    events: int = 0

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {sum(self.answers.values())} acknowledged changes all there; of {self.unanswered} "
            f"unanswered ones {self.lost_with_effect} had happened; {self.events} events told once"
        )


@dataclass
class Kept:
    """A PIN that one writer changes: what it may be, newest last."""

    id: str
    digits: str
    may_be: list[tuple[str, bool]]
    """Its notes, and whether it is blocked."""


class Crashes:
    """One site, its server, and everybody who is busy with it."""

    def __init__(self, house: House, server: Forked, seed: int) -> None:
        self.house, self.server, self.rng = house, server, random.Random(seed)
        self.tally = Tally()
        self.serves = asyncio.Event()
        self.answered = asyncio.Event()
        self.locks: dict[str, CrossedLock] = {}
        self.pins: list[Kept] = []
        self.members: set[str] = set()
        self.opened = Counter[str]()

    @classmethod
    @asynccontextmanager
    async def running(cls, database: Database, folder: Path, seed: int) -> AsyncIterator["Crashes"]:
        """The server with a new site, locks that come back at once, and a PIN for each writer."""
        server = Forked.begun(database, folder, ("tests.sim.server", "0"))
        lives: list[asyncio.Task[None]] = []
        try:
            await asyncio.to_thread(server.until_ready)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("locksim.connection.BACKOFF_MOST_S", 0.5)
                async with hands(server, database) as served:
                    made = cls(await served.site(f"House {seed}", seat_limit=100_000), server, seed)
                    await made._furnish(lives)
                    try:
                        yield made
                    finally:
                        for each in lives:
                            each.cancel()
                        await asyncio.gather(*lives, return_exceptions=True)
        finally:
            server.stop()

    async def _furnish(self, lives: list[asyncio.Task[None]]) -> None:
        house, served = self.house, self.house.served
        entries = [await house.lock(f"Door {number}") for number in range(LOCKS)]
        for entry in entries:
            folder = served.folder / entry["lockId"]
            lock = CrossedLock(entry, folder, served.url, served.http)
            self.locks[entry["lockId"]] = lock
            lives.append(asyncio.create_task(lock.run()))
        self.serves.set()
        owner = await house.member("Emil")
        for _ in range(WRITERS):
            made = await house.change(
                "createPin",
                "... on CreatedPin { digits pin { id } }",
                siteId=house.id,
                owner={"memberId": owner},
                lockIds=list(self.locks),
            )
            self.pins.append(Kept(made["pin"]["id"], made["digits"], [("", False)]))
        await self.at_rest()

    async def play(self, kills: int) -> None:
        """So many kills under load; whatever does not hold is an AssertionError."""
        busy = [asyncio.create_task(self._writes(kept)) for kept in self.pins]
        busy.append(asyncio.create_task(self._types()))
        try:
            for _ in range(kills):
                await self._some_answers(self.rng.randint(1, MOST_ANSWERS), busy)
                # An answer that is here says that the next change has only begun; some are to be killed as they end.
                await asyncio.sleep(self.rng.uniform(0, LATE_SECONDS))
                self.serves.clear()
                self.server.kill()
                self.tally.kills += 1
                self.server.start_again()
                await asyncio.to_thread(self.server.until_ready)
                await self._all_is_there()
                self.serves.set()
        finally:
            for each in busy:
                each.cancel()
            await asyncio.gather(*busy, return_exceptions=True)

    async def _some_answers(self, count: int, busy: list[asyncio.Task[None]]) -> None:
        wanted = sum(self.tally.answers.values()) + count
        while sum(self.tally.answers.values()) < wanted:
            self.answered.clear()
            waiting = asyncio.create_task(self.answered.wait())
            done, _ = await asyncio.wait(
                [waiting, *busy], timeout=60, return_when=asyncio.FIRST_COMPLETED
            )
            assert done, "nothing is answered any more"
            for each in done:
                each.result()

    # Who is busy

    async def _change(self, mutation: str, **fields: Any) -> str | None:
        """The name of the answer, or None: the server was gone before it came."""
        kind = mutation[0].upper() + mutation[1:]
        document = (
            f"mutation($input: {kind}Input!) {{ {mutation}(input: $input) {{ __typename }} }}"
        )
        try:
            got = await self.house.served.post(
                document, {"authorization": f"Bearer {self.house.token}"}, input=fields
            )
            said = orjson.loads(got.content)
        except (httpx.HTTPError, orjson.JSONDecodeError):
            self.tally.unanswered += 1
            return None
        assert "errors" not in said, said
        answer: str = said["data"][mutation]["__typename"]
        self.tally.answers[mutation] += 1
        self.answered.set()
        return answer

    async def _writes(self, kept: Kept) -> None:
        number = 0
        while True:
            await self.serves.wait()
            number += 1
            notes, blocked = kept.may_be[-1]
            match self.rng.randrange(3):
                case 0:
                    notes = f"{number}"
                    wanted, sent = (
                        (notes, blocked),
                        self._change("updatePin", pinId=kept.id, notes=notes),
                    )
                case 1:
                    mutation = "unblockPin" if blocked else "blockPin"
                    wanted, sent = (notes, not blocked), self._change(mutation, pinId=kept.id)
                case _:
                    await self._adds_a_member(f"Guest {kept.id[-6:]} {number}")
                    continue
            # Before it is sent, since somebody may look before the answer is here.
            kept.may_be.append(wanted)
            if await sent is not None:
                kept.may_be = [wanted]
            else:
                await self._until_known(kept)

    async def _until_known(self, kept: Kept) -> None:
        """Nothing else is changed until it is known what the unanswered change has come to."""
        await self.serves.wait()
        while len(kept.may_be) > 1:
            await asyncio.sleep(0.01)

    async def _adds_a_member(self, name: str) -> None:
        said = await self._change("createMember", siteId=self.house.id, name=name, role="USER")
        if said is not None:
            self.members.add(name)

    async def _types(self) -> None:
        """Somebody tries PINs at the doors, whatever the server does."""
        while True:
            lock_id = self.rng.choice(sorted(self.locks))
            lock = self.locks[lock_id]
            held = [kept for kept in self.pins if kept.id in lock.entries()]
            if held:
                # What was typed is typed to its end, and counted, also where the run ends meanwhile.
                typed = asyncio.create_task(self._type(lock_id, self.rng.choice(held).digits))
                try:
                    await asyncio.shield(typed)
                except asyncio.CancelledError:
                    await typed
                    raise
            await asyncio.sleep(0.05)

    async def _type(self, lock_id: str, digits: str) -> None:
        shown = await self.locks[lock_id].shows(digits)
        self.opened[lock_id] += shown is Signal.GRANTED

    # What must hold

    async def _all_is_there(self) -> None:
        told = (await self.house.ask(PINS, id=self.house.id))["site"]
        pins = {each["id"]: each for each in told["pins"]["nodes"]}
        for kept in self.pins:
            found = pins[kept.id]
            seen = (found["notes"] or "", found["state"] == "BLOCKED")
            assert seen in kept.may_be, f"acknowledged {kept.may_be}, and it is {seen}"
            if len(kept.may_be) > 1:
                self.tally.lost_with_effect += seen == kept.may_be[-1]
            kept.may_be = [seen]
        names = Counter(await self._names())
        assert self.members <= set(names), "an acknowledged member is gone"
        assert max(names.values()) == 1, "a member was made twice"

    @use_case
    async def _names(self) -> list[str]:
        found = Member.filter(site_id=self.house.row.id, removed_at=None)
        return await column(found, "name")

    async def at_rest(self) -> None:
        """All is as it should be at the locks, and everything that happened there is told once."""

        async def arrived() -> bool:
            told = (await self.house.ask(PINS, id=self.house.id))["site"]
            states = [
                each["status"] for pin in told["pins"]["nodes"] for each in pin["lockSync"]["nodes"]
            ]
            waiting = [each for lock in self.locks.values() for each in lock.untold()]
            return set(states) <= {"UPDATED", "REMOVED"} and not waiting

        await eventually(arrived, within_seconds=REST_SECONDS)
        wanted = {kept.id for kept in self.pins if not kept.may_be[-1][1]}
        for lock in self.locks.values():
            held = {name for name in lock.entries() if name.startswith("pin")}
            assert held == wanted, "a lock holds something else than is wanted"
        await self._events_are_told_once()

    async def _events_are_told_once(self) -> None:
        seen: list[Any] = []
        after = None
        while True:
            page = (await self.house.ask(EVENTS, id=self.house.id, after=after))["site"]["events"]
            seen += page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
        assert len({each["id"] for each in seen}) == len(seen)
        told = Counter(each["lock"]["id"] for each in seen if each["kind"] == "OPENED")
        assert told == +self.opened, f"{self.opened} openings, and told of {told}"
        self.tally.events = len(seen)


async def crash(database: Database, folder: Path, seed: int, kills: int) -> Tally:
    """One run over this database. Raises AssertionError for what does not hold."""
    async with Crashes.running(database, folder, seed) as crashes:
        await crashes.play(kills)
        await crashes.at_rest()
        return crashes.tally
