"""JSON objects in which each name stands once, as signed tokens must be (RFC 7515, section 4; RFC 7519, section 4).

A name given twice could be read one way by the signer and another way here.
"""

import json
from collections.abc import Sequence


class NameTwice(ValueError):
    """A name stands twice in an object, or in one within it. The message quotes nothing."""


def read_object(data: bytes) -> dict[str, object]:
    """The object that this JSON is. Raises NameTwice, ValueError for anything else, RecursionError."""

    def once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
        read = dict(pairs)
        if len(read) < len(pairs):
            raise NameTwice("a name stands in it twice")
        return read

    found = json.loads(data, object_pairs_hook=once)
    if not isinstance(found, dict):
        raise ValueError("no JSON object")
    return found
