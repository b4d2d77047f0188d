"""An installation for use cases without a server: keys, a hasher that counts, letters kept in memory."""

import secrets
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import pytest

from domain.following import wired
from domain.installation import Installation
from domain.letters.letter import Letter
from domain.security.keys import Keyring
from tests.domain.people.counting import CHEAP, CountingHasher


class Outbox:
    """A mailer that keeps what it is given."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    async def send(self, letter: Letter, letter_id: UUID, written_at: datetime) -> None:
        self.letters.append(letter)


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def installation(outbox: Outbox) -> Iterator[Installation]:
    hasher = CountingHasher()
    keys = Keyring.from_secret(secrets.token_bytes(32))
    yield wired(Installation(keys, hasher, CHEAP, outbox, "https://doors.example"))
    hasher.close()
