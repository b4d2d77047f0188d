"""Operations on sites, and finding anything by its id."""

from collections.abc import Callable
from typing import Annotated, Any

import strawberry

from api.context import Call, Context
from api.operations import PERSON_OR_TOKEN, AtSite, mutation, query
from api.schema.errors import PolicyViolation
from api.schema.hubs import hub_type
from api.schema.invitations import invitation_type
from api.schema.locks import lock_type
from api.schema.members import member_type
from api.schema.nodes import Node, TheSite
from api.schema.pins import pin_type
from api.schema.site_settings import CreateSiteInput, PinPolicyInput, UpdateSiteInput
from api.schema.sites import CreatedSite, Site, UpdatedSite, site_type
from api.schema.smartpins import smart_pin_type
from api.schema.sync import event_type
from api.schema.tags import tag_type
from domain.invitations.tables import Invitation
from domain.locks.tables import Hub, Lock
from domain.node_ids import kind_of, read_node_id
from domain.people.actors import AccountActor, TokenActor
from domain.people.identities import sites_of, standing_at
from domain.people.rules import Permission, allows
from domain.people.tables import Account, ApiToken, Member
from domain.pins.tables import Pin
from domain.sites import service
from domain.sites.tables import Site as SiteRow
from domain.smartpins.tables import SmartPin
from domain.sync.tables import LockEvent
from domain.tags.tables import Tag


@query(AtSite(Permission.OWN_ACCESS, "id"))
async def site(call: Call, id: TheSite) -> Site | None:
    """A site of the caller's; null for any other."""
    assert call.by.standing is not None
    return site_type(await service.live_site(call.by.site_id), call.by.standing)


@query(PERSON_OR_TOKEN)
async def sites(call: Call) -> list[Site]:
    """The caller's sites, in the order of their making."""
    found = []
    for site_id in await sites_of(call.by.actor):
        standing = await standing_at(call.by.actor, site_id)
        row = await SiteRow.get_or_none(id=site_id)
        if standing is not None and row is not None:
            found.append(site_type(row, standing))
    return found


_NODES: dict[str, tuple[Any, Callable[[Any, Context], Node]]] = {
    "lock": (Lock, lambda row, context: lock_type(row, context.clock)),
    "hub": (Hub, lambda row, context: hub_type(row)),
    "member": (Member, lambda row, context: member_type(row)),
    "tag": (Tag, lambda row, context: tag_type(row)),
    "invitation": (Invitation, lambda row, context: invitation_type(row, context.clock())),
    "pin": (Pin, lambda row, context: pin_type(row)),
    "smart_pin": (SmartPin, lambda row, context: smart_pin_type(row, context.clock())),
    "lock_event": (LockEvent, lambda row, context: event_type(row)),
}


@query(PERSON_OR_TOKEN)
async def node(
    call: Call, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
) -> Node | None:
    """Anything of the caller's sites by its id; null for what is not there or not theirs to see."""
    kind = kind_of(id) or ""
    key = read_node_id(kind, id)
    if key is None:
        return None
    if kind == "site":
        standing = await standing_at(call.by.actor, key)
        row = await SiteRow.get_or_none(id=key)
        return site_type(row, standing) if row is not None and standing is not None else None
    return await _of_site(call.context, kind, key)


async def _of_site(context: Context, kind: str, key: object) -> Node | None:
    if kind not in _NODES:
        return None
    model, convert = _NODES[kind]
    row = await model.get_or_none(id=key)
    if row is None or _gone(row):
        return None
    standing = await standing_at(context.actor, row.site_id)
    if standing is None or not allows(standing, Permission.READ):
        return None
    return convert(row, context)


def _gone(row: object) -> bool:
    return (
        getattr(row, "deleted_at", None) is not None or getattr(row, "removed_at", None) is not None
    )


@mutation(PERSON_OR_TOKEN)
async def create_site(call: Call, input: CreateSiteInput) -> CreatedSite:
    """Makes a site. The caller's account owns it; a token that makes one may act on it from then on."""
    actor = call.by.actor
    row = await service.create_site(
        call.here,
        call.by,
        name=input.name,
        timezone=input.timezone,
        system_type=input.system_type,
        owner=(await Account.get(id=actor.account_id) if isinstance(actor, AccountActor) else None),
        token=await ApiToken.get(id=actor.token_id) if isinstance(actor, TokenActor) else None,
        now=call.now,
    )
    standing = await standing_at(actor, row.id)
    assert standing is not None
    return CreatedSite(site=site_type(row, standing))


@mutation(AtSite(Permission.SITE_SETTINGS), PolicyViolation)
async def update_site(call: Call, input: UpdateSiteInput) -> UpdatedSite:
    """Changes a site's settings; the plan is changed from the command line only."""
    policy = input.pin_policy or PinPolicyInput()
    row = await service.update_site(
        call.here,
        call.by,
        name=input.name,
        timezone=input.timezone,
        pin_min_length=policy.min_length,
        pin_max_length=policy.max_length,
        pin_auto_length=policy.auto_length,
        guess_limit=policy.guess_limit,
        smart_pin_activation=input.smart_pin_activation,
        now=call.now,
    )
    assert call.by.standing is not None
    return UpdatedSite(site=site_type(row, call.by.standing))
