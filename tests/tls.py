"""Servers that take TLS alone, with certificates of an authority of the tests' own."""

import ssl
from pathlib import Path

import trustme

from infra.local.processes import HOST


class Authority:
    """Who signs; ``file`` is what a client is told to trust."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        ca = trustme.CA()
        self.file = folder / "authority.pem"
        ca.cert_pem.write_to_path(self.file)
        self._server = ca.issue_cert(HOST)

    def context(self) -> ssl.SSLContext:
        """What a server at the loopback address shows."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._server.configure_cert(context)
        return context
