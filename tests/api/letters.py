"""The letters that the server of a test has sent: files in its mail folder."""

import asyncio
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from tests.serving import Served


def text_of(letter: EmailMessage) -> str:
    """Its plain text."""
    part = letter.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


class Letters:
    """Reads each letter once, oldest first."""

    def __init__(self, served: Served) -> None:
        self._folder = served.folder.parent / "mail"
        self._read: set[Path] = set()

    def new(self) -> list[EmailMessage]:
        """The letters that came since the last look."""
        found = [path for path in sorted(self._folder.glob("*.eml")) if path not in self._read]
        letters = []
        for path in found:
            letter = message_from_bytes(path.read_bytes(), policy=policy.default)
            self._read.add(path)
            letters.append(letter)
        return letters

    async def link_to(self, address: str) -> str:
        """What stands behind # in the next letter to this address. Waits for it, ten seconds at most."""
        for _ in range(500):
            for letter in self.new():
                found = re.search(r"#(lwl_\S+)", text_of(letter))
                if letter["To"] == address and found:
                    return found[1]
            await asyncio.sleep(0.02)
        raise TimeoutError(f"no letter to {address}")

    async def count(self, number: int) -> list[EmailMessage]:
        """The next so many letters, ten seconds at most."""
        letters: list[EmailMessage] = []
        for _ in range(500):
            letters += self.new()
            if len(letters) >= number:
                return letters
            await asyncio.sleep(0.02)
        raise TimeoutError(f"{len(letters)} letters, not {number}")
