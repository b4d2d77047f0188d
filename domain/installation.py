"""What one running Latchwork stands on, made once and handed to every use case.

A value, not a service locator: it holds the application secret, the password hasher, the mailer and the address under
which the world reaches this installation, and nothing that changes.
"""

from dataclasses import dataclass

from domain.mail import Mailer
from domain.security.keys import Keyring
from domain.security.passwords import PasswordHasher, PasswordProfile


@dataclass(frozen=True)
class Installation:
    """`public_url` has no trailing slash; `pin_profile` is what new sites get, fixed for their life."""

    keys: Keyring
    passwords: PasswordHasher
    pin_profile: PasswordProfile
    mailer: Mailer
    public_url: str
