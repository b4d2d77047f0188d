"""The kit of the lock on the bench, and the messages that are sealed for it.

The file has the fields that `provisionLock` answers, as a list of one lock, which is what `python -m locksim` reads too.
Its secret opens no door: the kit is for this check alone.
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from domain.link.digests import pin_digest
from domain.link.keys import LOCK_SECRET_BYTES, LinkKeys
from domain.link.messages import SealedTimeBody, UnlockCommandBody
from domain.link.sealing import MessageKind, seal_message
from domain.security import base64url
from domain.security.passwords import PasswordProfile, derive_verifier

ZONE = "Europe/Berlin"
PROFILE = PasswordProfile(time_cost=1, memory_kib=1024, parallelism=1)
"""Cheap, so that a bench does not wait; a server's own costs more."""


class KitUnreadable(ValueError):
    """The file is no kit of this check; the message never quotes what is in it."""


@dataclass(frozen=True)
class Kit:
    """What is installed on the lock."""

    lock_id: str
    incarnation: str
    secret: bytes
    programming_code: str
    salt: bytes

    @classmethod
    def new(cls) -> "Kit":
        """A kit of a lock that is no server's."""
        return cls(
            lock_id=base64url.encode(secrets.token_bytes(24)),
            incarnation=secrets.token_hex(16),
            secret=secrets.token_bytes(LOCK_SECRET_BYTES),
            programming_code=f"{secrets.randbelow(10**8):08}",
            salt=secrets.token_bytes(16),
        )

    @classmethod
    def of(cls, path: Path) -> "Kit":
        """The kit in a file, which is written with mode 0600 if there is none. Raises KitUnreadable and OSError."""
        if not path.exists():
            kit = cls.new()
            with os.fdopen(
                os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as file:
                file.write(orjson.dumps([kit.to_json()], option=orjson.OPT_INDENT_2))
            return kit
        try:
            (own,) = orjson.loads(path.read_bytes())
            return cls(
                lock_id=str(own["lockId"]),
                incarnation=str(own["incarnation"]),
                secret=base64url.decode(own["secret"]),
                programming_code=str(own["programmingCode"]),
                salt=base64url.decode(own["settings"]["pinSalt"]),
            )
        except (ValueError, TypeError, KeyError):
            raise KitUnreadable(f"{path}: is no kit of `latchwork lock-check`") from None

    def to_json(self) -> dict[str, Any]:
        """As it stands in the file."""
        return {
            "lockId": self.lock_id,
            "name": "On the bench",
            "incarnation": self.incarnation,
            "secret": base64url.encode(self.secret),
            "programmingCode": self.programming_code,
            "settings": {
                "zone": ZONE,
                "fixedOffsetMinutes": 60,
                "smartPinEnabled": False,
                "pinSalt": base64url.encode(self.salt),
                "pinProfile": {
                    "timeCost": PROFILE.time_cost,
                    "memoryKib": PROFILE.memory_kib,
                    "parallelism": PROFILE.parallelism,
                },
            },
        }

    @property
    def keys(self) -> LinkKeys:
        """Of the link."""
        return LinkKeys.derive(self.secret)

    def digest(self, digits: str) -> bytes:
        """Of a PIN, as its entry has it."""
        return pin_digest(self.keys, derive_verifier(digits, self.salt, PROFILE))

    def seal(
        self,
        kind: MessageKind,
        epoch: int,
        body: bytes,
        *,
        lock_id: str | None = None,
        incarnation: str | None = None,
    ) -> bytes:
        """A message for this lock, unless it is to be for another lock or another incarnation."""
        return seal_message(
            self.keys.bundle,
            kind,
            lock_id or self.lock_id,
            incarnation or self.incarnation,
            epoch,
            body,
        )


def unlock_command(
    command_id: str, nonce: str, *, seconds: int = 60, releases: bool = False, opens: bool = True
) -> bytes:
    """The body of a command to open, or to release a lockout."""
    return UnlockCommandBody(command_id, nonce, seconds, releases, opens).encode()


def sealed_time(nonce: str, unix_ms: int) -> bytes:
    """The body of sealed time."""
    return SealedTimeBody(nonce, unix_ms, 0).encode()
