"""A second implementation of the lock's end of the link, plain and short.

It is written from `docs/lock.md` and imports nothing of ours, so that what is written there, what the vectors say and
what the product does cannot part unnoticed. Only AES-GCM, ES256 and Argon2 come from a library.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KINDS = {
    "DELIVERY": 1,
    "UNLOCK_COMMAND": 2,
    "SEALED_TIME": 3,
    "LEASE": 4,
    "BUNDLE": 5,
    "RECEIPT": 6,
}
KEYS = {4: "lease", 6: "receipt"}
"""The key of each kind, where it is not the key of bundles."""
Json = dict[str, Any]


# ---- section 2: keys -----------------------------------------------------------------------------


def key(secret: bytes, info: str) -> bytes:
    """HKDF-SHA256 without salt, 32 bytes: two HMACs."""
    prk = hmac.digest(bytes(32), secret, "sha256")
    return hmac.digest(prk, info.encode() + b"\x01", "sha256")


# ---- section 3: writing --------------------------------------------------------------------------


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


# ---- section 4: the proof ------------------------------------------------------------------------


def proof(secret: bytes, lock_id: str, challenge: str, jti: str) -> str:
    head = {"alg": "HS256", "typ": "JWT"}
    claims = {"sub": lock_id, "aud": "lock-link", "nonce": challenge, "jti": jti}
    signed = ".".join(
        base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (head, claims)
    )
    link = key(secret, "latchwork/lock-link/v1")
    return f"{signed}.{base64url(hmac.digest(link, signed.encode(), 'sha256'))}"


# ---- section 5: the envelope ---------------------------------------------------------------------


def associated(header: bytes, lock_id: str, incarnation: str) -> bytes:
    names = b"".join(
        len(name.encode()).to_bytes(4, "big") + name.encode() for name in (lock_id, incarnation)
    )
    return b"latchwork/message/v1" + header + names


def seal(
    secret: bytes, kind: int, lock_id: str, incarnation: str, epoch: int, nonce: bytes, body: bytes
) -> bytes:
    header = bytes([1, kind]) + epoch.to_bytes(8, "big")
    cipher = AESGCM(key(secret, f"latchwork/{KEYS.get(kind, 'bundle')}/v1"))
    return header + nonce + cipher.encrypt(nonce, body, associated(header, lock_id, incarnation))


def unseal(
    secret: bytes, kind: int, lock_id: str, incarnation: str, sealed: bytes
) -> tuple[int, bytes] | None:
    """The epoch and the body; None for what does not open."""
    if len(sealed) < 38 or sealed[:2] != bytes([1, kind]):
        return None
    header, nonce, rest = sealed[:10], sealed[10:22], sealed[22:]
    cipher = AESGCM(key(secret, f"latchwork/{KEYS.get(kind, 'bundle')}/v1"))
    try:
        body = cipher.decrypt(nonce, rest, associated(header, lock_id, incarnation))
    except InvalidTag:
        return None
    return int.from_bytes(header[2:], "big"), body


# ---- sections 6 and 7: entries, deliveries, the sum ----------------------------------------------


def verifier(digits: str, salt: bytes, profile: Mapping[str, int]) -> bytes:
    return Argon2id(
        salt=salt,
        length=32,
        iterations=profile["timeCost"],
        lanes=profile["parallelism"],
        memory_cost=profile["memoryKib"],
    ).derive(digits.encode("ascii"))


def pin_digest(secret: bytes, pin_verifier: bytes) -> bytes:
    return hmac.digest(key(secret, "latchwork/digest/v1"), pin_verifier, "sha256")


def card_digest(secret: bytes, uid: bytes) -> bytes:
    parts = (b"latchwork/card-digest/v1", uid)
    data = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hmac.digest(key(secret, "latchwork/digest/v1"), data, "sha256")


def state_sum(entries: Mapping[str, Json]) -> str:
    total = 0
    for name, entry in entries.items():
        payload = hashlib.sha256(canonical(entry["payload"])).digest()
        data = len(name).to_bytes(8, "big") + name.encode()
        data += entry["version"].to_bytes(8, "big") + payload
        total += int.from_bytes(hashlib.sha256(data).digest(), "big")
    return f"{total % 2**256:064x}"


class Lock:
    """What a lock holds: epoch, applied revision, entries, and the parts of a snapshot so far."""

    def __init__(self) -> None:
        self.epoch = self.applied = 0
        self.entries: dict[str, Json] = {}
        self.parts: dict[int, list[Json]] = {}
        self.parts_of = (0, 0, 0)
        """Epoch, revision and number of parts of the snapshot that is being gathered."""

    def apply(self, epoch: int, body: Json) -> None:
        """One delivery that opened and is well formed."""
        to = body["toRevision"]
        if not body["snapshot"]:
            if epoch == self.epoch and body["fromRevision"] <= self.applied < to:
                for entry in body["entries"]:
                    self.entries.pop(entry["id"], None)
                    if entry["payload"] is not None:
                        self.entries[entry["id"]] = entry
                self.applied = to
                if self.parts_of[:2] <= (epoch, to):
                    self.parts, self.parts_of = {}, (0, 0, 0)
            return
        if (epoch, to) <= (self.epoch, self.applied) or (epoch, to) < self.parts_of[:2]:
            return
        if self.parts_of != (epoch, to, body["parts"]):
            self.parts, self.parts_of = {}, (epoch, to, body["parts"])
        self.parts[body["part"]] = body["entries"]
        if len(self.parts) == body["parts"]:
            self.entries = {e["id"]: e for part in sorted(self.parts) for e in self.parts[part]}
            self.epoch, self.applied = epoch, to
            self.parts, self.parts_of = {}, (0, 0, 0)


# ---- section 18: phones --------------------------------------------------------------------------


def behind_lengths(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def hello(secret: bytes, body: Json) -> bytes:
    data = canonical(body)
    link = key(secret, "latchwork/lock-link/v1")
    tag = hmac.digest(link, behind_lengths(b"latchwork/hello/v1", data), "sha256")
    return b"\x01" + tag + data


def opening(lock_id: str, nonce: str) -> bytes:
    return behind_lengths(b"latchwork/opening/v1", lock_id.encode(), nonce.encode())


class PhoneKey:
    """A phone's key, from its secret number; its signatures are those of RFC 6979."""

    def __init__(self, number: int) -> None:
        self._key = ec.derive_private_key(number, ec.SECP256R1())
        self.point = self._key.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )

    @property
    def thumbprint(self) -> bytes:
        x, y = base64url(self.point[1:33]), base64url(self.point[33:])
        return hashlib.sha256(canonical({"crv": "P-256", "kty": "EC", "x": x, "y": y})).digest()

    def sign(self, message: bytes) -> bytes:
        signature = self._key.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True))
        return b"".join(each.to_bytes(32, "big") for each in decode_dss_signature(signature))
