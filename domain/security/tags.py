"""Keyed tags: look a secret up, or prove two equal, without keeping it.

Why: the database must find an invitation by its code and refuse a PIN that is taken, while someone
who reads the database alone must not be able to try guesses. A mistake is dangerous in two ways:
an encoding in which two different lists of parts look the same makes two secrets collide, and a
tag made without the key makes every short secret readable.
"""

import hashlib
import hmac

from domain.security import base64url
from domain.security.keys import KeyLabel, Keyring

_TAG_PURPOSE = b"tag/v1"


def mac(key: bytes, *parts: str | bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104) over the parts, 32 bytes.

    Each part is preceded by its length in bytes (8 bytes, big-endian), so two different lists of
    parts never give the same input. Text counts as its UTF-8 bytes: `"a"` and `b"a"` are the same
    part.
    """
    state = hmac.new(key, digestmod=hashlib.sha256)
    for part in parts:
        # surrogatepass: an unpaired surrogate must not raise an error that quotes the secret.
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "big"))
        state.update(data)
    return state.digest()


def keyed_tag(
    keyring: Keyring, label: KeyLabel, *parts: str | bytes, key_id: str | None = None
) -> str:
    """The tag of the parts, as `<key id>:<base64url>`, under the current key or the named one.

    Equal parts give equal tags under one key; without the key nothing about the parts follows from
    the tag. Raises `UnknownKey` if the keyring has no key of that id.
    """
    chosen = keyring.current_id if key_id is None else key_id
    digest = mac(keyring.key(label, chosen), _TAG_PURPOSE, *parts)
    return f"{chosen}:{base64url.encode(digest)}"


def candidate_tags(keyring: Keyring, label: KeyLabel, *parts: str | bytes) -> list[str]:
    """The tags that a row may carry while keys rotate: one for each key, the current one first."""
    return [keyed_tag(keyring, label, *parts, key_id=key_id) for key_id in keyring.ids]
