"""Scenarios of section 10, for whoever has a way to type at the lock."""

from uuid import uuid4

from api.lock_check.bench import Bench
from api.lock_check.contents import gone, in_step, pin
from api.lock_check.heard import Event
from api.lock_check.rules import Rule

DIGITS = "042719"
WRONG = "314159"
ROW = 10
"""Wrong entries in a row that are a lockout."""


async def _typed(bench: Bench, digits: str) -> Event:
    """What became of an entry. Raises NoAnswer."""
    assert bench.hands.enter is not None
    mark = bench.mark()
    await bench.hands.enter(digits)
    return await bench.event(mark, "OPENED", "DENIED")


async def opens_for_pins(bench: Bench) -> None:
    """A PIN, the same without its zero, and the same after its removal."""
    await in_step(bench, pin("pin-typed", bench.server.kit.digest(DIGITS)))
    event = await _typed(bench, DIGITS)
    said = event["kind"], event["method"], event["entryId"]
    bench.note(Rule.PIN_OPENS, said == ("OPENED", "PIN", "pin-typed"), f"the event was {said}.")
    event = await _typed(bench, DIGITS.removeprefix("0"))
    bench.note(Rule.LEADING_ZERO, event["kind"] == "DENIED", "it opened.")
    body = bench.changes(gone("pin-typed"))
    del bench.expected.entries["pin-typed"]
    bench.expected.revision = body.to_revision
    await bench.deliver(body)
    event = await _typed(bench, DIGITS)
    bench.note(Rule.REMOVED_PIN, event["kind"] == "DENIED", "it opened.")


async def locks_out(bench: Bench) -> None:
    """Ten wrong entries, a right one, a command that ends it, and the right one again."""
    await in_step(bench, pin("pin-typed", bench.server.kit.digest(DIGITS)))
    assert (await _typed(bench, DIGITS)) is not None  # the row begins at nothing
    mark = bench.mark()
    for _ in range(ROW):
        await _typed(bench, WRONG)
    event = await _typed(bench, DIGITS)
    bench.note(Rule.LOCKOUT, event["kind"] == "DENIED", "the right PIN opened.")
    started = bench.since(mark, "LOCKOUT_STARTED")
    bench.note(Rule.LOCKOUT, len(started) == 1, f"LOCKOUT_STARTED came {len(started)} times.")
    mark, command_id = bench.mark(), str(uuid4())
    nonce = (await bench.connection()).nonces[-1]
    await bench.command(command_id, nonce, releases=True, opens=False)
    event = await bench.event(mark, "LOCKOUT_ENDED", "COMMAND_REFUSED")
    said = event["kind"], event["commandId"]
    bench.note(Rule.RELEASE, said == ("LOCKOUT_ENDED", command_id), f"the event was {said}.")
    event = await _typed(bench, DIGITS)
    bench.note(Rule.RELEASE, event["kind"] == "OPENED", "the right PIN opened nothing afterwards.")
