"""What a lock says of its firmware when it connects: the version of the link, and what it reads besides.

Locks in the field may be years older than the server. So each says what it can read, and is given nothing else: with a
field that it does not know it would refuse every delivery. A lock that says nothing is of version 1 and reads nothing
besides, as are all that were made before there was anything to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from domain.link.wire import identifier, integer, items

LINK_VERSION = 1
"""The version of the envelope, the only one that there is."""
MAX_READS = 32
_MAX_VERSION = 2**31 - 1


class UnknownLinkVersion(ValueError):
    """A lock speaks a version of the link that this server does not."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What the firmware of a lock reads."""

    version: int = LINK_VERSION
    reads: tuple[str, ...] = ()
    """Names, sorted, each once. Those that the server does not know are kept: it may be the older one."""

    @classmethod
    def read(cls, said: Mapping[str, object]) -> Self:
        """From `connection_init.lock`. Raises Malformed and UnknownLinkVersion, before the lock has proven anything."""
        version = integer(said.get("link", LINK_VERSION), "lock.link", 1, _MAX_VERSION)
        if version != LINK_VERSION:
            raise UnknownLinkVersion(
                f"This server speaks version {LINK_VERSION} of the link, and no other."
            )
        names = items(said.get("reads", []), "lock.reads", MAX_READS)
        reads = {identifier(name, "lock.reads") for name in names}
        return cls(version, tuple(sorted(reads)))

    def to_payload(self) -> dict[str, object]:
        """What a lock adds to its proof to say this."""
        return {"link": self.version, "reads": list(self.reads)}


SILENT = Claim()
"""What holds for a lock that says nothing of its firmware."""
