"""Partial updates: every one takes a mapping of the fields that were given, by their names in Python.

What was left out is not in it and keeps its value; None is in it and clears. If a None were dropped on the way, the
caller would believe that a value was cleared which is still there.
"""

from collections.abc import Mapping
from typing import Any

from domain.errors import InvalidInput

Fields = Mapping[str, Any]


def check_not_cleared(fields: Fields, *names: str, inside: str = "") -> None:
    """Raises InvalidInput where one of these is None: there must always be a value.

    `inside` names the input in which they are, if it is one within another.
    """
    for name in names:
        if name in fields and fields[name] is None:
            raise InvalidInput(
                f"{inside}.{name}" if inside else name,
                "This cannot be cleared: leave it out, or give a value.",
            )
