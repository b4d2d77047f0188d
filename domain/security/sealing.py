"""Sealing: what the server must read again, unreadable and unmovable in the database.

Why: a PIN's verifier or an invitation's code lies in a row that whoever reads or writes the
database can copy. A mistake is dangerous when a sealed value opens under an identity it was not
made for: a row copied over another would then open another's doors.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.security.keys import KeyLabel, Keyring, UnknownKey

_VERSION = b"\x01"
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HEADER_BYTES = len(_VERSION) + _KEY_ID_BYTES


class SealBroken(Exception):
    """The sealed value was changed, moved from another identity, or sealed under no known key."""


def seal(keyring: Keyring, plaintext: bytes, identity: str) -> bytes:
    """AES-256-GCM under the current sealing key with a random 96-bit nonce.

    Layout: version (1 byte), key id (4), nonce (12), ciphertext with its 16-byte tag. Header and
    identity are authenticated as associated data. `identity` names the row and column, as
    `pin:<id>:verifier`. Claim: only `open_sealed` with the same identity gives the plaintext back.
    NIST SP 800-38D section 8.3 limits random nonces to 2^32 seals under one key.
    """
    header = _VERSION + bytes.fromhex(keyring.current_id)
    nonce = os.urandom(_NONCE_BYTES)
    cipher = AESGCM(keyring.key(KeyLabel.SEALING))
    return header + nonce + cipher.encrypt(nonce, plaintext, _associated(header, identity))


def open_sealed(keyring: Keyring, sealed: bytes, identity: str) -> bytes:
    """The plaintext that was sealed for this identity, under any key of the keyring.

    Raises `SealBroken`, the same for every cause.
    """
    if len(sealed) < _HEADER_BYTES + _NONCE_BYTES + _TAG_BYTES or sealed[:1] != _VERSION:
        raise SealBroken("a sealed value does not open")
    header = sealed[:_HEADER_BYTES]
    nonce = sealed[_HEADER_BYTES : _HEADER_BYTES + _NONCE_BYTES]
    try:
        cipher = AESGCM(keyring.key(KeyLabel.SEALING, header[1:].hex()))
        return cipher.decrypt(
            nonce, sealed[_HEADER_BYTES + _NONCE_BYTES :], _associated(header, identity)
        )
    except (InvalidTag, UnknownKey):
        raise SealBroken("a sealed value does not open") from None


def _associated(header: bytes, identity: str) -> bytes:
    """The header has a fixed length, so header and identity cannot run into each other."""
    return header + identity.encode("utf-8")
