"""The shape of a PIN's digits: what a lock can check without knowing any other PIN.

The site's policy (lengths, blocklist) is the server's; these rules hold at the door as well, for a
short PIN that a guest sets. Digits have one spelling: a full-width or Arabic-Indic digit is refused,
not converted, and `0042` stays apart from `42`.
"""

from itertools import pairwise

SHORTEST = 4
"""Digits of the shortest PIN that a keypad takes."""
LONGEST = 9
"""Digits of the longest PIN that a keypad takes; one more is a SmartPIN."""
SMARTPIN_LENGTH = 10
"""Digits of a SmartPIN."""

_ASCII_DIGITS = frozenset("0123456789")


class NotDigits(ValueError):
    """The text holds something else than ASCII digits, or nothing."""


def parse_digits(text: str) -> str:
    """The digits of a PIN as typed, unchanged: no spaces, no separators, leading zeros kept.

    Raises NotDigits, without quoting the text.
    """
    if not text or not _ASCII_DIGITS.issuperset(text):
        raise NotDigits("a PIN consists of the digits 0 to 9")
    return text


def is_single_digit(digits: str) -> bool:
    """Whether one digit is repeated throughout, as in `7777`."""
    return len(set(digits)) == 1


def is_run(digits: str) -> bool:
    """Whether each digit is one above, or each one below, the digit before: `3456`, `8765`.

    A run does not pass from 9 to 0. A single digit is no run.
    """
    steps = {ord(right) - ord(left) for left, right in pairwise(digits)}
    return steps in ({1}, {-1})
