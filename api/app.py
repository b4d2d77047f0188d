"""create_app(): the one place where everything is put together."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta

import structlog
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from api.auth.http import HttpAuthentication
from api.auth.sockets import SocketAuthentication
from api.background import repeat
from api.endpoint import Endpoint
from api.pages import ROUTES
from api.settings import Settings
from api.whole_schema import build_schema
from domain.alerts.letters import mail_alerts
from domain.alerts.service import State, raise_state
from domain.alerts.tables import AlertKind
from domain.audit.checkpointing import Checkpoints
from domain.audit.verifying import CheckpointsOfOther
from domain.clock import Clock
from domain.database import (
    DatabaseUnavailable,
    Sweep,
    connect,
    disconnect,
    drain,
    in_background,
    pending,
    sweep,
)
from domain.database.common_clock import CommonClock
from domain.following import wired
from domain.installation import Installation
from domain.letters.mailers import FolderMailer, Mailer, SmtpMailer
from domain.mail.outbox import deliver_letters
from domain.people import sweeping as of_people
from domain.recorded_keys import processes as of_processes
from domain.recorded_keys.processes import LOOK_SECONDS, OwnProcess
from domain.recorded_keys.service import open_keyring
from domain.security.keys import Keyring
from domain.security.passwords import PasswordHasher, PasswordProfile
from domain.sites.tables import Site
from domain.sync import sweeping as of_sync
from domain.sync.lock_settings import mend_settings
from domain.throttling import service as of_throttling
from domain.watching.states import watch_credentials, watch_locks, watch_seats

PIN_PROFILE = PasswordProfile(time_cost=3, memory_kib=12 * 1024, parallelism=1)
"""What new sites get for PINs: some 30 ms on a small processor, since a lock spends one an entry."""
SWEEP_SECONDS = 600.0
ALIGN_SECONDS = 60.0
CHECKPOINT_SECONDS = 60.0
WATCH_SECONDS = 60.0
WATCH_MORE_SECONDS = 600.0
LOCKS_COME_BACK = timedelta(minutes=5)
"""After a start, before a lock is said to be silent: all of them connect anew then."""
WORTH_A_WARNING = timedelta(seconds=1)
"""How far a machine's clock is from the database's."""
DRAIN_SECONDS = 10.0

log = structlog.get_logger(__name__)


class SchemaBehind(RuntimeError):
    """The database lacks migrations: run `latchwork migrate`."""


async def checked_schema() -> None:
    """Raises SchemaBehind when the connected database lacks migrations."""
    missing = await pending()
    if missing:
        raise SchemaBehind(
            f"The database lacks {len(missing)} migration(s). Run: latchwork migrate"
        )


def keyring(settings: Settings, fresh: bool) -> Keyring:
    """The application secret's keys; for a fresh database the secret file is made, with the folder that it is in.

    Raises KeyFileError, and OSError for a file that cannot be read.
    """
    if settings.secret:
        return Keyring.from_text(settings.secret)
    if not fresh:
        return Keyring.load(settings.key_file)
    settings.key_file.parent.mkdir(parents=True, exist_ok=True)
    return Keyring.load_or_create(settings.key_file)


async def opened_keyring(settings: Settings, now: datetime) -> Keyring:
    """The keys of the connected database. Raises KeysMissing, KeyFileError, OSError."""
    return await open_keyring(lambda fresh: keyring(settings, fresh), now)


def own_process(settings: Settings, keys: Keyring) -> OwnProcess:
    """This process as it tells others which keys it knows; it follows those of the database with this keyring."""
    return OwnProcess(
        name=f"process {os.getpid()} on {socket.gethostname()}, port {settings.port}",
        source="LATCHWORK_SECRET" if settings.secret else str(settings.key_file.resolve()),
        keys=keys,
        load=lambda: keyring(settings, fresh=False),
    )


def new_installation(
    settings: Settings, keys: Keyring, *, passwords: PasswordHasher | None = None
) -> Installation:
    """What the settings describe."""
    mailer: Mailer = (
        SmtpMailer(settings.smtp_url, settings.mail_from, allow_plain=settings.smtp_allow_plain)
        if settings.smtp_url
        else FolderMailer(settings.data_dir / "mail", settings.mail_from)
    )
    described = Installation(
        keys=keys,
        passwords=passwords or PasswordHasher(),
        pin_profile=PIN_PROFILE,
        mailer=mailer,
        public_url=settings.origin,
        provisioning_kit_lifetime=timedelta(hours=settings.provisioning_kit_hours),
    )
    return wired(described)


SWEEPS = (
    *of_people.SWEEPS,
    *of_sync.SWEEPS,
    *of_throttling.SWEEPS,
    *of_processes.SWEEPS,
)
"""What forgets that which time has made worthless."""


def _sweeps(clock: Clock) -> list[Callable[[], Awaitable[object]]]:
    def at(kind: Sweep) -> Callable[[], Awaitable[object]]:
        return lambda: sweep(kind, clock())

    return [at(kind) for kind in SWEEPS]


async def _sign_checkpoints(
    checkpoints: Checkpoints, installation: Installation, now: datetime
) -> None:
    """Whatever cannot be signed is said: a chain that is not whole, a folder that is not ours or cannot be written."""
    try:
        findings = await checkpoints.sign(installation.keys, now)
    except (OSError, CheckpointsOfOther) as fault:
        log.error("audit checkpoints not written", fault=str(fault))
        return
    for each in findings:
        log.error("audit chain broken", chain=str(each.chain), row=each.number, what=each.what)
        if await Site.filter(id=each.chain).exists():  # others are chains of accounts
            state = State(each.chain, each.chain)
            await raise_state(AlertKind.RECORDS_TAMPERED, state, now)


async def _align(clock: CommonClock) -> None:
    """A machine's clock may be set, or drift, while it runs."""
    moved = await clock.align()
    if abs(moved) > WORTH_A_WARNING:
        log.warning("this machine's clock is not the database's", seconds=moved.total_seconds())


def create_app(
    settings: Settings, installation: Installation, *, clock: Clock | None = None
) -> Starlette:
    """The ASGI application. Refuses to start on a database that lacks migrations (SchemaBehind) or has other keys
    (KeysMissing). `clock` is the time by which it goes, by default that of the database.
    """
    common = CommonClock()
    clock = clock or common
    endpoint = Endpoint(
        build_schema(development=settings.development),
        installation=installation,
        clock=clock,
        http=HttpAuthentication(installation, clock),
        sockets=SocketAuthentication(installation, clock),
        development=settings.development,
    )

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await connect(settings.database, bus_url=settings.bus_url)
        try:
            await _align(common)
            await checked_schema()
            own = own_process(settings, installation.keys)
            await open_keyring(lambda fresh: installation.keys, clock())
            await own.look(clock())
            in_background(lambda: mend_settings(installation, clock()), "mend_settings")
            checkpoints = Checkpoints(settings.checkpoints)
            started = clock()

            async def watch_locks_that_are_back() -> None:
                if clock() - started >= LOCKS_COME_BACK:
                    await watch_locks(clock())

            workers = [
                asyncio.create_task(
                    repeat(
                        WATCH_SECONDS,
                        watch_locks_that_are_back,
                        lambda: mail_alerts(installation, clock()),
                    )
                ),
                asyncio.create_task(
                    repeat(
                        WATCH_MORE_SECONDS,
                        lambda: watch_credentials(installation, clock()),
                        lambda: watch_seats(clock()),
                    )
                ),
                asyncio.create_task(
                    repeat(
                        CHECKPOINT_SECONDS,
                        lambda: _sign_checkpoints(checkpoints, installation, clock()),
                    )
                ),
                asyncio.create_task(repeat(SWEEP_SECONDS, *_sweeps(clock))),
                asyncio.create_task(repeat(ALIGN_SECONDS, lambda: _align(common))),
                asyncio.create_task(repeat(LOOK_SECONDS, lambda: own.look(clock()))),
                asyncio.create_task(deliver_letters(installation, clock)),
            ]
            try:
                yield
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)
                await drain(DRAIN_SECONDS)
                with contextlib.suppress(DatabaseUnavailable):
                    await own.leave()
        finally:
            await disconnect()

    app = Starlette(
        routes=[
            Route("/graphql", endpoint),
            WebSocketRoute("/graphql", endpoint),
            *ROUTES,
        ],
        lifespan=lifespan,
    )
    app.state.keys = installation.keys
    app.state.public_url = installation.public_url
    return app
