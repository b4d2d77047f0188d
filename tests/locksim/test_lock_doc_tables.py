"""The tables of `docs/lock.md` on events, close codes and errors say what the code does."""

import re
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import pytest
from graphql import GraphQLUnionType, build_schema

from api.auth import sockets
from api.protocol import messages, websocket
from domain.link.events import SERVER_EVENTS, LockEventBody, LockEventKind
from domain.link.sealing import MessageKind, seal_message
from locksim import journal
from locksim.connection import ANSWER_TIMEOUT_S
from locksim.signals import Delivery
from tests.locksim.at_the_door import THUMBPRINT, at_the_door
from tests.locksim.bench import Bench
from tests.locksim.codes import bench_with_smartpins, block_at_keypad, code_now
from tests.locksim.rig import CARD, NOON
from tests.locksim.test_lock_doc import DOCS, SCHEMA

OF_UVICORN = 1012
"""Sent by the server below the application when it is shut down."""
FIELDS = ("method", "entryId", "commandId", "reasons", "count", "deliveryId", "leaseId")


@pytest.fixture(scope="module")
def text() -> str:
    return (DOCS / "lock.md").read_text(encoding="utf-8")


def rows(text: str, head: str) -> list[list[str]]:
    """The cells of the table whose first row begins like this."""
    lines = text[text.index(f"| {head} |") :].splitlines()
    table = lines[2 : next(n for n, line in enumerate(lines) if not line.startswith("|"))]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in table]


def everything() -> Iterable[LockEventBody]:
    """All that can happen at a lock, at least once in each way that the table tells apart."""
    bench = bench_with_smartpins()
    pen, code = bench.pen, code_now()
    nonce = bench.nonce()
    bench.receive(pen.command(nonce), pen.command(nonce), pen.command(nonce, name="r", opens=True))
    order = pen.command(nonce, name="unreadable")
    bench.receive(type(order)("x", order.sealed[:-1] + bytes([order.sealed[-1] ^ 1])))
    snapshot = pen.snapshot(99)
    bench.receive(type(snapshot)("x", snapshot.sealed[:-1] + bytes([snapshot.sealed[-1] ^ 1])))
    at = bench.firmware.state.applied
    malformed = b'{"more":null}'
    sealed = seal_message(
        pen.keys.bundle,
        MessageKind.DELIVERY,
        bench.lock.lock_id,
        bench.lock.incarnation,
        pen.epoch,
        malformed,
    )
    bench.receive(Delivery("malformed", sealed))
    assert bench.firmware.state.applied == at
    bench.type("40718263")
    bench.type("1")
    bench.type(code)
    bench.type("7595")
    bench.type("7595")
    bench.hold(pen.settings(smartpin=True), pen.card(), pen.pin("pin", "7595"))
    block_at_keypad(bench, code)
    bench.type(code)
    bench.present(CARD[::-1])
    bench.wrong(10)
    bench.present()
    bench.wrong(10)
    nonce = bench.nonce()
    bench.receive(pen.command(nonce, name="release", releases=True, opens=False))
    bench.receive(pen.time(nonce, NOON.replace(year=2027)))
    at_the_door(bench)
    at_the_door(bench, lease=b"")
    at_the_door(bench, lease=pen.lease(THUMBPRINT, NOON))
    bench.settle()
    yield from bench.events()
    full = Bench()
    for number in range(journal.NOISE_CAPACITY + 1):
        full.present(number.to_bytes(4, "big"))
    full.connect()
    yield from full.events()
    lost = Bench()
    lost.wait(hours=1)
    lost.restart(battery=NOON)
    yield from lost.events()


def test_each_kind_has_the_fields_that_the_table_says(text: str) -> None:
    """Never, always, or both ways; every kind of a lock is met."""
    seen: dict[str, dict[str, set[bool]]] = {}
    for event in everything():
        report = event.to_report()
        kind = seen.setdefault(event.kind.value, {field: set() for field in FIELDS})
        for field in FIELDS:
            kind[field].add(bool(report.get(field)))
    words = {frozenset({True}): "yes", frozenset({False}): "no", frozenset({True, False}): "maybe"}
    told = [
        [kind, *(words[frozenset(seen.get(kind, {}).get(field, ()))] for field in FIELDS)]
        for kind in (each.value for each in LockEventKind if each not in SERVER_EVENTS)
    ]

    assert sorted(
        rows(
            text,
            "kind | `method` | `entryId` | `commandId` | `reasons` | `count` | `deliveryId` | `leaseId`",
        )
    ) == sorted(told)


def codes_in(module: ModuleType) -> set[int]:
    """The numbers with which a module closes sockets, as they stand in its source."""
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    return {int(found) for found in re.findall(r"\b(10\d\d|4[45]\d\d)(?= if |,)", source)}


def test_every_close_code_has_its_row(text: str) -> None:
    """Those of the protocol and of the watch on a socket."""
    sent = codes_in(websocket) | codes_in(messages) | {sockets.ENDED[0], OF_UVICORN}
    sent |= {4403}
    assert {int(row[0]) for row in rows(text, "close code")} == sent


def test_every_answer_to_a_report_has_its_row(text: str) -> None:
    """The members of its union, and the seconds that a lock waits for one."""
    union = build_schema(SCHEMA.read_text(encoding="utf-8")).type_map["ReportLockResult"]
    assert isinstance(union, GraphQLUnionType)
    told = {row[0] for row in rows(text, "answer")}
    assert {each.name for each in union.types} <= told
    assert f"no answer to a report within {ANSWER_TIMEOUT_S:g} seconds" in told
