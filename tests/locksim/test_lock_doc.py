"""`docs/lock.md` tells the truth: its vectors hold for the product and for a second implementation, its figures too."""

import base64
import hmac
import json
import re
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from graphql import build_schema, parse, validate

from api.protocol.socket_limits import SocketLimits
from domain.access.decision import DenialReason, Granted, check_schedule
from domain.access.pin_shape import LONGEST, SHORTEST
from domain.link import courier, entries, messages, nonces, sealing
from domain.link.digests import card_digest, pin_digest
from domain.link.entries import Entry, EntryKind
from domain.link.events import EventRefusal, LockEventKind, OpeningMethod
from domain.link.keys import LinkKeys
from domain.link.messages import DeliveryBody, SealedTimeBody, UnlockCommandBody
from domain.link.proof import make_proof, read_proof
from domain.link.schedules import schedule_from_wire, schedule_to_wire
from domain.link.sealing import MessageKind, Unreadable, unseal_message
from domain.link.state import payload_hash, state_sum
from domain.link.wire import Malformed, canonical
from domain.security.passwords import derive_verifier
from domain.sync import lock_identity, rules
from locksim import keypad, lockout, server_link
from locksim.firmware import Firmware
from locksim.keypad import Key
from locksim.provisioning import Provisioning
from locksim.signals import Bolt, Delivery, SealedTime, Signal, UnlockCommand
from smartpin.codec import derive_key
from tests.locksim import lock_reference, lock_vectors
from tests.locksim.rig import MemoryDisk

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = Path(__file__).parents[2] / "schema.graphql"
V: dict[str, Any] = json.loads((DOCS / "lock-vectors.json").read_text(encoding="utf-8"))
OWN = Provisioning.from_json({"name": "Vectors", **V["provisioning"]}, "vectors")
KEYS = LinkKeys.derive(OWN.secret)
BODIES: dict[MessageKind, type[DeliveryBody | UnlockCommandBody | SealedTimeBody]] = {
    MessageKind.DELIVERY: DeliveryBody,
    MessageKind.UNLOCK_COMMAND: UnlockCommandBody,
    MessageKind.SEALED_TIME: SealedTimeBody,
}
DAY_MS = 24 * 3600 * 1000
START_MS = 1_795_694_400_000
"""Noon before the sealed time of the vectors."""


@pytest.fixture(scope="module")
def text() -> str:
    return (DOCS / "lock.md").read_text(encoding="utf-8")


def data(spelled: str) -> bytes:
    """Bytes from base64url."""
    return base64.urlsafe_b64decode(spelled + "=" * (-len(spelled) % 4))


NONCE = data(V["nonce"])


def opened(kind: MessageKind, sealed: str) -> tuple[int, bytes]:
    """By the product's own code."""
    return unseal_message(KEYS.bundle, kind, OWN.lock_id, OWN.incarnation, data(sealed))


def firmware(disk: MemoryDisk | None = None) -> Firmware:
    """The simulator's lock as provisioned in the vectors, connected, its nonce the one that they speak of."""
    lock = Firmware(
        OWN,
        disk or MemoryDisk(),
        uptime_ms=0,
        battery_ms=START_MS,
        random_bytes=lambda count: NONCE[:count],
    )
    lock.connected(0)
    lock.outbox.clear()
    return lock


def happened(lock: Firmware) -> list[tuple[str, list[str]]]:
    """Its events besides that of starting."""
    return [
        (event.kind.value, [reason.value for reason in event.reasons])
        for event in lock.state.events
        if event.kind is not LockEventKind.STARTED
    ]


def test_the_second_implementation_made_the_vectors() -> None:
    """Making them anew changes nothing, so the file was not edited and the maker has not moved."""
    assert json.loads(json.dumps(lock_vectors.vectors())) == V


def test_keys_and_proof_are_the_products() -> None:
    """The product derives the same four keys and believes the token; its own says the same, signed with the same key."""
    made = {
        "lock-link": KEYS.link,
        "digest": KEYS.digest,
        "bundle": KEYS.bundle,
        "smartpin": derive_key(OWN.secret),
    }
    assert {name: key.hex() for name, key in made.items()} == V["keys"]
    proof = V["proof"]
    own = make_proof(KEYS, OWN.lock_id, proof["challenge"], proof["jti"])
    signed, _, signature = own.rpartition(".")
    assert data(signature) == hmac.digest(
        bytes.fromhex(V["keys"]["lock-link"]), signed.encode(), "sha256"
    )
    for mine, theirs in zip(signed.split("."), proof["token"].split("."), strict=False):
        assert json.loads(data(mine)) == json.loads(data(theirs))
    read = read_proof(KEYS, proof["token"], OWN.lock_id, proof["challenge"], datetime.now(UTC))
    assert read.jti == proof["jti"]


def test_digests_payloads_and_sums_are_the_products() -> None:
    """From digits and cards to digests, from payloads to bytes and hashes, from entries to the sum, in any order."""
    for pin in V["pins"]:
        verifier = derive_verifier(pin["digits"], OWN.pin_salt, OWN.pin_profile)
        assert verifier.hex() == pin["verifier"]
        assert pin_digest(KEYS, verifier).hex() == pin["digest"]
    for card in V["cards"]:
        assert card_digest(KEYS, bytes.fromhex(card["uid"])).hex() == card["digest"]
    held = {}
    for each in V["payloads"]:
        entry = Entry.from_wire(each["entry"])
        assert entry.to_wire() == each["entry"]
        assert entry.payload is not None
        assert canonical(entry.payload).decode() == each["canonical"]
        assert payload_hash(entry.payload).hex() == each["hash"]
        held[entry.id] = (entry.id, entry.version, payload_hash(entry.payload))
    for each in V["sums"]:
        assert state_sum(held[name] for name in reversed(each["entries"])) == each["sum"]
    assert {each["entry"]["kind"] for each in V["payloads"]} == set(EntryKind)


def test_envelopes_open_to_their_bodies_and_nothing_else_does() -> None:
    """For the product and the second implementation alike; each kind is there."""
    their = partial(lock_reference.unseal, OWN.secret)
    for each in V["envelopes"]:
        kind = MessageKind(each["kind"])
        expected = (each["epoch"], each["body"].encode())
        assert opened(kind, each["sealed"]) == expected
        number = lock_reference.KINDS[kind.value]
        assert their(number, OWN.lock_id, OWN.incarnation, data(each["sealed"])) == expected
        assert BODIES[kind].decode(expected[1]).encode() == expected[1]
    for each in V["unreadable"]:
        with pytest.raises(Unreadable):
            opened(MessageKind.UNLOCK_COMMAND, each["sealed"])
        assert their(2, OWN.lock_id, OWN.incarnation, data(each["sealed"])) is None, each["what"]
    assert {each["kind"] for each in V["envelopes"]} == {kind.value for kind in BODIES}


@pytest.mark.parametrize("case", V["malformed"], ids=lambda case: str(case["what"]))
def test_malformed_bodies_are_refused(case: dict[str, Any]) -> None:
    """Each is refused as a whole."""
    with pytest.raises(Malformed):
        BODIES[MessageKind(case["kind"])].decode(case["body"].encode())


def test_the_lock_holds_what_the_vectors_say_after_each_delivery() -> None:
    """The simulator, delivery by delivery and through a restart after each: the same state, the same sum, acknowledged."""
    disk = MemoryDisk()
    for number, step in enumerate(V["deliveries"]):
        lock, what = firmware(disk), step["what"]
        before = len(happened(lock))
        lock.receive(Delivery(str(number), data(step["sealed"])), 1)
        state, after = lock.state, step["after"]

        assert (state.epoch, state.applied) == (after["epoch"], after["appliedRevision"]), what
        held = {name: entry.version for name, entry in state.entries.items()}
        assert held == after["entries"], what
        assert state.last_ack is not None
        assert state.last_ack.delivery_id == str(number)
        assert state.last_ack.state_sum == after["stateSum"], what
        refused: list[tuple[str, list[str]]] = (
            [("DELIVERY_REFUSED", [])] if not step["wellFormed"] else []
        )
        assert happened(lock)[before:] == refused, what
    assert any(not step["wellFormed"] for step in V["deliveries"])


def test_schedules_open_at_the_moments_that_the_vectors_say() -> None:
    """Both changes of the clocks, nights, first and last days, moments."""
    for each in V["schedules"]:
        schedule = schedule_from_wire(each["schedule"], "schedule")
        assert schedule_to_wire(schedule) == each["schedule"]
        for moment, opens in each["opens"].items():
            now = datetime.fromisoformat(moment)
            decision = check_schedule(schedule, ZoneInfo(each["zone"]), now)
            assert isinstance(decision, Granted) == opens, (each["schedule"], moment)


def test_the_lock_acts_on_the_envelopes_as_written() -> None:
    """The PIN opens once delivered; the command draws the bolt once and in time; the time is believed once."""
    sealed = {each["kind"]: data(each["sealed"]) for each in V["envelopes"]}
    first = data(V["deliveries"][0]["sealed"])
    lock = firmware()
    lock.receive(Delivery("d", first), 1)
    lock.outbox.clear()
    for key in (*"40718263", Key.ENTER):
        lock.press(Key(key), 2)
    assert Signal.GRANTED in lock.outbox
    lock.tick(6000)
    lock.outbox.clear()

    lock.receive(UnlockCommand("c", sealed["UNLOCK_COMMAND"]), 10_000)
    assert Bolt(drawn=True) in lock.outbox
    lock.receive(UnlockCommand("c", sealed["UNLOCK_COMMAND"]), 10_000)
    lock.receive(SealedTime("t", sealed["SEALED_TIME"]), 11_000)
    assert lock.view(11_000).now_ms == START_MS + DAY_MS
    lock.receive(SealedTime("t", sealed["SEALED_TIME"]), 20_000)
    assert lock.view(20_000).now_ms == START_MS + DAY_MS + 9_000
    late = firmware()
    late.receive(UnlockCommand("c", sealed["UNLOCK_COMMAND"]), 10_001)
    for each in V["unreadable"]:
        late.receive(UnlockCommand("c", data(each["sealed"])), 10_001)

    opened_twice = [("OPENED", []), ("OPENED", []), ("COMMAND_REFUSED", ["REPLAYED_COMMAND"])]
    assert happened(lock) == [*opened_twice, ("CLOCK_SET", [])]
    assert happened(late) == [
        ("COMMAND_REFUSED", ["STALE_COMMAND"]),
        *[("COMMAND_REFUSED", [])] * len(V["unreadable"]),
    ]
    assert late.view(10_001).bolt_drawn is False


@pytest.mark.parametrize("walk", V["keypad"]["walks"], ids=lambda walk: str(walk["what"]))
def test_the_keypad_shows_and_counts_what_the_vectors_say(walk: dict[str, Any]) -> None:
    """Entry by entry; each key comes at the moment at which the entry begins."""
    own = V["keypad"]
    assert own["start"] == datetime.fromtimestamp(START_MS / 1000, UTC).isoformat().replace(
        "+00:00", "Z"
    )
    lock, uptime_ms = firmware(), 0
    lock.receive(Delivery("d", data(own["sealed"])), uptime_ms)
    for entry in walk["entries"]:
        uptime_ms += int(entry["after"] * 1000)
        for digit in entry["typed"]:
            lock.press(Key(digit), uptime_ms)
        lock.outbox.clear()
        lock.press(Key.ENTER, uptime_ms)
        assert [each for each in lock.outbox if isinstance(each, Signal)] == [entry["shown"]]
        assert lock.state.tries.streak == entry["wrongInARow"]


def test_the_documents_of_the_document_are_of_the_schema(text: str) -> None:
    """Each GraphQL block is valid against the published schema."""
    schema = build_schema(SCHEMA.read_text(encoding="utf-8"))
    blocks = re.findall(r"```graphql\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        assert validate(schema, parse(block)) == []


def test_every_name_that_a_lock_may_meet_is_in_the_document(text: str) -> None:
    """Kinds of entries, events, methods, reasons, and the fields of every payload and body."""
    for names in (EntryKind, LockEventKind, EventRefusal, OpeningMethod, DenialReason):
        for name in names:
            assert f"`{name.value}`" in text, name
    fields = {field for each in V["payloads"] for field in each["entry"]["payload"]}
    fields |= {field for each in V["envelopes"] for field in json.loads(each["body"])}
    fields |= {"validFrom", "validUntil", "slotStart", "slotEnd", "weekdays"}
    for field in fields:
        assert f"`{field}`" in text or f'"{field}"' in text, field
    for part in V.keys() - {"format"}:
        assert f"`{part}`" in text, part


def test_the_limits_are_those_of_the_code(text: str) -> None:
    """Row by row; a limit that changes must change here too."""
    table = text[text.index("| limit | value |") : text.index("## 14.")]
    told = {name: int(value) for name, value in re.findall(r"^\| (.+?) \| (\d+) \|$", table, re.M)}

    assert told == {
        "bytes of a body": sealing.MAX_BODY_BYTES,
        "entries in a delivery": nonces.MAX_DELIVERY_ENTRIES,
        "parts of a snapshot": messages.MAX_PARTS,
        "schedules of a PIN": entries.MAX_SCHEDULES,
        "minutes of a timed release": entries.MAX_LOCKOUT_RELEASE_MINUTES,
        "seconds that a challenge is good": lock_identity.CHALLENGE_LIFETIME.total_seconds(),
        "seconds that a nonce is good": nonces.NONCE_LIFETIME_SECONDS,
        "seconds between nonces": nonces.NONCE_REPORT_INTERVAL_SECONDS,
        "seconds without a nonce until offline": nonces.OFFLINE_AFTER_SECONDS,
        "seconds until a delivery is cut anew": rules.DELIVERY_PATIENCE.total_seconds(),
        "events in a report": rules.MAX_EVENTS_PER_REPORT,
        "bytes of a message to the server": SocketLimits().message_bytes,
        "messages a second to the server, on average": SocketLimits().per_second,
        "shortest PIN": SHORTEST,
        "longest PIN": LONGEST,
        "wrong entries in a row": lockout.CONSECUTIVE_LIMIT,
        "wrong entries in the bucket": lockout.BUCKET,
        "hours until one is refilled": lockout.REFILL_MS / 3_600_000,
        "seconds until an unfinished entry is dropped": keypad.IDLE_MS / 1000,
        "seconds in which a short PIN can be set": keypad.SHORT_PIN_MS / 1000,
        "seconds in which the next entry of a function begins": keypad.PROGRAMMING_MS / 1000,
        "digits of a function": keypad.LONGEST_FUNCTION,
        "bytes of a hello": courier.MAX_HELLO_BYTES,
        "deliveries in a bundle": courier.MAX_BUNDLE_DELIVERIES,
        "bytes of a receipt's body": courier.MAX_RECEIPT_BYTES,
        "events in a receipt": courier.MAX_RECEIPT_EVENTS,
        "receipts at once": courier.MAX_RECEIPTS,
    }
    assert server_link.NONCES_TAKEN == rules.NONCES_KEPT == 2


def test_the_worked_example_is_that_of_the_vectors(text: str) -> None:
    """Keys, header, associated data, body, a digest and a sum stand there as they are."""
    (command,) = [each for each in V["envelopes"] if each["kind"] == "UNLOCK_COMMAND"]
    header = data(command["sealed"])[:10]
    for value in (
        V["keys"]["lock-link"],
        V["keys"]["bundle"],
        header.hex(),
        lock_reference.associated(header, OWN.lock_id, OWN.incarnation).hex(),
        command["body"],
        V["pins"][0]["digest"],
        V["sums"][-1]["sum"],
    ):
        assert f"`{value}`" in text
