"""What a site's admins look back at: who changed what, and what they should know."""

from datetime import datetime

import strawberry

from api.schema.named_actors import NamedActor, actor_id, named_actor
from api.schema.nodes import global_id, kind_of_type
from domain.actors import ActorKind
from domain.alerts import tables as alert_tables
from domain.alerts.tables import AlertKind
from domain.audit import tables as audit_tables


@strawberry.type(description="A mutation by a person or a script.")
class AuditEntry:
    number: int = strawberry.field(description="Its place in the chain.")
    at: datetime = strawberry.field(description="When.")
    actor_kind: ActorKind = strawberry.field(description="What kind of caller.")
    actor_id: strawberry.ID | None = strawberry.field(description="Which one.")
    action: str = strawberry.field(description="The operation.")
    target_kind: str = strawberry.field(
        description="What kind of thing it changed, by the name of its type, such as `SmartPin`."
    )
    target_id: strawberry.ID = strawberry.field(description="Which one; good for `node`.")


@strawberry.type(description="Something that the admins of a site should know.")
class Alert:
    kind: AlertKind = strawberry.field(description="What happened.")
    at: datetime = strawberry.field(description="When.")
    actor_kind: ActorKind = strawberry.field(description="What kind of caller caused it.")
    member_id: strawberry.ID | None = strawberry.field(description="Which member, if a member.")
    actor: NamedActor = strawberry.field(
        description="Who caused it; of LOCK_REPLACED, who took the provisioning kit."
    )
    lock_id: strawberry.ID | None = strawberry.field(description="At which lock, if at one.")


def alert_type(row: alert_tables.Alert) -> Alert:
    """An alert as the API shows it."""
    return Alert(
        kind=row.kind,
        at=row.at,
        actor_kind=row.actor_kind,
        member_id=global_id("member", row.member_id) if row.member_id else None,
        actor=named_actor(row.actor_kind, row.actor_id),
        lock_id=global_id("lock", row.lock_id) if row.lock_id else None,
    )


def audit_type(row: audit_tables.AuditRow) -> AuditEntry:
    """An audit row as the API shows it: who, what, when; never the values."""
    return AuditEntry(
        number=row.number,
        at=row.at,
        actor_kind=row.actor_kind,
        actor_id=actor_id(row.actor_kind, row.actor_id),
        action=row.action,
        target_kind=row.target_kind,
        target_id=global_id(kind_of_type(row.target_kind), row.target_id),
    )
