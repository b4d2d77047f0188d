"""`latchwork lock-check`: the simulated lock keeps every rule, and each planted bug is found."""

from pathlib import Path

from api.lock_check.play import SCENARIOS, play
from api.lock_check.rules import Rule, Verdict
from tests.api.checked_lock import bench


async def test_the_simulated_lock_keeps_every_rule(tmp_path: Path) -> None:
    """All are tried, none is broken; the renewal of nonces, which takes half a minute, has a test of its own."""
    async with bench(tmp_path) as lock:
        await play(lock, [each.name for each in SCENARIOS if not each.long])
        findings = lock.stage.findings

    assert findings.broken == {}
    assert {rule for rule in Rule if findings.verdict(rule) is not Verdict.HELD} == {
        Rule.NONCE_RENEWED
    }
