"""What one schema's documents are held against, and what is remembered of them: apart for strangers and known clients.

A stranger must not be able to push what known clients use out of the cache, nor run what was admitted for them; so each
kind of clients has limits, rules and memories of its own.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import DocumentNode, GraphQLSchema, validate

from api.protocol.buckets import Buckets, Spender
from api.protocol.caching import Documents
from api.protocol.limits import STRANGERS, Limits, too_complex
from api.protocol.masking import VALIDATION_FAILED, PublicError
from api.protocol.measuring import Measured, measured
from api.protocol.prices import Prices, with_all_lists
from api.protocol.refused_documents import RefusedDocuments
from api.protocol.renaming import Renamed
from api.protocol.requests import RequestRefused
from api.protocol.rules import rules
from api.protocol.shares import STRANGERS_SHARE, ShareLimits, Shares

REFUSALS_AT_ONCE: Final = 200
REFUSALS_PER_SECOND: Final = 2.0
_FLAT: Final = "The document does not match the schema"


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks, as far as shares and budgets go: an actor by its name or, if it is nobody we know, its network.

    `networks` are those that pay for a stranger's refused documents.
    """

    name: str
    is_known: bool
    networks: tuple[Spender, ...] = ()


ClientOf = Callable[[Any], Client | None]
"""The client of an operation's context; None for one that is known and has no share."""


class Admission:
    """What documents of one kind of clients may be, and those that were found to be it or not."""

    def __init__(
        self,
        limits: Limits,
        share: ShareLimits,
        valid: Documents,
        prices: Prices,
        renamed: Renamed,
    ) -> None:
        self.limits = limits
        self.share = share
        self.valid = valid
        self.refused = RefusedDocuments()
        self.rules = rules(limits.merging)
        self._given = prices
        self._renamed = renamed
        self._prices: Prices | None = None

    def examine(
        self, schema: GraphQLSchema, document: DocumentNode, *, development: bool
    ) -> tuple[list[PublicError], int]:
        """What is wrong with a parsed document, and what it costs if nothing is.

        Measuring is linear and comes before validation, which is not; what the schema's lists and prices come to is
        measured after it, when the answer can tell nothing new.
        """
        if error := measured(document, self.limits).error:
            return [error], 0
        errors = validate(
            schema,
            document,
            self.rules,
            max_errors=20 if development else 1,
            hide_suggestions=not development,
        )
        if errors:
            renamed = self._renamed.in_document(schema, document)
            if not development:
                return renamed[:1] or [flat()], 0
            told = [PublicError(e.message, code=VALIDATION_FAILED, nodes=e.nodes) for e in errors]
            return [*renamed, *told], 0
        priced = self._priced(schema, document)
        return ([priced.error] if priced.error else []), priced.cost

    def _priced(self, schema: GraphQLSchema, document: DocumentNode) -> Measured:
        if self._prices is None:
            self._prices = with_all_lists(self._given, schema, self.limits.list_size)
        return measured(document, self.limits, self._prices, schema)


class Guard:
    """The state behind `GuardedDocuments` that outlives an operation. One for each schema."""

    def __init__(
        self,
        *,
        development: bool,
        limits: Limits | None = None,
        strangers: Limits = STRANGERS,
        prices: Prices | None = None,
        renamed: Renamed | None = None,
        client_of: ClientOf = lambda context: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.development = development
        self.client_of = client_of
        self.shares = Shares()
        prices = prices or Prices()
        self.renamed = renamed or Renamed()
        self._known = Admission(
            limits or Limits(), ShareLimits(), Documents(), prices, self.renamed
        )
        self._strangers = Admission(
            strangers,
            STRANGERS_SHARE,
            Documents(entries=128, characters=32_768, largest=4_096),
            prices,
            self.renamed,
        )
        self._refusals = Buckets(REFUSALS_AT_ONCE, REFUSALS_PER_SECOND)
        self._clock = clock

    def admission(self, client: Client | None) -> Admission:
        """What holds for this client's documents."""
        return self._known if client is None or client.is_known else self._strangers

    def check_budget(self, client: Client | None) -> None:
        """Raises RequestRefused (429) for a stranger whose network has had too many documents refused.

        Only documents that are not known yet, to be good or bad, have to ask.
        """
        if client is None or client.is_known:
            return
        if self._refusals.is_empty(client.networks, self._clock()):
            raise RequestRefused(
                429,
                "THROTTLED",
                "Too many documents from this address were refused: wait a little.",
                {"retry-after": "1"},
                {"retryAfterSeconds": 1},
            )

    def note_refusal(self, client: Client | None) -> None:
        """Counts a refused document against a stranger's network."""
        if client is not None and not client.is_known:
            self._refusals.admit(client.networks, self._clock())

    def check_size(self, client: Client | None, size: int) -> None:
        """Raises RequestRefused (413) for a request that is longer than this client's may be."""
        limit = self.admission(client).limits.body
        if size > limit:
            raise RequestRefused(
                413, "BODY_TOO_LARGE", f"A request without sign-in has at most {limit} bytes."
            )


def flat() -> PublicError:
    """The one error, outside development, for whatever does not validate and was never called so."""
    return PublicError(_FLAT, code=VALIDATION_FAILED)


def too_many_values(variables: Mapping[str, Any] | None, limit: int) -> PublicError | None:
    """The error for variables that hold more values than this, whatever they are nested in; None if they do not."""
    left, waiting = limit, [variables]
    while waiting:
        each: Any = waiting.pop()
        inside = each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
        left -= len(inside)
        if left < 0:
            return too_complex("values", limit)
        waiting.extend(inside)
    return None
