"""`latchwork lock-check`: the simulated lock keeps every rule, and each planted bug is found."""

from pathlib import Path

import pytest

from api.lock_check.bench import NoAnswer
from api.lock_check.play import SCENARIOS, play
from api.lock_check.rules import Rule, Verdict
from tests.api.checked_lock import PATIENCE_SECONDS, bench
from tests.api.planted_bugs import (
    BUGS,
    Bug,
    LateDisk,
    answers_with_the_next_nonce,
    signs_with_another_key,
)


@pytest.mark.parametrize("firmware", [{}, {"link": 1}], ids=["newest", "old"])
async def test_the_simulated_lock_keeps_every_rule(
    firmware: dict[str, object], tmp_path: Path
) -> None:
    """All are tried, none is broken; the renewal of nonces, which takes half a minute, has a test of its own."""
    async with bench(tmp_path, firmware=firmware) as lock:
        await play(lock, [each.name for each in SCENARIOS if not each.long])
        findings = lock.server.findings

    assert findings.broken == {}
    assert {rule for rule in Rule if findings.verdict(rule) is not Verdict.HELD} == {
        Rule.NONCE_RENEWED
    }


FOUND_BY_SILENCE = (Rule.PONG, Rule.EVENTS_STAY, Rule.UNREADABLE_DELIVERY)
"""What shows these never comes, so it need not be waited for for long."""


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: f"{bug.plant.__name__}-{bug.scenario}")
async def test_each_planted_bug_is_found(
    bug: Bug, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the scenario that meets it, under the name of the rule that it breaks."""
    bug.plant(monkeypatch)
    patience = 3 if bug.rule in FOUND_BY_SILENCE else PATIENCE_SECONDS
    async with bench(tmp_path, patience=patience) as lock:
        await play(lock, [bug.scenario])

        assert bug.rule in lock.server.findings.broken


async def test_an_answer_that_comes_with_the_next_nonce_is_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes within half a minute, and "at once" is over before."""
    answers_with_the_next_nonce(monkeypatch)
    async with bench(tmp_path, patience=1) as lock:
        await play(lock, ["takes-a-snapshot"])

        assert Rule.AT_ONCE in lock.server.findings.broken


async def test_an_acknowledgement_before_the_disk_is_found(tmp_path: Path) -> None:
    """By cutting the power as soon as it has come."""
    async with bench(tmp_path, patience=3, open_disk=LateDisk) as lock:
        await play(lock, ["keeps-what-it-acknowledged"])

        assert Rule.ON_DISK in lock.server.findings.broken


async def test_a_proof_with_another_key_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock never comes, and it is said why."""
    monkeypatch.setattr("api.lock_check.bench.FIRST_SECONDS", 2)
    signs_with_another_key(monkeypatch)
    async with bench(tmp_path) as lock:
        with pytest.raises(NoAnswer):
            await play(lock)

        assert Rule.PROOF in lock.server.findings.broken


async def test_the_renewal_of_nonces_is_waited_for(tmp_path: Path) -> None:
    """By a lock whose clock runs thirty times too fast, so that the test does not take half a minute."""
    async with bench(tmp_path, drift_ppm=30e6) as lock:
        await play(lock, ["renews-its-nonce"])

        assert lock.server.findings.verdict(Rule.NONCE_RENEWED) is Verdict.HELD
