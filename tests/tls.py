"""Servers that take TLS alone, with certificates of an authority of the tests' own."""

import asyncio
import ssl
from contextlib import suppress
from pathlib import Path

import trustme
from confluent_kafka.admin import (
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from kafka_door import two_doors

from infra.local.processes import HOST

SSL_REQUEST_BYTES = 8
READ_BYTES = 65_536
ITERATIONS = 4_096


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

    def key_pem(self) -> str:
        """The server's key, in the one form that Kafka reads."""
        key = load_pem_private_key(self._server.private_key_pem.bytes(), None)
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def chain_pem(self) -> str:
        return "".join(pem.bytes().decode() for pem in self._server.cert_chain_pems)


class TlsKafka:
    """``address`` takes SASL_SSL with SCRAM-SHA-512 and nothing else; ``kafka.address`` is the operator's own door."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        settings = {
            "listener.name.clients.sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.clients.scram-sha-512.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            ),
            "listener.name.clients.ssl.keystore.type": "PEM",
            "listener.name.clients.ssl.keystore.key": _one_line(authority.key_pem()),
            "listener.name.clients.ssl.keystore.certificate.chain": _one_line(authority.chain_pem()),
        }
        self.kafka, self.address = two_doors(folder, "SASL_SSL", settings)

    def let_in(self, user: str, password: str) -> None:
        """Give a user a password, which the broker keeps as SCRAM does."""
        told = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
        admin = AdminClient({"bootstrap.servers": self.kafka.address})
        wanted: list[UserScramCredentialAlteration] = [UserScramCredentialUpsertion(user, told, password.encode())]
        for future in admin.alter_user_scram_credentials(wanted).values():
            future.result(30)


def _one_line(pem: str) -> str:
    return pem.strip().replace("\n", "\\n")


class PostgresDoor:
    """PostgreSQL's own start of TLS before a server that cannot: the client's side of it is the real one."""

    def __init__(self, authority: Authority, port: int) -> None:
        self._context = authority.context()
        self._port = port
        self._server: asyncio.Server | None = None
        self.shaken = 0

    async def __aenter__(self) -> "PostgresDoor":
        self._server = await asyncio.start_server(self._let_in, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()

    async def _let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, ssl.SSLError):
            await reader.readexactly(SSL_REQUEST_BYTES)
            writer.write(b"S")
            await writer.start_tls(self._context)
            self.shaken += 1
            from_server, to_server = await asyncio.open_connection(HOST, self._port)
            await asyncio.gather(_pipe(reader, to_server), _pipe(from_server, writer))
        writer.close()


async def _pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(READ_BYTES):
            sink.write(data)
            await sink.drain()
    sink.close()
