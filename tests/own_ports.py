"""TCP ports for servers of tests. A process of tests has a stretch of its own: two of them never give the same one."""

import os
from collections.abc import Iterator
from itertools import cycle
from typing import Final

from infra.local import processes

FIRST: Final = 12_000
STRETCH, STRETCHES = 4_000, 5
"""All lie below 32768, from where on Linux picks ports for those who ask for any."""


def free_port() -> int:
    """A port of the loopback address that is free, and that neither the system nor other tests give to anybody."""
    return next(port for port in _PORTS if processes.free_port(port) == port)


def _stretch() -> Iterator[int]:
    """The worker's, begun where another run of the tests on this machine would seldom begin."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = FIRST + STRETCH * (worker % STRETCHES)
    return cycle(first + (os.getpid() * 97 + number) % STRETCH for number in range(STRETCH))


_PORTS: Final = _stretch()
