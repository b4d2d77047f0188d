"""What locks in the field were built to stays byte for byte: vectors for each version and feature, never edited."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from domain.link.claims import SILENT, Claim
from domain.link.courier import Hello, key_thumbprint, opening_message, proves_key
from domain.link.keys import CourierKeys, LinkKeys
from domain.security import base64url
from locksim.deliveries import sum_of
from locksim.firmware import Firmware
from locksim.keypad import Key
from locksim.phone_link import Presented
from locksim.provisioning import NEWEST, FittedKeypad, Provisioning
from locksim.signals import Bolt, Delivery
from locksim.state import LockState
from tests.locksim import courier_vectors, lock_reference, reader_vectors
from tests.locksim.rig import MemoryDisk

DOCS = Path(__file__).parents[2] / "docs"
PUBLISHED = {
    "lock-vectors.json": "b8eca1ea6c97e1d02122fd4d471f38faaaefa505c5bfb20fa49f865771c14608",
    "lock-vectors-pin-mode-by-reader.json": "12fe2cbad1cbefa65cc331dd6f75d69cd56de1e7754657fe3d291469b1e25b8c",
    "lock-vectors-courier.json": "e57183fc4620f480cc16e09235ff48fc074fc72c61910a34c69020688aa2fa83",
}
"""SHA-256 of each file as it was published. A new meaning is a new file; none of these changes."""
V1: dict[str, Any] = json.loads((DOCS / "lock-vectors.json").read_text(encoding="utf-8"))
BY_READER: dict[str, Any] = json.loads(
    (DOCS / "lock-vectors-pin-mode-by-reader.json").read_text(encoding="utf-8")
)
COURIER: dict[str, Any] = json.loads(
    (DOCS / "lock-vectors-courier.json").read_text(encoding="utf-8")
)
NOON_MS = 1_795_694_400_000


def a_lock(firmware: Claim) -> Firmware:
    """The lock of the vectors, with two keypads and firmware that reads this."""
    own = Provisioning.from_json({"name": "Vectors", **V1["provisioning"]}, "vectors")
    keypads = tuple(FittedKeypad(reader, name) for name, reader in BY_READER["keypads"].items())
    return Firmware(
        replace(own, keypads=keypads, firmware=firmware),
        MemoryDisk(),
        uptime_ms=0,
        battery_ms=NOON_MS,
        random_bytes=bytes,
    )


def hears(lock: Firmware, step: dict[str, Any]) -> LockState:
    """The lock's state once it has heard the delivery of a step."""
    lock.receive(Delivery("d", base64url.decode(step["sealed"])), 0)
    return lock.state


@pytest.mark.parametrize(("name", "digest"), PUBLISHED.items(), ids=list(PUBLISHED))
def test_published_vectors_are_never_edited(name: str, digest: str) -> None:
    """Locks were built by them. Whatever is new gets a file of its own."""
    assert sha256((DOCS / name).read_bytes()).hexdigest() == digest


def test_every_file_of_vectors_for_locks_is_among_the_published() -> None:
    """Also one of tomorrow."""
    assert {each.name for each in DOCS.glob("lock-vectors*.json")} == set(PUBLISHED)


def test_the_vectors_of_a_pin_mode_by_reader_are_what_the_second_implementation_makes() -> None:
    """Byte for byte."""
    written = json.dumps(reader_vectors.vectors(), indent=1) + "\n"
    assert (DOCS / "lock-vectors-pin-mode-by-reader.json").read_text(encoding="utf-8") == written


def test_a_lock_that_reads_it_opens_at_the_keypads_that_are_named() -> None:
    """Whole or not at all, with the sums of the vectors, at each keypad what the vectors say."""
    lock = a_lock(NEWEST)
    for step in BY_READER["deliveries"]:
        state = hears(lock, step)
        assert state.last_ack is not None, step["what"]
        assert state.last_ack.state_sum == step["stateSum"], step["what"]
        assert state.entries["settings"].payload == json.loads(step["settings"]), step["what"]
        for reader in BY_READER["keypads"].values():
            lock.outbox.clear()
            for key in (*map(Key, BY_READER["digits"]), Key.ENTER):
                lock.press(key, 0, reader)
            opened = Bolt(drawn=True) in lock.outbox
            assert opened is (reader in step["opensAt"]), (step["what"], reader)


def test_a_lock_that_does_not_read_it_refuses_it_as_a_lock_of_version_1_does() -> None:
    """It keeps what it has; what says one switch for all it takes as ever."""
    lock = a_lock(SILENT)
    first, second, *_ = BY_READER["deliveries"]
    assert hears(lock, first).applied == 1
    before = lock.state.entries
    assert hears(lock, second).applied == 1
    assert lock.state.entries == before
    assert "DELIVERY_REFUSED" in {event.kind.value for event in lock.state.events}


def test_older_firmware_on_the_disk_of_newer_opens_at_no_keypad_until_it_is_told_anew() -> None:
    """It cannot read its settings, so it goes by none: not by one switch for all, nor by how it was provisioned."""
    disk = MemoryDisk()
    lock = a_lock(NEWEST)
    for step in BY_READER["deliveries"][:2]:
        hears(lock, step)
    disk.write(lock.state.encode())
    own = Provisioning.from_json({"name": "Vectors", **V1["provisioning"]}, "vectors")
    older = Firmware(
        replace(own, firmware=SILENT, smartpin_enabled=True),
        disk,
        uptime_ms=0,
        battery_ms=NOON_MS,
        random_bytes=bytes,
    )
    view = older.view(0)
    assert (view.pin_enabled, view.smartpin_enabled) == (False, False)
    assert older.state.entries == lock.state.entries


def test_the_vectors_of_phones_are_what_the_second_implementation_makes() -> None:
    """Byte for byte."""
    written = json.dumps(courier_vectors.vectors(), indent=1) + "\n"
    assert (DOCS / "lock-vectors-courier.json").read_text(encoding="utf-8") == written


def test_a_phone_of_the_vectors_is_known_by_its_key() -> None:
    """Keys, thumbprint, what is signed, and that the signature proves it."""
    secret, phone = base64url.decode(V1["provisioning"]["secret"]), COURIER["phone"]
    keys = CourierKeys.derive(secret)
    assert {"lease": keys.lease.hex(), "receipt": keys.receipt.hex()} == COURIER["keys"]
    said = Hello.read(LinkKeys.derive(secret), base64url.decode(COURIER["hello"]["hello"]))
    point, signature = (base64url.decode(phone[each]) for each in ("publicKey", "signature"))
    assert base64url.encode(key_thumbprint(point)) == phone["thumbprint"]
    assert opening_message(said.lock_id, said.nonce).hex() == phone["opening"]
    assert proves_key(point, signature, key_thumbprint(point), said.lock_id, said.nonce)


def test_a_lock_answers_phones_as_the_vectors_say() -> None:
    """One visit after the other: whether it opens, why not, and what it holds; and its hello and receipts are read by the
    second implementation."""
    lock = a_lock(Claim(reads=("courier",)))
    secret = base64url.decode(V1["provisioning"]["secret"])
    assert base64url.encode(lock.hello(0)) == COURIER["hello"]["hello"]
    nonce = json.loads(COURIER["hello"]["body"])["nonce"]
    for visit in COURIER["visits"]:
        lock.hello(0)
        lease, bundle = (
            None if visit[each] is None else base64url.decode(visit[each])
            for each in ("lease", "bundle")
        )
        key, signature = (base64url.decode(visit[each]) for each in ("publicKey", "signature"))
        answer = lock.present(Presented(nonce, lease, bundle, key, signature), 0)
        state = lock.state
        seen = (answer.opened, [*answer.reasons], state.epoch, state.applied, sum_of(state))
        assert seen == tuple(
            visit[each] for each in ("opened", "reasons", "epoch", "appliedRevision", "stateSum")
        ), visit["what"]
    told = [
        lock_reference.unseal(
            secret,
            lock_reference.KINDS["RECEIPT"],
            V1["provisioning"]["lockId"],
            V1["provisioning"]["incarnation"],
            sealed,
        )
        for sealed in answer.receipts
    ]
    assert all(each is not None and each[0] == state.epoch for each in told)
    bodies = [json.loads(each[1]) for each in told if each is not None]
    assert [each["stateSum"] for each in bodies] == [sum_of(state)] * len(bodies)
    model = json.loads(COURIER["receipt"]["body"])
    assert bodies[0].keys() == model.keys()
    opened = next(each for each in bodies[0]["events"] if each["kind"] == "OPENED")
    assert opened == {**model["events"][0], "sequence": 2}
