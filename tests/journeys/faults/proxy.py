"""A TCP proxy in front of Kafka or PostgreSQL that can hold a request, or the answer to it, at a chosen moment."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import uvloop

from infra.local.processes import HOST
from journeys.faults.frames import Frames

MOST_WAITING = 1 << 20
START_S = 10.0


class Cut(StrEnum):
    """What becomes of the request that was waited for: it never arrives, or its answer never comes back."""

    REQUEST = "request"
    ANSWER = "answer"


@dataclass(slots=True)
class Trap:
    """Springs once, at the first request of which ``holds`` (its words, and its client's port) is true."""

    cut: Cut
    holds: Callable[[str, int], bool]
    sprung: threading.Event = field(default_factory=threading.Event)
    caught: "list[Upward]" = field(default_factory=list["Upward"])

    def spring(self, connection: "Upward") -> None:
        """From now on this connection is still, for as long as it lasts."""
        self.caught.append(connection)
        self.sprung.set()


class Proxy:
    """Listens on a port of the loopback address and passes on to another; an event loop in a thread of its own."""

    def __init__(self, port: int, upstream: int, frames: Callable[[], Frames]) -> None:
        self.port = port
        self.upstream = upstream
        self.frames = frames
        self.trap: Trap | None = None
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy {port}", daemon=True)
        self._thread.start()
        listening = self._loop.create_server(lambda: Upward(self), HOST, port)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(START_S)

    def close(self) -> None:
        """Stop listening, and cut what is left."""
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def set(self, trap: Trap) -> Trap:
        """Set a trap. There is one at a time."""
        self.trap = trap
        return trap

    def release(self, trap: Trap) -> None:
        """Take the trap away, and cut what it caught."""
        self.trap = None
        for connection in trap.caught:
            self._loop.call_soon_threadsafe(connection.cut)


class Upward(asyncio.Protocol):
    """A client's side of a connection."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._frames = proxy.frames()
        self._early: list[bytes] = []
        self._server: asyncio.Transport | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._is_held = False
        self.is_deaf = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.client: asyncio.Transport = transport  # type: ignore[assignment]
        self._port: int = transport.get_extra_info("peername")[1]
        self.client.set_write_buffer_limits(MOST_WAITING)
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            transport, _ = await loop.create_connection(lambda: Downward(self), HOST, self._proxy.upstream)
        except OSError:
            self.client.abort()
            return
        self._server = transport
        transport.set_write_buffer_limits(MOST_WAITING)
        for data in self._early:
            self._pass_on(data)

    def data_received(self, data: bytes) -> None:
        if self._server is None:
            self._early.append(data)
        else:
            self._pass_on(data)

    def _pass_on(self, data: bytes) -> None:
        for words in self._frames.feed(data):
            trap = self._proxy.trap
            if trap is not None and not trap.sprung.is_set() and trap.holds(words, self._port):
                self._is_held = trap.cut is Cut.REQUEST
                self.is_deaf = True
                trap.spring(self)
        if self._server is not None and not self._is_held:
            self._server.write(data)

    def connection_lost(self, error: Exception | None) -> None:
        if self._server is not None:
            self._server.close()

    def pause_writing(self) -> None:
        if self._server is not None:
            self._server.pause_reading()

    def resume_writing(self) -> None:
        if self._server is not None:
            self._server.resume_reading()

    def cut(self) -> None:
        """End the connection on both sides."""
        self.client.abort()


class Downward(asyncio.Protocol):
    """The server's side."""

    def __init__(self, upward: Upward) -> None:
        self._upward = upward

    def data_received(self, data: bytes) -> None:
        if not self._upward.is_deaf:
            self._upward.client.write(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._upward.client.close()

    def pause_writing(self) -> None:
        self._upward.client.pause_reading()

    def resume_writing(self) -> None:
        self._upward.client.resume_reading()
