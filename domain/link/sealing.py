"""The envelope of every message between server and lock.

Phones and hubs carry these messages; they must neither read nor change them, nor pass one kind for
another, one lock's for another's, or those of an old incarnation for the present one's. An envelope
opens only where it was made for. It does not promise to be new: nonces, revisions and command ids
inside the body see to that.
"""

import os
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAX_BODY_BYTES = 700 * 1024
"""In base64 and a GraphQL answer it stays below the 1 MiB that websocket clients take unasked."""
MAX_EPOCH = 2**63 - 1
_VERSION = 1
_EPOCH_BYTES = 8
_HEADER_BYTES = 2 + _EPOCH_BYTES
_NONCE_BYTES = 12
_TAG_BYTES = 16
ENVELOPE_BYTES = _HEADER_BYTES + _NONCE_BYTES + _TAG_BYTES
"""What an envelope is longer than its body."""
_CONTEXT = b"latchwork/message/v1"


class MessageKind(StrEnum):
    """What an envelope carries; its place in the clear header is `_WIRE_TAGS`."""

    DELIVERY = "DELIVERY"
    UNLOCK_COMMAND = "UNLOCK_COMMAND"
    SEALED_TIME = "SEALED_TIME"
    LEASE = "LEASE"
    BUNDLE = "BUNDLE"
    RECEIPT = "RECEIPT"


# Append only: a number that was once given keeps its meaning.
_WIRE_TAGS = {
    MessageKind.DELIVERY: 1,
    MessageKind.UNLOCK_COMMAND: 2,
    MessageKind.SEALED_TIME: 3,
    MessageKind.LEASE: 4,
    MessageKind.BUNDLE: 5,
    MessageKind.RECEIPT: 6,
}


class Unreadable(Exception):
    """The envelope was not sealed with this key for this kind, lock and incarnation, or changed."""


class MessageTooLarge(ValueError):
    """The body exceeds `MAX_BODY_BYTES`: cut the delivery smaller."""


def seal_message(
    key: bytes, kind: MessageKind, lock_id: str, incarnation: str, epoch: int, body: bytes
) -> bytes:
    """The body under AES-256-GCM with a random nonce.

    Layout: version (1 byte), kind (1), epoch (8, big-endian), all in clear; nonce (12); ciphertext
    with its 16-byte tag. The associated data names version, kind, epoch, lock and incarnation.
    Raises MessageTooLarge above `MAX_BODY_BYTES` and ValueError for an epoch that is negative
    or above 2^63-1.
    """
    if len(body) > MAX_BODY_BYTES:
        raise MessageTooLarge(f"a message has at most {MAX_BODY_BYTES} bytes")
    if not 0 <= epoch <= MAX_EPOCH:
        raise ValueError("the epoch is out of range")
    header = bytes([_VERSION, _WIRE_TAGS[kind]]) + epoch.to_bytes(_EPOCH_BYTES, "big")
    nonce = os.urandom(_NONCE_BYTES)
    associated = _associated(header, lock_id, incarnation)
    return header + nonce + AESGCM(key).encrypt(nonce, body, associated)


def unseal_message(
    key: bytes, kind: MessageKind, lock_id: str, incarnation: str, sealed: bytes
) -> tuple[int, bytes]:
    """The epoch and the body of an envelope of this kind for this lock and incarnation.

    Raises Unreadable, the same for every cause. What to do with another epoch than one's own is
    the reader's question; that the sender wrote this one is proven.
    """
    if not ENVELOPE_BYTES <= len(sealed) <= ENVELOPE_BYTES + MAX_BODY_BYTES:
        raise Unreadable("a message does not open")
    header, rest = sealed[:_HEADER_BYTES], sealed[_HEADER_BYTES:]
    if header[:2] != bytes([_VERSION, _WIRE_TAGS[kind]]):
        raise Unreadable("a message does not open")
    try:
        body = AESGCM(key).decrypt(
            rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], _associated(header, lock_id, incarnation)
        )
    except InvalidTag:
        raise Unreadable("a message does not open") from None
    return int.from_bytes(header[2:], "big"), body


def _associated(header: bytes, lock_id: str, incarnation: str) -> bytes:
    """A fixed context and header, then each name behind its length: no two cases look alike."""
    names = b"".join(
        len(name).to_bytes(4, "big") + name
        for name in (lock_id.encode("utf-8"), incarnation.encode("utf-8"))
    )
    return _CONTEXT + header + names
