"""What the lock is given to hold, and how it is brought there before each scenario."""

import itertools
import secrets

from api.lock_check.bench import Bench, NoAnswer
from api.lock_check.kit import ZONE
from domain.access.schedule import ALWAYS
from domain.link.entries import Entry, EntryKind, PinPayload, SettingsPayload

_versions = itertools.count(1)


def pin(name: str, digest: bytes | None = None) -> Entry:
    """A PIN without limit in a version of its own; its digits are nobody's unless a digest is given."""
    payload = PinPayload(digest or secrets.token_bytes(32), (ALWAYS,))
    return Entry(name, EntryKind.PIN, next(_versions), payload.to_payload())


def gone(name: str) -> Entry:
    """The removal of a PIN."""
    return Entry(name, EntryKind.PIN, next(_versions), None)


def settings() -> Entry:
    """PIN mode on, SmartPINs off, no timed release."""
    payload = SettingsPayload(ZONE, True, False, None)
    return Entry("settings", EntryKind.SETTINGS, next(_versions), payload.to_payload())


async def in_step(bench: Bench, *more: Entry) -> None:
    """Brings the lock to a known state, whatever it did before: a snapshot under the next epoch. Raises NoAnswer."""
    expected = bench.expected
    entries = (settings(), pin("pin-a"), pin("pin-b"), *more)
    expected.epoch, expected.revision = expected.epoch + 1, expected.revision + 1
    expected.entries = {each.id: each for each in entries}
    report = await bench.deliver(bench.snapshot(*entries, end=expected.revision))
    if report["appliedRevision"] != expected.revision:
        raise NoAnswer("the revision of a snapshot of a later epoch")
