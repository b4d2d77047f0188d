"""A running server in a test's hands, with a clock that can be moved, and the houses on it.

What a test needs to stand on (a site, its owner, locks) is made through the
same use cases and the same API as anybody's.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson

from api.seed import kit_entry
from api.tour.phone import Phone
from api.tour.socket import Socket
from domain.actors import COMMAND_LINE, Caller, Role, command_line_at
from domain.database import use_case
from domain.installation import Installation
from domain.locks.provisioning import provision_lock
from domain.locks.rules import Connectivity
from domain.locks.service import NewReader, create_lock
from domain.locks.tables import Reader
from domain.node_ids import node_id
from domain.people.api_tokens import create_api_token
from domain.people.new_sites import create_site
from domain.people.tables import Account, Member
from domain.security.passwords import PasswordProfile
from domain.sites.rules import SystemType
from domain.sites.tables import Site
from domain.tags.default_tags import add_default_tag
from tests.browser import Browser
from tests.databases import Database
from tests.waiting import becomes, eventually
from tests.watched_lock import WatchedLock

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
    installation: Installation
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
            self.installation,
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
            password_hash=await self.installation.passwords.hash(PASSWORD),
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

    def phone(self) -> "PhoneInTime":
        """A phone with a new key."""
        return PhoneInTime(self)

    def browser(self) -> Browser:
        """A browser without cookies yet, on our own page."""
        self.browsers.append(Browser(self.url, PASSWORD))
        return self.browsers[-1]

    async def socket(
        self, payload: dict[str, Any], headers: dict[str, str] | None = None
    ) -> Socket:
        """An initialised socket."""
        return await Socket.open(self.url, payload, headers)


class PhoneInTime(Phone):
    """A phone whose clock is the server's, also when the test moves it."""

    def __init__(self, served: Served) -> None:
        super().__init__(served.url, served.http)
        self._served = served

    def proof(self, body: bytes, **other: Any) -> str:
        now = int(self._served.clock().timestamp())
        return super().proof(body, **{"iat": now, **other})


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
        return command_line_at(self.row.id)

    async def make_token(
        self, role: Role, *, can_edit: bool = True, expires_at: datetime | None = None
    ) -> str:
        """An API token with this ceiling."""
        _, token = await create_api_token(
            self.served.installation,
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
        await add_default_tag(row, now)
        return node_id("member", row.id)

    async def lock(
        self,
        name: str = "Front door",
        connectivity: Connectivity = Connectivity.ONLINE_WIRED,
        *,
        keypad: bool = True,
        keypads: Sequence[str] = (),
    ) -> dict[str, Any]:
        """A lock, provisioned; what `python -m locksim` would read of it (`lockId`, `secret`, ...). `keypads` are the names
        of several, which the lock then knows.
        """
        now = self.served.clock()
        row = await create_lock(
            self.served.installation,
            self.by,
            name=name,
            connectivity=connectivity,
            hub_id=None,
            readers=[NewReader(each) for each in keypads] or [NewReader("Keypad", keypad)],
            now=now,
        )
        kit = await provision_lock(self.served.installation, self.by, lock_id=row.id, now=now)
        fitted = await Reader.filter(lock_id=row.id).order_by("id") if keypads else []
        return kit_entry(kit, keypads=fitted)

    def simulated(self, entry: dict[str, Any], age: str = "") -> WatchedLock:
        """The simulated lock of this entry, running; its disk is in the test's folder, a new one for each `age`."""
        served = self.served
        folder = served.folder / f"{entry['lockId']}{age}"
        lock = WatchedLock(entry, folder, served.url, served.http)
        served.running.append(asyncio.create_task(lock.run()))
        return lock

    async def device(self, entry: dict[str, Any]) -> WatchedLock:
        """The simulated lock of this entry, running and online."""
        device = self.simulated(entry)
        await self.until_online(entry["lockId"])
        await becomes(lambda: device.online)
        return device

    async def until_online(self, lock_id: str, *, online: bool = True) -> None:
        """Waits until the API says so."""

        async def look() -> bool:
            query = "query($id: ID!) { node(id: $id) { ... on Lock { online } } }"
            return (await self.ask(query, id=lock_id))["node"]["online"] is online

        await eventually(look)

    async def invitation(self, *lock_ids: str, **fields: Any) -> dict[str, Any]:
        """An invitation that is open now for two hours; its `code` and `invitation { id }`."""
        now = self.served.clock()
        asked = {
            "siteId": self.id,
            "name": "Guest",
            "lockIds": list(lock_ids),
            "startsAt": (now - timedelta(hours=1)).isoformat(),
            "endsAt": (now + timedelta(hours=2)).isoformat(),
            **fields,
        }
        made = await self.change(
            "createInvitation",
            """... on CreatedInvitation { invitationCode { code }
                 invitation { id state codeHint devicesUsed deviceLimit schedule { endsAt } } }
               ... on InvalidSchedule { field } ... on InvalidInput { field }""",
            **asked,
        )
        shown = made.get("invitationCode")
        return {**made, "code": shown["code"]} if shown else made
