"""Tokens: strings that give access by themselves, recognisable before anything is looked up.

An API token, a session or a mailed link is 256 random bits, so that nobody guesses it; a prefix tells people and secret
scanners what it is, a checksum tells a typing error from a wrong token without a query. The checksum proves nothing else.
Comparing takes a time that does not depend on the content.
"""

import hmac
import re
import secrets
import zlib

from domain.security import base64url
from domain.security.keys import KeyLabel, Keyring

_TOKEN_BYTES = 32
_CHECK_LENGTH = 6
_PREFIX = re.compile(r"[a-z]{2,12}")
_DERIVED_PURPOSE = b"derived-token/v1"


def new_token(prefix: str) -> str:
    """A random token: `<prefix>_`, 256 bits as 43 base64url symbols, 6 symbols of CRC-32.

    `prefix` is 2 to 12 lower-case letters without the underscore; anything else is a `ValueError`.
    Store its `Keyring.tag`, never the token.
    """
    return _format(prefix, secrets.token_bytes(_TOKEN_BYTES))


def well_formed(token: str, prefix: str) -> bool:
    """Whether the text has this prefix, the right length and a right checksum.

    True says nothing about whether such a token was ever given out.
    """
    head = _checked_prefix(prefix) + "_"
    checked, check = token[:-_CHECK_LENGTH], token[-_CHECK_LENGTH:]
    if not checked.startswith(head):
        return False
    try:
        body = base64url.decode(checked[len(head) :])
    except ValueError:
        return False
    return len(body) == _TOKEN_BYTES and check == _checksum(checked)


def derived_token(keyring: Keyring, prefix: str, *parts: str | bytes) -> str:
    """The token of these parts under the current key: the same every time, so that a retry of a
    one-time exchange gets the token it lost. Looks like `new_token`.

    Without the keyring nobody can make it, even knowing the parts or other derived tokens.
    """
    return _derived(keyring, keyring.current_id, prefix, parts)


def derived_token_key(keyring: Keyring, token: str, prefix: str, *parts: str | bytes) -> str | None:
    """The id of the key under which the token is that of the parts; None if it is so under none of the keyring.

    Compares against every key in constant time, so time tells nothing of content or key.
    """
    given = token.encode("utf-8", "surrogatepass")
    found = None
    for key_id in keyring.ids:
        expected = _derived(keyring, key_id, prefix, parts).encode("ascii")
        if hmac.compare_digest(given, expected):
            found = key_id
    return found


def _derived(keyring: Keyring, key_id: str, prefix: str, parts: tuple[str | bytes, ...]) -> str:
    body = keyring.mac(KeyLabel.TOKENS, _DERIVED_PURPOSE, prefix, *parts, key_id=key_id)
    return _format(prefix, body)


def _format(prefix: str, body: bytes) -> str:
    text = f"{_checked_prefix(prefix)}_{base64url.encode(body)}"
    return text + _checksum(text)


def _checksum(text: str) -> str:
    return base64url.encode(zlib.crc32(text.encode("ascii")).to_bytes(4, "big"))


def _checked_prefix(prefix: str) -> str:
    if not _PREFIX.fullmatch(prefix):
        raise ValueError("a token prefix is 2 to 12 lower-case letters, without the underscore")
    return prefix
