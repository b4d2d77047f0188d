"""E-mail addresses: only those that every mail program reads as the same address are accepted."""

import re

from domain.errors import InvalidInput

LONGEST_EMAIL = 254
"""RFC 5321, 4.5.3.1.3, without the brackets."""
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ADDRESS = re.compile(
    rf"(?=.{{1,64}}@)(?!.*=\?){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+", re.ASCII
)
"""A dot-atom (RFC 5322, 3.2.3) of at most 64 characters at a host name of two labels or more (RFC 1123, 2.1).

What mail allows besides (quotes, comments, address literals) is read in different ways by different programs, so that a
letter could go to another address than the one that was checked; so is what looks like an encoded word (RFC 2047).
International domains are given in their ASCII form.
"""


def checked_email(text: str, field: str = "email") -> str:
    """The address in lower case. Raises InvalidInput for all but a dot-atom at a plain domain, in ASCII."""
    given = text.strip()
    address = (
        given.lower()
    )  # `isascii` is asked of the text as given: some letters become ASCII only here
    if not given.isascii() or len(address) > LONGEST_EMAIL or not _ADDRESS.fullmatch(address):
        raise InvalidInput(field, "Give an e-mail address, such as anna@example.com.")
    return address
