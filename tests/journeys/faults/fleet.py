"""The services as processes: started, killed, stopped, stalled and started again, each by its own handle."""

import signal
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import psutil

from journeys.processes import Service

MEMBERS: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
    {
        "gateway": ("gateway",),
        "profiler": ("profiler",),
        "router": ("router",),
        "alpha": ("model_worker", "--provider", "alpha"),
        "alpha-2": ("model_worker", "--provider", "alpha"),
        "beta": ("model_worker", "--provider", "beta"),
        "validator": ("validator",),
        "escalation": ("escalation",),
        "ledger": ("ledger",),
    }
)
"""What runs: one process of each service, and two workers of the provider that most calls go to."""

GUESTS: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
    {
        "profiler-2": ("profiler",),
        "router-2": ("router",),
        "alpha-3": ("model_worker", "--provider", "alpha"),
        "beta-2": ("model_worker", "--provider", "beta"),
        "validator-2": ("validator",),
        "escalation-2": ("escalation",),
    }
)
"""Further members that come and go."""
COMMANDS = {**MEMBERS, **GUESTS}

GROUPS: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
    {
        "profiler": ("profiler",),
        "router": ("router",),
        "validator": ("validator",),
        "escalation": ("escalation",),
        "ledger": ("ledger",),
        "model_worker.alpha": ("alpha", "alpha-2"),
        "model_worker.beta": ("beta",),
    }
)
"""The consumer groups, and the members of each."""


def service_of(member: str) -> str:
    """The service that a member runs, as spans and events name it."""
    return COMMANDS[member][0]


class Fleet:
    """All members. ``killed`` are the services of which a process ended without a last word.

    ``before``: the Python of an older version, of which they are at first.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], before: str = sys.executable) -> None:
        self._python, self._other = before, sys.executable
        self._folder = folder
        self._environment = dict(environment)
        self._running: dict[str, Service] = {}
        self._starts = 0
        self.killed: set[str] = set()

    def start(self, *members: str, **environment: str) -> None:
        """Start these and wait until they are ready."""
        self.launch(members, environment)
        self.until_ready()

    def until_ready(self) -> None:
        """Wait until all that run are ready."""
        for service in self._running.values():
            service.until_ready()

    def launch(self, members: Iterable[str], environment: Mapping[str, str] | None = None) -> None:
        """Start these, without waiting; with other words in the environment, where any are given."""
        for member in members:
            name, *arguments = COMMANDS[member]
            self._starts += 1
            folder = self._folder / f"{self._starts:04d}-{member}"
            folder.mkdir(parents=True)
            told = {**self._environment, **(environment or {})}
            self._running[member] = Service(name, *arguments, folder=folder, environment=told, python=self._python)

    def change_version(self) -> bool:
        """Start members of the other version from now on; whether that is the one of this checkout."""
        self._python, self._other = self._other, self._python
        return self._python == sys.executable

    def kill(self, *members: str) -> None:
        """SIGKILL: no last word."""
        for member in members:
            self.killed.add(service_of(member))
            self._running[member].tell(signal.SIGKILL)
        for member in members:
            self._running.pop(member).ended()

    def stop(self, *members: str) -> None:
        """SIGTERM, and wait: each finishes what it began. Fails when one does not end well."""
        for member in members:
            service = self._running.pop(member)
            assert service.stop() == 0, f"{member} did not stop in good order; it wrote:\n{service.output()[-4000:]}"

    @contextmanager
    def stalled(self, *members: str) -> Iterator[None]:
        """Stopped by SIGSTOP within the block: alive, and still."""
        with still(*(self._running[member].family() for member in members)):
            yield

    def ended(self) -> dict[str, str]:
        """Members that ended by themselves, with the last they wrote."""
        return {name: each.output()[-2000:] for name, each in self._running.items() if not each.runs}

    def processes(self) -> dict[str, int]:
        """How many processes each member is."""
        return {name: len(each.family()) for name, each in self._running.items()}

    def ports(self, member: str) -> set[int]:
        """The local ports of a member's connections, by which its requests are known on their way."""
        return {each.laddr.port for one in self._running[member].family() for each in one.net_connections("tcp")}

    def close(self) -> None:
        """End all, in good order where that can be had."""
        with ThreadPoolExecutor(len(MEMBERS)) as pool:
            list(pool.map(Service.clean_up, self._running.values()))


@contextmanager
def still(*families: Sequence[psutil.Process]) -> Iterator[None]:
    """Processes stopped by SIGSTOP within the block."""
    processes = [each for family in families for each in family]
    for each in processes:
        each.suspend()
    try:
        yield
    finally:
        for each in processes:
            each.resume()
