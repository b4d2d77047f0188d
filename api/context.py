"""What one operation knows: who asks, over what, at what time, and the loaders that batch its reads."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from api.loaders import Loaders
from api.protocol import Client, Spender
from domain.actors import Actor, ActorKind, Caller, Standing
from domain.clock import Clock
from domain.installation import Installation
from domain.people.rules import Permission, allows
from domain.security.networks import networks_of


@dataclass(frozen=True, slots=True)
class Identity:
    """What authentication found: the actor, if any; the proven key of a phone that has no token yet; the address.

    `subscriptions_only` holds for the sockets of phones and browsers: what they change goes over HTTP, request by request.
    `foreign_page` tells that a browser's page with another origin than ours asks. `session_token` is the cookie of a browser
    that has signed in, to be set again where its sign-in is prolonged.
    """

    actor: Actor | None
    address: str
    subscriptions_only: bool = False
    thumbprint: str | None = None
    known_browser: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)
    foreign_page: bool = False


@dataclass(slots=True)
class Context:
    """One operation's context. `cookies` are set on the response: name to (value, lifetime in seconds; 0 deletes)."""

    installation: Installation
    clock: Clock
    identity: Identity
    loaders: Loaders = field(default_factory=Loaders)
    cookies: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def actor(self) -> Actor | None:
        return self.identity.actor

    async def may(self, permission: Permission, site_id: UUID) -> bool:
        """Whether the caller holds the permission at the site: for what is shown to some only.

        What may be done is asked by the operation's own rule, of the database and not of a loader.
        """
        standing = await self.loaders.standing.load((self.actor, site_id))
        return standing is not None and allows(standing, permission)


@dataclass(frozen=True, slots=True)
class Call:
    """One permitted call of one operation: handed to its resolver by the place that permitted it."""

    context: Context
    by: Caller
    now: datetime

    @property
    def installation(self) -> Installation:
        return self.context.installation


def caller_of(context: Context, standing: Standing | None = None) -> Caller:
    """The caller for the services; `standing` where the operation is about a site."""
    actor = context.actor
    return Caller(
        actor.kind if actor else ActorKind.ANONYMOUS,
        actor.id if actor else None,
        standing,
        actor,
        context.identity.address,
    )


def client_of(context: Context) -> Client:
    """The client whose share and limits count: the actor or, where there is none, everybody of the same network."""
    actor = context.actor
    if actor is None:
        networks = spenders_at(context.identity.address)
        return Client(networks[0].name, is_known=False, networks=networks)
    return Client(f"{actor.kind} {actor.id}", is_known=True)


def spenders_at(address: str) -> tuple[Spender, ...]:
    """The networks that pay for what a stranger at this address does."""
    return tuple(Spender(each.name, each.share) for each in networks_of(address))
