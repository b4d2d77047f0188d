"""The demo site: people and locks of every kind, only into an empty database.

Everything comes from the use cases but the people: those would have to answer a mail each before they could sign in, so
their accounts and members are written as rows. Passwords are random and written, with the locks' secrets, into files of
mode 0600 in the data directory; they are never printed by the server or logged.
"""

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import orjson

from domain.actors import COMMAND_LINE, Caller, Role, command_line_at
from domain.audit.service import recorded
from domain.database import DuplicateRow, use_case
from domain.installation import Installation
from domain.locks.hubs import create_hub
from domain.locks.pin_mode import pair_card
from domain.locks.provisioning import ProvisioningKit, provision_lock
from domain.locks.rules import Connectivity
from domain.locks.service import NewReader, create_lock
from domain.locks.tables import Lock, Reader
from domain.node_ids import node_id
from domain.people.new_sites import create_site
from domain.people.tables import Account, Member
from domain.security import base64url
from domain.sites.rules import SystemType
from domain.sites.tables import Site
from domain.tags.default_tags import add_default_tag
from domain.tags.service import create_tag
from domain.tags.tables import TagTarget

SITE_NAME = "Demo"
OWNER_EMAIL = "anna@demo.example"
CARD_UID = "04a1b2c3d4e5f6"
"""The card that ends a lockout at the demo's doors: what the keypad page holds to the reader unless told otherwise."""
_PEOPLE = (
    ("Ben", "ben@demo.example", Role.SUPER_ADMIN, True),
    ("Carla", "carla@demo.example", Role.LIMITED_ADMIN, True),
    ("Dario", "dario@demo.example", Role.LIMITED_ADMIN, False),
    ("Emma", "emma@demo.example", Role.USER, False),
)


@dataclass(frozen=True)
class Demo:
    """What the seed made. `sign_ins` maps e-mail to password."""

    site: Site
    sign_ins: dict[str, str]
    kits: list[ProvisioningKit]
    locks: list[Lock]

    def __repr__(self) -> str:
        return f"Demo(site={self.site.id})"


async def seed(installation: Installation, data_dir: Path, now: datetime) -> bool:
    """Makes the demo site and writes `demo.json` and `locks.json`; False when the database is not empty.

    Of several that begin at once the one that makes the owner's account goes on.
    """
    if await Site.exists() or await Account.exists():
        return False
    sign_ins: dict[str, str] = {}
    try:
        owner = await _account(installation, OWNER_EMAIL, sign_ins, now)
    except DuplicateRow:
        return False
    demo = await _make(installation, owner, sign_ins, now)
    _write_private(
        data_dir / "demo.json",
        {
            "site": node_id("site", demo.site.id),
            "signIns": [
                {"email": email, "password": password} for email, password in demo.sign_ins.items()
            ],
        },
    )
    offline = {lock.id for lock in demo.locks if lock.connectivity is Connectivity.WIRELESS_OFFLINE}
    keypads: dict[UUID, list[Reader]] = {lock.id: [] for lock in demo.locks}
    for reader in await Reader.filter(has_keypad=True).order_by("id"):
        keypads[reader.lock_id].append(reader)
    _write_private(
        data_dir / "locks.json",
        [
            kit_entry(
                kit,
                online=kit.lock.id not in offline,
                keypad=bool(keypads[kit.lock.id]),
                keypads=keypads[kit.lock.id],
            )
            for kit in demo.kits
        ],
    )
    return True


async def _make(
    installation: Installation, owner: Account, sign_ins: dict[str, str], now: datetime
) -> Demo:
    site = await create_site(
        installation,
        COMMAND_LINE,
        name=SITE_NAME,
        timezone="Europe/Rome",
        system_type=SystemType.STANDARD,
        owner=owner,
        now=now,
    )
    by = command_line_at(site.id)
    for name, email, role, can_edit in _PEOPLE:
        await _member(installation, by, name, email, role, can_edit, sign_ins, now)
    hub = await create_hub(installation, by, name="Stairwell gateway", now=now)
    keypad = (NewReader("Keypad"),)
    wanted = (
        ("Front door", Connectivity.ONLINE_WIRED, None, keypad),
        ("Flat 4", Connectivity.WIRELESS_GATEWAY, hub.id, keypad),
        ("Garage", Connectivity.ONLINE_WIRED, None, (NewReader("Antenna", has_keypad=False),)),
        ("Cellar", Connectivity.WIRELESS_OFFLINE, None, keypad),
    )
    locks = [
        await create_lock(
            installation, by, name=name, connectivity=how, hub_id=behind, readers=readers, now=now
        )
        for name, how, behind, readers in wanted
    ]
    await create_tag(
        installation,
        by,
        name="House doors",
        target=TagTarget.LOCK,
        member_ids=None,
        lock_ids=[locks[0].id, locks[1].id],
        now=now,
    )
    kits = [await provision_lock(installation, by, lock_id=lock.id, now=now) for lock in locks]
    for lock in locks:
        await pair_card(installation, by, lock_id=lock.id, card_uid=CARD_UID, now=now)
    return Demo(site, sign_ins, kits, locks)


@use_case
async def _account(
    installation: Installation, email: str, sign_ins: dict[str, str], now: datetime
) -> Account:
    password = secrets.token_urlsafe(18)
    sign_ins[email] = password
    return await Account.create(
        email=email, password_hash=await installation.passwords.hash(password), created_at=now
    )


@use_case
async def _member(
    installation: Installation,
    by: Caller,
    name: str,
    email: str,
    role: Role,
    can_edit: bool,
    sign_ins: dict[str, str],
    now: datetime,
) -> None:
    account = await _account(installation, email, sign_ins, now)
    async with recorded(installation, by, "seed", now) as change:
        member = await Member.create(
            site_id=by.site_id,
            account=account,
            name=name,
            role=role,
            can_edit=can_edit,
            accepted_at=now,
            created_at=now,
        )
        await add_default_tag(member, now)
        change.note("Member", member.id, role=role.value)


def kit_entry(
    kit: ProvisioningKit,
    *,
    online: bool = True,
    keypad: bool = True,
    keypads: Sequence[Reader] = (),
) -> dict[str, object]:
    """A provisioned lock as `python -m locksim` reads it, with its keypads if they are to be told apart. It is a secret."""
    return {
        "lockId": node_id("lock", kit.lock.id),
        "name": kit.lock.name,
        "network": online,
        "keypad": keypad,
        "keypads": [{"id": node_id("reader", each.id), "name": each.name} for each in keypads],
        "incarnation": kit.incarnation,
        "secret": base64url.encode(kit.secret),
        "programmingCode": kit.programming_code,
        "settings": {
            "zone": kit.zone,
            "fixedOffsetMinutes": kit.fixed_offset_minutes,
            "smartPinEnabled": kit.smart_pin_enabled,
            "pinSalt": base64url.encode(kit.pin_salt),
            "pinProfile": {
                "timeCost": kit.pin_time_cost,
                "memoryKib": kit.pin_memory_kib,
                "parallelism": kit.pin_parallelism,
            },
        },
    }


def _write_private(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps(content, option=orjson.OPT_INDENT_2))
