"""The arguments by which lists are narrowed, spelled alike wherever they appear."""

from datetime import datetime
from typing import Annotated, Any

import strawberry


def only(text: str) -> Any:
    """The description of a filter: "Only those ..."."""
    return strawberry.argument(description=f"Only those {text}.")


Search = Annotated[
    str | None, strawberry.argument(description="Only names that hold these words, in any case.")
]
AtLock = Annotated[strawberry.ID | None, only("of this lock")]
OfMember = Annotated[strawberry.ID | None, only("of this member")]


def _moment(name: str, text: str) -> Any:
    description = f"Only those {text}."
    return Annotated[datetime | None, strawberry.argument(name=name, description=description)]


HappenedFrom = _moment("from", "at this moment or later")
HappenedTo = _moment("to", "before this moment")
OpenFrom = _moment("from", "that end after this moment")
OpenTo = _moment("to", "that begin before this moment")
