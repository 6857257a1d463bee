"""The HTTP side of an OTLP receiver with protobuf bodies; what becomes of a post is its owner's."""

import ssl
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOST = "127.0.0.1"
Take = Callable[[str, str, bytes], int]
"""Of a post: its path, its authorization and its body, to the status of the answer."""


class OtlpServer:
    """Answers each post with what ``take`` makes of it, on a port of its own, over TLS with a context."""

    def __init__(self, take: Take, answer: bytes, context: ssl.SSLContext | None = None) -> None:
        self._server = _Server((HOST, 0), _handler(take, answer))
        if context:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.root = f"http{'s' if context else ''}://{HOST}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, name="otlp", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A service that was killed has cut its connection, which is no news."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def _handler(take: Take, answer: bytes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(take(self.path, self.headers.get("authorization", ""), body))
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
