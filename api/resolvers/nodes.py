"""Finding anything by its id: null for what is not there, and, just the same, for what is not the caller's to see.

What belongs to a site is for whoever may read the site, and so are a removed member, a deleted invitation and a removed
PIN, which its lists and its PINs still name. Phones and sign-ins are their person's own, and tokens are for whoever the
site's list of tokens is for. Each kind is found by a function that asks whose it is.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.context import Call, Context
from api.operations import PERSON_OR_TOKEN, query
from api.schema.access_rules import access_rule_type
from api.schema.accounts import account_type
from api.schema.api_tokens import api_token_type
from api.schema.devices import device_type
from api.schema.hubs import hub_type
from api.schema.invitations import invitation_type
from api.schema.locks import lock_type
from api.schema.members import member_type
from api.schema.nodes import Node
from api.schema.pins import pin_type
from api.schema.provisioning import kit_type
from api.schema.readers import reader_type
from api.schema.records import alert_type, audit_type
from api.schema.sessions import session_type
from api.schema.sites import site_type
from api.schema.smartpins import smart_pin_type
from api.schema.sync import event_type
from api.schema.tags import tag_type
from domain.access_rules.tables import AccessRule
from domain.actors import AccountActor, TokenActor
from domain.alerts.tables import Alert
from domain.audit.tables import AuditRow
from domain.invitations.tables import Invitation
from domain.locks.kits import is_pending
from domain.locks.tables import Hub, Lock, Provisioning, Reader
from domain.node_ids import kind_of, read_node_id
from domain.people.rules import Permission
from domain.people.tables import Account, ApiToken, ApiTokenSite, Device, Member, Session
from domain.pins.tables import Pin
from domain.sites.tables import Site
from domain.smartpins.tables import SmartPin
from domain.sync.tables import LockEvent
from domain.tags.tables import Tag

Finding = Callable[[Context, UUID], Awaitable[Node | None]]


@query(PERSON_OR_TOKEN)
async def node(
    call: Call, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
) -> Node | None:
    """Anything of the caller's sites, and the caller's own phones and sign-ins, by its id; null for all else."""
    kind = kind_of(id) or ""
    key = read_node_id(kind, id)
    if key is None or kind not in _FINDING:
        return None
    return await _FINDING[kind](call.context, key)


def _of_site(model: Any, convert: Callable[[Any, Context], Node], *, kept: bool = False) -> Finding:
    """Rows with a `site_id`; `kept`: also those that are gone, which the site's own lists still name."""

    async def find(context: Context, key: UUID) -> Node | None:
        row = await model.get_or_none(id=key)
        if row is None or (_gone(row) and not kept):
            return None
        if not await context.may(Permission.READ, row.site_id):
            return None
        return convert(row, context)

    return find


def _gone(row: object) -> bool:
    return (
        getattr(row, "deleted_at", None) is not None or getattr(row, "removed_at", None) is not None
    )


async def _site(context: Context, key: UUID) -> Node | None:
    standing = await context.loaders.standing.load((context.actor, key))
    return site_type(await Site.get(id=key), standing) if standing is not None else None


async def _reader(context: Context, key: UUID) -> Node | None:
    row = await Reader.get_or_none(id=key, deleted_at=None, lock__deleted_at=None).select_related(
        "lock"
    )
    if row is None or not await context.may(Permission.READ, row.lock.site_id):
        return None
    return reader_type(row)


async def _device(context: Context, key: UUID) -> Node | None:
    row = await Device.get_or_none(id=key, removed_at=None).select_related("invitation")
    if row is None:
        return None
    if row.invitation is not None:
        theirs = await context.may(Permission.READ, row.invitation.site_id)
    else:
        actor = context.actor
        theirs = isinstance(actor, AccountActor) and actor.account_id == row.account_id
    return device_type(row) if theirs else None


async def _session(context: Context, key: UUID) -> Node | None:
    actor = context.actor
    if not isinstance(actor, AccountActor):
        return None
    row = await Session.get_or_none(
        id=key, account_id=actor.account_id, ended_at=None, expires_at__gt=context.clock()
    )
    return session_type(row, actor) if row is not None else None


async def _api_token(context: Context, key: UUID) -> Node | None:
    row = await ApiToken.get_or_none(id=key, revoked_at=None)
    if row is None:
        return None
    if isinstance(context.actor, TokenActor) and context.actor.token_id == row.id:
        return api_token_type(row)
    for at in await ApiTokenSite.filter(token_id=row.id):
        if await context.may(Permission.SITE_SETTINGS, at.site_id):
            return api_token_type(row)
    return None


async def _account(context: Context, key: UUID) -> Node | None:
    actor = context.actor
    if not isinstance(actor, AccountActor) or actor.account_id != key:
        return None
    return account_type(await Account.get(id=key))


async def _audit_entry(context: Context, key: UUID) -> Node | None:
    row = await AuditRow.get_or_none(id=key)
    if row is None or not await context.may(Permission.READ_AUDIT, row.chain):
        return None
    return audit_type(row)


async def _kit(context: Context, key: UUID) -> Node | None:
    row = await Provisioning.get_or_none(id=key, lock__deleted_at=None).select_related("lock")
    if row is None or not is_pending(row, context.clock()):
        return None
    return kit_type(row) if await context.may(Permission.DOORS, row.lock.site_id) else None


_FINDING: dict[str, Finding] = {
    "site": _site,
    "lock": _of_site(Lock, lambda row, context: lock_type(row, context.clock)),
    "hub": _of_site(Hub, lambda row, _: hub_type(row)),
    "reader": _reader,
    "member": _of_site(Member, lambda row, _: member_type(row), kept=True),
    "tag": _of_site(Tag, lambda row, _: tag_type(row)),
    "access_rule": _of_site(AccessRule, lambda row, _: access_rule_type(row)),
    "invitation": _of_site(Invitation, lambda row, _: invitation_type(row), kept=True),
    "pin": _of_site(Pin, lambda row, _: pin_type(row)),
    "smart_pin": _of_site(SmartPin, lambda row, _: smart_pin_type(row)),
    "lock_event": _of_site(LockEvent, lambda row, _: event_type(row)),
    "alert": _of_site(Alert, lambda row, _: alert_type(row)),
    "audit_entry": _audit_entry,
    "account": _account,
    "device": _device,
    "session": _session,
    "provisioning_kit": _kit,
    "api_token": _api_token,
}
"""By the kind in the id."""
