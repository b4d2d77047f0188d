"""Provisioning: what is given out to be installed on a lock, and what of it is still pending."""

from datetime import datetime

import strawberry
from strawberry.types import Info

from api.schema.actor_nodes import ACTOR, actor_of
from api.schema.locks import Lock
from api.schema.nodes import Node, global_id, shows
from api.schema.of_lock import OfLock
from domain.locks import tables


@strawberry.type(
    description="A secret that was given out for a lock and that no lock has proven yet; the secret itself is shown once."
)
class ProvisioningKit(Node, OfLock):
    row: strawberry.Private[tables.Provisioning]
    incarnation: str = strawberry.field(
        description="The name of the life of the lock that it begins."
    )
    created_at: datetime = strawberry.field(description="When it was taken.")
    expires_at: datetime = strawberry.field(description="Until when a lock may prove it.")

    @strawberry.field(
        description="Who took it, with whose right to provision locks it ends; null: the command line, or taken before that "
        "was kept.",
        graphql_type=ACTOR,
    )
    async def taken_by(self, info: Info) -> Node | None:
        return await actor_of(info.context, self.row.taken_by_kind, self.row.taken_by_id)


def kit_type(row: tables.Provisioning) -> ProvisioningKit:
    """A kit as the API shows it."""
    return ProvisioningKit(
        id=global_id("provisioning_kit", row.id),
        row=row,
        incarnation=row.incarnation,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


shows(tables.Provisioning, lambda row, _: kit_type(row))


@strawberry.type(description="The Argon2id profile with which a lock hashes what is typed.")
class PinProfile:
    time_cost: int = strawberry.field(description="Passes.")
    memory_kib: int = strawberry.field(description="Memory in KiB.")
    parallelism: int = strawberry.field(description="Lanes.")


@strawberry.type(description="The first settings of a lock, installed with its secret.")
class LockSettings:
    zone: str = strawberry.field(description="The site's IANA time zone.")
    fixed_offset_minutes: int = strawberry.field(
        description="The offset from UTC in which SmartPIN hours are counted, frozen now."
    )
    smart_pin_enabled: bool = strawberry.field(
        description="Whether it accepts SmartPINs until it hears otherwise: it may never have a network."
    )
    pin_salt: str = strawberry.field(description="The site's Argon2id salt, base64url.")
    pin_profile: PinProfile = strawberry.field(description="The site's Argon2id profile.")


@strawberry.input(description="A lock to be given a new secret.")
class ProvisionLockInput:
    lock_id: strawberry.ID = strawberry.field(description="The lock.")


@strawberry.type(description="What is installed on the lock, shown this once.")
class ProvisionedLock:
    lock: Lock | None = strawberry.field(description="The lock.")
    provisioning_kit: ProvisioningKit | None = strawberry.field(
        description="The kit, until its secret is proven; with its id it can be cancelled."
    )
    incarnation: str = strawberry.field(description="The name of this life of the lock.")
    secret: str = strawberry.field(description="The lock secret: 32 bytes, base64url.")
    programming_code: str = strawberry.field(
        description="Eight digits for the keypad's own functions."
    )
    settings: LockSettings = strawberry.field(description="The first settings.")


@strawberry.input(description="A provisioning kit to cancel.")
class CancelProvisioningKitInput:
    provisioning_kit_id: strawberry.ID = strawberry.field(description="The kit.")


@strawberry.type(description="No lock can prove the kit any more.")
class CancelledProvisioningKit:
    provisioning_kit: ProvisioningKit = strawberry.field(description="The kit as it was.")
    lock: Lock = strawberry.field(description="The lock.")
