"""The arguments by which lists are narrowed, spelled alike wherever they appear."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from domain.schedules.states import CredentialState


def only(text: str) -> Any:
    """The description of a filter: "Only those ..."."""
    return strawberry.argument(description=f"Only those {text}.")


Search = Annotated[
    str | None, strawberry.argument(description="Only names that hold these words, in any case.")
]
AtLock = Annotated[strawberry.ID | None, only("of this lock")]
OfMember = Annotated[strawberry.ID | None, only("of this member")]
AtLocks = Annotated[list[strawberry.ID] | None, only("of these locks, at most 100")]
OfMembers = Annotated[list[strawberry.ID] | None, only("of these members, at most 100")]
InStates = Annotated[
    list[CredentialState] | None, only("in these states; omitted: all but REMOVED ones")
]


def _moment(name: str, text: str) -> Any:
    description = f"Only those {text}."
    return Annotated[datetime | None, strawberry.argument(name=name, description=description)]


HappenedFrom = _moment("from", "at this moment or later")
HappenedTo = _moment("to", "before this moment")
OpenFrom = _moment("openFrom", "that end after this moment")
OpenTo = _moment("openTo", "that begin before this moment")
