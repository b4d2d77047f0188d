"""What one running Latchwork needs, made once at its start and passed to every use case.

A plain value: the keys, the password hasher, the mailer, the public address, and what `domain.following` wires. Nothing in
it changes but who waits: for the hasher, or to be answered together with others.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.database.together import Together
from domain.letters.mailers import Mailer
from domain.link.entries import EntryKind, Payload
from domain.link.keys import LinkKeys
from domain.security.keys import Keyring
from domain.security.passwords import PasswordHasher, PasswordProfile

Follower = Callable[..., Awaitable[None]]
"""Called with the installation, the change or transaction, the fact, and the moment (`domain.facts.announce`)."""


@dataclass(frozen=True, slots=True)
class EntryToFill:
    """An entry that a lock should hold, without the payload that is still to be made."""

    id: UUID
    lock_id: UUID
    pin_id: UUID | None
    content: Mapping[str, Any]
    """What was written down for it, without anything secret."""
    keys: LinkKeys = field(repr=False)
    """Those of the lock, in its present incarnation."""


PayloadMaker = Callable[["Installation", Sequence[EntryToFill]], Awaitable[Mapping[UUID, Payload]]]
"""Makes the payloads of all these entries at once, by the id of the entry. Left out is one whose sealed part is not what
was written: nothing of it is sent."""

CommandCheck = Callable[[Sequence[Any], datetime], Awaitable[Collection[UUID]]]
"""Which of these unlock commands their makers may still give, as ids."""


SeatCount = Callable[[Collection[UUID], datetime], Awaitable[Mapping[UUID, int]]]
"""How many seats are used, by site."""


async def _not_wired(*_: object) -> Any:
    raise RuntimeError("nobody answers this: see domain.following")


@dataclass(frozen=True)
class Installation:
    """`public_url` has no trailing slash; `pin_profile` is what new sites get, fixed for their life.

    `provisioning_kit_lifetime` is for how long a lock may prove a secret that was given out for it.
    """

    keys: Keyring
    passwords: PasswordHasher
    pin_profile: PasswordProfile
    mailer: Mailer
    public_url: str
    provisioning_kit_lifetime: timedelta = timedelta(hours=24)
    followers: Mapping[type, Sequence[Follower]] = field(default_factory=dict, repr=False)
    """By kind of fact: those of `domain.following`."""
    payload_makers: Mapping[EntryKind, PayloadMaker] = field(default_factory=dict, repr=False)
    """For the kinds of entries that hold something sealed; of the others the content is the payload."""
    standing_commands: CommandCheck = field(default=_not_wired, repr=False)
    seats_used: SeatCount = field(default=_not_wired, repr=False)
    together: Together = field(default_factory=Together, init=False, compare=False, repr=False)
    """What many locks ask at once: a change for a thousand of them wakes as many feeds."""
