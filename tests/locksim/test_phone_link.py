"""A phone held to the door: what the lock believes of what it brings, and what it gives back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.access.schedule import ALWAYS, Schedule, Weekday
from domain.link.claims import SILENT
from domain.link.courier import Hello, HelloRefused, LeaseBody
from domain.link.entries import Entry
from domain.link.messages import DeliveryBody
from domain.link.wire import Malformed
from locksim.phone import CarriedKey
from locksim.phone_link import HELLOS_TAKEN, NoCourier
from locksim.signals import Signal
from tests.locksim.at_the_door import PHONE, SOON, THUMBPRINT, at_the_door, hand_over, hello
from tests.locksim.bench import Bench
from tests.locksim.rig import NOON, PowerCut, provisioning

PIN = "40718263"


def _changes(start: int, end: int, *entries: Entry) -> DeliveryBody:
    return DeliveryBody(start, end, False, 1, 1, entries)


def _all(end: int, *entries: Entry) -> DeliveryBody:
    return DeliveryBody(0, end, True, 1, 1, entries)


def _bundle_of(bench: Bench, nonce: str) -> bytes:
    pen = bench.pen
    return pen.bundle(nonce, NOON, _all(3, pen.settings(), pen.pin("a", PIN)))


def test_a_phone_brings_what_the_lock_lacks_and_opens() -> None:
    """Proves the bundle before the lease, several deliveries in it, the event, and a receipt that says what is held now."""
    bench = Bench()
    pen = bench.pen
    answer = at_the_door(
        bench,
        _all(3, pen.settings(), pen.pin("a", "5555")),
        _changes(3, 4, pen.pin("a", PIN, version=2)),
        required=4,
    )
    assert (answer.opened, answer.reasons) == (True, ())
    assert bench.openings == 1
    assert bench.type("5555") is Signal.DENIED
    assert bench.type(PIN) is Signal.GRANTED
    (sealed,) = answer.receipts
    epoch, receipt = pen.read_receipt(sealed)
    assert (epoch, receipt.applied_revision, receipt.delivery_id) == (7, 4, "carried-3")
    assert [event["kind"] for event in receipt.events] == ["STARTED", "OPENED"]
    assert receipt.events[-1]["method"] == "PHONE"


def test_what_is_no_answer_to_a_hello_of_the_last_minute_changes_nothing() -> None:
    """Proves it for a nonce that was never made, answered, too old, of before a restart, or displaced by four others."""
    bench = Bench()
    lease = bench.pen.lease(THUMBPRINT, NOON + timedelta(hours=2))
    said, read = hello(bench)
    assert hand_over(bench, said, lease, None).opened
    again = hand_over(bench, said, lease, _bundle_of(bench, read.nonce))
    assert ([*again.reasons], again.receipts) == (["STALE_NONCE"], ())
    old, read = hello(bench)
    bench.wait(seconds=61)
    assert [*hand_over(bench, old, lease, _bundle_of(bench, read.nonce)).reasons] == ["STALE_NONCE"]
    first, _ = hello(bench)
    for _ in range(HELLOS_TAKEN):
        hello(bench)
    assert [*hand_over(bench, first, lease, None).reasons] == ["STALE_NONCE"]
    before, read = hello(bench)
    bench.restart()
    assert [*hand_over(bench, before, lease, _bundle_of(bench, read.nonce)).reasons] == [
        "STALE_NONCE"
    ]
    assert bench.firmware.state.applied == 0


def test_a_bundle_is_for_its_own_nonce() -> None:
    """Proves that a withheld one is worthless with the next hello, and the lease that asks for it opens nothing then."""
    bench = Bench()
    _, early = hello(bench)
    withheld = _bundle_of(bench, early.nonce)
    said, _ = hello(bench)
    lease = bench.pen.lease(THUMBPRINT, NOON + SOON, required=3)
    answer = hand_over(bench, said, lease, withheld)
    assert [*answer.reasons] == ["LOCK_BEHIND"]
    assert bench.firmware.state.applied == 0
    said, _ = hello(bench)
    assert [*hand_over(bench, said, lease, None).reasons] == ["LOCK_BEHIND"]


@pytest.mark.parametrize("at", [0, 1, 5, 12, 40, -1])
def test_a_flipped_or_cut_bundle_changes_nothing(at: int) -> None:
    """Proves it for a bit in version, kind, epoch, nonce, text and tag, and for one byte less."""
    bench = Bench()
    said, read = hello(bench)
    whole = _bundle_of(bench, read.nonce)
    wrong = bytearray(whole)
    wrong[at] ^= 1
    for bundle in (bytes(wrong), whole[:-1], whole + b"0", b""):
        said, read = hello(bench)
        hand_over(bench, said, None, bundle)
    assert bench.firmware.state.applied == 0
    assert bench.events()[-1].kind.value == "DELIVERY_REFUSED"
    assert bench.events()[-1].delivery_id is None


def test_another_locks_bundle_and_one_of_an_earlier_life_do_not_open() -> None:
    """Proves it for both, and for a lease of either."""
    bench = Bench()
    others = [
        replace(provisioning(), lock_id="another"),
        provisioning(incarnation="life-0"),
        provisioning(secret=b"o" * 32),
    ]
    for other in others:
        said, read = hello(bench)
        pen = replace(bench.pen, lock=other)
        bundle = pen.bundle(read.nonce, NOON, _all(3, pen.settings()))
        answer = hand_over(bench, said, pen.lease(THUMBPRINT, NOON + SOON), bundle)
        assert [*answer.reasons] == ["FOREIGN_LEASE"]
    assert bench.firmware.state.applied == 0


def test_a_bundle_is_applied_whole_or_not_at_all() -> None:
    """Proves that one malformed delivery takes the good ones and the time with it, and is named; and that a phone which has
    brought what this firmware cannot read still opens."""
    bench = Bench(battery=None)
    pen = bench.pen
    bench.restart(battery=None)
    said, read = hello(bench)
    unknown_zone = _changes(3, 4, pen.settings(zone="Mars/Base", version=2))
    bundle = pen.bundle(read.nonce, NOON, _all(3, pen.settings()), unknown_zone)
    hand_over(bench, said, None, bundle)
    state = bench.firmware.state
    assert (state.applied, state.entries, bench.firmware.view(0).now_ms) == (0, {}, None)
    assert bench.events()[-1].delivery_id == "carried-2"
    assert state.last_ack is not None
    assert state.last_ack.delivery_id == "carried-2"
    bench.restart(battery=NOON)
    said, read = hello(bench)
    lease = pen.lease(THUMBPRINT, NOON + SOON, required=4)
    bundle = pen.bundle(read.nonce, NOON, _all(3, pen.settings()), unknown_zone)
    assert hand_over(bench, said, lease, bundle).opened


def test_the_power_may_go_at_any_write() -> None:
    """Proves the old state or the new one after a cut at each write of a hand-over, and no bolt without its event."""
    for cut in range(3):
        for kept in (False, True):
            bench = Bench()
            pen = bench.pen
            said, read = hello(bench)
            bundle = _bundle_of(bench, read.nonce)
            bench.disk.cut_at, bench.disk.keeps_cut_write = cut, kept
            lease = pen.lease(THUMBPRINT, NOON + SOON, required=3)
            try:
                hand_over(bench, said, lease, bundle)
            except PowerCut:
                assert bench.openings == 0
            bench.restart()
            state = bench.firmware.state
            opened = any(event.kind.value == "OPENED" for event in state.events)
            assert (state.applied, len(state.entries)) in {(0, 0), (3, 2)}
            assert state.applied == (0 if (cut, kept) == (0, False) else 3)
            assert opened == ((cut, kept) in {(1, True), (2, False), (2, True)})
            assert opened or bench.openings == 0


def test_a_lease_opens_with_its_own_phone_until_its_end_and_in_its_hours() -> None:
    """Proves each reason, and that several are told together."""
    bench = Bench()
    pen, end = bench.pen, NOON + SOON
    friday = Schedule(weekdays=frozenset({Weekday.FRIDAY}))
    monday = Schedule(weekdays=frozenset({Weekday.MONDAY}))

    def reasons(lease: bytes, phone: CarriedKey = PHONE) -> list[str]:
        return [*hand_over(bench, hello(bench)[0], lease, None, phone).reasons]

    assert reasons(pen.lease(THUMBPRINT, end, monday, friday)) == []
    assert reasons(pen.lease(THUMBPRINT, end, monday)) == ["WRONG_WEEKDAY"]
    assert reasons(pen.lease(THUMBPRINT, NOON)) == ["ENDED"]
    assert reasons(pen.lease(THUMBPRINT, end), CarriedKey()) == ["FOREIGN_KEY"]
    assert reasons(pen.lease(THUMBPRINT, NOON, monday, required=9), CarriedKey()) == [
        "ENDED",
        "WRONG_WEEKDAY",
        "FOREIGN_KEY",
        "LOCK_BEHIND",
    ]
    assert reasons(b"") == ["FOREIGN_LEASE"]
    bench.wrong(10)
    assert reasons(pen.lease(THUMBPRINT, end)) == [], (
        "a lockout of the keypad does not concern phones"
    )
    bench.restart(battery=None)
    assert reasons(pen.lease(THUMBPRINT, end)) == ["NO_TIME"]
    assert at_the_door(bench).opened, "a bundle brings the time"


def test_a_signature_is_good_for_one_hello_of_one_lock() -> None:
    """Proves that a lease with another hello's signature, none, or one that is not of its shape opens nothing."""
    bench = Bench()
    lease = bench.pen.lease(THUMBPRINT, NOON + SOON)
    before = PHONE.presented(hello(bench)[0], lease, None)
    for wrong in (before.signature, b"", bytes(64), b"\xff" * 64, before.signature + b"0"):
        said, read = hello(bench)
        presented = replace(PHONE.presented(said, lease, None), signature=wrong)
        answer = bench.firmware.present(presented, bench.uptime_ms)
        assert [*answer.reasons] == ["FOREIGN_KEY"]
    for key in (b"", bytes(65), PHONE.public_key[:-1], b"\x02" + PHONE.public_key[1:33]):
        said, read = hello(bench)
        presented = replace(PHONE.presented(said, lease, None), public_key=key)
        assert not bench.firmware.present(presented, bench.uptime_ms).opened
    assert bench.openings == 0
    assert read.nonce != before.nonce


def test_the_time_in_a_bundle_sets_the_clock_backwards_too() -> None:
    """Proves it, with its event, and that the lease is looked at by the new time."""
    bench = Bench(battery=NOON + timedelta(days=400))
    said, read = hello(bench)
    lease = bench.pen.lease(THUMBPRINT, NOON + SOON)
    assert [*hand_over(bench, said, lease, None).reasons] == ["ENDED"]
    said, read = hello(bench)
    assert hand_over(bench, said, lease, bench.pen.bundle(read.nonce, NOON)).opened
    assert "CLOCK_SET" in [event.kind.value for event in bench.events()]


def test_events_are_kept_until_a_bundle_says_that_the_server_has_them() -> None:
    """Proves it by the state id: a floor for another disk is not this one's."""
    bench = Bench()
    bench.wrong(3)
    said, read = hello(bench)
    assert read.events_from == 1
    hand_over(
        bench, said, None, bench.pen.bundle(read.nonce, NOON, state_id="other", event_floor=9)
    )
    assert len(bench.firmware.state.events) == 4
    said, read = hello(bench)
    hand_over(
        bench,
        said,
        None,
        bench.pen.bundle(read.nonce, NOON, state_id=read.state_id, event_floor=2),
    )
    assert [event.sequence for event in bench.firmware.state.events] == [3, 4]
    assert hello(bench)[1].events_from == 3


def test_many_events_take_several_receipts() -> None:
    """Proves that all are told, in order, each once, in receipts of bounded size."""
    bench = Bench()
    bench.hold(bench.pen.settings(), bench.pen.pin("a", PIN))
    for _ in range(250):
        bench.type(PIN)
    answer = hand_over(bench, hello(bench)[0], None, None)
    assert max(map(len, answer.receipts)) <= 8192 + 38
    told = [
        event["sequence"]
        for each in answer.receipts
        for event in bench.pen.read_receipt(each)[1].events
    ]
    assert told == [event.sequence for event in bench.firmware.state.events]
    assert len(answer.receipts) > 2


def test_a_snapshot_in_parts_goes_on_where_the_last_phone_stopped() -> None:
    """Proves what a hello says of the parts that are here, over a restart."""
    bench = Bench()
    pen = bench.pen
    parts = [
        DeliveryBody(0, 5, True, number, 3, (entry,))
        for number, entry in enumerate((pen.settings(), pen.pin("a", PIN), pen.pin("b", "5555")), 1)
    ]
    assert hello(bench)[1].gathering is None
    at_the_door(bench, parts[0], parts[1])
    bench.restart()
    gathering = hello(bench)[1].gathering
    assert gathering is not None
    assert (gathering.epoch, gathering.to_revision, gathering.parts, gathering.next) == (7, 5, 3, 3)
    at_the_door(bench, parts[2])
    assert hello(bench)[1].applied_revision == 5
    assert bench.type(PIN) is Signal.GRANTED


def test_a_hello_is_the_locks_own() -> None:
    """Proves that another key, a changed byte and a cut are noticed, and that older firmware says none."""
    bench = Bench()
    said, _ = hello(bench)
    for wrong in (
        said[:-1],
        said[:40] + b"x" + said[41:],
        b"\x02" + said[1:],
        b"",
        said + b"0" * 4000,
    ):
        with pytest.raises(HelloRefused):
            Hello.read(bench.pen.keys, wrong)
    with pytest.raises(HelloRefused):
        Hello.read(replace(bench.pen, lock=provisioning(secret=b"o" * 32)).keys, said)
    with pytest.raises(NoCourier):
        Bench(lock=replace(provisioning(), firmware=SILENT)).firmware.hello(0)


def test_a_lease_body_has_no_other_field() -> None:
    """Proves that a field too many, which may be a limit, is refused."""
    body = LeaseBody("lease", THUMBPRINT, (ALWAYS,), NOON, 0).encode()
    assert LeaseBody.decode(body).thumbprint == THUMBPRINT
    with pytest.raises(Malformed):
        LeaseBody.decode(body[:-1] + b',"z":1}')
