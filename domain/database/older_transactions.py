"""Whether what had begun before a moment is over: for a change that only those who begin afterwards see."""

from collections.abc import Awaitable, Callable

from domain.database.connection import connected

_CHANGING = """
SELECT pid, transactionid::text AS number FROM pg_locks
JOIN pg_stat_activity USING (pid)
WHERE locktype = 'transactionid' AND granted AND mode = 'ExclusiveLock'
  AND datname = current_database() AND pid <> pg_backend_pid()
"""
"""Each transaction that has changed something holds a lock on its own number until it ends."""


async def older_transactions_ended() -> Callable[[], Awaitable[bool]]:
    """A question, for later: has every transaction of this database ended that had changed something before this call?

    On SQLite it has: one writes at a time.
    """
    client = connected().client
    if client.capabilities.dialect != "postgres":
        return _at_once

    async def changing() -> set[tuple[int, str]]:
        rows = await client.execute_query_dict(_CHANGING)
        return {(row["pid"], row["number"]) for row in rows}

    older = await changing()

    async def ended() -> bool:
        return not older or not older & await changing()

    return ended


async def _at_once() -> bool:
    return True
