"""One time for all processes of one database: nonces, unlock commands and deadlines that one writes, another reads.

The machines' clocks may differ by minutes; a command would have ended before the process with the lock's feed sees it, or
would be valid for too long. So each process corrects its own clock by the database's.
"""

from datetime import datetime, timedelta

from domain.clock import Clock, system_clock
from domain.database.connection import connected


class CommonClock:
    """The machine's time, corrected by PostgreSQL's. A SQLite database has one process, whose time is the time."""

    def __init__(self, own: Clock = system_clock) -> None:
        self._own = own
        self._correction = timedelta(0)

    def __call__(self) -> datetime:
        """What time it is, aware, in UTC."""
        return self._own() + self._correction

    async def align(self) -> timedelta:
        """Asks the database; returns by how much the time was moved now. Raises DatabaseUnavailable."""
        client = connected().client
        if client.capabilities.dialect != "postgres":
            return timedelta(0)
        asked = self()
        _, ((common,),) = await client.execute_query("SELECT clock_timestamp()")
        answered = self()
        # Between asking and the answer it may have been any time: only what is surely wrong is moved.
        if asked <= common <= answered:
            return timedelta(0)
        moved: timedelta = common - asked - (answered - asked) / 2
        self._correction += moved
        return moved
