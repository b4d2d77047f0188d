"""Times of day as they are written in the API."""

import re
from datetime import time

from strawberry.schema.types.base_scalars import TimeDefinition

from api.schema.dates import written
from domain.schedules.given import EndOfDay

_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?")
"""What could be meant; parts of seconds and offsets get an answer that names their field."""


def _read(text: str) -> time:
    return EndOfDay() if text in ("24:00", "24:00:00") else time.fromisoformat(text)


TIME = written(
    TimeDefinition,
    "A time of day in whole seconds, without a zone of its own (ISO 8601), as 06:00 or "
    "06:00:00. A slot may end at 24:00, which is the end of the day and is shown as 00:00:00.",
    _TIME,
    "06:00 or 06:00:00",
    _read,
)
