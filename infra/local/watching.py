"""Whether the parts of a stack still run: services wait for one that is gone, which looks like nothing at all."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

LOOK_EVERY_S = 1.0


async def tell_of_ends(ended: Callable[[], Mapping[str, Path]], say: Callable[[str], None]) -> None:
    """Say once of each part that it ended, until this is cancelled. ``ended``: those that did, and their logs."""
    told = set[str]()
    while True:
        for name, log in ended().items():
            if name not in told:
                told.add(name)
                say(
                    f"[red]{name} has ended by itself, and nothing goes on without it: see {log}; stop, and start again"
                )
        await asyncio.sleep(LOOK_EVERY_S)
