"""Scenarios of section 9: one report at a time, and events that stay until they are stored."""

import asyncio

from api.lock_check.bench import Bench, NoAnswer
from api.lock_check.contents import in_step
from api.lock_check.rules import Rule

HELD_BACK_SECONDS = 1.0


async def waits_for_answers(bench: Bench) -> None:
    """Two deliveries while the answer to a report is held back."""
    await in_step(bench)
    connection = await bench.connection()
    before = len(connection.reports)
    connection.holding = True
    names = [await bench.hand_out(bench.changes(start=0, end=1)) for _ in range(2)]
    heard = bench.server.heard
    if not await heard.wait(lambda: len(connection.reports) > before, bench.patience):
        connection.holding = False
        raise NoAnswer("an acknowledgement")
    await asyncio.sleep(HELD_BACK_SECONDS)
    count = len(connection.reports) - before
    bench.note(Rule.ONE_REPORT, count == 1, f"{count} came while one was not answered.")
    await connection.release()
    await bench.answered(names[-1])


async def says_events_again(bench: Bench) -> None:
    """A report that is refused as a whole, and the next connection."""
    await in_step(bench)
    connection = await bench.connection()
    before, mark = len(connection.reports), bench.mark()
    connection.refusing = True
    await bench.hand_out(b"{}")

    def told() -> set[int]:
        return {e["sequence"] for report in connection.reports[before:] for e in report["events"]}

    heard = bench.server.heard
    if not await heard.wait(lambda: bool(told()), bench.patience):
        connection.refusing = False
        raise NoAnswer("the event of a malformed delivery")
    await bench.again()

    def again() -> bool:
        return told() <= {each["sequence"] for each in heard.events[mark:]}

    bench.note(Rule.EVENTS_STAY, await heard.wait(again, bench.patience), "it was not said again.")


async def tells_of_its_start(bench: Bench) -> None:
    """A power cut."""
    mark = bench.mark()
    await bench.power_cut()
    await bench.event(mark, "STARTED")
    bench.note(Rule.STARTED, True, "")
