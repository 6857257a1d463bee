"""How a run by several workers (`pytest -n 2`) is divided: which tests stay on one worker, and whose turn is when.

A worker is a process with a Kafka, a PostgreSQL and a pipeline of its own; what it is given it runs in order.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

TOGETHER: Final = {
    "stacks": ("tests/journeys/", "tests/integration/test_recorded_demo.py", "tests/integration/test_backtest.py"),
    "contract": ("tests/contract/",),
}
"""What one worker has all of: two stacks that start at once would ask for the same ports; the site is built once."""

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
    """What a test (by its id) goes with: its file, or others that it stays together with."""
    return next((name for name, paths in TOGETHER.items() if test.startswith(paths)), test.partition("::")[0])


def turn_of(test: str) -> int:
    """Its place in the order of folders."""
    return next((turn for turn, folder in enumerate(TURNS) if test.startswith(folder)), len(TURNS))
