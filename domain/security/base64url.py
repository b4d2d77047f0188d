"""Bytes as text: base64url without padding (RFC 4648, section 5), with one spelling for each value.

If two texts stood for the same bytes, what is compared, signed or accepted once as text could be used twice.
"""

import base64


def encode(data: bytes) -> str:
    """The one spelling of these bytes."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """The bytes. Raises `ValueError`, which does not quote the text, unless it is their one spelling:
    no padding, no other alphabet, no spare bits set.
    """
    try:
        data = base64.urlsafe_b64decode(text + "==")
    except ValueError:
        data = None
    if data is None or encode(data) != text:
        raise ValueError("not base64url without padding")
    return data
