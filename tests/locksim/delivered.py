"""What tests of deliveries share: a lock that has had some, what it holds, and the sum that the server expects."""

from domain.link.entries import Entry
from domain.link.state import payload_hash, state_sum
from tests.locksim.bench import Bench


def bench_at_four() -> Bench:
    """A lock at revision 4 of epoch 7, with PIN mode on and one PIN, on an open connection."""
    bench = Bench()
    bench.connect()
    bench.receive(bench.pen.snapshot(4, bench.pen.settings(), bench.pen.pin("a", "1593")))
    bench.report()
    return bench


def held(bench: Bench) -> dict[str, int]:
    """The entries of the lock with their versions."""
    return {entry.id: entry.version for entry in bench.firmware.state.entries.values()}


def sum_over(*entries: Entry) -> str:
    """The sum as the server computes it."""
    return state_sum(
        (entry.id, entry.version, payload_hash(entry.payload)) for entry in entries if entry.payload
    )
