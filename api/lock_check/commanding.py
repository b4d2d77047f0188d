"""Scenarios of section 8: commands and time, and what makes them new."""

import asyncio
import secrets
from datetime import timedelta
from typing import Any
from uuid import uuid4

from api.lock_check.bench import Bench
from api.lock_check.contents import in_step
from api.lock_check.delivering import spoilt
from api.lock_check.heard import Event
from api.lock_check.kit import sealed_time, unlock_command
from api.lock_check.rules import Rule
from domain.clock import system_clock
from domain.link.nonces import NONCE_BYTES
from domain.link.sealing import MessageKind
from domain.link.wire import canonical

DAY_MS = 86_400_000


async def _outcome(bench: Bench, mark: int, command_id: str) -> Event:
    """What became of a command. Raises NoAnswer."""
    return await bench.event(
        mark, "OPENED", "COMMAND_REFUSED", of=lambda each: each["commandId"] == command_id
    )


async def _refused(bench: Bench, rule: Rule, reason: str, nonce: str, **how: Any) -> None:
    """One command that must be refused for this reason."""
    mark, command_id = bench.mark(), str(how.pop("command_id", uuid4()))
    await bench.command(command_id, nonce, **how)
    event = await _outcome(bench, mark, command_id)
    bench.note(rule, event["kind"] == "COMMAND_REFUSED", "it opened.")
    bench.note(
        rule,
        reason in (event["reasons"] or ()),
        f"the reasons are {event['reasons']}, not {reason}.",
    )


async def carries_out(bench: Bench) -> None:
    """A command, then the same again, then the same with the nonce of the next connection."""
    connection = await bench.connection()
    mark, command_id, nonce = bench.mark(), str(uuid4()), connection.nonces[-1]
    await bench.command(command_id, nonce)
    event = await _outcome(bench, mark, command_id)
    bench.note(
        Rule.COMMAND,
        (event["kind"], event["method"]) == ("OPENED", "REMOTE"),
        f"the event was {event['kind']} with the method {event['method']}.",
    )
    await _refused(bench, Rule.COMMAND_ONCE, "REPLAYED_COMMAND", nonce, command_id=command_id)
    nonce = (await bench.again()).nonces[-1]
    await _refused(bench, Rule.COMMAND_ONCE, "REPLAYED_COMMAND", nonce, command_id=command_id)


async def remembers_orders(bench: Bench) -> None:
    """A power cut as soon as the event has come."""
    connection = await bench.connection()
    mark, command_id = bench.mark(), str(uuid4())
    await bench.command(command_id, connection.nonces[-1])
    await _outcome(bench, mark, command_id)
    nonce = (await bench.power_cut()).nonces[-1]
    await _refused(bench, Rule.COMMAND_REMEMBERED, "REPLAYED_COMMAND", nonce, command_id=command_id)


async def refuses_stale_nonces(bench: Bench) -> None:
    """One of an earlier connection, and one that the lock never made."""
    old = (await bench.connection()).nonces[-1]
    await bench.again()
    for nonce in (old, secrets.token_urlsafe(NONCE_BYTES)):
        await _refused(bench, Rule.STALE_NONCE, "STALE_COMMAND", nonce)


async def keeps_deadlines(bench: Bench) -> None:
    """A command for one second, when the nonce is older than that."""
    nonce = (await bench.connection()).nonces[-1]
    await asyncio.sleep(1.1)
    await _refused(bench, Rule.DEADLINE, "STALE_COMMAND", nonce, seconds=1)


async def refuses_malformed_orders(bench: Bench) -> None:
    """With a field too many, for nothing, for too long, for a text of seconds."""
    nonce = (await bench.connection()).nonces[-1]
    for wrong in (
        {"more": None},
        {"opens": False},
        {"seconds": 61},
        {"seconds": 0},
        {"seconds": "10"},
        {"opens": 1},
    ):
        good = {
            "commandId": str(uuid4()),
            "nonce": nonce,
            "opens": True,
            "releasesLockout": False,
            "seconds": 60,
        }
        body = canonical({**good, **wrong})
        await _not_carried_out(bench, Rule.MALFORMED_COMMAND, _sealed(bench, body))


async def refuses_unreadable_orders(bench: Bench) -> None:
    """For another lock, for another incarnation, of another kind, and with one bit turned over."""
    kit, epoch = bench.server.kit, bench.expected.epoch
    body = unlock_command(str(uuid4()), (await bench.connection()).nonces[-1])
    for unreadable in (
        kit.seal(MessageKind.UNLOCK_COMMAND, epoch, body, lock_id=kit.lock_id[::-1]),
        kit.seal(MessageKind.UNLOCK_COMMAND, epoch, body, incarnation="another"),
        kit.seal(MessageKind.SEALED_TIME, epoch, body),
        *spoilt(_sealed(bench, body)),
    ):
        await _not_carried_out(bench, Rule.UNREADABLE_COMMAND, unreadable)


def _sealed(bench: Bench, body: bytes) -> bytes:
    return bench.server.kit.seal(MessageKind.UNLOCK_COMMAND, bench.expected.epoch, body)


async def _not_carried_out(bench: Bench, rule: Rule, sealed: bytes) -> None:
    mark = bench.mark()
    await bench.send_sealed("UnlockCommand", sealed)
    event = await bench.event(mark, "OPENED", "COMMAND_REFUSED")
    bench.note(rule, event["kind"] == "COMMAND_REFUSED", "it opened.")


async def believes_time_once(bench: Bench) -> None:
    """A day ahead, two days ahead with the same nonce and with an old one, and back to the truth."""
    await in_step(bench)
    nonce = (await bench.again()).nonces[-1]
    now_ms = int(system_clock().timestamp() * 1000)
    mark = bench.mark()
    await bench.send("SealedTime", sealed_time(nonce, now_ms + DAY_MS))
    await bench.event(mark, "CLOCK_SET")
    bench.note(Rule.TIME, True, "")
    mark = bench.mark()
    await bench.send("SealedTime", sealed_time(nonce, now_ms + 2 * DAY_MS))
    await bench.settled()
    bench.note(Rule.TIME_ONCE, not bench.since(mark, "CLOCK_SET"), "it was set twice.")
    await bench.again()
    mark = bench.mark()
    for old in (nonce, secrets.token_urlsafe(NONCE_BYTES)):
        await bench.send("SealedTime", sealed_time(old, now_ms + 3 * DAY_MS))
    await bench.settled()
    bench.note(Rule.STALE_TIME, not bench.since(mark, "CLOCK_SET"), "it set the clock.")
    mark, truth = bench.mark(), system_clock() + timedelta(0)
    nonce = (await bench.connection()).nonces[-1]
    await bench.send("SealedTime", sealed_time(nonce, int(truth.timestamp() * 1000)))
    await bench.event(mark, "CLOCK_SET")
