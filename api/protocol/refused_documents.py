"""Documents that were refused, so that each is parsed and validated once, and the error found again by its hash.

An error that may quote a value of the document, or is long, is not kept: it could hold a secret, and strangers fill this.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from graphql import GraphQLError
from graphql.language import SourceLocation

from api.protocol.masking import PARSE_FAILED, PublicError


@dataclass(frozen=True, slots=True)
class _Refusal:
    """An error without what it was found in: a GraphQLError holds the whole document."""

    message: str
    locations: list[SourceLocation] | None
    extensions: dict[str, Any] = field(default_factory=dict)

    def error(self) -> PublicError:
        error = PublicError(self.message, **{"code": PARSE_FAILED, **self.extensions})
        error.locations = self.locations
        return error


class RefusedDocuments:
    """What was answered to refused documents, least recently used first out; `entries` of them, in `longest` characters.

    The errors are those of the parser, which have no code, and `PublicError`.
    """

    def __init__(self, *, entries: int = 1_024, longest: int = 300) -> None:
        self._entries = entries
        self._longest = longest
        self._kept: OrderedDict[bytes, _Refusal] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, text: str) -> PublicError | None:
        """The error to answer again, if the document of this text is known to be bad."""
        if not self._kept:
            return None
        key = _key(text)
        refusal = self._kept.get(key)
        if refusal is None:
            return None
        self._kept.move_to_end(key)
        return refusal.error()

    def keep(self, text: str, error: GraphQLError) -> None:
        """Remember what is wrong with the document of this text."""
        if len(error.message) > self._longest or '"' in error.message:
            return
        self._kept[_key(text)] = _Refusal(error.message, error.locations, error.extensions or {})
        while len(self._kept) > self._entries:
            self._kept.popitem(last=False)


def _key(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()
