"""`docs/lock-transcript.md` is a real connection, told under the secret of the vectors."""

import json
from pathlib import Path

import pytest

from domain.link import messages
from locksim.connection import ServerAddress
from locksim.provisioning import Provisioning
from tests.api.lock_transcript import transcript
from tests.api.pin_steps import pin_of
from tests.api.recorded_connection import Frames, SteppedLock, whole_connection
from tests.serving import Served

DOCS = Path(__file__).parents[2] / "docs"


async def test_the_transcript_is_a_real_connection(
    served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Frame by frame. Where it differs, what it should be now lies in the folder of the test."""
    monkeypatch.setattr(messages, "MAX_DELIVERY_ENTRIES", 2)
    house = await served.site()
    entry = await house.lock()
    made = [await pin_of(house, entry["lockId"]) for _ in range(2)]
    frames = Frames()
    frames.record(monkeypatch)
    lock = SteppedLock(
        Provisioning.from_json(entry, "entry"), ServerAddress(served.url), served.http
    )
    await whole_connection(
        lock,
        parts=2,
        digits=made[0]["digits"],
        order=lambda: house.change("openLockRemotely", lockId=entry["lockId"]),
        remove=lambda: house.change("deletePin", pinId=made[0]["pin"]["id"]),
    )

    vectors = json.loads((DOCS / "lock-vectors.json").read_text(encoding="utf-8"))
    told = transcript(frames.in_order(), entry, vectors)
    now = tmp_path / "lock-transcript.md"
    now.write_text(told, encoding="utf-8")
    assert told == (DOCS / "lock-transcript.md").read_text(encoding="utf-8"), f"see {now}"
