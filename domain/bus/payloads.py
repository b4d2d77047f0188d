"""How topics are written into the messages of a bus between processes: one a line, many in a message."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

TOPIC = re.compile(r"[A-Za-z0-9_.:/-]{1,150}(#[A-Za-z0-9-]{1,50})?")
EVERYBODY: Final = "*"
"""In place of topics: something may have been missed, all look again. No topic is spelt so."""


def topic_and_part(topic: str) -> tuple[str, str]:
    """The topic that is listened to, and which part of the thing was changed; "" for all of it."""
    whole, _, part = topic.partition("#")
    return whole, part


def checked(topics: Iterable[str]) -> list[str]:
    """The topics without repetitions, in order. Raises `ValueError` for one that is not a short
    plain id.
    """
    unique = list(dict.fromkeys(topics))
    for topic in unique:
        if not TOPIC.fullmatch(topic):
            raise ValueError(f"not a topic: {topic[:50]!r}")
    return unique


def payloads(topics: Iterable[str], at_most_bytes: int) -> Iterator[str]:
    """Topics packed into as few payloads of at most so many bytes as fit."""
    packed: list[str] = []
    size = 0
    for topic in topics:
        if packed and size + len(topic) + 1 > at_most_bytes:
            yield "\n".join(packed)
            packed, size = [], 0
        packed.append(topic)
        size += len(topic) + 1
    if packed:
        yield "\n".join(packed)


def topics_in(payload: str) -> list[str]:
    """The topics of one payload."""
    return payload.split("\n")
