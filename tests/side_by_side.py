"""How a run by several workers (`pytest -n 2`) is divided: which tests stay on one worker, and whose turn is when.

A worker is a process with a Kafka, a PostgreSQL and a pipeline of its own; what it is given it runs in order.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

TOGETHER: Final = ("tests/journeys/", "tests/contract/")
"""Folders of which one worker has all: two `make up` at once would ask for the same ports; the site is built once."""

TURNS: Final = ("tests/journeys/", "tests/integration/", "tests/pipeline/")
"""The longest first, and at the end many that are short, so that no worker is left alone with one that is long."""


GATE, ROOM = Path(__file__), Path(__file__).with_name("conftest.py")
"""Files that are there anyway, and are locked: whoever wants to work goes through the gate, one at a time."""


@contextmanager
def at_work(alone: bool, gate: Path = GATE, room: Path = ROOM) -> Iterator[None]:
    """Within the block others work, too, or nobody does. Who waits to be alone keeps the gate, so no more come in."""
    with gate.open() as gate_file, room.open() as room_file:
        fcntl.flock(gate_file, fcntl.LOCK_EX)
        fcntl.flock(room_file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(gate_file, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(room_file, fcntl.LOCK_UN)


def unit_of(test: str) -> str:
    """What a test (by its id) goes with: its file, or its folder where that stays together."""
    file = test.partition("::")[0]
    return next((folder for folder in TOGETHER if file.startswith(folder)), file)


def turn_of(test: str) -> int:
    """Its place in the order of folders."""
    return next((turn for turn, folder in enumerate(TURNS) if test.startswith(folder)), len(TURNS))
