"""What all embedded parts have in common."""

from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from infra.local.processes import GuardedProcess, Program


class EmbeddedPart(ABC):
    """A part that starts and stops on its own, again and again on the same data and ports.

    `start` blocks until the part answers and raises a `PartError` otherwise; `stop` blocks until it is gone. Both are
    harmless when there is nothing to do. From asyncio, call them with `asyncio.to_thread`. A part stops as well when
    the process that started it dies, in whatever way.
    """

    ready_within_s: ClassVar[float] = 120.0  # on a machine that other work keeps busy
    log: Path

    def __init__(self) -> None:
        self._process: GuardedProcess | None = None

    @property
    @abstractmethod
    def address(self) -> str:
        """What the part's environment variable would hold if somebody else ran it."""

    @abstractmethod
    def _prepare(self) -> Program:
        """Make what the part needs on disk, and say how it is run."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether the part can be used now; asked again and again while it starts."""

    @property
    def pid(self) -> int | None:
        """The process id of the part itself while it runs."""
        return self._process.pid if self._process and self._process.running else None

    @property
    def has_ended(self) -> bool:
        """It was started, was not stopped, and runs no more."""
        return self._process is not None and not self._process.running

    def start(self) -> None:
        if self.pid is None:
            self._process = GuardedProcess(self._prepare())
            self._process.wait_ready(self._answers, self.ready_within_s)

    def stop(self) -> None:
        if self._process:
            self._process.stop()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
