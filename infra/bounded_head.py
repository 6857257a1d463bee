"""HTTP/1.1 with bounds on what is no body: uvicorn and its parser would hold a head, or a trailer, without end."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 65_536
"""Of a head, or of trailers, beyond the read in which they begin behind something else."""
HEAD_S = 75.0
"""For a client to begin its first head, to end one that it began, and for what it sends after its answer."""
REFUSAL = b"HTTP/1.1 %s\r\ncontent-type: text/plain\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
TOO_LARGE, TOO_SLOW = b"431 Request Header Fields Too Large", b"408 Request Timeout"


class BoundedHead(HttpToolsProtocol):
    """Cuts a client off whose head is too long, or too slow. Trailers, which nobody here reads, are not kept.

    It says why only to who waits for an answer: never within another answer, and never unasked.
    """

    _is_in_head = False
    _got_on = False
    _unended_bytes = 0
    _refused: bytes | None = None
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused is not None:
            return
        self._got_on = False
        super().data_received(data)
        self._unended_bytes = 0 if self._got_on else self._unended_bytes + len(data)
        if self._unended_bytes > HEAD_BYTES:
            self._refuse(TOO_LARGE)
        elif self._patience is None and (self._is_in_head or self._is_answered()):
            self._wait()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head = True
        self._wait_no_more()

    def on_headers_complete(self) -> None:
        self._is_in_head, self._got_on = False, True
        self._wait_no_more()
        super().on_headers_complete()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._is_in_head:
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        self._got_on = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._got_on = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._refused is not None:
            self._refuse(self._refused)

    def _is_answered(self) -> bool:
        return self.cycle is None or self.cycle.response_complete  # pyright: ignore[reportUnnecessaryComparison]

    def _wait(self) -> None:
        self._patience = self.loop.call_later(HEAD_S, self._give_up)

    def _wait_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self) -> None:
        """A head that comes while an earlier request is answered has the time of that answer, too."""
        if self._is_in_head and not self._is_answered():
            self._wait()
        else:
            self._refuse(TOO_SLOW)

    def _refuse(self, why: bytes) -> None:
        """Close: with a word for who began a head, and only once all earlier answers are complete."""
        self._wait_no_more()
        if self._is_in_head and not self._is_answered():
            self._refused = why
            return
        if self._is_in_head and not self.transport.is_closing():
            self.transport.write(REFUSAL % why)
        self.transport.close()
