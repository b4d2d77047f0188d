"""What may be asked of a new invitation."""

from datetime import datetime, timedelta

from domain.access.schedule import Schedule
from domain.errors import InvalidInput, InvalidSchedule

MOST_DEVICES = 100
LONGEST = timedelta(days=3653)


def check_new(schedule: Schedule, device_limit: int, now: datetime) -> None:
    """An invitation ends, in the future, and serves 1 to 100 devices. Raises InvalidSchedule, InvalidInput."""
    end = schedule.valid_until
    if not isinstance(end, datetime):
        raise InvalidSchedule("ends_at", "An invitation needs an end.")
    if end <= now:
        raise InvalidSchedule("ends_at", "The end of an invitation lies in the future.")
    if end > now + LONGEST:
        raise InvalidSchedule("ends_at", "An invitation ends within ten years.")
    if not 1 <= device_limit <= MOST_DEVICES:
        raise InvalidInput("device_limit", f"An invitation serves 1 to {MOST_DEVICES} devices.")
