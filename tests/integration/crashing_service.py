"""A service that dies, as by SIGKILL, after its events are acknowledged and before its offsets are committed."""

import asyncio
import os
import sys

from bus_at_work import bus_of

from infra.bus.config import BusConfig
from infra.bus.reading import Reader, Records

STATUS = 9


async def die(self: Reader, records: Records) -> None:
    os._exit(STATUS)


async def main(bootstrap: str, prefix: str) -> None:
    Reader.commit = die  # type: ignore[method-assign]
    bus = bus_of(BusConfig(kafka_bootstrap_servers=bootstrap, topic_prefix=prefix))
    await bus.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
