"""The fields that an update's input gives. Those left out keep their value, so they must not reach the service at all."""

import dataclasses
from typing import Any

import strawberry

from api.schema.nodes import keys_of


def given_fields(input: Any, but: str = "") -> dict[str, Any]:
    """The fields by their names, null among the values, all but `but`; ids of members, locks and tags are read.

    Raises NotFound.
    """
    given = {
        each.name: getattr(input, each.name)
        for each in dataclasses.fields(input)
        if each.name != but and getattr(input, each.name) is not strawberry.UNSET
    }
    for field, kind in (("member_ids", "member"), ("lock_ids", "lock"), ("lock_tag_ids", "tag")):
        if field in given:
            given[field] = keys_of(kind, given[field], field)
    return given
