"""Logs as JSON lines, and the few numbers behind `/metrics`. Neither ever holds what a client typed.

The dangerous direction: access logs. A URL of ours never carries a secret (invitation codes stand behind `#`, which
browsers do not send), and bodies, headers and variables are not logged at all.
"""

import logging
import time
from collections import Counter

import structlog

STARTED = time.monotonic()
COUNTS: Counter[str] = Counter()
"""Requests by method and status; sockets opened."""


def configure_logging(*, json: bool) -> None:
    """structlog for everything, the standard library's loggers included."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=renderer)
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    # Below WARNING these print statements and their values, or a line for every socket.
    for name in ("uvicorn", "tortoise", "aiosqlite", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)


def metrics_text() -> str:
    """The numbers in the Prometheus text format."""
    lines = ["# TYPE latchwork_requests_total counter"]
    lines += [
        f'latchwork_requests_total{{what="{what}"}} {count}'
        for what, count in sorted(COUNTS.items())
    ]
    lines += [
        "# TYPE latchwork_uptime_seconds gauge",
        f"latchwork_uptime_seconds {time.monotonic() - STARTED:.0f}",
    ]
    return "\n".join(lines) + "\n"
