"""What a lock remembers of SmartPINs by itself: those used here, their short PINs, those blocked at its keypad.

A lock has no list of codes: it decrypts them. This is what it has to remember all the same. It is
the lock's own, outside the sum and untouched by snapshots, and holds tags and digests, never
digits. A block is kept until its window ends; a try for a short PIN is never given back, since a
refusal tells that some PIN has these digits, and an accepted one that none has.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from locksim.clock import moment
from smartpin import LockTime, Reading, reading_at, survives_activation

MAX_USED = 1000
"""Used SmartPINs remembered at a time; beyond that one opens, and cannot get a short PIN."""
MAX_BLOCKS = 1000
"""Blocks made at the keypad at a time."""
SHORT_PIN_TRIES = 3
"""Tries for a short PIN of one SmartPIN in its whole life, accepted or refused."""


@dataclass(frozen=True, slots=True)
class UsedSmartPin:
    """A SmartPIN that has opened this lock."""

    indexes: tuple[tuple[int, int], ...]
    """The readings that opened, as (code epoch, index)."""
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
        found = (reading_at(epoch, index) for epoch, index in self.indexes)
        return (reading for reading in found if reading is not None)


@dataclass(frozen=True)
class SmartPinMemory:
    """All SmartPINs that the lock remembers, by the name that lock and server have for them."""

    used: Mapping[str, UsedSmartPin] = field(default_factory=dict)
    blocks: Mapping[str, int] = field(default_factory=dict)
    """Blocked at the keypad: until when (Unix, ms)."""

    def with_use(self, name: str, readings: Iterable[Reading], now_ms: int) -> Self:
        """After an opening by these readings. Unchanged when there is no room for another."""
        smartpin = self.used.get(name)
        if smartpin is None and len(self.used) >= MAX_USED:
            return self
        smartpin = smartpin or UsedSmartPin((), now_ms)
        opened = ((reading.window.code_epoch, reading.index) for reading in readings)
        return self._with(
            name, replace(smartpin, indexes=tuple(dict.fromkeys((*smartpin.indexes, *opened))))
        )

    def has_tries(self, name: str) -> bool:
        """Whether a short PIN may still be tried."""
        smartpin = self.used.get(name)
        return smartpin is not None and smartpin.tries < SHORT_PIN_TRIES

    def with_try(self, name: str) -> Self:
        """With one more try for a short PIN; written before the digits are looked at."""
        smartpin = self.used[name]
        return self._with(name, replace(smartpin, tries=smartpin.tries + 1))

    def with_short_pin(self, name: str, short_pin: bytes) -> Self:
        """With this short PIN in place of any before; its try stays counted."""
        return self._with(name, replace(self.used[name], short_pin=short_pin))

    def owner_of(self, short_pin: bytes) -> tuple[str, UsedSmartPin] | None:
        """Whose short PIN has this digest."""
        for name, smartpin in self.used.items():
            if smartpin.short_pin == short_pin:
                return name, smartpin
        return None

    def without_short_pins(self, names: Iterable[str]) -> Self:
        """After the short PINs of these SmartPINs were dropped."""
        dropped = {name: replace(self.used[name], short_pin=None) for name in names}
        return replace(self, used={**self.used, **dropped})

    def with_block(self, name: str, until_ms: int) -> Self | None:
        """With the SmartPIN blocked and its short PIN gone for good; None when there is no room."""
        if name not in self.blocks and len(self.blocks) >= MAX_BLOCKS:
            return None
        until_ms = max(until_ms, self.blocks.get(name, until_ms))
        memory = self.without_short_pins([name] if name in self.used else [])
        return replace(memory, blocks={**self.blocks, name: until_ms})

    def pruned(self, now: datetime, now_ms: int, lock_time: LockTime) -> Self:
        """Without what has ended."""
        used = {
            name: smartpin
            for name, smartpin in self.used.items()
            if not smartpin.ended(now, lock_time)
        }
        blocks = {name: until for name, until in self.blocks.items() if until > now_ms}
        if len(used) == len(self.used) and len(blocks) == len(self.blocks):
            return self
        return replace(self, used=used, blocks=blocks)

    def _with(self, name: str, smartpin: UsedSmartPin) -> Self:
        return replace(self, used={**self.used, name: smartpin})

    def to_json(self) -> dict[str, object]:
        """As it lies on the disk."""
        return {
            "guests": [
                {
                    "name": name,
                    "slots": smartpin.indexes,
                    "firstUsedMs": smartpin.first_used_ms,
                    "tries": smartpin.tries,
                    "shortPin": smartpin.short_pin and smartpin.short_pin.hex(),
                }
                for name, smartpin in self.used.items()
            ],
            "blocks": [[name, until] for name, until in self.blocks.items()],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """What `to_json` wrote. Raises ValueError, LookupError or TypeError for anything else."""
        used = {
            each["name"]: UsedSmartPin(
                indexes=tuple((epoch, index) for epoch, index in each["slots"]),
                first_used_ms=each["firstUsedMs"],
                tries=each["tries"],
                short_pin=each["shortPin"] and bytes.fromhex(each["shortPin"]),
            )
            for each in value["guests"]
        }
        return cls(used=used, blocks=dict(value["blocks"]))
