"""Which passwords people may choose.

Length and a blocklist stop guessing; rules about symbols and capitals only make passwords that look alike (NIST SP
800-63B section 5.1.1.2 forbids them). In doubt a password is refused, which only sends people to a better one, while one
among the first hundred guesses would be found.
"""

import re
from enum import StrEnum
from functools import cache
from importlib import resources
from itertools import pairwise

from domain.security.passwords import MAX_PASSWORD_BYTES, normalise_password

MIN_LENGTH_WITH_SECOND_FACTOR = 8
MIN_LENGTH_ALONE = 15
MIN_PIECES = 5
"""Characters and guessable pieces that a password needs; each piece counts as one character."""
MIN_RUN = 3
MIN_CONTEXT_WORD = 4
_LEETSPEAK = str.maketrans("013457@$!", "oieastasi")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_KEY_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl;", "zxcvbnm,./", "abcdefghijklmnopqrstuvwxyz")
_NEIGHBOURS = frozenset(
    first + second
    for row in _KEY_ROWS
    for way in (row + row[0], row[0] + row[::-1])
    for first, second in pairwise(way)
)


class PasswordProblem(StrEnum):
    """Why a password is refused; the caller asks for another."""

    NOT_TEXT = "NOT_TEXT"
    """It holds half a character (an unpaired surrogate), which no keyboard types."""
    TOO_SHORT = "TOO_SHORT"
    TOO_LONG = "TOO_LONG"
    COMMON = "COMMON"
    """It consists of listed words, years, runs and repetitions, and little else."""
    NAMES_CONTEXT = "NAMES_CONTEXT"
    """It does, when the person's own words, such as their address, are listed too."""


def minimum_length(*, second_factor: bool) -> int:
    """Characters that a password needs: 8 beside a second factor, 15 alone."""
    return MIN_LENGTH_WITH_SECOND_FACTOR if second_factor else MIN_LENGTH_ALONE


def check_password(
    password: str, *, second_factor: bool, context: tuple[str, ...]
) -> PasswordProblem | None:
    """The first problem of a password that someone chooses, or None if it is good.

    Length counts code points after normalisation; the most is 1024 bytes. `context` holds what
    anyone would guess first of this person, such as the e-mail address.
    """
    # Counted before normalising too, which costs time in proportion to the length.
    if len(password) > MAX_PASSWORD_BYTES:
        return PasswordProblem.TOO_LONG
    normal = normalise_password(password)
    if any("\ud800" <= character <= "\udfff" for character in normal):
        return PasswordProblem.NOT_TEXT
    if len(normal.encode("utf-8")) > MAX_PASSWORD_BYTES:
        return PasswordProblem.TOO_LONG
    if len(normal) < minimum_length(second_factor=second_factor):
        return PasswordProblem.TOO_SHORT
    return _guessable(normal.casefold(), context)


def _guessable(folded: str, context: tuple[str, ...]) -> PasswordProblem | None:
    listed = _blocklist()
    if _pieces(folded, listed) < MIN_PIECES:
        return PasswordProblem.COMMON
    if _pieces(folded, listed | _words_of(context)) < MIN_PIECES:
        return PasswordProblem.NAMES_CONTEXT
    return None


def _pieces(text: str, words: frozenset[str]) -> int:
    """The fewest pieces that make up the text.

    A piece is one character, a word of the list (in leetspeak too), a year, or a run of three or
    more equal or neighbouring characters. Repeating the whole text counts as one piece more.
    """
    shortest = text[: (text + text).index(text, 1)]
    plain = shortest.translate(_LEETSPEAK)
    longest = max(map(len, words))
    fewest = [0]
    run_start = 0
    for end in range(1, len(shortest) + 1):
        step = shortest[max(end - 2, 0) : end]
        if step not in _NEIGHBOURS and step[0] != step[-1]:
            run_start = end - 1
        best = fewest[end - 1] + 1
        for start in {run_start, *range(max(0, end - longest), end - 1)}:
            if (
                (start >= run_start and end - start >= MIN_RUN)
                or shortest[start:end] in words
                or plain[start:end] in words
                or _YEAR.fullmatch(shortest, start, end)
            ):
                best = min(best, fewest[start] + 1)
        fewest.append(best)
    return fewest[-1] + (len(shortest) < len(text))


def _words_of(context: tuple[str, ...]) -> frozenset[str]:
    """Each fact folded: whole, its sides of an `@`, and its parts between other signs."""
    words: set[str] = set()
    for fact in context:
        folded = normalise_password(fact).casefold()
        sides = {re.sub(r"[\W_]+", "", side) for side in (folded, *folded.split("@"))}
        words |= {folded, *sides, *re.split(r"[\W_]+", folded)}
    return frozenset(word for word in words if len(word) >= MIN_CONTEXT_WORD)


@cache
def _blocklist() -> frozenset[str]:
    text = resources.files(__package__).joinpath("blocklist.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))
