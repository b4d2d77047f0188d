"""Entries on the disk that an earlier firmware took: their slots may have parts of a second, which deliveries have no more.

What is on the disk stays as it is, for the state's sum is made of it; only what the lock reads in it is cut to whole
seconds. So a lock whose firmware is renewed keeps opening, and is in step, until the server has told it the slots anew.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import time
from typing import cast

from domain.access.whole_seconds import whole
from domain.link.entries import Entry

_PARTS = "."


def entry_from_disk(value: Mapping[str, object]) -> Entry:
    """The entry as it was written. Raises what `Entry.from_wire` does, LookupError and TypeError."""
    payload = cast("dict[str, object] | None", value["payload"])
    today = as_read_today(payload)
    entry = Entry.from_wire({**value, "payload": today})
    return entry if today is payload else replace(entry, payload=payload)


def as_read_today(payload: dict[str, object] | None) -> dict[str, object] | None:
    """The payload with its slots in whole seconds; the same object where they are already."""
    schedules = payload.get("schedules") if payload else None
    if not isinstance(schedules, list) or not any(map(_has_parts, schedules)):
        return payload
    return {**cast("dict[str, object]", payload), "schedules": [_cut(each) for each in schedules]}


def _has_parts(schedule: Mapping[str, object]) -> bool:
    return any(_PARTS in str(schedule[bound]) for bound in ("slotStart", "slotEnd"))


def _cut(schedule: Mapping[str, object]) -> Mapping[str, object]:
    if not _has_parts(schedule):
        return schedule
    start, end = (
        time.fromisoformat(cast("str", schedule[bound])) for bound in ("slotStart", "slotEnd")
    )
    start, end = whole(start, end)
    return {**schedule, "slotStart": start.isoformat(), "slotEnd": end.isoformat()}
