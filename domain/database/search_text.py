"""Text as it is searched: what looks alike is alike, on either database.

Names come from keyboards that write an accent as a character of its own or as one with its letter, and databases differ in
what they take for the same letter in another case. So both what is searched and what is searched for is folded here.
"""

import unicodedata

_DOT_ABOVE, _DOTLESS = "\u0307", "\u0131"


def folded(text: str) -> str:
    """The text in the normal form NFKC and without case (Unicode 15, section 3.13, definition D147). The four letters i of
    Turkish are one: without case they are others than elsewhere, and not every keyboard has them.
    """
    caseless = unicodedata.normalize("NFKC", text).casefold()
    return (
        unicodedata.normalize("NFKC", caseless)
        .replace(f"i{_DOT_ABOVE}", "i")
        .replace(_DOTLESS, "i")
    )
