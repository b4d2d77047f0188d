"""Scenarios of sections 5 to 7: what is applied, and what changes nothing."""

from collections.abc import Iterator
from typing import Any

from api.lock_check.bench import Bench, NoAnswer
from api.lock_check.contents import gone, in_step, pin, settings
from api.lock_check.rules import Rule
from domain.link.entries import Entry
from domain.link.messages import DeliveryBody
from domain.link.sealing import MessageKind
from domain.link.wire import canonical


async def takes_a_snapshot(bench: Bench) -> None:
    """Two of them: the second takes away what it does not name."""
    await in_step(bench, pin("pin-c"))
    expected = bench.expected
    entries = (settings(), pin("pin-d"))
    expected.entries, expected.revision = {each.id: each for each in entries}, expected.revision + 1
    report = await bench.deliver(bench.snapshot(*entries, end=expected.revision))
    applied = report["appliedRevision"] == expected.revision
    bench.note(Rule.SNAPSHOT, applied, bench.tell(report))
    if applied:
        bench.note(
            Rule.STATE_SUM, bench.is_as_expected(report), f"the sum should be {expected.sum}."
        )


async def takes_changes(bench: Bench) -> None:
    """Another version of one PIN, a new one, and then a removal."""
    await in_step(bench)
    report = await _changed(bench, pin("pin-a"), pin("pin-c"))
    bench.note(Rule.CHANGES, bench.is_as_expected(report), bench.tell(report))
    report = await _changed(bench, gone("pin-b"))
    bench.note(Rule.REMOVAL, bench.is_as_expected(report), bench.tell(report))


async def _changed(bench: Bench, *entries: Entry) -> dict[str, Any]:
    body = bench.changes(*entries)
    bench.expected.revision = body.to_revision
    for each in entries:
        bench.expected.entries.pop(each.id, None)
        if each.payload is not None:
            bench.expected.entries[each.id] = each
    return await bench.deliver(body)


async def leaves_gaps(bench: Bench) -> None:
    """Changes from a revision that the lock has not reached."""
    await in_step(bench)
    at = bench.expected.revision
    await _unchanged(bench, Rule.GAP, bench.changes(pin("pin-x"), start=at + 1, end=at + 2))


async def leaves_old_changes(bench: Bench) -> None:
    """Changes up to the revision that it has, and up to one below."""
    await in_step(bench)
    at = bench.expected.revision
    for end in (at, at - 1):
        body = bench.changes(pin("pin-x"), start=0, end=max(end, 1))
        await _unchanged(bench, Rule.OLD_CHANGES, body)


async def leaves_other_epochs(bench: Bench) -> None:
    """Changes that would continue, if they were of its epoch."""
    await in_step(bench)
    for epoch in (bench.expected.epoch + 1, bench.expected.epoch - 1):
        await _unchanged(bench, Rule.OTHER_EPOCH, bench.changes(pin("pin-x")), epoch)


async def leaves_old_snapshots(bench: Bench) -> None:
    """One of its own revision, one of a lower, one of a lower epoch and a higher revision."""
    await in_step(bench)
    await _changed(bench, pin("pin-c"))
    at, epoch = bench.expected.revision, bench.expected.epoch
    for end, of in ((at, epoch), (at - 1, epoch), (at + 100, epoch - 1)):
        await _unchanged(bench, Rule.OLD_SNAPSHOT, bench.snapshot(pin("pin-x"), end=end), of)


async def _unchanged(
    bench: Bench, rule: Rule, body: DeliveryBody | bytes, epoch: int | None = None
) -> None:
    report = await bench.deliver(body, epoch=epoch)
    bench.note(rule, bench.is_as_expected(report), bench.tell(report))


def _in_parts(bench: Bench, count: int) -> list[DeliveryBody]:
    """The next snapshot, in so many parts of one PIN each, the first with the settings."""
    end = bench.expected.revision + 1
    return [
        bench.snapshot(
            *((settings(),) if number == 1 else ()),
            pin(f"pin-{number}"),
            end=end,
            part=number,
            parts=count,
        )
        for number in range(1, count + 1)
    ]


def _want(bench: Bench, parts: list[DeliveryBody]) -> None:
    bench.expected.revision = parts[0].to_revision
    bench.expected.entries = {each.id: each for part in parts for each in part.entries}


async def gathers_parts(bench: Bench) -> None:
    """The last part first, the same part twice, then the other."""
    await in_step(bench)
    first, second = parts = _in_parts(bench, 2)
    name = await bench.hand_out(second)
    report = await bench.answered(name)
    bench.note(
        Rule.PARTS, bench.is_as_expected(report), f"after one of two parts {bench.tell(report)}"
    )
    await _unchanged(bench, Rule.PARTS, second)
    _want(bench, parts)
    report = await bench.deliver(first)
    bench.note(Rule.PARTS, bench.is_as_expected(report), f"after both parts {bench.tell(report)}")


async def drops_parts_of_another_cut(bench: Bench) -> None:
    """Two of three parts; then the same revision in two parts."""
    await in_step(bench)
    for part in _in_parts(bench, 3)[1:]:
        await _unchanged(bench, Rule.OTHER_PARTS, part)
    parts = _in_parts(bench, 2)
    await _unchanged(bench, Rule.OTHER_PARTS, parts[0])
    _want(bench, parts)
    await _unchanged(bench, Rule.OTHER_PARTS, parts[1])


async def refuses_what_is_malformed(bench: Bench) -> None:
    """Bodies that open, and are no deliveries."""
    await in_step(bench)
    for body in _malformed(bench):
        mark = bench.mark()
        await _unchanged(bench, Rule.MALFORMED_DELIVERY, body)
        await bench.event(mark, "DELIVERY_REFUSED")


def _malformed(bench: Bench) -> Iterator[bytes]:
    entry = pin("pin-x").to_wire()
    at = bench.expected.revision
    good: dict[str, Any] = {
        "entries": [entry],
        "fromRevision": at,
        "part": 1,
        "parts": 1,
        "snapshot": False,
        "toRevision": at + 1,
    }
    yield canonical({**good, "more": None})
    yield canonical({**good, "entries": [entry, entry]})
    yield canonical(
        {**good, "fromRevision": 0, "snapshot": True, "entries": [gone("pin-a").to_wire()]}
    )
    yield canonical({**good, "entries": [{**entry, "kind": "NOT_YET_INVENTED"}]})
    yield canonical(good).replace(b":", b": ", 1)
    yield canonical({name: value for name, value in good.items() if name != "part"})


async def refuses_what_is_unreadable(bench: Bench) -> None:
    """For another lock, for another incarnation, of another kind, and with one bit turned over."""
    await in_step(bench)
    body = bench.changes(pin("pin-x"))
    kit = bench.server.kit
    sealed = kit.seal(MessageKind.DELIVERY, bench.expected.epoch, body.encode())
    for unreadable in (
        kit.seal(
            MessageKind.DELIVERY, bench.expected.epoch, body.encode(), lock_id=kit.lock_id[::-1]
        ),
        kit.seal(MessageKind.DELIVERY, bench.expected.epoch, body.encode(), incarnation="another"),
        kit.seal(MessageKind.UNLOCK_COMMAND, bench.expected.epoch, body.encode()),
        *spoilt(sealed),
    ):
        mark = bench.mark()
        name = await bench.hand_out_sealed(unreadable)
        await bench.event(mark, "DELIVERY_REFUSED")
        await bench.settled()
        told = [each for each in bench.server.connections[-1].reports if each["ack"]]
        bench.note(
            Rule.UNREADABLE_DELIVERY,
            all(each["ack"]["deliveryId"] != name for each in told),
            "it acknowledged one.",
        )
        bench.note(Rule.UNREADABLE_DELIVERY, bench.is_as_expected(told[-1]), bench.tell(told[-1]))


def spoilt(sealed: bytes) -> Iterator[bytes]:
    """With one bit turned over: of the version, the epoch, the nonce, the last byte of the tag."""
    for place in (0, 9, 10, len(sealed) - 1):
        yield sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]


async def keeps_parts(bench: Bench) -> None:
    """A power cut between two parts."""
    await in_step(bench)
    first, second = parts = _in_parts(bench, 2)
    await _unchanged(bench, Rule.PARTS_ON_DISK, second)
    await bench.power_cut()
    _want(bench, parts)
    await _unchanged(bench, Rule.PARTS_ON_DISK, first)


async def keeps_what_it_acknowledged(bench: Bench) -> None:
    """A power cut with the acknowledgement still on the wire."""
    await in_step(bench)
    await _changed(bench, gone("pin-a"))
    position = (await bench.power_cut()).position
    assert position is not None
    bench.note(
        Rule.ON_DISK,
        position["appliedRevision"] == bench.expected.revision,
        f"it says revision {position['appliedRevision']}; {bench.expected.revision} was acknowledged.",
    )
    try:
        report = await bench.answered(bench.last_delivery)
        bench.note(Rule.ON_DISK, bench.is_as_expected(report), bench.tell(report))
    except NoAnswer:
        bench.note(Rule.ON_DISK, False, "the acknowledgement was not said again.")
