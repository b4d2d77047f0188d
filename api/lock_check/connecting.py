"""Scenarios of section 4 and of what holds from one connection to the next."""

from api.lock_check.bench import Bench, NoAnswer
from api.lock_check.contents import in_step
from api.lock_check.rules import Rule
from domain.link.nonces import NONCE_REPORT_INTERVAL_SECONDS

NONCE_SLACK_SECONDS = 5


async def begins(bench: Bench) -> None:
    """The first connection: where the lock says it is, from where everything else is counted."""
    position = (await bench.connection()).position
    assert position is not None
    epoch, revision = position["epoch"], position["appliedRevision"]
    if epoch == 0 or revision == 0:
        bench.note(
            Rule.FRESH_POSITION,
            (epoch, revision) == (0, 0),
            f"it said epoch {epoch}, revision {revision}.",
        )
    bench.expected.epoch, bench.expected.revision = epoch, revision


async def comes_back(bench: Bench) -> None:
    """After a loss: the position of the disk, and the last acknowledgement again."""
    await in_step(bench)
    connection = await bench.again()
    bench.note(Rule.COMES_BACK, True, "")
    expected, position = bench.expected, connection.position
    assert position is not None
    said = position["epoch"], position["appliedRevision"]
    bench.note(
        Rule.POSITION,
        said == (expected.epoch, expected.revision),
        f"it said epoch {said[0]}, revision {said[1]}; {expected.epoch} and {expected.revision} were acknowledged.",
    )
    try:
        report = await bench.answered(bench.last_delivery)
        bench.note(Rule.ACK_AGAIN, bench.is_as_expected(report), bench.tell(report))
    except NoAnswer:
        bench.note(Rule.ACK_AGAIN, False, "it was not said.")


async def answers_pings(bench: Bench) -> None:
    """A ping of the server's."""
    connection = await bench.connection()
    await connection.say({"type": "ping"})
    ponged = await bench.server.heard.wait(lambda: connection.pongs > 0, bench.patience)
    bench.note(Rule.PONG, ponged, "no pong came.")


async def skips_what_is_new(bench: Bench) -> None:
    """A type that comes with a later version of the server, and then one that it knows."""
    await in_step(bench)
    connection = await bench.connection()
    await bench.server.feed(connection, None)
    await bench.settled()
    bench.note(Rule.UNKNOWN_TYPE, not connection.closed, "it closed the socket.")


async def leaves_a_completed_feed(bench: Bench) -> None:
    """The server ends the feed and leaves the socket open."""
    connection = await bench.connection()
    assert connection.feed is not None
    await connection.say({"id": connection.feed[0], "type": "complete"})
    left = await bench.server.heard.wait(lambda: connection.closed, bench.patience)
    bench.note(Rule.AFTER_COMPLETE, left, "it stayed on the socket.")
    if not left:
        await connection.close(1012)
    await bench.connection(connection)


async def renews_its_nonce(bench: Bench) -> None:
    """On one connection, without anything else to say."""
    connection = await bench.again()
    known = len(connection.nonces)
    seconds = NONCE_REPORT_INTERVAL_SECONDS + NONCE_SLACK_SECONDS
    renewed = await bench.server.heard.wait(lambda: len(connection.nonces) > known, seconds)
    bench.note(Rule.NONCE_RENEWED, renewed, f"none came within {seconds} s.")
