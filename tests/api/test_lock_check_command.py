"""`latchwork lock-check` as a lock maker runs it: a program, a file, and a lock that is another program."""

import asyncio
import contextlib
import socket
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import main
from api.lock_check.command import HandFailed, hand
from api.lock_check.rules import Rule

SECONDS = 60


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def _program(*words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def test_a_lock_is_checked_by_two_commands(tmp_path: Path) -> None:
    """The kit is written for its owner alone, the lock connects with it, and each rule has its line."""
    kit, port = tmp_path / "kit.json", str(_free_port())
    tried = ("takes-a-snapshot", "answers-pings")
    asked = ["--only", tried[0], "--only", tried[1], "--patience", "30"]
    async with (
        asyncio.timeout(SECONDS),
        _program("api", "lock-check", "--kit", str(kit), "--port", port, *asked) as check,
    ):
        assert check.stdout is not None
        first = await check.stdout.readline()
        assert f"http://127.0.0.1:{port}" in first.decode()
        assert stat.S_IMODE(kit.stat().st_mode) == 0o600
        own = ("--locks", str(kit), "--state", str(tmp_path / "disk"), "--no-sync")
        async with _program("locksim", *own, "--server", f"http://127.0.0.1:{port}"):
            said = (await check.stdout.read()).decode().splitlines()
            assert await check.wait() == 0

    lines = dict(zip(Rule, said[:-1], strict=True))
    for rule, line in lines.items():
        assert rule.sentence in line
    assert lines[Rule.PONG].startswith("held")
    assert lines[Rule.STATE_SUM].startswith("held")
    assert lines[Rule.ON_DISK].startswith("not tried")
    assert " 0 broken" in said[-1]


@pytest.mark.parametrize(
    ("content", "arguments", "says"),
    [
        (None, ["--only", "whatever"], "takes-a-snapshot"),
        ("[]", [], "is no kit"),
        ("no JSON", [], "is no kit"),
    ],
)
def test_what_cannot_be_tried_says_so_and_ends_with_2(
    content: str | None, arguments: list[str], says: str, tmp_path: Path
) -> None:
    """A scenario that there is not, and files that are no kit and stay as they are."""
    kit = tmp_path / "kit.json"
    if content is not None:
        kit.write_text(content)
    ran = CliRunner().invoke(
        main, ["lock-check", "--kit", str(kit), "--port", str(_free_port()), *arguments]
    )
    assert ran.exit_code == 2
    assert says in ran.output
    assert (kit.read_text() if kit.exists() else None) == content


async def test_a_hand_is_a_command_that_gets_what_is_to_be_typed(tmp_path: Path) -> None:
    """Behind its own words, and without a shell; one that fails ends the check."""
    typed = tmp_path / "typed"
    enter = hand(
        f"{sys.executable} -c 'import sys; open(sys.argv[1], \"w\").write(sys.argv[2])' {typed}"
    )
    assert enter is not None
    await enter("0042; exit 1")
    assert typed.read_text() == "0042; exit 1"
    broken = hand("false")
    assert broken is not None
    with pytest.raises(HandFailed, match="false"):
        await broken()
    assert hand(None) is None
