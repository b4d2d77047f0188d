"""A running server for a test: the whole application on 127.0.0.1, a real database behind it, a clock that can be moved.

`served` is parametrised over the databases. What a test needs to stand on (a site, its owner, locks) is made through the
same use cases and the same API as anybody's.
"""

import asyncio
import os
import random
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import uvicorn

from api.app import create_app, installation
from api.protocol import server_options
from api.seed import kit_entry
from api.settings import Settings
from api.tour.phone import Phone
from api.tour.socket import Socket
from domain.database import use_case
from domain.database.connection import connected
from domain.installation import Installation
from domain.locks.rules import Connectivity
from domain.locks.service import NewReader, create_lock, provision_lock
from domain.mail import Mailer
from domain.node_ids import node_id
from domain.people.actors import COMMAND_LINE, ActorKind, Caller, Role, Standing
from domain.people.api_tokens import create_api_token
from domain.people.tables import Account, Member
from domain.security.passwords import PasswordHasher, PasswordProfile
from domain.sites.rules import SystemType
from domain.sites.service import create_site
from domain.sites.tables import Site
from domain.tags.service import make_default_tag
from locksim.connection import ServerAddress
from locksim.device import Device, Surroundings
from locksim.disk import FileDisk
from locksim.faults import HardwareClock
from locksim.provisioning import Provisioning
from tests.browser import NO_TLS, Browser
from tests.databases import Database

CHEAP = PasswordProfile(time_cost=1, memory_kib=8, parallelism=1)
PASSWORD = "correct horse battery staple"


class MovableClock:
    """The machine's time, moved by as much as the test says."""

    def __init__(self) -> None:
        self._moved = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._moved

    def advance(self, by: timedelta) -> None:
        self._moved += by


@dataclass
class Served:
    """A running server, and the hands to use it with."""

    url: str
    here: Installation
    clock: MovableClock
    database: Database
    http: httpx.AsyncClient
    folder: Path
    running: list[asyncio.Task[None]] = field(default_factory=list)
    browsers: list[Browser] = field(default_factory=list)

    # Making things

    async def site(
        self, name: str = "House", timezone: str = "Europe/Rome", **plan: Any
    ) -> "House":
        """A site with an owner (account and API token)."""
        now = self.clock()
        owner = await self._account(f"owner-{name.lower()}@example.com")
        row = await create_site(
            self.here,
            COMMAND_LINE,
            name=name,
            timezone=timezone,
            system_type=SystemType.STANDARD,
            owner=owner,
            now=now,
        )
        if plan:
            await Site.filter(id=row.id).update(**plan)
        house = House(self, row, owner)
        house.token = await house.make_token(Role.OWNER)
        return house

    @use_case
    async def _account(self, email: str) -> Account:
        known = await Account.get_or_none(email=email)
        return known or await Account.create(
            email=email,
            password_hash=await self.here.passwords.hash(PASSWORD),
            created_at=self.clock(),
        )

    # Asking

    async def post(
        self, query: str, headers: dict[str, str] | None = None, **variables: Any
    ) -> httpx.Response:
        """One operation by POST, with these headers."""
        return await self.http.post(
            f"{self.url}/graphql",
            content=orjson.dumps({"query": query, "variables": variables}),
            headers={"content-type": "application/json", **(headers or {})},
        )

    def phone(self) -> Phone:
        """A phone with a new key."""
        return Phone(self.url, self.http)

    def browser(self) -> Browser:
        """A browser without cookies yet, on our own page."""
        self.browsers.append(Browser(self.url, PASSWORD))
        return self.browsers[-1]

    async def socket(
        self, payload: dict[str, Any], headers: dict[str, str] | None = None
    ) -> Socket:
        """An initialised socket."""
        return await Socket.open(self.url, payload, headers)


@dataclass
class House:
    """A site, as its owner's script sees it."""

    served: Served
    row: Site
    owner: Account
    token: str = ""

    @property
    def id(self) -> str:
        return node_id("site", self.row.id)

    @property
    def by(self) -> Caller:
        """The command line acting on this site as an owner."""
        return Caller(ActorKind.COMMAND_LINE, None, Standing(self.row.id, Role.OWNER, True, None))

    async def make_token(
        self, role: Role, *, can_edit: bool = True, expires_at: datetime | None = None
    ) -> str:
        """An API token with this ceiling."""
        _, token = await create_api_token(
            self.served.here,
            COMMAND_LINE,
            site_ids=[self.row.id],
            name=role.value,
            role=role,
            can_edit=can_edit,
            expires_at=expires_at,
            now=self.served.clock(),
        )
        return token

    async def ask(
        self, query: str, *, token: str | None = None, **variables: Any
    ) -> dict[str, Any]:
        """`data` of an operation by the owner's token, or another. Fails the test on GraphQL errors."""
        answer = (
            await self.served.post(
                query, {"authorization": f"Bearer {token or self.token}"}, **variables
            )
        ).json()
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    async def change(
        self, mutation: str, fields: str = "", *, token: str | None = None, **input_fields: Any
    ) -> dict[str, Any]:
        """The answer of a mutation with one input; `fields` selects from its result."""
        kind = mutation[0].upper() + mutation[1:]
        document = (
            f"mutation($input: {kind}Input!) {{ answer: {mutation}(input: $input) "
            f"{{ __typename {fields} ... on Error {{ message }} }} }}"
        )
        answer: dict[str, Any] = (await self.ask(document, token=token, input=input_fields))[
            "answer"
        ]
        return answer

    async def member(
        self, name: str, role: Role = Role.USER, *, can_edit: bool = False, email: str | None = None
    ) -> str:
        """A member who has accepted, with an account (password `PASSWORD`) where an e-mail is given; their id."""
        return await self._member(name, role, can_edit, email)

    @use_case
    async def _member(self, name: str, role: Role, can_edit: bool, email: str | None) -> str:
        now = self.served.clock()
        account = await self.served._account(email) if email else None
        row = await Member.create(
            site=self.row,
            account=account,
            name=name,
            role=role,
            can_edit=can_edit,
            accepted_at=now if account else None,
            created_at=now,
        )
        await make_default_tag(self.row.id, row, now)
        return node_id("member", row.id)

    async def lock(
        self,
        name: str = "Front door",
        connectivity: Connectivity = Connectivity.ONLINE_WIRED,
        *,
        keypad: bool = True,
    ) -> dict[str, Any]:
        """A lock, provisioned; what `python -m locksim` would read of it (`lockId`, `secret`, ...)."""
        now = self.served.clock()
        row = await create_lock(
            self.served.here,
            self.by,
            name=name,
            connectivity=connectivity,
            hub_id=None,
            readers=[NewReader("Keypad", keypad)],
            now=now,
        )
        kit = await provision_lock(self.served.here, self.by, lock_id=row.id, now=now)
        return kit_entry(kit)

    async def device(self, entry: dict[str, Any]) -> Device:
        """The simulated lock of this entry, running and online; its disk is the test's folder."""
        folder = self.served.folder / entry["lockId"]
        device = Device(
            Provisioning.from_json(entry, "entry"),
            lambda: FileDisk(folder, sync=False),
            around=Surroundings(
                ServerAddress(self.served.url), self.served.http, asyncio.Semaphore(4)
            ),
            clock=HardwareClock(monotonic=time.monotonic, started_unix_s=time.time()),
            rng=random.Random(1),
            random_bytes=os.urandom,
        )
        self.served.running.append(asyncio.create_task(device.run()))
        await self.until_online(entry["lockId"])
        async with asyncio.timeout(10):
            while not device.online:
                await asyncio.sleep(0.01)
        return device

    async def until_online(self, lock_id: str, *, online: bool = True) -> None:
        """Waits until the API says so, ten seconds at most."""
        async with asyncio.timeout(10):
            while True:
                data = await self.ask(
                    "query($id: ID!) { node(id: $id) { ... on Lock { online } } }", id=lock_id
                )
                if data["node"]["online"] is online:
                    return
                await asyncio.sleep(0.02)

    async def invitation(self, *lock_ids: str, **fields: Any) -> dict[str, Any]:
        """An invitation that is open now for two hours; its `code` and `invitation { id }`."""
        now = self.served.clock()
        asked = {
            "siteId": self.id,
            "name": "Guest",
            "lockIds": list(lock_ids),
            "validFrom": (now - timedelta(hours=1)).isoformat(),
            "validUntil": (now + timedelta(hours=2)).isoformat(),
            **fields,
        }
        return await self.change(
            "createInvitation",
            "... on CreatedInvitation { code invitation { id status devicesUsed deviceLimit expiresAt } }"
            " ... on InvalidSchedule { field } ... on InvalidInput { field }",
            **asked,
        )


@pytest.fixture
def mailer() -> Mailer | None:
    """By what the server sends mail; None for a folder. A test module with a mail server of its own overrides it."""
    return None


@pytest.fixture
async def served(
    fresh_database: Database, tmp_path: Path, mailer: Mailer | None
) -> AsyncIterator[Served]:
    """The application on a port of its own, over a database of its own."""
    async with serving(fresh_database, tmp_path, mailer) as given:
        yield given


@asynccontextmanager
async def serving(
    database: Database, folder: Path, mailer: Mailer | None = None
) -> AsyncIterator[Served]:
    """One life of the application over this database, with its secret in this folder; another may follow it."""
    # with its protocol named: else asyncio leaves Nagle's algorithm on, and each answer waits 40 ms for an ACK
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = Settings(database_url=database.url, data_dir=folder, public_url=url)
    passwords = PasswordHasher(CHEAP)
    here = replace(installation(settings, passwords=passwords), pin_profile=CHEAP)
    here = replace(here, mailer=mailer or here.mailer)
    clock = MovableClock()
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(settings, here=here, clock=clock),
            log_config=None,
            access_log=False,
            **server_options(),
        )
    )
    life = asyncio.create_task(server.serve([listener]))
    while not server.started:
        await asyncio.sleep(0.01)
        assert not life.done(), "the server did not start"
    if not database.is_postgresql:
        # without waiting for the disk: what a power cut loses is not what these tests are about
        await connected().client.execute_query("PRAGMA synchronous=OFF")
    async with httpx.AsyncClient(timeout=30, verify=NO_TLS) as http:
        given = Served(url, here, clock, database, http, folder / "locks")
        yield given
        for task in given.running:
            task.cancel()
        await asyncio.gather(*given.running, return_exceptions=True)
        for browser in given.browsers:
            await browser.close()
    server.should_exit = True
    await life
    passwords.close()
