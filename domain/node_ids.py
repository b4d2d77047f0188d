"""Ids as they are outside the database: `lock_0192f0c1…`, a kind and a key in 32 hexadecimal digits.

One spelling for the API, for the lock link's proofs and envelopes, and for events, so that a lock needs to know one name.
"""

import re
from uuid import UUID

_FORM = re.compile(r"([a-z]+(?:_[a-z]+)*)_([0-9a-f]{32})", re.ASCII)


def node_id(kind: str, key: UUID) -> str:
    """The name of a thing; `kind` is lower snake case, such as `lock` or `access_rule`."""
    return f"{kind}_{key.hex}"


def read_node_id(kind: str, text: str) -> UUID | None:
    """The key in a name of this kind; None for any other text."""
    match = _FORM.fullmatch(text)
    return UUID(match[2]) if match is not None and match[1] == kind else None


def kind_of(text: str) -> str | None:
    """The kind that a name claims; None for what is no name."""
    match = _FORM.fullmatch(text)
    return match[1] if match is not None else None
