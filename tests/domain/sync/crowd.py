"""Many PINs at one lock, without an Argon2 and a request for each."""

import os
from datetime import datetime
from uuid import UUID

from domain.access.schedule import ALWAYS
from domain.actors import Caller, Role
from domain.audit.service import recorded
from domain.database import use_case
from domain.database.rows import new_id
from domain.installation import Installation
from domain.node_ids import read_node_id
from domain.people.tables import Member
from domain.pins.digits import seal_verifier
from domain.pins.entries import follow_pins
from domain.pins.tables import Pin, PinKind, PinLock
from domain.schedules.columns import schedule_columns
from domain.sites.tables import Site


@use_case
async def crowd(
    installation: Installation, by: Caller, site: Site, lock_id: str, count: int, now: datetime
) -> list[UUID]:
    """So many PINs of a new member at one lock; their digits are nobody's."""
    key = read_node_id("lock", lock_id)
    async with recorded(installation, by, "createPin", now) as change:
        owner = await Member.create(site=site, name="Everybody", role=Role.USER, created_at=now)
        pins = [
            Pin(
                id=new_id(),
                site=site,
                owner=owner,
                kind=PinKind.AUTO,
                length=8,
                created_at=now,
                updated_at=now,
                **schedule_columns(ALWAYS),
            )
            for _ in range(count)
        ]
        for pin in pins:
            pin.verifier_sealed = seal_verifier(installation, pin, os.urandom(32))
        await Pin.bulk_create(pins, batch_size=100)
        await PinLock.bulk_create(
            [PinLock(pin_id=pin.id, lock_id=key) for pin in pins], batch_size=100
        )
        await follow_pins(installation, change, [pin.id for pin in pins], now)
        change.note("Member", owner.id)
    return [pin.id for pin in pins]
