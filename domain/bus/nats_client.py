"""One life of a connection to NATS, from connecting to its loss.

nats-py can connect again by itself, but it tells nobody what was missed meanwhile, gives up for good after some errors, and
may wait without end for a server that hangs. So that is off: `KeptConnection` makes a new client instead.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import Any

from nats import errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.transport import TcpTransport

from domain.bus.nats_address import NatsAddress

ANSWER_SECONDS = 2
"""Within which a server that is there answers."""
CONNECT_SECONDS = 6.0
"""For all servers of the address together."""
CLOSE_SECONDS = 1.0
PENDING_MESSAGES = 8_192
"""How many may wait for us in this process; it takes an event loop that hangs. One more is a loss."""


class NatsClient:
    """Publishes to one subject and listens to it, without hearing itself.

    `loss` says why it is over, once it is: what was sent and not yet `answered` may be lost, and so may what was to be
    heard.
    """

    def __init__(self, address: NatsAddress, subject: str) -> None:
        self.loss: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self._address = address
        self._subject = subject
        self._client = _Client(address)
        self._trouble: Exception | None = None
        self._joined = False

    async def connect(self, heard: Callable[[bytes], None]) -> None:
        """Returns when the server has taken our subscription. Raises what says why it does not, and then is closed."""

        async def hear(message: Msg) -> None:
            heard(message.data)

        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._join()
                await self._client.subscribe(
                    self._subject, cb=hear, pending_msgs_limit=PENDING_MESSAGES
                )
                # a server at which one may not publish says so before it answers
                await self._client.publish(self._subject)
                await self.answered()
        except BaseException:
            await self.close()
            raise

    async def _join(self) -> None:
        try:
            await self._client.connect(
                list(self._address.servers),
                user=self._address.user if self._address.password is not None else None,
                password=self._address.password,
                token=self._address.user if self._address.password is None else None,
                name="latchwork",
                no_echo=True,
                error_cb=self._failed,
                closed_cb=self._closed,
                allow_reconnect=False,
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                connect_timeout=ANSWER_SECONDS,
                pending_size=0,  # nothing is kept for a server that is not there
            )
        except errors.NoServersError:
            raise self._trouble or errors.NoServersError() from None
        if not self._client.is_connected:  # nats-py returns where a server says anything else first
            raise errors.ProtocolError
        self._joined = True

    async def publish(self, payloads: Iterable[bytes]) -> None:
        """Sends these. Returns when the server has taken them; raises unless it certainly has."""
        for payload in payloads:
            await self._client.publish(self._subject, payload)
        await self.answered()

    @property
    def max_payload(self) -> int:
        """How many bytes the server lets a message have."""
        return self._client.max_payload

    async def answered(self) -> None:
        """Returns when the server has taken all that was sent so far. Raises the loss, or `TimeoutError`: nothing that
        comes later will be understood, so that is a loss too.
        """
        if not self.loss.done():
            asking = asyncio.ensure_future(self._client.rtt(ANSWER_SECONDS))
            either: set[asyncio.Future[Any]] = {asking, self.loss}
            try:
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            finally:
                asking.cancel()
            if asking.done() and isinstance(fault := asking.exception(), Exception):
                self._lose(fault)
        if self.loss.done():
            raise self.loss.result()

    async def close(self) -> None:
        """Ends it, whatever has become of it; never raises."""
        try:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._client.close()
        finally:
            self._client.abandon()

    def _lose(self, error: Exception) -> None:
        if not self.loss.done():
            self.loss.set_result(error)

    async def _failed(self, error: Exception) -> None:
        """nats-py tells of everything that goes wrong, of servers that it tries in vain too."""
        self._trouble = error
        if self._joined:
            self._lose(error)

    async def _closed(self) -> None:
        self._lose(errors.ConnectionClosedError())


class _Client(Client):
    """nats-py's client, with the two things that it does not do."""

    def __init__(self, address: NatsAddress) -> None:
        super().__init__()
        self._address = address

    def _connect_command(self) -> bytes:
        """Says who we are. By itself it would do so in the clear where `tls://` meets a server without TLS."""
        if self._address.tls and not self._server_info.get("tls_required"):
            raise errors.SecureConnWantedError
        return super()._connect_command()

    def abandon(self) -> None:
        """Lets go of what `close()` waits for in vain where the server hangs."""
        for subscription in self._subs.values():
            subscription._stop_processing()
        if isinstance(self._transport, TcpTransport) and self._transport._io_writer is not None:
            self._transport._io_writer.transport.abort()
