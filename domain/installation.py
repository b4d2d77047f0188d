"""What one running Latchwork stands on, made once and handed to every use case.

A value, not a service locator: it holds the application secret, the password hasher, the mailer and the address under
which the world reaches this installation, and nothing that changes but who waits for the password hasher.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from domain.mailers import Mailer
from domain.security.keys import Keyring
from domain.security.passwords import PasswordHasher, PasswordProfile

DELIVERIES_AT_ONCE = 16

Follower = Callable[..., Awaitable[None]]
"""Called with the installation, the change or transaction, the fact, and the moment (`domain.facts.announce`)."""


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
    delivering: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(DELIVERIES_AT_ONCE), compare=False, repr=False
    )
    """Turns for cutting deliveries: a change for a thousand locks wakes as many feeds, and others use the database too."""
