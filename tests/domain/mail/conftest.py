"""An installation whose mail server does as a test tells it, and letters to post."""

import secrets
from collections.abc import Iterator

import pytest

from domain.following import wired
from domain.installation import Installation
from domain.security.keys import Keyring
from domain.security.passwords import PasswordHasher
from tests.domain.mail.post_office import PostOffice
from tests.domain.people.counting import CHEAP


@pytest.fixture
def office() -> PostOffice:
    return PostOffice()


@pytest.fixture
def installation(office: PostOffice) -> Iterator[Installation]:
    hasher = PasswordHasher(CHEAP)
    keys = Keyring.from_secret(secrets.token_bytes(32))
    yield wired(Installation(keys, hasher, CHEAP, office, "https://doors.example"))
    hasher.close()
