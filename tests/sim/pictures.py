"""The three pictures of a site held side by side: what the API says, what the tables amount to, what the locks hold."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from domain.link.digests import pin_digest
from domain.link.entries import Entry, EntryKind, PinPayload
from domain.link.keys import LinkKeys
from domain.node_ids import node_id, read_node_id
from domain.sync.tables import EntryState, LockEntry
from tests.sim.api_picture import Told
from tests.sim.locks import CrossedLock
from tests.sim.recomputed import Holding, Recomputed, is_wanted


def differences(told: Told, tables: Recomputed, locks: Mapping[str, CrossedLock]) -> Iterator[str]:
    """What does not agree, at rest, in words; nothing where all is well."""
    reached = {key: lock for key, lock in locks.items() if lock.network.on}
    yield from tables.leaks
    yield from (
        f"given-up digits are held by {key}, which has them no more"
        for each in tables.holders
        if (key := node_id("lock", each)) in reached or each not in tables.locks
    )
    yield from _entries(tables)
    yield from _held(tables, reached)
    yield from _locks_told(told, tables, reached)
    yield from _pins_told(told, tables, locks)
    yield from _named(told)


def _key(kind: str, name: str) -> UUID:
    key = read_node_id(kind, name)
    assert key is not None
    return key


def _entries(tables: Recomputed) -> Iterator[str]:
    """The table of entries against what it should be."""
    for lock_id, wanted in tables.wanted.items():
        there = {n: each for n, each in tables.entries[lock_id].items() if is_wanted(each)}
        lock = node_id("lock", lock_id)
        for name in wanted.keys() - there.keys():
            yield f"{lock} should hold {name}, and its entries say no"
        for name in there.keys() - wanted.keys():
            yield f"{lock} should not hold {name}, and its entries say yes"
        for name in wanted.keys() & there.keys():
            if wanted[name].content not in (None, there[name].content):
                yield f"{lock} should hold {name} as {wanted[name].content}, its entries say {there[name].content}"
            if there[name].payload_hash == "" and tables.locks[lock_id].incarnation is not None:
                yield f"{lock} has {name} without a hash"


def _held(tables: Recomputed, locks: Mapping[str, CrossedLock]) -> Iterator[str]:
    """What the simulated locks hold against what they should."""
    for key, lock in locks.items():
        entries = lock.entries()
        wanted = tables.wanted[_key("lock", key)]
        for name in wanted.keys() - entries.keys():
            yield f"{key} does not hold {name}"
        for name in entries.keys() - wanted.keys():
            yield f"{key} still holds {name}"
        for name in wanted.keys() & entries.keys():
            if not _as_wanted(wanted[name], entries[name], lock):
                yield f"{key} holds {name} as {dict(entries[name].payload or {})}, wanted {wanted[name].content}"


def _as_wanted(wanted: Holding, entry: Entry, lock: CrossedLock) -> bool:
    if entry.kind is EntryKind.PIN:
        payload = PinPayload.from_payload(entry.payload)
        assert wanted.verifier is not None
        keys = LinkKeys.derive(lock.provisioning.secret)
        same = payload.digest == pin_digest(keys, wanted.verifier)
        return same and payload.to_payload()["schedules"] == wanted.content["schedules"]
    return (
        entry.kind in (EntryKind.CARD, EntryKind.SMARTPIN_BLOCK) or entry.payload == wanted.content
    )


def _locks_told(told: Told, tables: Recomputed, locks: Mapping[str, CrossedLock]) -> Iterator[str]:
    """What the API says of locks: that all has arrived, which settings they have, whether they are there."""
    if set(told.of("lock")) != {node_id("lock", each) for each in tables.locks}:
        yield "the API lists other locks than there are"
    for key, lock in told.of("lock").items():
        settings = tables.wanted[_key("lock", key)]["settings"].content
        if lock["pinEnabled"] != tables.takes_pins[_key("lock", key)]:
            yield f"the API says PIN mode {lock['pinEnabled']} of {key}"
        if lock["smartPinEnabled"] != settings["smartPinEnabled"]:
            yield f"the API says SmartPINs {lock['smartPinEnabled']} of {key}"
        if lock["online"] != (key in locks):
            yield f"the API says online {lock['online']} of {key}"
        if key in locks:
            sync = lock["sync"]
            if (sync["status"], sync["pending"]) != ("UPDATED", 0):
                yield f"the API says {sync['status']}, {sync['pending']} pending, of {key} at rest"
            if not sync["wantedRevision"] == sync["appliedRevision"] == locks[key].applied():
                yield f"the API says {sync} of {key}, which is at {locks[key].applied()}"


def _pins_told(told: Told, tables: Recomputed, locks: Mapping[str, CrossedLock]) -> Iterator[str]:
    """What the API says of each PIN at each lock."""
    for key, pin in told.nodes.items():
        if not key.startswith("pin_"):
            continue
        should = {node_id("lock", each) for each, held in tables.wanted.items() if key in held}
        if pin["state"] == "ACTIVE" and pin["locks"] != should:
            yield f"the API says {key} opens {sorted(pin['locks'])}, the tables {sorted(should)}"
        for sync in pin["lockSync"]:
            lock_id = sync["lock"]["id"]
            lock, entry = locks.get(lock_id), tables.entries[_key("lock", lock_id)].get(key)
            if lock is not None:
                yield from _pin_at_lock(f"{key} at {lock_id}", sync, entry, lock, key)


def _pin_at_lock(
    what: str, sync: Mapping[str, Any], entry: LockEntry | None, lock: CrossedLock, pin_id: str
) -> Iterator[str]:
    held = lock.entries().get(pin_id)
    opens = [held.version] if held is not None else []
    told = sync["opensNow"]
    if told is not None and not set(opens) <= set(told):
        yield f"{what}: the API says opensNow {told}, the lock holds {opens}"
    if not lock.network.on:
        return
    if told != opens:
        yield f"{what}: the API says opensNow {told} at rest, the lock holds {opens}"
    removed = entry is not None and entry.state is EntryState.REMOVED
    if sync["status"] != ("REMOVED" if removed else "UPDATED"):
        yield f"{what}: the API says {sync['status']} at rest, entry {entry and entry.state}"


def _named(told: Told) -> Iterator[str]:
    """Whatever a list names is there, each from both sides."""
    for key, each in told.nodes.items():
        if each.get("state") == "REMOVED":
            continue
        for name, value in each.items():
            for other in value if isinstance(value, set) else ():
                if other not in told.nodes:
                    yield f"{key} names {other} in {name}, which is gone"
    for tag_id, tag in told.of("tag").items():
        for other in tag["members"] | tag["locks"]:
            if tag_id not in told.nodes.get(other, {}).get("tags", {tag_id}):
                yield f"{tag_id} names {other}, which does not name it"
