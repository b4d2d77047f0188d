"""What could not be tested for want of a server is said loudly at the end: a green suite would prove half."""

from typing import Any

from tests import databases, nats_server

_SERVERS = {"PostgreSQL": databases.MISSING, "NATS": nats_server.MISSING}


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Counted from the reports, which come from every worker."""
    skipped = terminalreporter.stats.get("skipped", [])
    for server, missing in _SERVERS.items():
        count = sum(missing in str(report.longrepr) for report in skipped)
        if count:
            terminalreporter.section(f"{server} WAS NOT TESTED", sep="!", red=True, bold=True)
            terminalreporter.line(f"{count} tests skipped: {missing}", red=True)
