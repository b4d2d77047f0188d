"""A site whose mutations cross: its server processes, its locks at their sockets, and what stands in it."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import replace

import httpx

from api.seed import kit_entry
from domain.locks.provisioning import provision_lock
from domain.locks.tables import Lock
from domain.node_ids import node_id
from domain.sync.tables import LockDelivery, LockEntry
from tests.api.every_mutation import Furniture
from tests.serving import House, Served
from tests.sim.api_picture import Told, asked
from tests.sim.followers import Followers
from tests.sim.inputs import Scene
from tests.sim.locks import CrossedLock
from tests.sim.pictures import differences
from tests.sim.promises import Done, read, selected
from tests.sim.recomputed import recomputed
from tests.waiting import becomes

LOCKS = 3
ANSWER_SECONDS = 25.0
"""Within which every mutation must answer, however busy the machine is; a lock alone is waited for eight seconds."""
REST_SECONDS = 40.0
"""Within which all must have arrived, however busy the machine is; a lock that has made no nonce for 75 is offline."""
STANDS = {
    "hub": 1,
    "member": 3,
    "lock tag": 2,
    "member tag": 1,
    "access rule": 2,
    "invitation": 1,
    "pin": 4,
    "smart pin": 1,
    "token": 1,
    "kit": 1,
}
"""Of each kind how many are there before each crossing, at least; by the words of `every_mutation.py`."""
WATCHED = """query($id: ID!) { site(id: $id) {
  present: pins(first: 40) { nodes { ...all } } removed: pins(first: 40, states: [REMOVED]) { nodes { ...all } } } }
  fragment all on Pin { id lockSync { nodes { lock { id } status wantedVersion opensNow } } }"""


class CrossedHouse:
    """One site, at one or several server processes."""

    def __init__(self, house: House, urls: Sequence[str]) -> None:
        self.doors = [replace(house, served=replace(house.served, url=url)) for url in urls]
        """The same site as each process serves it."""
        self.locks: dict[str, CrossedLock] = {}
        self._lives: dict[str, asyncio.Task[None]] = {}
        self.followers = Followers(self.doors[-1])
        self.unrest_seconds = 0.0
        """How long it took the last time until all had arrived."""

    @classmethod
    async def make(cls, served: Served, urls: Sequence[str], seed: int) -> "CrossedHouse":
        """A new site with people at its streams."""
        made = cls(await served.site(f"House {seed}", seat_limit=100_000), urls)
        await made.followers.begin(seed)
        return made

    @property
    def house(self) -> House:
        return self.doors[0]

    async def close(self) -> None:
        """The locks are switched off, and nobody follows any more."""
        await self.followers.end()
        for life in self._lives.values():
            life.cancel()
        await asyncio.gather(*self._lives.values(), return_exceptions=True)

    # What stands in it

    async def furnished(self, told: Told | None, rng: random.Random) -> Told:
        """What is there, once there is enough of everything."""
        told = told or await asked(self.house)
        for lock in self.locks.values():
            lock.network.turn(on=True)
        await self._forget_deleted(told)
        if len(self.locks) < LOCKS:
            await self._hang_locks()
            told = await asked(self.house)
        for key, door in told.of("lock").items():
            if not any(told.nodes[each]["hasKeypad"] for each in door["readers"]):
                await self.house.change("createReader", lockId=key, name="Keypad")
        await asyncio.gather(
            *(
                becomes(lambda lock=lock: lock.online, within_seconds=REST_SECONDS)  # type: ignore[misc]
                for lock in self.locks.values()
            )
        )
        while missing := self._missing(told):
            for kind in missing:
                await self._made(kind, told, rng)
            told = await asked(self.house)
        return told

    async def _forget_deleted(self, told: Told) -> None:
        for key in [key for key in self.locks if key not in told.nodes]:
            self._lives[key].cancel()
            await asyncio.gather(self._lives.pop(key), return_exceptions=True)
            del self.locks[key]
        for key in told.of("lock").keys() - self.locks.keys():  # one that nobody has installed
            await self.house.change("deleteLock", lockId=key)
            del told.nodes[key]

    async def _hang_locks(self) -> None:
        while len(self.locks) < LOCKS:
            number = len(self._lives)
            entry = await self.house.lock(f"Door {time.monotonic_ns()}")
            if all(each.provisioning.firmware.reads for each in self.locks.values()):
                # one is old: it reads nothing besides, and says nothing of itself
                entry["link"] = 1
            key = entry["lockId"]
            served = self.doors[number % len(self.doors)].served
            lock = CrossedLock(entry, served.folder / key, served.url, served.http)
            self.locks[key] = lock
            self._lives[key] = asyncio.create_task(lock.run())
            await becomes(lambda lock=lock: lock.online, within_seconds=REST_SECONDS)  # type: ignore[misc]
            await self.house.change("updateLock", lockId=key, smartPinEnabled=True)

    def _missing(self, told: Told) -> list[str]:
        scene = Scene(random.Random(0), 0, told, self.house.id)
        there = {
            "lock tag": scene.things("tag", "lock"),
            "member tag": scene.things("tag", "member"),
            "token": scene.things("api_token"),
            "kit": scene.things("provisioning_kit"),
        }
        return [
            kind
            for kind, least in STANDS.items()
            if len(there.get(kind, scene.things(kind.replace(" ", "_")))) < least
        ]

    async def _made(self, kind: str, told: Told, rng: random.Random) -> None:
        scene = Scene(rng, 0, told, self.house.id)
        present = {
            each: scene.one(each.replace(" ", "_"))
            for each in ("lock", "hub", "member")
            if scene.things(each)
        }
        for target in ("lock", "member"):
            if tags := scene.things("tag", target):
                present[f"{target} tag"] = rng.choice(tags)
        smart = [key for key, each in told.of("lock").items() if each["smartPinEnabled"]]
        if kind == "smart pin" and not smart:
            smart = [present["lock"]]
            await self.house.change("updateLock", lockId=smart[0], smartPinEnabled=True)
        present["smart lock"] = rng.choice(smart) if smart else ""
        if kind == "kit":
            await self.house.change("provisionLock", lockId=present["lock"])
            return
        await Furniture(self.house, **present).fresh(kind)

    # What happens in it

    async def misfortunes(self, rng: random.Random) -> None:
        """What befalls the locks meanwhile."""
        await asyncio.gather(
            *(each.befalls(random.Random(rng.random())) for each in self.locks.values())
        )

    async def change(self, done: Done, process: int, after_seconds: float) -> None:
        """Sends a mutation to one of the processes and notes what it answers."""
        await asyncio.sleep(after_seconds)
        kind = done.mutation.name[0].upper() + done.mutation.name[1:]
        house = self.doors[process % len(self.doors)]
        document = (
            f"mutation($input: {kind}Input!) {{ answer: {done.mutation.name}(input: $input) "
            f"{{ __typename {selected(done.mutation.result)} }} }}"
        )
        began = time.monotonic()
        try:
            response = await house.served.post(
                document, {"authorization": f"Bearer {house.token}"}, input=done.asked
            )
        except httpx.HTTPError as error:
            done.error = type(error).__name__
            return
        done.seconds = time.monotonic() - began
        said = response.json()
        if "errors" in said:
            done.error = f"{response.status_code} {said['errors']}"
            return
        done.answer = said["data"]["answer"]["__typename"]
        if done.took_place:
            done.things = read(done.mutation.result, said["data"]["answer"])

    async def watched(self, over: asyncio.Event) -> list[str]:
        """Asks what opens where, again and again until it is over, once at least; what was wrong."""
        wrong = await self._denied()
        while not over.is_set() and not wrong:
            wrong = await self._denied()
        return wrong

    async def _denied(self) -> list[str]:
        """What a lock has held all the while, and an answer has denied in the middle of everything."""
        before = self._held()
        site = (await self.doors[-1].ask(WATCHED, id=self.house.id))["site"]
        after = self._held()
        wrong = []
        for pin in (*site["present"]["nodes"], *site["removed"]["nodes"]):
            for sync in pin["lockSync"]["nodes"]:
                at = sync["lock"]["id"], pin["id"]
                version = before.get(at)
                if version is None or version != after.get(at):
                    continue
                if sync["opensNow"] is not None and version not in sync["opensNow"]:
                    wrong.append(f"{at} opens by version {version}, the API says {sync}")
                if sync["status"] == "REMOVED" or (
                    sync["status"] == "UPDATED" and sync["wantedVersion"] != version
                ):
                    wrong.append(f"{at} holds version {version}, the API says {sync}")
        return wrong

    def _held(self) -> dict[tuple[str, str], int]:
        return {
            (key, name): entry.version
            for key, lock in self.locks.items()
            for name, entry in lock.entries().items()
        }

    # Afterwards

    async def at_rest(self) -> str:
        """Waits until everything has arrived; what is still missing if it never does."""
        await self._install_anew()
        began = time.monotonic()
        while missing := await self._not_arrived():
            if time.monotonic() > began + REST_SECONDS:
                break
            await asyncio.sleep(0.005)
        self.unrest_seconds = time.monotonic() - began
        return f"never at rest: {missing}" if missing else ""

    async def _install_anew(self) -> None:
        """Somebody goes to each lock that was cut off, and gives it a new secret: it has forgotten all that it held."""
        cut_off = Lock.filter(
            site_id=self.house.row.id, deleted_at=None, compromised_at__isnull=False
        )
        served = self.house.served
        for row in await cut_off:
            key = node_id("lock", row.id)
            self._lives[key].cancel()
            await asyncio.gather(self._lives[key], return_exceptions=True)
            kit = await provision_lock(
                served.installation, self.house.by, lock_id=row.id, now=served.clock()
            )
            entry = kit_entry(kit)
            if not self.locks[key].provisioning.firmware.reads:
                entry["link"] = 1
            folder = served.folder / f"{key}-{time.monotonic_ns()}"
            lock = CrossedLock(entry, folder, served.url, served.http)
            self.locks[key] = lock
            self._lives[key] = asyncio.create_task(lock.run())
            await becomes(lambda lock=lock: lock.online, within_seconds=REST_SECONDS)  # type: ignore[misc]

    async def _not_arrived(self) -> str:
        rows = await Lock.filter(
            site_id=self.house.row.id, deleted_at=None, incarnation__isnull=False
        )
        locks = {row: self.locks[node_id("lock", row.id)] for row in rows}
        for row, lock in locks.items():
            if fault := _behind(row, lock):
                return f"{row.name} {fault}"
        ids = [row.id for row, lock in locks.items() if lock.network.on]
        if await LockDelivery.filter(lock_id__in=ids, settled_at=None).exists():
            return "a delivery is not settled"
        if await LockEntry.filter(lock_id__in=ids, pending_since__isnull=False).exists():
            return "an entry is pending"
        return ""

    async def disagreements(self) -> tuple[Told, list[str]]:
        """The API's picture, and what of the three does not agree."""
        told = await asked(self.house)
        tables = await recomputed(self.house.served.installation, self.house.row.id)
        locks = {key: lock for key, lock in self.locks.items() if key in told.nodes}
        wrong = list(differences(told, tables, locks))
        end = time.monotonic() + REST_SECONDS
        while (behind := await self.followers.behind(told)) and time.monotonic() < end:
            await asyncio.sleep(0.01)
        return told, [*wrong, *behind]


def _behind(row: Lock, lock: CrossedLock) -> str:
    """What the server does not know yet of a lock, or the lock of what is wanted; nothing when it is at rest."""
    if (row.feed_id is not None) != lock.network.on:
        return f"has the network {lock.network.on} and the feed {row.feed_id}"
    if not lock.network.on:
        return ""
    if not lock.online:
        return "is not online"
    if not row.wanted_revision == row.applied_revision == lock.applied():
        return (
            f"is at {lock.applied()} of {row.wanted_revision}, {row.applied_revision} acknowledged"
        )
    return "needs a snapshot" if row.snapshot_needed or row.state_unknown else ""
