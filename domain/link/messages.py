"""The bodies inside the envelopes.

What the server means and what the lock does must be the same, so each body is written here and read
here. None is understood in part: a delivery is read whole or refused whole, and a command with a
field too many is no command.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from domain.link.entries import Entry
from domain.link.nonces import MAX_DELIVERY_ENTRIES, NONCE_LIFETIME_SECONDS, well_formed_nonce
from domain.link.sealing import MAX_BODY_BYTES
from domain.link.wire import (
    Malformed,
    boolean,
    canonical,
    exact_fields,
    identifier,
    integer,
    items,
    read_object,
    text,
)

MAX_PARTS = 1000
MAX_REVISION = 2**31 - 1
"""Of revisions, and of epochs: where the numbers end in which a lock names its own to the server (GraphQL's Int)."""
MAX_UNIX_MS = 253_402_300_799_999
"""The last millisecond of the year 9999, beyond which a calendar ends."""
DELIVERY_FRAME_BYTES = 512
"""More than a delivery's other fields ever take."""
_DELIVERY_FIELDS = frozenset({"fromRevision", "toRevision", "snapshot", "part", "parts", "entries"})
_COMMAND_FIELDS = frozenset({"commandId", "nonce", "seconds", "releasesLockout", "opens"})
_TIME_FIELDS = frozenset({"nonce", "unixMs", "eventFloor"})


@dataclass(frozen=True)
class DeliveryBody:
    """The entries with revision in (from, to], or one part of a snapshot of all live entries.

    A snapshot has `from_revision` 0, and its parts, numbered 1 to `parts`, name the same
    `to_revision`; it is swapped in when all are there. Any other delivery is part 1 of 1.
    """

    from_revision: int
    to_revision: int
    snapshot: bool
    part: int
    parts: int
    entries: tuple[Entry, ...]

    def encode(self) -> bytes:
        """Canonical JSON. Raises Malformed for a body that `decode` would refuse."""
        data = canonical(self.to_wire())
        self.decode(data)
        return data

    def to_wire(self) -> dict[str, object]:
        """The fields as they are written."""
        return {
            "fromRevision": self.from_revision,
            "toRevision": self.to_revision,
            "snapshot": self.snapshot,
            "part": self.part,
            "parts": self.parts,
            "entries": [entry.to_wire() for entry in self.entries],
        }

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Raises Malformed, naming the field, also for entries that could not be applied."""
        return cls.from_wire(read_object(data, "delivery"))

    @classmethod
    def from_wire(cls, value: object) -> Self:
        """The same from the fields alone. Raises Malformed."""
        fields = exact_fields(value, "delivery", _DELIVERY_FIELDS)
        entries = items(fields["entries"], "delivery.entries", MAX_DELIVERY_ENTRIES)
        parts = integer(fields["parts"], "delivery.parts", 1, MAX_PARTS)
        body = cls(
            from_revision=integer(fields["fromRevision"], "delivery.fromRevision", 0, MAX_REVISION),
            to_revision=integer(fields["toRevision"], "delivery.toRevision", 1, MAX_REVISION),
            snapshot=boolean(fields["snapshot"], "delivery.snapshot"),
            part=integer(fields["part"], "delivery.part", 1, parts),
            parts=parts,
            entries=tuple(Entry.from_wire(entry) for entry in entries),
        )
        body._refuse_what_cannot_be_applied()
        return body

    def _refuse_what_cannot_be_applied(self) -> None:
        if len({entry.id for entry in self.entries}) != len(self.entries):
            raise Malformed("delivery.entries", "must name each entry once")
        if self.from_revision >= self.to_revision:
            raise Malformed("delivery.toRevision", "must be above fromRevision")
        if not self.snapshot and self.parts != 1:
            raise Malformed("delivery.parts", "must be 1, unless it is a snapshot")
        if self.snapshot and self.from_revision != 0:
            raise Malformed("delivery.fromRevision", "must be 0 for a snapshot")
        if self.snapshot and any(entry.payload is None for entry in self.entries):
            raise Malformed("delivery.entries", "must be live in a snapshot")


def entries_that_fit(entries: Sequence[Entry], space: int = MAX_BODY_BYTES) -> int:
    """How many of the first entries one delivery, or part of a snapshot, may carry in so many bytes.

    Bounded in number too; at least one entry always fits into a whole body, so cutting comes to an end.
    """
    space -= DELIVERY_FRAME_BYTES
    for count, entry in enumerate(entries[:MAX_DELIVERY_ENTRIES]):
        space -= len(canonical(entry.to_wire())) + 1
        if space < 0:
            return count
    return min(len(entries), MAX_DELIVERY_ENTRIES)


@dataclass(frozen=True)
class UnlockCommandBody:
    """A command to open, to release a lockout, or both."""

    command_id: str
    """The lock carries out a command of one id once."""
    nonce: str = field(repr=False)
    """One of the lock's newest two."""
    seconds: int
    """The deadline, counted in the lock's uptime from the nonce's making; 1 to 60."""
    releases_lockout: bool
    opens: bool
    """True in every command of today's server; a later one may only release a lockout (docs/lock.md, section 8)."""

    def encode(self) -> bytes:
        """Canonical JSON. Raises Malformed for a body that `decode` would refuse."""
        data = canonical(
            {
                "commandId": self.command_id,
                "nonce": self.nonce,
                "seconds": self.seconds,
                "releasesLockout": self.releases_lockout,
                "opens": self.opens,
            }
        )
        self.decode(data)
        return data

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Raises Malformed, naming the field."""
        fields = exact_fields(read_object(data, "command"), "command", _COMMAND_FIELDS)
        body = cls(
            command_id=identifier(fields["commandId"], "command.commandId"),
            nonce=nonce_in(fields, "command"),
            seconds=integer(fields["seconds"], "command.seconds", 1, NONCE_LIFETIME_SECONDS),
            releases_lockout=boolean(fields["releasesLockout"], "command.releasesLockout"),
            opens=boolean(fields["opens"], "command.opens"),
        )
        if not (body.releases_lockout or body.opens):
            raise Malformed("command.opens", "must be true, unless a lockout is released")
        return body


@dataclass(frozen=True)
class SealedTimeBody:
    """The time, believed because it carries a nonce that the lock made within the last minute."""

    nonce: str = field(repr=False)
    unix_ms: int
    """Milliseconds since 1970-01-01T00:00Z."""
    event_floor: int
    """The last event sequence, of the lock's present state id, that the server has; 0 says nothing.

    It is 0 on a socket, where the answer to each report says it. For messages that a phone carries.
    """

    def encode(self) -> bytes:
        """Canonical JSON. Raises Malformed for a body that `decode` would refuse."""
        data = canonical(
            {"nonce": self.nonce, "unixMs": self.unix_ms, "eventFloor": self.event_floor}
        )
        self.decode(data)
        return data

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Raises Malformed, naming the field."""
        fields = exact_fields(read_object(data, "time"), "time", _TIME_FIELDS)
        return cls(
            nonce=nonce_in(fields, "time"),
            unix_ms=integer(fields["unixMs"], "time.unixMs", 0, MAX_UNIX_MS),
            event_floor=integer(fields["eventFloor"], "time.eventFloor", 0),
        )


def nonce_in(fields: Mapping[str, object], body: str) -> str:
    """The nonce among the fields of a body. Raises Malformed."""
    nonce = text(fields["nonce"], f"{body}.nonce")
    if not well_formed_nonce(nonce):
        raise Malformed(f"{body}.nonce", "must be 32 bytes in base64url")
    return nonce
