"""Facts: what has happened, as a lower room announces it within its transaction to the rooms above that follow it.

A room never calls one above it. It announces a fact, and the fact's followers do their part before the commit, in the
order in which `domain.following` names them. A fact holds ids alone: followers read the rows.
"""

from dataclasses import dataclass
from datetime import datetime

from domain.audit.service import RecordedChange
from domain.database import Transaction
from domain.installation import Installation


@dataclass(frozen=True, slots=True)
class Fact:
    """The base of all facts."""


class FactNotWired(RuntimeError):
    """A kind of fact that `domain.following` does not name, not even with an empty list of followers."""


async def announce(
    installation: Installation, change: RecordedChange | Transaction, fact: Fact, now: datetime
) -> None:
    """Within a transaction: calls the followers of this kind of fact, in their order.

    Raises what a follower raises, which refuses the whole change, and FactNotWired.
    """
    try:
        followers = installation.followers[type(fact)]
    except KeyError:
        raise FactNotWired(type(fact).__name__) from None
    for follow in followers:
        await follow(installation, change, fact, now)
