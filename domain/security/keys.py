"""The application's keys: one secret outside the database, all keys derived from it, and what is done with them.

No hash protects a four-digit PIN from someone who has the database; only keys that are not in it do. Two things are done
with them. A *tag* finds a secret, or proves two equal, without keeping it: an invitation by its code, a PIN that is taken.
A *sealed* value is what the server must read again, such as a PIN's verifier: unreadable in the database, and no use when
its row is copied over another.
"""

import contextlib
import hashlib
import hmac
import os
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.security import base64url
from domain.security.whole_files import sync_folder, written_aside

MIN_SECRET_BYTES = 32
_KEY_BYTES = 32
_MAX_FILE_BYTES = 4096
_GROUP_AND_OTHERS = 0o077
_TAG_PURPOSE = b"tag/v1"
_SEAL_VERSION = b"\x01"
_SEAL_HEADER_BYTES = len(_SEAL_VERSION) + 4
_NONCE_BYTES = 12
_SEAL_TAG_BYTES = 16


class KeyLabel(StrEnum):
    """What a derived key is for; the value is part of the derivation and never changes."""

    PIN_INDEX = "latchwork/pin-index/v1"
    SEALING = "latchwork/sealing/v1"
    CODES = "latchwork/codes/v1"
    TOKENS = "latchwork/tokens/v1"
    AUDIT = "latchwork/audit/v1"
    CHECKPOINTS = "latchwork/checkpoints/v1"
    CHALLENGE = "latchwork/challenge/v1"


_ID_INFO = "latchwork/key-id/v1"


class KeyFileError(Exception):
    """The key file cannot be used; the message names the file, never its content."""


class InsecureKeyFile(KeyFileError):
    """The key file grants something to its group or to everyone; `chmod 600` mends it."""


class NoKeyFile(KeyFileError):
    """There is no key file."""


class InvalidSecret(ValueError):
    """The text is not a list of base64url secrets of 32 bytes or more; never quotes the text."""


class UnknownKey(LookupError):
    """The keyring has no key of this id: it was dropped too early, or the data is another's."""


class SealBroken(Exception):
    """The sealed value was changed, moved from another identity, or sealed under no known key."""


@dataclass(frozen=True)
class _Keys:
    """What a keyring holds at a moment."""

    ids: tuple[str, ...]
    by_label: Mapping[tuple[str, KeyLabel], bytes] = field(repr=False)


class Keyring:
    """The current secret's keys and those of other secrets, for the time of a rotation.

    The secrets themselves are not kept, only keys derived by HKDF-SHA256 (RFC 5869) without salt, one for each label;
    neither shows in `repr`, and a key id does not reveal its secret. A running process has one keyring for its life, whose
    content is replaced as a whole when the process learns of other keys (`take_over`).
    """

    def __init__(self, held: _Keys) -> None:
        self._held = held

    def __repr__(self) -> str:
        return f"Keyring(ids={self.ids})"

    @property
    def ids(self) -> tuple[str, ...]:
        """Key ids, the current one first; 8 hexadecimal characters each."""
        return self._held.ids

    @classmethod
    def from_secret(cls, secret: bytes, *previous: bytes) -> Self:
        """A keyring that writes with `secret` and still reads what `previous` ones wrote.

        Raises `InvalidSecret` if one is shorter than 32 bytes or given twice.
        """
        ids: list[str] = []
        keys: dict[tuple[str, KeyLabel], bytes] = {}
        for material in (secret, *previous):
            if len(material) < MIN_SECRET_BYTES:
                raise InvalidSecret(f"a secret needs at least {MIN_SECRET_BYTES} bytes")
            key_id = _derive(material, _ID_INFO, 4).hex()
            if key_id in ids:
                raise InvalidSecret("a secret is given twice")
            ids.append(key_id)
            for label in KeyLabel:
                keys[key_id, label] = _derive(material, label.value, _KEY_BYTES)
        return cls(_Keys(tuple(ids), MappingProxyType(keys)))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """A keyring from base64url secrets, separated by white space: the current, then previous.

        Raises `InvalidSecret`.
        """
        found = [_decode_secret(word) for word in text.split()]
        if not found:
            raise InvalidSecret("there is no secret")
        return cls.from_secret(*found)

    @classmethod
    def load_or_create(cls, path: Path) -> Self:
        """The keyring of a key file, which is made with a new random secret if there is none: for a new database only.

        The file appears whole (written aside, then linked into place, which never replaces a file)
        with mode 0600, so two processes that start at once, or a power cut, leave one secret.
        Raises `InsecureKeyFile` if group or others may do anything with the file, and
        `KeyFileError` if it holds no valid secret. The directory must exist.
        """
        with contextlib.suppress(NoKeyFile):
            return cls.load(path)
        _create_key_file(path)
        return cls.load(path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """The keyring of a key file. Raises `NoKeyFile`, `InsecureKeyFile`, `KeyFileError`, and `OSError` when it is
        there and cannot be read.
        """
        try:
            return cls._read(path)
        except FileNotFoundError:
            raise NoKeyFile(f"there is no file {path}") from None

    @classmethod
    def _read(cls, path: Path) -> Self:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & _GROUP_AND_OTHERS:
                raise InsecureKeyFile(
                    f"{path} has mode {mode & 0o777:04o}; it must be 0600 (chmod 600 {path})"
                )
            content = file.read(_MAX_FILE_BYTES + 1)
        if len(content) > _MAX_FILE_BYTES or not content.isascii():
            raise KeyFileError(f"{path} is not a key file")
        try:
            return cls.from_text(content.decode("ascii"))
        except InvalidSecret as error:
            raise KeyFileError(f"{path}: {error}") from None

    def arranged(self, front: str, without: Collection[str] = ()) -> Self:
        """A keyring with this key in front, and without those. Raises `UnknownKey` when it has no such front key."""
        ids, keys = self._held.ids, self._held.by_label
        if front not in ids or front in without:
            raise UnknownKey("the keyring has no key of this id")
        left = (front, *(each for each in ids if each != front and each not in without))
        return type(self)(
            _Keys(left, MappingProxyType({each: keys[each] for each in keys if each[0] in left}))
        )

    def take_over(self, other: Self) -> None:
        """From here on, whoever has this keyring has the keys of the other one, in its order."""
        self._held = other._held

    @property
    def current_id(self) -> str:
        """The id of the key that writers use."""
        return self.ids[0]

    def key(self, label: KeyLabel, key_id: str | None = None) -> bytes:
        """The 32-byte key of a label, of the current secret or the named one.

        Raises `UnknownKey`.
        """
        chosen = self.current_id if key_id is None else key_id
        try:
            return self._held.by_label[chosen, label]
        except KeyError:
            raise UnknownKey("the keyring has no key of this id") from None

    def mac(self, label: KeyLabel, *parts: str | bytes, key_id: str | None = None) -> bytes:
        """`mac` over the parts under the key of a label, of the current secret or the named one. Raises `UnknownKey`."""
        return mac(self.key(label, key_id), *parts)

    def tag(self, label: KeyLabel, *parts: str | bytes, key_id: str | None = None) -> str:
        """The tag of the parts, as `<key id>:<base64url>`, under the current key or the named one.

        Equal parts give equal tags under one key; without the key nothing about the parts follows from
        the tag. Raises `UnknownKey`.
        """
        chosen = self.current_id if key_id is None else key_id
        digest = self.mac(label, _TAG_PURPOSE, *parts, key_id=chosen)
        return f"{chosen}:{base64url.encode(digest)}"

    def candidate_tags(self, label: KeyLabel, *parts: str | bytes) -> list[str]:
        """The tags that a row may carry while keys rotate: one for each key, the current one first."""
        return [self.tag(label, *parts, key_id=key_id) for key_id in self.ids]

    def seal(self, plaintext: bytes, identity: str) -> bytes:
        """AES-256-GCM under the current sealing key with a random 96-bit nonce.

        Layout: version (1 byte), key id (4), nonce (12), ciphertext with its 16-byte tag. Header and
        identity are authenticated as associated data. `identity` names the row and column, as
        `pin:<id>:verifier`: only `open` with the same identity gives the plaintext back.
        NIST SP 800-38D section 8.3 limits random nonces to 2^32 seals under one key.
        """
        key_id = self.current_id
        header = _SEAL_VERSION + bytes.fromhex(key_id)
        nonce = os.urandom(_NONCE_BYTES)
        cipher = AESGCM(self.key(KeyLabel.SEALING, key_id))
        return header + nonce + cipher.encrypt(nonce, plaintext, _associated(header, identity))

    def open(self, sealed: bytes, identity: str) -> bytes:
        """The plaintext that was sealed for this identity, under any key of the keyring.

        Raises `SealBroken`, the same for every cause.
        """
        start = _SEAL_HEADER_BYTES + _NONCE_BYTES
        if len(sealed) < start + _SEAL_TAG_BYTES or not sealed.startswith(_SEAL_VERSION):
            raise SealBroken("a sealed value does not open")
        header, nonce = sealed[:_SEAL_HEADER_BYTES], sealed[_SEAL_HEADER_BYTES:start]
        try:
            cipher = AESGCM(self.key(KeyLabel.SEALING, header[len(_SEAL_VERSION) :].hex()))
            return cipher.decrypt(nonce, sealed[start:], _associated(header, identity))
        except (InvalidTag, UnknownKey):
            raise SealBroken("a sealed value does not open") from None


def key_of_tag(tag: str) -> str:
    """The id of the key of a tag, as it says itself."""
    return tag.partition(":")[0]


def key_of_seal(sealed: bytes) -> str:
    """The id of the key of a sealed value, as it says itself; what is no sealed value names a key that nobody has."""
    return bytes(sealed[len(_SEAL_VERSION) : _SEAL_HEADER_BYTES]).hex()


def new_secret() -> str:
    """A random application secret, as it is written into the environment or a key file."""
    return secrets.token_urlsafe(_KEY_BYTES)


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


def _associated(header: bytes, identity: str) -> bytes:
    """The header has a fixed length, so header and identity cannot run into each other."""
    return header + identity.encode("utf-8")


def _derive(secret: bytes, info: str, length: int) -> bytes:
    """HKDF-SHA256 (RFC 5869) without salt."""
    return HKDF(SHA256(), length=length, salt=None, info=info.encode("ascii")).derive(secret)


def _decode_secret(word: str) -> bytes:
    try:
        return base64url.decode(word.rstrip("="))
    except ValueError:
        raise InvalidSecret("a secret is not base64url") from None


def _create_key_file(path: Path) -> None:
    """Make the key file unless another process is first; either way one whole file is there."""
    aside = written_aside(path, new_secret() + "\n")
    try:
        with contextlib.suppress(FileExistsError):
            os.link(aside, path)
    finally:
        aside.unlink()
    sync_folder(path)
