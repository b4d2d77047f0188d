"""What a lock keeps of SmartPINs by itself: who has used one, their short PINs, and what was blocked at its keypad.

Codes are not listed at a lock; this is what it has to remember all the same. It is the lock's own,
outside the sum and untouched by snapshots, and holds tags and digests, never digits. The dangerous
mistakes: a block that is forgotten before its window ends, and a try for a short PIN that is given
back: a refusal tells that some PIN has these digits, and an accepted one that none has.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from locksim.clock import moment
from smartpin import LockTime, Reading, reading_at, survives_activation

MOST_GUESTS = 1000
"""Used SmartPINs remembered at a time; beyond that one opens, and cannot get a short PIN."""
MOST_BLOCKS = 1000
"""Blocks made at the keypad at a time."""
SHORT_PIN_TRIES = 3
"""Tries for a short PIN of one SmartPIN in its whole life, accepted or refused."""


@dataclass(frozen=True, slots=True)
class Guest:
    """A SmartPIN that has opened this lock."""

    readings: tuple[tuple[int, int], ...]
    """The readings that opened, as (epoch, index)."""
    first_used_ms: int
    """Trusted time (Unix, ms) at which it opened first."""
    tries: int = 0
    """Tries for a short PIN so far, accepted or refused."""
    short_pin: bytes | None = field(default=None, repr=False)
    """The digest of its short PIN under the lock's key, as of a PIN."""

    def opens(self, now: datetime, lock_time: LockTime, *, activation: bool) -> bool:
        """Whether its window is open, and it is alive if codes need to be activated."""
        return any(
            lock_time.is_open(reading.window, now)
            and (
                not activation
                or survives_activation(
                    reading.window,
                    first_used=moment(self.first_used_ms),
                    now=now,
                    lock_time=lock_time,
                )
            )
            for reading in self._readings()
        )

    def ended(self, now: datetime, lock_time: LockTime) -> bool:
        """Whether it opens at no later moment either."""
        return all(lock_time.closes(reading.window) <= now for reading in self._readings())

    def _readings(self) -> Iterable[Reading]:
        found = (reading_at(epoch, index) for epoch, index in self.readings)
        return (reading for reading in found if reading is not None)


@dataclass(frozen=True)
class GuestBook:
    """All SmartPINs that the lock remembers, by the name that lock and server have for them."""

    guests: Mapping[str, Guest] = field(default_factory=dict)
    blocks: Mapping[str, int] = field(default_factory=dict)
    """Blocked at the keypad: until when (Unix, ms)."""

    def used(self, name: str, readings: Iterable[Reading], now_ms: int) -> Self:
        """After an opening by these readings. Unchanged when there is no room for another guest."""
        guest = self.guests.get(name)
        if guest is None and len(self.guests) >= MOST_GUESTS:
            return self
        guest = guest or Guest((), now_ms)
        opened = ((reading.window.code_epoch, reading.index) for reading in readings)
        return self._with(
            name, replace(guest, readings=tuple(dict.fromkeys((*guest.readings, *opened))))
        )

    def tries_left(self, name: str) -> bool:
        """Whether a short PIN may still be tried."""
        guest = self.guests.get(name)
        return guest is not None and guest.tries < SHORT_PIN_TRIES

    def charged(self, name: str) -> Self:
        """With one try for a short PIN used up; written before the try is looked at."""
        guest = self.guests[name]
        return self._with(name, replace(guest, tries=guest.tries + 1))

    def accepted(self, name: str, short_pin: bytes) -> Self:
        """With this short PIN in place of any before; its try stays charged."""
        return self._with(name, replace(self.guests[name], short_pin=short_pin))

    def guest_of(self, short_pin: bytes) -> tuple[str, Guest] | None:
        """Whose short PIN has this digest."""
        for name, guest in self.guests.items():
            if guest.short_pin == short_pin:
                return name, guest
        return None

    def without_short_pins(self, names: Iterable[str]) -> Self:
        """After the short PINs of these SmartPINs were dropped."""
        dropped = {name: replace(self.guests[name], short_pin=None) for name in names}
        return replace(self, guests={**self.guests, **dropped})

    def blocked(self, name: str, until_ms: int) -> Self | None:
        """With the SmartPIN blocked, its short PIN gone for good; None when there is no room."""
        if name not in self.blocks and len(self.blocks) >= MOST_BLOCKS:
            return None
        until_ms = max(until_ms, self.blocks.get(name, until_ms))
        book = self.without_short_pins([name] if name in self.guests else [])
        return replace(book, blocks={**self.blocks, name: until_ms})

    def pruned(self, now: datetime, now_ms: int, lock_time: LockTime) -> Self:
        """Without what has ended."""
        guests = {
            name: guest for name, guest in self.guests.items() if not guest.ended(now, lock_time)
        }
        blocks = {name: until for name, until in self.blocks.items() if until > now_ms}
        if len(guests) == len(self.guests) and len(blocks) == len(self.blocks):
            return self
        return replace(self, guests=guests, blocks=blocks)

    def _with(self, name: str, guest: Guest) -> Self:
        return replace(self, guests={**self.guests, name: guest})

    def to_json(self) -> dict[str, object]:
        """As it lies on the disk."""
        return {
            "guests": [
                {
                    "name": name,
                    "slots": guest.readings,
                    "firstUsedMs": guest.first_used_ms,
                    "tries": guest.tries,
                    "shortPin": guest.short_pin and guest.short_pin.hex(),
                }
                for name, guest in self.guests.items()
            ],
            "blocks": [[name, until] for name, until in self.blocks.items()],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """What `to_json` wrote. Raises ValueError, LookupError or TypeError for anything else."""
        guests = {
            each["name"]: Guest(
                readings=tuple((epoch, index) for epoch, index in each["slots"]),
                first_used_ms=each["firstUsedMs"],
                tries=each["tries"],
                short_pin=each["shortPin"] and bytes.fromhex(each["shortPin"]),
            )
            for each in value["guests"]
        }
        return cls(guests=guests, blocks=dict(value["blocks"]))
