"""All that a lock must not forget, as one value that is written to disk at once.

Revisions, entries, counts, events and the clock mark change together or not at all: each step of the
firmware makes a new value, writes it, and only then acts. A part that was written apart from the
rest could be lost alone: a wrong entry forgotten, an opening without its event.

What is on the disk may have been written by earlier firmware. Its schedules may have times with
parts of a second, which deliveries have no more. They stay on the disk as they are, for the state's
sum is made of them, and are read as whole seconds (`as_read_today`): so a lock whose firmware is
renewed keeps opening, and is in step, until the server has sent the schedules anew.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import time
from typing import cast

import orjson

from domain.access.whole_seconds import whole
from domain.link.entries import Entry
from domain.link.events import LockEventBody
from locksim.lockout import KeypadTries
from locksim.signals import Acknowledgement
from locksim.smartpin_memory import SmartPinMemory

_VERSION = 2
_WITHOUT_SMARTPINS = 1
"""The version before SmartPINs: nothing is remembered of any."""


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
    """The state of one incarnation of a lock, from an empty disk to a factory reset."""

    state_id: str
    """Random, made with the empty disk: names the events that are numbered here."""
    incarnation: str
    epoch: int = 0
    """Of the newest snapshot: which life of the server's database it is from."""
    applied: int = 0
    """The revision up to which the lock has what the server has for it."""
    entries: Mapping[str, Entry] = field(default_factory=dict)
    gathering: Gathering | None = None
    last_ack: Acknowledgement | None = None
    tries: KeypadTries = field(default_factory=KeypadTries)
    smartpins: SmartPinMemory = field(default_factory=SmartPinMemory)
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
                "budget": asdict(self.tries),
                "guestBook": self.smartpins.to_json(),
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
            if value["version"] not in (_WITHOUT_SMARTPINS, _VERSION):
                raise StateUnreadable("the state on disk is of another version")
            return cls(
                state_id=value["stateId"],
                incarnation=value["incarnation"],
                epoch=value["epoch"],
                applied=value["applied"],
                entries={entry.id: entry for entry in _entries(value["entries"])},
                gathering=_gathering(value["gathering"]),
                last_ack=value["lastAck"] and Acknowledgement(*value["lastAck"]),
                tries=KeypadTries(**value["budget"]),
                smartpins=SmartPinMemory()
                if value["version"] == _WITHOUT_SMARTPINS
                else SmartPinMemory.from_json(value["guestBook"]),
                commands=tuple(value["commands"]),
                events=tuple(LockEventBody.from_report(event) for event in value["events"]),
                next_sequence=value["nextSequence"],
                unrecorded=value["unrecorded"],
                mark_ms=value["markMs"],
            )
        except (ValueError, LookupError, TypeError) as error:
            raise StateUnreadable("the state on disk cannot be read") from error


def _entries(value: object) -> tuple[Entry, ...]:
    return tuple(_entry(entry) for entry in cast("list[Mapping[str, object]]", value))


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


def _entry(value: Mapping[str, object]) -> Entry:
    """The entry as it was written. Raises Malformed, LookupError and TypeError."""
    payload = cast("dict[str, object] | None", value["payload"])
    read = as_read_today(payload)
    entry = Entry.from_wire({**value, "payload": read})
    return entry if read is payload else replace(entry, payload=payload)


def as_read_today(payload: dict[str, object] | None) -> dict[str, object] | None:
    """The payload with its slots in whole seconds; the same object where they are already."""
    schedules = payload.get("schedules") if payload else None
    if not isinstance(schedules, list) or not any(map(_has_parts, schedules)):
        return payload
    return {**cast("dict[str, object]", payload), "schedules": [_cut(each) for each in schedules]}


def _has_parts(schedule: Mapping[str, object]) -> bool:
    return any("." in str(schedule[bound]) for bound in ("slotStart", "slotEnd"))


def _cut(schedule: Mapping[str, object]) -> Mapping[str, object]:
    if not _has_parts(schedule):
        return schedule
    start, end = (
        time.fromisoformat(cast("str", schedule[bound])) for bound in ("slotStart", "slotEnd")
    )
    start, end = whole(start, end)
    return {**schedule, "slotStart": start.isoformat(), "slotEnd": end.isoformat()}
