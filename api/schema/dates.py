"""Dates and moments as they are written in the API: in one form each, and no other of ISO 8601's."""

import re
from collections.abc import Callable
from datetime import date, datetime

from strawberry.schema.types.base_scalars import (
    DateDefinition,
    DateTimeDefinition,
    wrap_parser,
)
from strawberry.types.scalar import ScalarDefinition

Read = Callable[[str], object]

_SPECIFICATION = "https://www.rfc-editor.org/rfc/rfc3339#section-5.6"

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?",
    re.IGNORECASE,
)
"""RFC 3339, section 5.6. Seconds may be left out; a moment without offset gets an answer that names its field."""


def written(
    form: ScalarDefinition, description: str, pattern: re.Pattern[str], example: str, read: Read
) -> ScalarDefinition:
    """A scalar that is written as the pattern says. What is written well and is not in the calendar is refused too."""

    def parse(text: str) -> object:
        if not pattern.fullmatch(text):
            raise ValueError(f"Write it as {example}.")
        try:
            return read(text)
        except ValueError:
            raise ValueError(f"There is no such {form.name}. Write it as {example}.") from None

    return ScalarDefinition(
        name=form.name,
        description=description,
        specified_by_url=_SPECIFICATION,
        serialize=form.serialize,
        parse_value=wrap_parser(parse, form.name),
        parse_literal=None,
        origin=form.origin,
    )


DATE = written(
    DateDefinition,
    "A calendar day, as 2026-12-01 (RFC 3339, full-date).",
    _DATE,
    "2026-12-01",
    date.fromisoformat,
)
DATE_TIME = written(
    DateTimeDefinition,
    "A moment with its offset from UTC, as 2026-12-01T06:00:00Z or 2026-12-01T07:00:00+01:00 (RFC 3339, date-time).",
    _MOMENT,
    "2026-12-01T06:00:00Z or 2026-12-01T07:00:00+01:00",
    lambda text: datetime.fromisoformat(text.upper()),
)
