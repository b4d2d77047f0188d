"""What a lock holds in place of a PIN and a card.

A lock's list is useless at another lock, because each digest is made with this lock's key. Digests of
two kinds are never equal: else a card's number could pass for a PIN. A SmartPIN has a tag of its own,
`smartpin.Codec.block_tag`.
"""

import hashlib
import hmac

from domain.link.keys import LinkKeys
from domain.security.keys import mac

DIGEST_BYTES = 32
VERIFIER_BYTES = 32
_CARD = b"latchwork/card-digest/v1"
CARD_UID_BYTES = range(4, 11)
"""The lengths of a card's UID (ISO/IEC 14443-3 section 6.5.4)."""


def pin_digest(keys: LinkKeys, verifier: bytes) -> bytes:
    """`HMAC-SHA256(digest key, verifier)` of the 32-byte argon2id verifier of a PIN.

    Raises ValueError for another length.
    """
    if len(verifier) != VERIFIER_BYTES:
        raise ValueError(f"a verifier has {VERIFIER_BYTES} bytes")
    return hmac.digest(keys.digest, verifier, hashlib.sha256)


def card_digest(keys: LinkKeys, uid: bytes) -> bytes:
    """The digest of an NFC card's UID, 4 to 10 bytes (ISO/IEC 14443-3 section 6.5.4).

    What is hashed is longer than a verifier, so it never equals a PIN's. Raises ValueError for another length.
    """
    if len(uid) not in CARD_UID_BYTES:
        raise ValueError("a card UID has 4 to 10 bytes")
    return mac(keys.digest, _CARD, uid)
