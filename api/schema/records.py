"""What a site's admins look back at: who changed what, and what they should know."""

from datetime import datetime
from uuid import UUID

import strawberry
from strawberry.types import Info

from api.schema.activities import Activity
from api.schema.activity_kinds import ActivityKind
from api.schema.actor_nodes import ACTOR, actor_of
from api.schema.locks import Lock, lock_type
from api.schema.members import Member, member_type
from api.schema.nodes import Node, global_id, kind_of_type, node_of, type_above
from domain.actors import ActorKind
from domain.alerts import tables as alert_tables
from domain.audit import tables as audit_tables


@strawberry.type(description="A mutation by a person or a script.")
class AuditEntry(Activity):
    row: strawberry.Private[audit_tables.AuditRow]
    number: int = strawberry.field(description="Its place in the chain.")
    actor_kind: ActorKind = strawberry.field(description="What kind of caller.")
    action: str = strawberry.field(description="The operation.")
    target_kind: str = strawberry.field(
        description="What kind of thing it changed, by the name of its type, such as `SmartPin`."
    )
    target_id: strawberry.ID = strawberry.field(description="Which one; good for `node`.")

    def _site_id(self) -> UUID:
        return self.row.chain

    @strawberry.field(
        description="Who did it; null: the command line, nobody who had signed in, or, with `actorKind` ACCOUNT, "
        "somebody who was erased.",
        graphql_type=ACTOR,
    )
    async def actor(self, info: Info) -> Node | None:
        row = self.row
        return await actor_of(info.context, row.actor_kind, row.actor_id, at=row.chain)


def audit_type(row: audit_tables.AuditRow) -> AuditEntry:
    """An audit row as the API shows it: who, what, when; never the values."""
    return AuditEntry(
        id=global_id("audit_entry", row.id),
        row=row,
        recorded_at=row.at,
        kind=ActivityKind.CHANGED,
        number=row.number,
        actor_kind=row.actor_kind,
        action=row.action,
        target_kind=row.target_kind,
        target_id=global_id(kind_of_type(row.target_kind), row.target_id),
    )


@strawberry.type(description="Something that the admins of a site should know.")
class Alert(Activity):
    row: strawberry.Private[alert_tables.Alert]
    actor_kind: ActorKind = strawberry.field(description="What kind of caller caused it.")
    seen_at: datetime | None = strawberry.field(
        description="When an admin of the site marked it as seen; null: nobody has."
    )
    ended_at: datetime | None = strawberry.field(
        description="When what it tells of was over, of what lasts; null: it lasts, or was over at once."
    )

    @strawberry.field(
        description="The PIN or SmartPIN that it is about; null: none, or one that is gone.",
        graphql_type=type_above("api.schema.credentials", "Credential") | None,
    )
    async def credential(self, info: Info) -> Node | None:
        loaders, row = info.context.loaders, self.row
        found = None
        if row.pin_id is not None:
            found = await loaders.pin.load(row.pin_id)
        elif row.smart_pin_id is not None:
            found = await loaders.smart_pin.load(row.smart_pin_id)
        shown: Node | None = node_of(found, info.context.clock) if found is not None else None
        return shown

    @strawberry.field(description="Which member caused it; null: none did.")
    async def member(self, info: Info) -> Member | None:
        if self.row.member_id is None:
            return None
        row = await info.context.loaders.member.load(self.row.member_id)
        return member_type(row) if row is not None else None

    @strawberry.field(
        description="Who caused it; of LOCK_REPLACED, who took the provisioning kit. Null: the command line, nobody who "
        "had signed in, or, with `actorKind` ACCOUNT, somebody who was erased.",
        graphql_type=ACTOR,
    )
    async def actor(self, info: Info) -> Node | None:
        row = self.row
        return await actor_of(info.context, row.actor_kind, row.actor_id, at=row.site_id)

    @strawberry.field(description="At which lock; null: at none.")
    async def lock(self, info: Info) -> Lock | None:
        if self.row.lock_id is None:
            return None
        row = await info.context.loaders.lock.load(self.row.lock_id)
        return lock_type(row, info.context.clock) if row is not None else None


def alert_type(row: alert_tables.Alert) -> Alert:
    """An alert as the API shows it."""
    return Alert(
        id=global_id("alert", row.id),
        row=row,
        recorded_at=row.at,
        kind=ActivityKind(row.kind.value),
        actor_kind=row.actor_kind,
        seen_at=row.seen_at,
        ended_at=row.ended_at,
    )
