"""The simplest balancer: each connection goes to the next port. ``python -m tests.performance.balancer PORT TO TO``."""

import asyncio
import sys
from contextlib import suppress
from itertools import cycle

import uvloop

HOST = "127.0.0.1"
CHUNK = 65_536


async def balance(port: int, ports: list[int]) -> None:
    """Serve until ended."""
    turn = cycle(ports)

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(HOST, next(turn))
        await asyncio.gather(_pump(reader, back), _pump(there, writer))

    server = await asyncio.start_server(pass_on, HOST, port, backlog=1_024)
    await server.serve_forever()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while part := await reader.read(CHUNK):
            writer.write(part)
            await writer.drain()
    writer.close()


if __name__ == "__main__":
    uvloop.run(balance(int(sys.argv[1]), [int(each) for each in sys.argv[2:]]))
