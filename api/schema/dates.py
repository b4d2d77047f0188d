"""Dates and moments as they are written in the API: in one form each, and no other of ISO 8601's."""

import re
from datetime import date, datetime

from strawberry.schema.types.base_scalars import (
    DateDefinition,
    DateTimeDefinition,
    wrap_parser,
)
from strawberry.types.scalar import ScalarDefinition

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?",
    re.IGNORECASE,
)
"""RFC 3339, section 5.6. Seconds may be left out; a moment without offset gets an answer that names its field."""


def _date(text: str) -> date:
    if not _DATE.fullmatch(text):
        raise ValueError("Write it as 2026-12-01.")
    return date.fromisoformat(text)


def _moment(text: str) -> datetime:
    if not _MOMENT.fullmatch(text):
        raise ValueError("Write it as 2026-12-01T06:00:00Z or 2026-12-01T07:00:00+01:00.")
    return datetime.fromisoformat(text.upper())


def _definition(form: ScalarDefinition, description: str, read: object) -> ScalarDefinition:
    return ScalarDefinition(
        name=form.name,
        description=description,
        specified_by_url=None,
        serialize=form.serialize,
        parse_value=wrap_parser(read, form.name),  # type: ignore[arg-type]
        parse_literal=None,
        origin=form.origin,
    )


DATE = _definition(DateDefinition, "A calendar day, as 2026-12-01 (RFC 3339, full-date).", _date)
DATE_TIME = _definition(
    DateTimeDefinition,
    "A moment with its offset from UTC, as 2026-12-01T06:00:00Z or 2026-12-01T07:00:00+01:00 (RFC 3339, date-time).",
    _moment,
)
