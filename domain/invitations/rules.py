"""What an invitation is at a moment, and what may be asked for."""

from datetime import datetime, timedelta
from enum import StrEnum

from domain.access.schedule import Schedule
from domain.errors import InvalidInput, InvalidSchedule

MOST_DEVICES = 100
LONGEST = timedelta(days=3653)


class InvitationStatus(StrEnum):
    """UPCOMING until its doors open first, ENDED after its end, DELETED for good."""

    UPCOMING = "UPCOMING"
    ACTIVE = "ACTIVE"
    ENDED = "ENDED"
    DELETED = "DELETED"


def status_of(
    valid_from: datetime | None, valid_until: datetime, deleted_at: datetime | None, now: datetime
) -> InvitationStatus:
    """The status at `now`."""
    if deleted_at is not None:
        return InvitationStatus.DELETED
    if valid_until <= now:
        return InvitationStatus.ENDED
    if valid_from is not None and now < valid_from:
        return InvitationStatus.UPCOMING
    return InvitationStatus.ACTIVE


def check_new(schedule: Schedule, device_limit: int, now: datetime) -> None:
    """An invitation ends, in the future, and serves 1 to 100 devices. Raises InvalidSchedule, InvalidInput."""
    end = schedule.valid_until
    if not isinstance(end, datetime):
        raise InvalidSchedule("valid_until", "An invitation needs an end.")
    if end <= now:
        raise InvalidSchedule("valid_until", "The end of an invitation lies in the future.")
    if end > now + LONGEST:
        raise InvalidSchedule("valid_until", "An invitation ends within ten years.")
    if not 1 <= device_limit <= MOST_DEVICES:
        raise InvalidInput("device_limit", f"An invitation serves 1 to {MOST_DEVICES} devices.")
