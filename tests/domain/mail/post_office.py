"""A mailer that takes, refuses, fails or is killed, and the posting of letters to it."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.actors import COMMAND_LINE, ActorKind, Caller, Role, Standing
from domain.database import transaction, use_case
from domain.installation import Installation
from domain.letters.letter import Letter
from domain.letters.mailers import NeverSent, NotSentNow
from domain.mail.outbox import post

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Killed(BaseException):
    """What ends a process in the middle: nobody catches it."""


class PostOffice:
    """Keeps what it takes, with the ids. `killed_after` takes the letter and is then gone before it can say so; what it
    `breaks_on` raises what nobody expects.
    """

    def __init__(self) -> None:
        self.taken: list[tuple[UUID, Letter]] = []
        self.tried = 0
        self.down = False
        self.killed_after = False
        self.refused: set[str] = set()
        self.breaks_on: set[str] = set()

    async def send(self, letter: Letter, letter_id: UUID, written_at: datetime) -> None:
        self.tried += 1
        await asyncio.sleep(0)
        if self.down:
            raise NotSentNow("ConnectionRefusedError")
        if letter.to in self.refused:
            raise NeverSent
        if letter.to in self.breaks_on:
            raise ValueError(f"cannot encode {letter.to}")
        self.taken.append((letter_id, letter))
        if self.killed_after:
            raise Killed

    @property
    def recipients(self) -> list[str]:
        """To whom letters went, in order."""
        return [letter.to for _, letter in self.taken]


def a_letter(to: str = "ada@example.com") -> Letter:
    return Letter(to, "Hello", ["A secret of hers: swordfish."])


@use_case
async def posted(
    installation: Installation,
    letter: Letter,
    by: Caller = COMMAND_LINE,
    *,
    now: datetime = NOW,
    **more: Any,
) -> None:
    """A letter that waits from `now` on."""
    async with transaction():
        await post(installation, by, letter, now=now, **more)


def admin_of(site_id: UUID, actor_id: UUID) -> Caller:
    return Caller(ActorKind.ACCOUNT, actor_id, Standing(site_id, Role.OWNER, True, None))
