"""The bodies: read whole or refused whole."""

from dataclasses import replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.access.schedule import ALWAYS
from domain.link.entries import MAX_SCHEDULES, Entry, EntryKind, PinPayload
from domain.link.messages import (
    DeliveryBody,
    SealedTimeBody,
    UnlockCommandBody,
    entries_that_fit,
)
from domain.link.nonces import MAX_DELIVERY_ENTRIES, NONCE_BYTES, well_formed_nonce
from domain.link.sealing import MAX_BODY_BYTES
from domain.link.wire import Malformed, canonical
from domain.security import base64url
from tests.domain.link import strategies

NONCE = "A" * 43
FRAME_BYTES = 512
"""What a body keeps for the fields round its entries."""
PIN = PinPayload(bytes(32), (ALWAYS,)).to_payload()
CHANGES = DeliveryBody(
    from_revision=4,
    to_revision=6,
    snapshot=False,
    part=1,
    parts=1,
    entries=(Entry("pin:1", EntryKind.PIN, 2, None),),
)
COMMAND = UnlockCommandBody("command-1", NONCE, 20, releases_lockout=False, opens=True)
TIME = SealedTimeBody(NONCE, 1_796_137_200_000, 12)
Body = type[DeliveryBody] | type[UnlockCommandBody] | type[SealedTimeBody]


def changed(data: bytes, **changes: object) -> bytes:
    """The body with fields replaced, in canonical JSON."""
    return canonical({**orjson.loads(data), **changes})


class TestGoldenBytes:
    """What locks in the field read: it never changes."""

    def test_a_delivery(self) -> None:
        """A removal is an entry with null for a payload."""
        assert CHANGES.encode() == (
            b'{"entries":[{"id":"pin:1","kind":"PIN","payload":null,"version":2}],'
            b'"fromRevision":4,"part":1,"parts":1,"snapshot":false,"toRevision":6}'
        )

    def test_an_unlock_command(self) -> None:
        """Both powers are written out."""
        assert COMMAND.encode() == (
            b'{"commandId":"command-1","nonce":"' + NONCE.encode() + b'","opens":true,'
            b'"releasesLockout":false,"seconds":20}'
        )

    def test_sealed_time(self) -> None:
        """Milliseconds, a whole number."""
        assert TIME.encode() == (
            b'{"eventFloor":12,"nonce":"' + NONCE.encode() + b'","unixMs":1796137200000}'
        )


class TestRoundTrip:
    """What was meant is what is done."""

    @given(strategies.deliveries())
    @settings(max_examples=60)
    def test_a_delivery_comes_back_as_it_was(self, body: DeliveryBody) -> None:
        """Changes and parts of snapshots."""
        assert DeliveryBody.decode(body.encode()) == body

    @given(strategies.identifiers, st.integers(1, 60), st.sampled_from([(0, 1), (1, 0), (1, 1)]))
    def test_a_command_comes_back_as_it_was(
        self, command_id: str, seconds: int, powers: tuple[int, int]
    ) -> None:
        """With the powers it was given and no other."""
        body = UnlockCommandBody(
            command_id,
            NONCE,
            seconds,
            releases_lockout=bool(powers[0]),
            opens=bool(powers[1]),
        )
        assert UnlockCommandBody.decode(body.encode()) == body

    @given(st.integers(0, 253_402_300_799_999), st.integers(0, 2**63 - 1))
    def test_a_time_comes_back_as_it_was(self, unix_ms: int, floor: int) -> None:
        """To the millisecond."""
        body = SealedTimeBody(NONCE, unix_ms, floor)
        assert SealedTimeBody.decode(body.encode()) == body

    def test_repr_shows_no_nonce(self) -> None:
        """A nonce in a log is one that others can use."""
        assert NONCE not in repr((COMMAND, TIME))


class TestStrictness:
    """Every body is exactly its fields."""

    @pytest.mark.parametrize("body", [CHANGES, COMMAND, TIME])
    def test_a_field_too_few_or_too_many_is_refused(
        self, body: DeliveryBody | UnlockCommandBody | SealedTimeBody
    ) -> None:
        """The missing one is named; the one too many is not, for its name is content."""
        data = body.encode()
        fields = orjson.loads(data)
        for name in fields:
            less = {key: value for key, value in fields.items() if key != name}
            with pytest.raises(Malformed) as refusal:
                body.decode(canonical(less))
            assert refusal.value.field.endswith(f".{name}")
        with pytest.raises(Malformed) as refusal:
            body.decode(changed(data, secretly=1))
        assert "secretly" not in str(refusal.value)

    @pytest.mark.parametrize("kind", [DeliveryBody, UnlockCommandBody, SealedTimeBody])
    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"{",
            b"null",
            b"[]",
            b"1",
            b"\xff",
            b"{}",
            b"[" * 5000,
            b'{"a":' * 600 + b"1" + b"}" * 600,
        ],
    )
    def test_what_is_no_body_is_refused(self, kind: Body, data: bytes) -> None:
        """By the same exception, whatever it is; deep nesting too."""
        with pytest.raises(Malformed):
            kind.decode(data)

    @given(st.binary(max_size=60))
    def test_noise_is_refused(self, noise: bytes) -> None:
        """No other exception than the one that callers expect."""
        with pytest.raises(Malformed):
            DeliveryBody.decode(noise)

    def test_a_second_spelling_is_refused(self) -> None:
        """White space, another order, or a field given twice, of which each side could see one."""
        data = TIME.encode()
        twice = data[:-1] + b',"unixMs":1796137200000}'
        for spelled in (data + b" ", data.replace(b":", b": ", 1), twice):
            with pytest.raises(Malformed):
                SealedTimeBody.decode(spelled)

    @pytest.mark.parametrize(
        ("field", "changes"),
        [
            ("fromRevision", {"fromRevision": -1}),
            ("fromRevision", {"fromRevision": True}),
            ("fromRevision", {"fromRevision": 4.0}),
            ("fromRevision", {"snapshot": True, "entries": []}),
            ("toRevision", {"toRevision": 4}),
            ("toRevision", {"toRevision": 3}),
            ("toRevision", {"toRevision": 2**31}),
            ("fromRevision", {"fromRevision": 2**31}),
            ("toRevision", {"toRevision": "6"}),
            ("snapshot", {"snapshot": 0}),
            ("part", {"part": 0}),
            ("part", {"part": 2}),
            ("parts", {"parts": 0}),
            ("parts", {"parts": 2}),
            ("parts", {"parts": 10**6}),
            ("entries", {"entries": None}),
            ("entries", {"entries": {}}),
            ("entries", {"fromRevision": 0, "snapshot": True}),
        ],
    )
    def test_a_delivery_that_could_not_be_applied_is_refused_by_name(
        self, field: str, changes: dict[str, object]
    ) -> None:
        """Revisions in order, parts that exist, and no removals in a snapshot."""
        with pytest.raises(Malformed) as refusal:
            DeliveryBody.decode(changed(CHANGES.encode(), **changes))
        assert refusal.value.field == f"delivery.{field}"

    def test_one_bad_entry_refuses_the_whole_delivery(self) -> None:
        """Applied in part it would be a state that nobody wanted."""
        good = Entry("pin:1", EntryKind.PIN, 1, PIN).to_wire()
        for bad in ({**good, "id": "pin:2", "payload": {}}, {**good, "id": ""}, good, 1):
            with pytest.raises(Malformed):
                DeliveryBody.decode(changed(CHANGES.encode(), entries=[good, bad]))

    @pytest.mark.parametrize(
        "changes",
        [
            {"commandId": ""},
            {"commandId": "x" * 65},
            {"nonce": "A" * 42},
            {"nonce": "A" * 42 + "B"},
            {"seconds": 0},
            {"seconds": 61},
            {"seconds": 20.5},
            {"opens": 1},
            {"opens": None},
            {"releasesLockout": "false"},
            {"opens": False},
        ],
    )
    def test_a_command_that_is_not_clear_is_no_command(self, changes: dict[str, object]) -> None:
        """A deadline beyond the nonce's life, or an order to do nothing, is a mistake."""
        with pytest.raises(Malformed):
            UnlockCommandBody.decode(changed(COMMAND.encode(), **changes))

    @pytest.mark.parametrize(
        "changes",
        [
            {"unixMs": -1},
            {"unixMs": 253_402_300_800_000},
            {"unixMs": 1.5},
            {"unixMs": "0"},
            {"eventFloor": -1},
            {"eventFloor": None},
            {"nonce": ""},
        ],
    )
    def test_a_time_that_is_no_time_is_refused(self, changes: dict[str, object]) -> None:
        """The lock's clock hangs on it."""
        with pytest.raises(Malformed):
            SealedTimeBody.decode(changed(TIME.encode(), **changes))

    def test_nothing_is_sent_that_would_be_refused(self) -> None:
        """A delivery that no lock reads would stop the lock's synchronisation for good."""
        with pytest.raises(Malformed):
            DeliveryBody(6, 6, False, 1, 1, ()).encode()
        with pytest.raises(Malformed):
            DeliveryBody(0, 6, False, 1, 2, ()).encode()
        with pytest.raises(Malformed):
            DeliveryBody(0, 6, False, 1, 1, (Entry("a b", EntryKind.PIN, 1, None),)).encode()
        with pytest.raises(Malformed):
            UnlockCommandBody("c", NONCE, 61, releases_lockout=False, opens=True).encode()
        with pytest.raises(Malformed):
            SealedTimeBody("nonce", 0, 0).encode()


class TestLimits:
    """A limit on everything."""

    def test_a_delivery_holds_500_entries_and_no_more(self) -> None:
        """Counted, whatever their size."""
        entries = tuple(
            Entry(f"pin:{number}", EntryKind.PIN, 1, None)
            for number in range(MAX_DELIVERY_ENTRIES + 1)
        )
        assert entries_that_fit(entries) == MAX_DELIVERY_ENTRIES
        payload = PinPayload(bytes(32), (ALWAYS,) * 7).to_payload()
        larger = tuple(Entry(f"pin:{number}", EntryKind.PIN, 1, payload) for number in range(900))
        assert entries_that_fit(larger) == MAX_DELIVERY_ENTRIES
        full = DeliveryBody(0, 1, False, 1, 1, entries[:MAX_DELIVERY_ENTRIES])
        assert DeliveryBody.decode(full.encode()) == full
        with pytest.raises(Malformed) as refusal:
            DeliveryBody(0, 1, False, 1, 1, entries).encode()
        assert refusal.value.field == "delivery.entries"

    def test_as_many_entries_as_fit_make_a_message_that_can_be_sealed(self) -> None:
        """Entries of the largest size, with the longest ids and numbers."""
        payload = PinPayload(bytes(32), (ALWAYS,) * MAX_SCHEDULES).to_payload()
        entries = tuple(
            Entry(f"{number:064d}", EntryKind.PIN, 2**63 - 1, payload) for number in range(200)
        )
        count = entries_that_fit(entries)
        body = DeliveryBody(2**30, 2**31 - 1, False, 1, 1, entries[:count])
        assert 1 < count < len(entries)
        assert len(body.encode()) <= MAX_BODY_BYTES
        longer = DeliveryBody(2**30, 2**31 - 1, False, 1, 1, entries[: count + 1])
        assert len(longer.encode()) > MAX_BODY_BYTES - 1024

    @pytest.mark.parametrize(("over", "fit"), [(0, 3), (1, 2)])
    def test_a_delivery_may_fill_its_frame_to_the_byte(self, over: int, fit: int) -> None:
        """One byte more goes into the next one."""
        space = MAX_BODY_BYTES - FRAME_BYTES + over
        payload: dict[str, object] = {"filler": ""}
        small = Entry("b", EntryKind.PIN, 1, payload)
        rest = space - 2 * (len(canonical(small.to_wire())) + 1)
        empty = len(canonical(replace(small, id="a").to_wire())) + 1
        large = Entry("a", EntryKind.PIN, 1, {"filler": "x" * (rest - empty)})
        entries = (large, small, replace(small, id="c"))
        assert sum(len(canonical(entry.to_wire())) + 1 for entry in entries) == space
        assert entries_that_fit(entries) == fit

    def test_nothing_fits_of_nothing_and_all_of_a_few(self) -> None:
        """The ends of the count."""
        assert entries_that_fit(()) == 0
        assert entries_that_fit((Entry("pin:1", EntryKind.PIN, 1, PIN),)) == 1


class TestNonces:
    """32 random bytes, in one spelling."""

    @given(st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES))
    def test_any_32_bytes_are_well_formed(self, made: bytes) -> None:
        """As base64url without padding."""
        assert well_formed_nonce(base64url.encode(made))

    @pytest.mark.parametrize(
        "text", ["", "A" * 42, "A" * 44, "A" * 42 + "=", "A" * 42 + "B", "é" * 43]
    )
    def test_other_texts_are_not(self, text: str) -> None:
        """Padding, other lengths, and last symbols with bits that mean nothing."""
        assert not well_formed_nonce(text)
