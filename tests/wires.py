"""A TCP connection's way through this process, to be cut, jammed and mended by a test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Wire:
    """Passes on what comes to `port`. Cut, it refuses and ends connections; jammed, it keeps them and passes nothing."""

    port: int
    _pumps: set[asyncio.Task[None]] = field(default_factory=set)
    _whole: bool = True
    _free: asyncio.Event = field(default_factory=asyncio.Event)

    def cut(self) -> None:
        self._whole = False
        for pump in self._pumps:
            pump.cancel()

    def jam(self) -> None:
        self._free.clear()

    def mend(self) -> None:
        """What a jam has held back arrives now."""
        self._whole = True
        self._free.set()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                await self._free.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def wire(to_host: str, to_port: int) -> AsyncIterator[Wire]:
    """A whole wire to this address, until the end of the block."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not made._whole:
            writer.close()
            return
        there, back = await asyncio.open_connection(to_host, to_port)
        pumps = [
            asyncio.create_task(made._pump(*ends)) for ends in ((reader, back), (there, writer))
        ]
        made._pumps.update(pumps)
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*pumps)
        made._pumps.difference_update(pumps)
        for each in pumps:
            each.cancel()
        writer.close()
        back.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    made = Wire(server.sockets[0].getsockname()[1])
    made.mend()
    try:
        yield made
    finally:
        made.cut()
        server.close()
