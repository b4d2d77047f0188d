"""What entries may need that not every lock reads, and what a lock without it is given instead.

One row a feature: what in an entry needs it, and what of the entry is left without it. What is left never opens more than
what was wanted: a lock that cannot hold a limit does not get the rest without the limit. A name never changes its meaning.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.link.entries import EntryKind


class Feature(StrEnum):
    """What a lock may say that it reads, besides what every lock of version 1 does."""

    PIN_MODE_BY_READER = "pin-mode-by-reader"
    """`SETTINGS` may name the keypads at which PIN mode is on (`pinReaders`)."""
    COURIER = "courier"
    """It says hello to phones, and takes leases and bundles from them. No entry needs it."""


Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Row:
    needed: Callable[[EntryKind, Payload], bool]
    without: Callable[[Payload], Payload]


def _without_pin_readers(payload: Payload) -> Payload:
    """Off at all keypads: a lock that knows one switch would open at those where PIN mode is to be off."""
    rest = {name: value for name, value in payload.items() if name != "pinReaders"}
    return {**rest, "pinEnabled": False}


_TABLE: Mapping[Feature, _Row] = {
    Feature.PIN_MODE_BY_READER: _Row(
        needed=lambda kind, payload: kind is EntryKind.SETTINGS and "pinReaders" in payload,
        without=_without_pin_readers,
    ),
}


def unread(kind: EntryKind, payload: Payload, reads: Collection[str]) -> list[Feature]:
    """What the entry needs that a lock does not read which reads these."""
    return [name for name, row in _TABLE.items() if name not in reads and row.needed(kind, payload)]


def fitted(kind: EntryKind, payload: Payload, reads: Collection[str]) -> Payload:
    """What a lock that reads these is given: the payload itself, or what of it opens nothing that was not wanted."""
    for name in unread(kind, payload, reads):
        payload = _TABLE[name].without(payload)
    return payload
