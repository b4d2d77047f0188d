"""Facts: what a lower floor says has happened, within its transaction, to the floors above that asked for it.

A noun never calls one that stands above it. It announces a fact, and those that follow it write what follows before the
commit, in the order in which `domain.following` names them. A fact holds ids alone: whoever follows reads the rows.
"""

from dataclasses import dataclass
from datetime import datetime

from domain.audit.service import RecordedChange
from domain.database import Transaction
from domain.installation import Installation


@dataclass(frozen=True, slots=True)
class Fact:
    """What all facts are."""


class NobodyWasAsked(RuntimeError):
    """A fact for which nothing is wired, not even that nobody follows it."""


async def announce(
    installation: Installation, change: RecordedChange | Transaction, fact: Fact, now: datetime
) -> None:
    """Within a transaction: everybody who follows facts of this kind writes what follows from it.

    Raises whatever a follower raises, which refuses the whole change; NobodyWasAsked for a kind that is not wired.
    """
    try:
        followers = installation.followers[type(fact)]
    except KeyError:
        raise NobodyWasAsked(type(fact).__name__) from None
    for follow in followers:
        await follow(installation, change, fact, now)
