"""Windows as somebody asks for them. Unless a test says otherwise, now is 2026-05-01T09:10 on the wall."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from smartpin import (
    EffectiveWindow,
    InvalidWindow,
    LockTime,
    fit,
    fixed_offset,
)

HOUR = timedelta(hours=1)


NOW = "2026-05-01T09:10"


def at(text: str, zone: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


def ask(start: str, end: str, zone: str = "Europe/Berlin", now: str = NOW) -> EffectiveWindow:
    lock_time = LockTime(fixed_offset(ZoneInfo(zone), 2026), ZoneInfo(zone))
    return fit(at(start, zone), at(end, zone), now=at(now, zone), lock_time=lock_time)


def refused(start: str, end: str, zone: str = "Europe/Berlin", now: str = NOW) -> InvalidWindow:
    with pytest.raises(InvalidWindow) as refusal:
        ask(start, end, zone, now)
    return refusal.value


def spans(refusal: InvalidWindow, zone: str = "Europe/Berlin") -> list[tuple[str, str]]:
    def text(moment: datetime) -> str:
        return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")

    return [(text(span.start), text(span.end)) for span in refusal.nearest]
