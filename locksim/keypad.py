"""The keypad: which keys there are, and what has been typed so far.

Digits typed stay in RAM, are never shown or logged, and are gone after Enter, Cancel or some
seconds of silence, so that nobody inherits half an entry. The dangerous mistake is an entry that
is cut to fit: a PIN with something before or behind it is another entry, and a wrong one.
"""

from enum import StrEnum

IDLE_MS = 10_000
"""Milliseconds after the last key at which an unfinished entry is dropped."""
MAX_TYPED = 16
"""Digits that are kept; what is longer than any credential stays wrong however long it gets."""


class Key(StrEnum):
    """The keys, by what is printed on them."""

    ZERO = "0"
    ONE = "1"
    TWO = "2"
    THREE = "3"
    FOUR = "4"
    FIVE = "5"
    SIX = "6"
    SEVEN = "7"
    EIGHT = "8"
    NINE = "9"
    BACKSPACE = "BACKSPACE"
    CANCEL = "CANCEL"
    ENTER = "ENTER"


_COMMANDS = frozenset({Key.BACKSPACE, Key.CANCEL, Key.ENTER})


class Keypad:
    """The keys pressed since the last entry."""

    def __init__(self) -> None:
        self._typed = ""
        self._touched_ms = 0
        self.began_ms = 0
        """The uptime of the first digit of the entry, or of the last one finished."""

    @property
    def length(self) -> int:
        """How many digits stand in the entry."""
        return len(self._typed)

    @property
    def expires_ms(self) -> int | None:
        """The uptime at which an unfinished entry is dropped, or None if nothing is typed."""
        return self._touched_ms + IDLE_MS if self._typed else None

    def press(self, key: Key, uptime_ms: int) -> str | None:
        """The finished entry on Enter, or None: no entry, or an empty one, which is none."""
        self.tick(uptime_ms)
        self._touched_ms = uptime_ms
        if key not in _COMMANDS:
            if not self._typed:
                self.began_ms = uptime_ms
            self._typed = (self._typed + key.value)[:MAX_TYPED]
        elif key is Key.BACKSPACE:
            self._typed = self._typed[:-1]
        elif key is Key.CANCEL:
            self._typed = ""
        else:
            entry, self._typed = self._typed, ""
            return entry or None
        return None

    def tick(self, uptime_ms: int) -> bool:
        """Drop an entry that was left unfinished; whether there was one."""
        if self.expires_ms is None or uptime_ms < self.expires_ms:
            return False
        self._typed = ""
        return True
