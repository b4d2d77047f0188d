"""What an installer puts on a lock, read from the file of a fleet.

The file holds lock secrets: whoever has one can make PINs for that door for good. So a file that
others may read is refused, errors name the place and never quote the content, and nothing here shows
a secret in `repr`.
"""

import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from domain.link.claims import SILENT, Claim, UnknownLinkVersion
from domain.link.features import Feature
from domain.link.keys import LOCK_SECRET_BYTES
from domain.link.wire import Malformed
from domain.security import base64url
from domain.security.passwords import MIN_SALT_BYTES, PasswordProfile
from smartpin.locktime import MAX_OFFSET_MINUTES, MIN_OFFSET_MINUTES

MAX_FILE_BYTES = 64 * 1024 * 1024
_GROUP_AND_OTHERS = 0o077


class InvalidProvisioning(ValueError):
    """The file cannot be used; the message names the place and never quotes what is there."""


NEWEST = Claim(reads=tuple(sorted(Feature)))
"""What the simulated lock reads, unless its entry makes it an older one."""


@dataclass(frozen=True, slots=True)
class FittedKeypad:
    """A keypad of the lock, and which reader of the server it is."""

    reader_id: str
    name: str


@dataclass(frozen=True)
class Provisioning:
    """One lock as provisioned: one incarnation of it."""

    lock_id: str
    name: str
    incarnation: str
    secret: bytes = field(repr=False)
    """32 bytes; every key of the link comes from it."""
    programming_code: str = field(repr=False)
    zone: ZoneInfo
    """The site's zone, until settings arrive that name another."""
    fixed_offset_minutes: int
    """The offset in which SmartPIN hours are counted."""
    pin_salt: bytes = field(repr=False)
    pin_profile: PasswordProfile
    """Of the site: one Argon2 an entry, however many PINs the lock holds."""
    smartpin_enabled: bool = False
    """Whether SmartPINs are on, until settings arrive: a lock may never have a network."""
    network: bool = True
    """Whether a network reaches the lock; one that is offline waits for phones."""
    has_keypad: bool = True
    """Whether digits can be typed at the lock, or only cards and phones reach it."""
    keypads: tuple[FittedKeypad, ...] = ()
    """Its keypads, where the installer has said which reader each is; the first one is typed at unless another is named."""
    firmware: Claim = NEWEST
    """What its firmware reads; one that reads nothing besides version 1 says nothing of itself either."""

    @property
    def main_keypad(self) -> str:
        """The name of the keypad that is meant unless another is named; empty where no names were given."""
        return self.keypads[0].reader_id if self.keypads else ""

    @property
    def said(self) -> dict[str, object]:
        """What the lock adds to its proof: nothing, where its firmware is of before there was anything to say."""
        return {} if self.firmware == SILENT else self.firmware.to_payload()

    @classmethod
    def from_json(cls, value: object, place: str) -> Self:
        """One lock of the file. Raises InvalidProvisioning."""
        lock = _Fields(value, place)
        settings = _Fields(lock.value("settings"), f"{place}.settings")
        profile = _Fields(settings.value("pinProfile"), f"{place}.settings.pinProfile")
        secret = lock.data("secret")
        salt = settings.data("pinSalt")
        if len(secret) != LOCK_SECRET_BYTES:
            raise InvalidProvisioning(f"{place}.secret: must be {LOCK_SECRET_BYTES} bytes")
        if len(salt) < MIN_SALT_BYTES:
            raise InvalidProvisioning(f"{place}.settings.pinSalt: is too short")
        try:
            zone = ZoneInfo(settings.text("zone"))
        except (ZoneInfoNotFoundError, ValueError):
            raise InvalidProvisioning(f"{place}.settings.zone: is not a known zone") from None
        offset = settings.number("fixedOffsetMinutes", MIN_OFFSET_MINUTES)
        if offset > MAX_OFFSET_MINUTES:
            raise InvalidProvisioning(f"{place}.settings.fixedOffsetMinutes: is no offset")
        return cls(
            lock_id=lock.text("lockId"),
            name=lock.text("name"),
            incarnation=lock.text("incarnation"),
            secret=secret,
            programming_code=lock.text("programmingCode"),
            zone=zone,
            fixed_offset_minutes=offset,
            pin_salt=salt,
            pin_profile=PasswordProfile(
                time_cost=profile.number("timeCost", 1),
                memory_kib=profile.number("memoryKib", 1),
                parallelism=profile.number("parallelism", 1),
            ),
            smartpin_enabled=settings.flag("smartPinEnabled", default=False),
            network=lock.flag("network", default=True),
            has_keypad=lock.flag("keypad", default=True),
            keypads=tuple(
                FittedKeypad(each.text("id"), each.text("name")) for each in lock.objects("keypads")
            ),
            firmware=lock.firmware(),
        )


def read_provisionings(path: Path) -> tuple[Provisioning, ...]:
    """The locks of a file, a JSON list, each lock once.

    Raises InvalidProvisioning for a file that group or others may use, for one that is not such a
    list, and for a lock that is named twice; OSError if it cannot be read.
    """
    with path.open("rb") as file:
        if stat.S_IMODE(path.stat().st_mode) & _GROUP_AND_OTHERS:
            raise InvalidProvisioning(f"{path}: must be private (mode 0600)")
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise InvalidProvisioning(f"{path}: is too large")
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise InvalidProvisioning(f"{path}: must be JSON") from None
    if not isinstance(value, list):
        raise InvalidProvisioning(f"{path}: must be a list of locks")
    locks = tuple(Provisioning.from_json(each, f"locks[{n}]") for n, each in enumerate(value))
    if len({lock.lock_id for lock in locks}) != len(locks):
        raise InvalidProvisioning(f"{path}: must name each lock once")
    return locks


class _Fields:
    """An object of the file, read field by field."""

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, Mapping):
            raise InvalidProvisioning(f"{place}: must be an object")
        self._value: Mapping[str, object] = value
        self._place = place

    def value(self, name: str) -> object:
        if name not in self._value:
            raise InvalidProvisioning(f"{self._place}.{name}: is missing")
        return self._value[name]

    def text(self, name: str) -> str:
        value = self.value(name)
        if not isinstance(value, str) or not value:
            raise InvalidProvisioning(f"{self._place}.{name}: must be a text")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        value = self._value.get(name, default)
        if not isinstance(value, bool):
            raise InvalidProvisioning(f"{self._place}.{name}: must be true or false")
        return value

    def objects(self, name: str) -> list["_Fields"]:
        value = self._value.get(name, [])
        if not isinstance(value, list):
            raise InvalidProvisioning(f"{self._place}.{name}: must be a list")
        return [_Fields(each, f"{self._place}.{name}[{n}]") for n, each in enumerate(value)]

    def firmware(self) -> Claim:
        """`link` and `reads`, as the lock is to say them; without either it is the newest firmware there is."""
        if "link" not in self._value and "reads" not in self._value:
            return NEWEST
        try:
            claim = Claim.read(self._value)
        except (Malformed, UnknownLinkVersion) as error:
            raise InvalidProvisioning(f"{self._place}: {error}") from None
        if unknown := set(claim.reads) - set(NEWEST.reads):
            raise InvalidProvisioning(
                f"{self._place}.reads: {len(unknown)} of them are unknown here"
            )
        return claim

    def number(self, name: str, least: int) -> int:
        value = self.value(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise InvalidProvisioning(f"{self._place}.{name}: must be a number from {least}")
        return value

    def data(self, name: str) -> bytes:
        spelled = self.text(name).rstrip("=")
        try:
            return base64url.decode(spelled)
        except ValueError:
            raise InvalidProvisioning(f"{self._place}.{name}: must be base64url") from None
