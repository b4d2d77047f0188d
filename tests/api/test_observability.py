"""What leaves through the log: of a library's exception its type and place, never its text."""

import io
import json
import logging

from api.observability import configure_logging

CANARY = "40718263"


def test_a_librarys_exception_is_logged_without_its_text() -> None:
    """Proves it for lines as asyncpg's pool writes them, with `exc_info` and a chain of causes."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    configure_logging(json=True)
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written := io.StringIO())
    try:
        try:
            raise ValueError(f"digits={CANARY}")
        except ValueError as cause:
            raise ConnectionError(f"Key (digits)=({CANARY}) exists") from cause
    except ConnectionError as fault:
        logging.getLogger("asyncpg.pool").error("Failed to restore %s", "the floor", exc_info=fault)
    finally:
        root.handlers, root.level = before, level

    (line,) = written.getvalue().splitlines()
    assert CANARY not in line
    told = json.loads(line)["event"]
    assert told.startswith("Failed to restore the floor (ConnectionError at test_observability.py:")
