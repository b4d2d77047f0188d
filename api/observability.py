"""Logs as JSON lines, and the few numbers behind `/metrics`. Neither ever holds what a client typed.

Of exceptions, whose text libraries print, only types and places are logged, here as in `api.protocol`. There is no access
log; bodies, headers and variables are not logged at all, and no URL carries a secret (invitation codes stand behind `#`,
which browsers do not send).
"""

import logging
import time
from collections import Counter
from pathlib import Path
from traceback import extract_tb

import structlog

STARTED = time.monotonic()
COUNTS: Counter[str] = Counter()
"""Requests by method and status; sockets opened."""
_PLACES = 20
"""How many places of an exception are logged, the innermost ones."""


def types_only(record: logging.LogRecord) -> bool:
    """A filter that lets every line pass, an exception as its type and places: its text may hold anything."""
    if record.exc_info and isinstance(record.msg, str):
        kind, _, trace = record.exc_info
        places = [f"{Path(f.filename).name}:{f.lineno}" for f in extract_tb(trace, limit=-_PLACES)]
        name = kind.__qualname__ if kind else "no exception"
        record.msg = f"{record.getMessage()} ({name} at {', '.join(places) or 'no place'})"
        record.args = ()
    record.exc_info = record.exc_text = None
    return True


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
    handler.addFilter(types_only)
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
