"""Times of day as they are written in the API."""

from datetime import time

from strawberry.schema.types.base_scalars import TimeDefinition, wrap_parser
from strawberry.types.scalar import ScalarDefinition

from domain.schedule_input import EndOfDay


def _read(text: str) -> time:
    return EndOfDay() if text in ("24:00", "24:00:00") else time.fromisoformat(text)


TIME = ScalarDefinition(
    name=TimeDefinition.name,
    description="A time of day in whole seconds, without a zone of its own (ISO 8601), as 06:00 or "
    "06:00:00. A slot may end at 24:00, which is the end of the day and is shown as 00:00:00.",
    specified_by_url=None,
    serialize=TimeDefinition.serialize,
    parse_value=wrap_parser(_read, "Time"),
    parse_literal=None,
    origin=time,
)
