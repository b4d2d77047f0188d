"""A database with one site, its locks, a member and a token, before the clocks run."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.app import new_installation, opened_keyring
from api.settings import Settings
from domain.actors import COMMAND_LINE, Role, command_line_at
from domain.clock import system_clock
from domain.database import connect, disconnect, migrate
from domain.locks.provisioning import provision_lock
from domain.locks.service import NewReader, create_lock
from domain.node_ids import node_id
from domain.people.api_tokens import create_api_token
from domain.people.members import create_member
from domain.people.new_sites import create_site
from domain.sites.rules import SystemType


@dataclass(frozen=True)
class Kit:
    """A provisioned lock."""

    lock_id: str
    incarnation: str
    secret: bytes


@dataclass(frozen=True)
class Prepared:
    """A site with its locks, a member and a token."""

    site: str
    member: str
    token: str
    kits: Sequence[Kit]


async def prepare(settings: Settings, locks: int) -> Prepared:
    """An empty database with one site and so many provisioned locks."""
    await migrate(settings.database)
    await connect(settings.database)
    try:
        now = system_clock()
        installation = new_installation(settings, await opened_keyring(settings, now))
        site = await create_site(
            installation,
            COMMAND_LINE,
            name="Bench",
            timezone="Europe/Rome",
            system_type=SystemType.STANDARD,
            owner=None,
            now=now,
        )
        by = command_line_at(site.id)
        kits = []
        for number in range(locks):
            lock = await create_lock(
                installation,
                by,
                name=f"Door {number}",
                connectivity=None,
                hub_id=None,
                readers=[NewReader("Keypad")],
                now=now,
            )
            kit = await provision_lock(installation, by, lock_id=lock.id, now=now)
            kits.append(Kit(node_id("lock", lock.id), kit.incarnation, kit.secret))
        member = await create_member(
            installation, by, name="Emil", role=Role.USER, can_edit=False, email=None, now=now
        )
        _, token = await create_api_token(
            installation,
            COMMAND_LINE,
            site_ids=[site.id],
            name="bench",
            role=Role.OWNER,
            can_edit=True,
            expires_at=None,
            now=now,
        )
        return Prepared(node_id("site", site.id), node_id("member", member.id), token, kits)
    finally:
        await disconnect()
