"""All that a lock must not forget, as one value that is written to disk at once.

Revisions, entries, counters, events and the clock mark change together or not at all: each step of
the firmware makes a new value, writes it, and only then acts. The dangerous mistake is a part that
is written apart from the rest: a wrong entry that is forgotten, an event without its opening.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import cast

import orjson

from domain.link.entries import Entry
from domain.link.events import LockEventBody
from locksim.earlier_entries import entry_from_disk
from locksim.guest_book import GuestBook
from locksim.lockout import GuessBudget
from locksim.signals import Acknowledgement

_VERSION = 2
_WITHOUT_GUESTS = 1
"""The version before SmartPINs: it has no guest book, and is read as one with an empty one."""


class StateUnreadable(Exception):
    """The disk holds something that is not a lock's state; the lock must not start with less."""


@dataclass(frozen=True)
class Gathering:
    """The parts of a snapshot that are here, until all are."""

    epoch: int
    to_revision: int
    parts: int
    gathered: Mapping[int, tuple[Entry, ...]]


@dataclass(frozen=True)
class LockState:
    """One life of a lock's disk, from empty to factory reset."""

    state_id: str
    """Random, made with the empty disk: names the events that are numbered here."""
    incarnation: str
    epoch: int = 0
    applied: int = 0
    """The revision up to which the lock has what the server wants."""
    entries: Mapping[str, Entry] = field(default_factory=dict)
    gathering: Gathering | None = None
    last_ack: Acknowledgement | None = None
    budget: GuessBudget = field(default_factory=GuessBudget)
    guest_book: GuestBook = field(default_factory=GuestBook)
    commands: tuple[str, ...] = ()
    """Ids of the newest commands carried out."""
    events: tuple[LockEventBody, ...] = ()
    """Those that the server has not acknowledged."""
    next_sequence: int = 1
    unrecorded: int = 0
    """Events that found the journal full."""
    mark_ms: int | None = None
    """The highest time believed (Unix, ms)."""

    def encode(self) -> bytes:
        """The state as JSON."""
        gathering = self.gathering
        return orjson.dumps(
            {
                "version": _VERSION,
                "stateId": self.state_id,
                "incarnation": self.incarnation,
                "epoch": self.epoch,
                "applied": self.applied,
                "entries": [entry.to_wire() for entry in self.entries.values()],
                "gathering": gathering
                and {
                    "epoch": gathering.epoch,
                    "to": gathering.to_revision,
                    "parts": gathering.parts,
                    "here": [
                        [part, [entry.to_wire() for entry in entries]]
                        for part, entries in gathering.gathered.items()
                    ],
                },
                "lastAck": self.last_ack and [self.last_ack.delivery_id, self.last_ack.state_sum],
                "budget": asdict(self.budget),
                "guestBook": self.guest_book.to_json(),
                "commands": self.commands,
                "events": [event.to_report() for event in self.events],
                "nextSequence": self.next_sequence,
                "unrecorded": self.unrecorded,
                "markMs": self.mark_ms,
            }
        )

    @classmethod
    def decode(cls, data: bytes) -> "LockState":
        """The state that was encoded. Raises StateUnreadable."""
        try:
            value = orjson.loads(data)
            if value["version"] not in (_WITHOUT_GUESTS, _VERSION):
                raise StateUnreadable("the state on disk is of another version")
            return cls(
                state_id=value["stateId"],
                incarnation=value["incarnation"],
                epoch=value["epoch"],
                applied=value["applied"],
                entries={entry.id: entry for entry in _entries(value["entries"])},
                gathering=_gathering(value["gathering"]),
                last_ack=value["lastAck"] and Acknowledgement(*value["lastAck"]),
                budget=GuessBudget(**value["budget"]),
                guest_book=GuestBook()
                if value["version"] == _WITHOUT_GUESTS
                else GuestBook.from_json(value["guestBook"]),
                commands=tuple(value["commands"]),
                events=tuple(LockEventBody.from_report(event) for event in value["events"]),
                next_sequence=value["nextSequence"],
                unrecorded=value["unrecorded"],
                mark_ms=value["markMs"],
            )
        except (ValueError, LookupError, TypeError) as error:
            raise StateUnreadable("the state on disk cannot be read") from error


def _entries(value: object) -> tuple[Entry, ...]:
    return tuple(entry_from_disk(entry) for entry in cast("list[Mapping[str, object]]", value))


def _gathering(value: Mapping[str, object] | None) -> Gathering | None:
    if value is None:
        return None
    gathered = cast("list[tuple[int, object]]", value["here"])
    return Gathering(
        epoch=cast("int", value["epoch"]),
        to_revision=cast("int", value["to"]),
        parts=cast("int", value["parts"]),
        gathered={part: _entries(entries) for part, entries in gathered},
    )
