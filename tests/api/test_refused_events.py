"""One event that cannot be read costs nothing but itself: the rest of the report is taken, and everybody is told."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.api.bare_lock import BareLock
from tests.serving import House, Served

REPORT = """mutation($input: ReportLockInput!) { reportLock(input: $input) { __typename
  ... on LockReported { stateId eventsUpTo refused { index sequence code message } } ... on Error { message } } }"""
LITERAL = """mutation { reportLock(input: { lockId: "%s", appliedRevision: 0, events: [
  { stateId: "disk", sequence: 1, at: "2026-12-01T12:00:00Z", kind: OPENED, method: PIN, reasons: [ENDED] }] }) {
  ... on LockReported { eventsUpTo } } }"""
LOG = """query($id: ID!) { site(id: $id) { events(first: 100) {
  nodes { kind occurredAt method count refusal claimedKind reasons } } } }"""
STATE = "query($id: ID!) { node(id: $id) { ... on Lock { online } } }"


async def log(house: House) -> list[dict[str, Any]]:
    """What the admins see, oldest first."""
    nodes: list[dict[str, Any]] = (await house.ask(LOG, id=house.id))["site"]["events"]["nodes"]
    return nodes[::-1]


async def kinds(house: House) -> list[str]:
    """The kinds of the log, oldest first."""
    return [each["kind"] for each in await log(house)]


async def told(lock: BareLock, *events: Any, **fields: Any) -> dict[str, Any]:
    """A report of a lock of today; the answer."""
    report = {"lockId": lock.id, "appliedRevision": 0, "events": events, **fields}
    answer: dict[str, Any] = (await anext(lock.socket.subscribe(REPORT, input=report)))[
        "reportLock"
    ]
    return answer


BAD: list[tuple[dict[str, Any], str]] = [
    ({"entryId": "a b"}, "MALFORMED"),
    ({"entryId": ""}, "MALFORMED"),
    ({"entryId": "x" * 65}, "MALFORMED"),
    ({"entryId": 5}, "MALFORMED"),
    ({"commandId": "\u00e4"}, "MALFORMED"),
    ({"commandId": "x" * 65}, "MALFORMED"),
    ({"at": "yesterday"}, "MALFORMED"),
    ({"at": "2026-12-01T12:00:00"}, "MALFORMED"),
    ({"at": "9999-12-31T23:59:59-14:00"}, "MALFORMED"),
    ({"at": 1}, "MALFORMED"),
    ({"kind": None}, "MALFORMED"),
    ({"kind": 7}, "MALFORMED"),
    ({"kind": "k" * 2000}, "MALFORMED"),
    ({"kind": "DOOR_FORCED"}, "UNKNOWN_NAME"),
    ({"kind": "OUT_OF_STEP"}, "SERVER_KIND"),
    ({"kind": "EVENTS_MISSING", "count": 3}, "SERVER_KIND"),
    ({"kind": "EVENT_REFUSED"}, "SERVER_KIND"),
    ({"kind": "EVENTS_DROPPED"}, "MALFORMED"),
    ({"kind": "EVENTS_DROPPED", "count": 0}, "MALFORMED"),
    ({"kind": "EVENTS_DROPPED", "count": 2**63}, "MALFORMED"),
    ({"method": "IRIS"}, "UNKNOWN_NAME"),
    ({"method": ["PIN"]}, "MALFORMED"),
    ({"reasons": "ENDED"}, "MALFORMED"),
    ({"reasons": [None]}, "MALFORMED"),
    ({"reasons": ["FULL_MOON"]}, "UNKNOWN_NAME"),
    ({"reasons": ["ENDED"] * 65}, "MALFORMED"),
    ({"deliveryId": "a b"}, "MALFORMED"),
]


async def test_each_field_at_fault_refuses_its_event_alone(served: Served) -> None:
    """Those beside it are recorded, the lock may forget it, and the log says so in its place."""
    house = await served.site()
    async with BareLock(served, await house.lock()) as lock:
        for wrong, code in BAD:
            before, bad, behind = lock.event(), {**lock.event("DENIED"), **wrong}, lock.event()
            answer = await told(lock, before, bad, behind)

            assert (answer["stateId"], answer["eventsUpTo"]) == (lock.state_id, behind["sequence"])
            (refused,) = answer["refused"]
            assert (refused["index"], refused["sequence"]) == (1, bad["sequence"])
            assert (refused["code"], wrong) == (code, wrong)
            field = "count" if bad["kind"] == "EVENTS_DROPPED" else next(iter(wrong))
            assert f"event.{field}: " in refused["message"]
            assert "x" * 65 not in refused["message"]
            events = (await log(house))[-3:]
            assert [each["kind"] for each in events] == ["STARTED", "EVENT_REFUSED", "STARTED"]
            assert events[1]["refusal"] == code


async def test_two_hundred_events_of_which_one_is_malformed(served: Served) -> None:
    """Acknowledgement and nonce are taken with the rest; told again, nothing is recorded twice."""
    house = await served.site()
    async with BareLock(served, await house.lock()) as lock:
        feed = await lock.online()
        events = [lock.event() for _ in range(200)]
        events[149]["entryId"] = "a b"
        for _ in range(3):
            answer = await told(lock, *events)
            assert [each["sequence"] for each in answer["refused"]] == [150]
            assert answer["eventsUpTo"] == 200
        seen = await kinds(house)
        assert seen.count("EVENT_REFUSED") == 1
        assert (await house.ask(STATE, id=lock.id))["node"]["online"]
        del feed

    assert await _count(house) == 200


async def _count(house: House) -> int:
    found, after = 0, None
    while True:
        page = (
            await house.ask(
                """query($id: ID!, $after: String) { site(id: $id) { events(first: 100, after: $after) {
                nodes { id } pageInfo { hasNextPage endCursor } } } }""",
                id=house.id,
                after=after,
            )
        )["site"]["events"]
        found += len(page["nodes"])
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


async def test_nonce_and_acknowledgement_count_whatever_the_events_are(served: Served) -> None:
    """Of a report in which not one event can be read: the lock can be ordered, and stays in step."""
    house = await served.site()
    entry = await house.lock()
    async with BareLock(served, entry) as lock:
        feed = await lock.online()
        nonsense: list[Any] = [
            [None, 5, "x", [], {}, True],
            [{"stateId": "a b", "sequence": 0}],
            None,
        ]
        for events in nonsense:
            answer = await lock.report(events=events)
            assert answer["__typename"] == "LockReported"
            assert (answer["stateId"], answer["eventsUpTo"]) == (None, 0)
            phone = served.phone()
            made = await house.invitation(entry["lockId"])
            await phone.redeem(made["code"])
            waiting = asyncio.create_task(phone.open(entry["lockId"]))
            command = lock.read_command(await anext(feed))
            assert command.nonce == lock.nonce
            await lock.report(lock.opened(command))
            assert (await waiting)["__typename"] == "OpenedLock"


async def test_what_has_no_name_is_told_to_the_admins_once_a_day(served: Served) -> None:
    """A lock may say it for ever: of each field at fault one notice a day, and another on the next."""
    house = await served.site()
    async with BareLock(served, await house.lock()) as lock:
        for _ in range(3):
            await told(lock, {**lock.event(), "sequence": 0}, {**lock.event(), "sequence": "1"})
            await told(lock, {**lock.event(), "stateId": None})
        assert await kinds(house) == ["EVENT_REFUSED"] * 2
    served.clock.advance(timedelta(days=1))
    async with BareLock(served, lock.entry) as lock:
        await told(lock, {**lock.event(), "sequence": 0})
        assert await kinds(house) == ["EVENT_REFUSED"] * 3


async def test_an_opening_that_cannot_be_read_is_not_lost_from_the_log(served: Served) -> None:
    """What it claimed to be and its time are told; nothing of what could not be read is."""
    house = await served.site()
    async with BareLock(served, await house.lock()) as lock:
        await told(lock, lock.event("OPENED", method="IRIS", at="2026-12-01T12:00:00Z"))
    (event,) = await log(house)
    assert (event["kind"], event["claimedKind"], event["refusal"]) == (
        "EVENT_REFUSED",
        "OPENED",
        "UNKNOWN_NAME",
    )
    assert (event["occurredAt"], event["method"]) == ("2026-12-01T12:00:00+00:00", None)


@pytest.mark.parametrize(
    "fine",
    [
        {"reasons": None},
        {"reasons": []},
        {"method": None, "entryId": None, "commandId": None, "at": None},
        {"at": "2026-12-01T13:00:00.5+01:00"},
        {"entryId": "x" * 64, "commandId": "no-uuid"},
        {"battery": 80},
        {"kind": "EVENTS_DROPPED", "count": 2**63 - 1},
    ],
    ids=str,
)
async def test_what_is_null_absent_or_new_is_fine(served: Served, fine: dict[str, Any]) -> None:
    """Up to the limits of each field, and with fields of locks that are newer than the server."""
    house = await served.site()
    async with BareLock(served, await house.lock()) as lock:
        event = {**lock.event("DENIED"), **fine}
        answer = await told(lock, event)
        assert (answer["eventsUpTo"], answer["refused"]) == (1, [])
        del event["at"]
        answer = await told(lock, {**event, "sequence": 2})
        assert (answer["eventsUpTo"], answer["refused"]) == (2, [])
    assert await kinds(house) == [fine.get("kind", "DENIED")] * 2


async def test_a_sequence_has_64_bits(served: Served) -> None:
    """In the report, in the answer and in the log; one more is refused."""
    house = await served.site()
    async with BareLock(served, await house.lock()) as lock:
        for sequence in (2**31, 2**53 + 1, 2**63 - 1):
            answer = await told(lock, {**lock.event(), "sequence": sequence})
            assert (answer["eventsUpTo"], answer["refused"]) == (sequence, [])
        answer = await told(lock, {**lock.event(), "sequence": 2**63})
        assert (answer["eventsUpTo"], answer["refused"][0]["sequence"]) == (0, None)
    counts = [each["count"] for each in await log(house) if each["kind"] == "EVENTS_MISSING"]
    assert counts == [2**31 - 1, 2**53 - 2**31, 2**63 - 1 - 2**53 - 2]


async def test_a_gap_is_told_and_a_late_event_is_still_taken(served: Served) -> None:
    """The numbers that are missing are counted once, before the event behind them; repeats and lateness add none."""
    house = await served.site()
    async with BareLock(served, await house.lock()) as lock:
        one, two, three, four, five = (lock.event() for _ in range(5))
        late = {**two, "kind": "CLOCK_LOST"}
        assert (await told(lock, one, five, five))["eventsUpTo"] == 5
        assert (await told(lock, one, five))["eventsUpTo"] == 5
        assert await kinds(house) == ["STARTED", "EVENTS_MISSING", "STARTED"]
        assert (await log(house))[1]["count"] == 3
        assert (await told(lock, late))["eventsUpTo"] == 2
        assert (await told(lock, four, three))["eventsUpTo"] == 4
        assert await kinds(house) == [
            "STARTED",
            "EVENTS_MISSING",
            "STARTED",
            "CLOCK_LOST",
            "STARTED",
            "STARTED",
        ]


async def test_a_refused_event_leaves_no_gap_and_a_valid_one_of_its_number_counts(
    served: Served,
) -> None:
    """Refused and right in one report under one number: the right one is recorded."""
    house = await served.site()
    async with BareLock(served, await house.lock()) as lock:
        one, two, three = (lock.event() for _ in range(3))
        await told(lock, one)
        await told(lock, {**two, "entryId": "a b"})
        await told(lock, {**three, "kind": "NEW"}, {**three, "kind": "CLOCK_LOST"}, three)
        assert await kinds(house) == ["STARTED", "EVENT_REFUSED", "CLOCK_LOST"]


async def test_another_state_id_in_the_middle_is_to_be_said_apart(served: Served) -> None:
    """It is not recorded under the first one's name, and is taken in a report of its own."""
    house = await served.site()
    async with BareLock(served, await house.lock()) as lock:
        one, two = lock.event(), lock.event()
        other = {**lock.event("CLOCK_LOST"), "stateId": "another", "sequence": 1}
        answer = await told(lock, one, other, two)
        assert (answer["stateId"], answer["eventsUpTo"]) == (lock.state_id, 2)
        assert [(each["index"], each["code"]) for each in answer["refused"]] == [(1, "OTHER_STATE")]
        assert await kinds(house) == ["STARTED", "STARTED", "EVENT_REFUSED"]
        answer = await told(lock, other)
        assert (answer["stateId"], answer["eventsUpTo"], answer["refused"]) == ("another", 1, [])
        assert (await kinds(house))[-1] == "CLOCK_LOST"


async def test_more_events_than_a_report_may_hold_are_said_again(served: Served) -> None:
    """The first 200 are taken and acknowledged, whatever their order; nothing that was not read is."""
    house = await served.site()
    async with BareLock(served, await house.lock()) as lock:
        events = [lock.event() for _ in range(250)]
        assert (await told(lock, *events))["eventsUpTo"] == 200
        assert (await told(lock, *reversed(events)))["eventsUpTo"] == 0
    assert await _count(house) == 250


async def test_documents_of_older_locks_still_say_the_same(served: Served) -> None:
    """Events spelled out in the document, and the one that asks for no refusals."""
    house = await served.site()
    async with BareLock(served, await house.lock()) as lock:
        answer = await anext(lock.socket.subscribe(LITERAL % lock.id))
        assert answer["reportLock"]["eventsUpTo"] == 1
        old = await lock.report({**lock.event(), "entryId": "a b"})
        assert old == {"__typename": "LockReported", "stateId": lock.state_id, "eventsUpTo": 1}
    (literal, *_) = await log(house)
    assert (literal["kind"], literal["method"], literal["reasons"]) == ("OPENED", "PIN", ["ENDED"])


async def test_what_comes_late_or_cannot_be_read_does_not_change_what_is_shown_of_a_lockout(
    served: Served,
) -> None:
    """The newest word of the lock counts: neither an old wrong entry nor half an event brings a lockout back."""
    query = "query($id: ID!) { node(id: $id) { ... on Lock { pinLockout { wrongEntries startedAt } } } }"
    house = await served.site()
    async with BareLock(served, await house.lock()) as lock:
        wrong = lock.event("DENIED", method="PIN", reasons=["UNKNOWN_CREDENTIAL"])
        started, ended = lock.event("LOCKOUT_STARTED"), lock.event("LOCKOUT_ENDED")
        await told(lock, ended)
        await told(lock, started, wrong)
        await told(lock, lock.event("LOCKOUT_STARTED", entryId="a b"))
        shown = (await house.ask(query, id=lock.id))["node"]["pinLockout"]
    assert shown is None
    assert len(await log(house)) == 5
