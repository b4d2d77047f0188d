"""Random values of the link's types, for round trips."""

import string
from datetime import UTC, date

from hypothesis import strategies as st

from domain.access.decision import DenialReason
from domain.access.schedule import Schedule, Slot, Weekday
from domain.link.entries import (
    MAX_LOCKOUT_RELEASE_MINUTES,
    CardPayload,
    Entry,
    EntryKind,
    PinPayload,
    SettingsPayload,
    SmartPinBlockPayload,
    SmartPinRulesPayload,
)
from domain.link.events import SERVER_EVENTS, LockEventBody, LockEventKind, OpeningMethod
from domain.link.messages import DeliveryBody

digests = st.binary(min_size=32, max_size=32)
identifiers = st.text(
    string.ascii_letters + string.digits + string.punctuation, min_size=1, max_size=64
)
counters = st.integers(1, 2**63 - 1)
moments = st.datetimes(timezones=st.just(UTC))


def _bounds(values: st.SearchStrategy[date]) -> st.SearchStrategy[tuple[date | None, date | None]]:
    """Nothing, either end, or both in order and apart."""
    both = st.lists(values, min_size=2, max_size=2, unique=True).map(sorted)
    return st.one_of(
        st.just((None, None)),
        values.map(lambda value: (value, None)),
        values.map(lambda value: (None, value)),
        both.map(lambda pair: (pair[0], pair[1])),
    )


times = st.times().map(lambda wall: wall.replace(microsecond=0))
slots = st.lists(times, min_size=2, max_size=2, unique=True).map(
    lambda pair: Slot(pair[0], pair[1])
)
schedules = st.builds(
    lambda bounds, slot, weekdays: Schedule(bounds[0], bounds[1], slot, weekdays),
    st.one_of(_bounds(st.dates()), _bounds(moments)),
    st.none() | slots,
    st.frozensets(st.sampled_from(Weekday), min_size=1),
)
pins = st.builds(PinPayload, digest=digests, schedules=st.lists(schedules, max_size=3).map(tuple))
settings = st.builds(
    SettingsPayload,
    zone=st.sampled_from(["Europe/Berlin", "Asia/Kathmandu", "UTC"]),
    pin_enabled=st.booleans(),
    smartpin_enabled=st.booleans(),
    lockout_release_minutes=st.none() | st.integers(1, MAX_LOCKOUT_RELEASE_MINUTES),
)
cards = st.builds(CardPayload, card_digest=digests)
blocks = st.builds(SmartPinBlockPayload, code_digest=digests, until=moments)

rules = st.builds(SmartPinRulesPayload, activation_required=st.booleans())


def _entry(kind: EntryKind, payloads: st.SearchStrategy[object]) -> st.SearchStrategy[Entry]:
    return st.builds(
        Entry,
        id=identifiers,
        kind=st.just(kind),
        version=counters,
        payload=payloads.map(lambda payload: payload.to_payload()),  # type: ignore[attr-defined]
    )


live_entries = st.one_of(
    _entry(EntryKind.PIN, pins),
    _entry(EntryKind.SETTINGS, settings),
    _entry(EntryKind.CARD, cards),
    _entry(EntryKind.SMARTPIN_BLOCK, blocks),
    _entry(EntryKind.SMARTPIN_RULES, rules),
)
removals = st.builds(
    Entry,
    id=identifiers,
    kind=st.sampled_from(EntryKind),
    version=counters,
    payload=st.none(),
)


@st.composite
def deliveries(draw: st.DrawFn) -> DeliveryBody:
    """A delivery that may be sent: of changes, or part of a snapshot."""
    snapshot = draw(st.booleans())
    start = 0 if snapshot else draw(st.integers(0, 2**30))
    parts = draw(st.integers(1, 20)) if snapshot else 1
    kinds = live_entries if snapshot else live_entries | removals
    return DeliveryBody(
        from_revision=start,
        to_revision=draw(st.integers(start + 1, 2**31 - 1)),
        snapshot=snapshot,
        part=draw(st.integers(1, parts)),
        parts=parts,
        entries=tuple(draw(st.lists(kinds, max_size=4, unique_by=lambda entry: entry.id))),
    )


events = st.builds(
    LockEventBody,
    state_id=identifiers,
    sequence=counters,
    at=st.none() | moments,
    kind=st.sampled_from(
        sorted(set(LockEventKind) - SERVER_EVENTS - {LockEventKind.EVENTS_DROPPED})
    ),
    delivery_id=st.none() | identifiers,
    method=st.none() | st.sampled_from(OpeningMethod),
    entry_id=st.none() | identifiers,
    command_id=st.none() | identifiers,
    reasons=st.lists(st.sampled_from(DenialReason), unique=True).map(tuple),
)
