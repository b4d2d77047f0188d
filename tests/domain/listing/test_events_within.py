"""Events of a span are the same ones, in the same order, however they are found: by their moments, or along all numbers."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.link.events import LockEventKind
from domain.listing import site_lists
from domain.listing.site_lists import events_of, span
from domain.sync.tables import LockEvent
from tests.databases import Database
from tests.domain.sync.yard import Yard

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
KINDS = [LockEventKind.OPENED, LockEventKind.STARTED]


@pytest.mark.parametrize("short", [0, 5, 1_000])
async def test_a_span_is_what_its_moments_say(
    database: Database, tmp_path: Path, short: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some came late, some without a time of their own; the bounds are as the API says: from on, before to."""
    monkeypatch.setattr(site_lists, "SHORT_SPAN", short)
    yard = await Yard.make(tmp_path)
    lock = await yard.lock("Front")
    rng = random.Random(25)
    told = [(NOON + timedelta(minutes=rng.randrange(60)), rng.choice(KINDS)) for _ in range(60)]
    await LockEvent.bulk_create(
        [
            LockEvent(
                site_id=yard.site.id,
                lock_id=lock.id,
                number=number,
                state_id="state",
                sequence=number,
                kind=kind,
                recorded_at=NOON,
                moment=moment,
                reasons=[],
            )
            for number, (moment, kind) in enumerate(told)
        ]
    )
    bounds = [NOON + timedelta(minutes=each) for each in (0, 7, 8, 30, 59, 60)]
    for since in (None, *bounds):
        for until in (None, *bounds):
            if since is not None and until is not None and until <= since:
                continue
            rows = await events_of(yard.site.id, None, None, KINDS[:1], span(since, until))
            assert [row.number for row in await rows.order_by("-number")] == [
                number
                for number, (moment, kind) in reversed(list(enumerate(told)))
                if kind is KINDS[0]
                and (since is None or moment >= since)
                and (until is None or moment < until)
            ]
    yard.installation.passwords.close()
