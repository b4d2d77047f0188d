"""What the tests of this room share: fixed keyrings, so that vectors stay vectors."""

import pytest

from domain.security.keys import Keyring

OLD_SECRET = bytes(range(32))
NEW_SECRET = bytes(range(32, 64))


@pytest.fixture
def old_keyring() -> Keyring:
    """The keyring before a rotation."""
    return Keyring.from_secret(OLD_SECRET)


@pytest.fixture
def rotating_keyring() -> Keyring:
    """The keyring during it: writes with the new secret, reads the old one's work."""
    return Keyring.from_secret(NEW_SECRET, OLD_SECRET)


@pytest.fixture
def new_keyring() -> Keyring:
    """The keyring after it: the old secret is gone."""
    return Keyring.from_secret(NEW_SECRET)
