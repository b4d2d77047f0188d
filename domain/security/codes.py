"""Codes that people read out, type and photograph: Crockford's base32, forgiving when read back.

An invitation code goes over the telephone, so confusions are forgiven, but only with letters that Crockford's alphabet
leaves unused: two codes that were read as one would give a guest another's doors. Codes are long enough that nobody
guesses one, since throttling cannot slow a guess that is right.
"""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no I, L, O (read as 1, 1, 0) and no U (refused)."""
INVITATION_CODE_LENGTH = 13
_MAX_TYPED_LENGTH = 100

_READ_AS = {
    **{symbol: symbol for symbol in ALPHABET},
    **{symbol.lower(): symbol for symbol in ALPHABET},
    **dict.fromkeys("Oo", "0"),
    **dict.fromkeys("IiLl", "1"),
}
# ASCII hyphen, then the dashes that word processors and messengers put in its place.
_HYPHENS = frozenset("-\u2010\u2011\u2012\u2013\u2014\u2212\u00ad")


def new_invitation_code() -> str:
    """A random code of 13 symbols (65 bits), as it is stored and tagged; see `display_code`."""
    return random_symbols(INVITATION_CODE_LENGTH)


def normalise_code(text: str) -> str | None:
    """The 13 symbols that the text means, or None if it cannot be an invitation code.

    Case, white space and hyphens do not count; `O` is read as 0, `I` and `L` as 1.
    """
    return read_symbols(text, INVITATION_CODE_LENGTH)


def display_code(code: str) -> str:
    """A stored invitation code in groups for people: `K7Q9-M2XA-4T8RB`.

    Raises `ValueError`, without the text, if it is not a normalised code.
    """
    if normalise_code(code) != code:
        raise ValueError("not a normalised invitation code")
    return f"{code[:4]}-{code[4:8]}-{code[8:]}"


def random_symbols(count: int) -> str:
    """`count` random symbols of the alphabet, 5 bits each."""
    return "".join(secrets.choice(ALPHABET) for _ in range(count))


def read_symbols(text: str, count: int) -> str | None:
    """Exactly `count` symbols, read forgivingly as in `normalise_code`, or None."""
    if len(text) > _MAX_TYPED_LENGTH:
        return None
    symbols: list[str] = []
    for character in text:
        if character in _HYPHENS or character.isspace():
            continue
        symbol = _READ_AS.get(character)
        if symbol is None:
            return None
        symbols.append(symbol)
    return "".join(symbols) if len(symbols) == count else None
