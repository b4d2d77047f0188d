"""Reading and writing the JSON inside the messages: one spelling for each meaning.

The sum of a lock's state is made of hashes of these bytes, so both sides must write the same ones; and
a lock that guessed at a missing field could open to somebody. So every field is required, null is
written out, unknown fields are refused, and nothing is converted. Errors name the field and never
quote what is in it.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time

import orjson

from domain.security import base64url

MAX_INTEGER = 2**63 - 1
MAX_TEXT = 1024
MAX_IDENTIFIER = 64
_IDENTIFIER = re.compile(r"[!-~]{1,64}")


class Malformed(ValueError):
    """A message is not what its kind prescribes; `field` names the place."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: {expected}")
        self.field = field


def canonical(value: object) -> bytes:
    """JSON with sorted keys and no white space, in UTF-8."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def read_object(data: bytes, field: str) -> dict[str, object]:
    """The object that the bytes spell canonically. Raises Malformed."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise Malformed(field, "must be JSON") from None
    if not isinstance(value, dict):
        raise Malformed(field, "must be an object")
    # Also refuses a field that is given twice, of which a reader would see one.
    try:
        if canonical(value) == data:
            return value
    except orjson.JSONEncodeError:  # nested more deeply than can be written
        pass
    raise Malformed(field, "must be canonical JSON")


def exact_fields(value: object, field: str, names: frozenset[str]) -> Mapping[str, object]:
    """The object, if it has exactly these fields. Raises Malformed, which names no unknown ones."""
    if not isinstance(value, dict):
        raise Malformed(field, "must be an object")
    for name in sorted(names - value.keys()):
        raise Malformed(f"{field}.{name}", "is missing")
    if len(value) != len(names):
        raise Malformed(field, "must have no other field")
    return value


def known_fields(value: object, field: str, names: frozenset[str]) -> Mapping[str, object]:
    """The object, if it has these fields, whatever it has besides: for what a lock says, which may be newer than its reader.
    Raises Malformed."""
    if not isinstance(value, dict):
        raise Malformed(field, "must be an object")
    return exact_fields({name: value[name] for name in names & value.keys()}, field, names)


def text(value: object, field: str) -> str:
    """A text of 1 to 1024 characters. Raises Malformed."""
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_TEXT:
        raise Malformed(field, "must be a text")
    return value


def identifier(value: object, field: str) -> str:
    """A name made by a machine: 1 to 64 visible ASCII characters, which every database can keep. Raises Malformed."""
    if not isinstance(value, str) or not _IDENTIFIER.fullmatch(value):
        raise Malformed(field, f"must be 1 to {MAX_IDENTIFIER} visible ASCII characters")
    return value


def integer(value: object, field: str, least: int, most: int = MAX_INTEGER) -> int:
    """A whole number in `least .. most`; true and false are none. Raises Malformed."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Malformed(field, f"must be a whole number from {least} to {most}")
    return value


def boolean(value: object, field: str) -> bool:
    """True or false, and nothing that only looks like it. Raises Malformed."""
    if not isinstance(value, bool):
        raise Malformed(field, "must be true or false")
    return value


def items(value: object, field: str, most: int) -> list[object]:
    """A list of at most `most` things. Raises Malformed."""
    if not isinstance(value, list) or len(value) > most:
        raise Malformed(field, f"must be a list of at most {most}")
    return value


def decode_bytes(value: object, field: str, length: int) -> bytes:
    """Exactly `length` bytes from their one base64url spelling. Raises Malformed."""
    try:
        data = base64url.decode(text(value, field))
    except ValueError:
        raise Malformed(field, "must be base64url") from None
    if len(data) != length:
        raise Malformed(field, f"must be {length} bytes in base64url")
    return data


def encode_moment(moment: datetime) -> str:
    """A moment in UTC, ISO 8601 with `Z`. Raises ValueError for a naive one."""
    if moment.utcoffset() is None:
        raise ValueError("a moment needs an offset from UTC")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def decode_moment(value: object, field: str) -> datetime:
    """A moment from the one spelling that `encode_moment` gives it. Raises Malformed."""
    spelled = text(value, field)
    try:
        moment = datetime.fromisoformat(spelled)
        if encode_moment(moment) == spelled:
            return moment
    except (ValueError, OverflowError):
        pass
    raise Malformed(field, "must be a moment in UTC")


def decode_date(value: object, field: str) -> date:
    """A calendar day, `2026-12-01`. Raises Malformed."""
    spelled = text(value, field)
    try:
        day = date.fromisoformat(spelled)
    except ValueError:
        raise Malformed(field, "must be a date") from None
    if day.isoformat() != spelled:
        raise Malformed(field, "must be a date as 2026-12-01")
    return day


def decode_time(value: object, field: str) -> time:
    """A wall time in whole seconds without a zone, `06:00:00`. Raises Malformed."""
    spelled = text(value, field)
    try:
        wall = time.fromisoformat(spelled)
    except ValueError:
        raise Malformed(field, "must be a time of day") from None
    if wall.tzinfo is not None or wall.microsecond or wall.isoformat() != spelled:
        raise Malformed(field, "must be a time of day as 06:00:00")
    return wall
