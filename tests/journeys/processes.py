"""Processes of our own: started with their settings in the environment, watched, killed, and stopped in good order."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

import psutil
from pipeline.waiting import PATIENCE_S, until


class Process:
    """One run of ``python -m <module> <arguments>``, in a session of its own, with its output in a file."""

    def __init__(
        self,
        module: str,
        *arguments: str,
        folder: Path,
        log: Path,
        environment: Mapping[str, str] | None = None,
        python: str = sys.executable,
    ) -> None:
        self.log = log
        with log.open("wb") as output:
            self._child = subprocess.Popen(
                [python, "-m", module, *arguments],
                cwd=folder,
                env={**os.environ, **(environment or {})},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def runs(self) -> bool:
        return self._child.poll() is None

    def output(self) -> str:
        """What it has written so far."""
        return self.log.read_text(errors="replace")

    def family(self) -> list[psutil.Process]:
        """The process and all that it started, directly or not, and that still run."""
        try:
            mine = psutil.Process(self._child.pid)
            return [mine, *mine.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def kill(self) -> None:
        """As the kernel does when memory runs out: no last word."""
        self._child.kill()
        self._child.wait(PATIENCE_S)

    def tell(self, number: signal.Signals) -> None:
        """Send a signal to it and its children, as a terminal does at Ctrl-C."""
        os.killpg(self._child.pid, number)

    def ended(self, within_s: float = PATIENCE_S) -> int:
        """Its exit code, once it has ended."""
        try:
            return self._child.wait(within_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end within {within_s:g} s; it wrote:\n{self.output()[-4000:]}") from None

    def stop(self) -> int:
        """Ask it to end; its exit code."""
        self._child.terminate()
        return self.ended()

    def clean_up(self) -> None:
        """End whatever is left, in good order where it can be had: embedded parts stop with who started them."""
        if self.runs:
            self._child.terminate()
            try:
                self._child.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.kill()


class Service(Process):
    """One service as a process, of the version that ``python`` has installed."""

    def __init__(
        self, name: str, *arguments: str, folder: Path, environment: Mapping[str, str], python: str = sys.executable
    ) -> None:
        self.name = "-".join((name, *arguments)).replace("--provider-", "")
        self._ready = folder / f"{self.name}-{uuid4().hex}.ready"  # its own: another of its name touches it again
        told = {**environment, "READY_FILE": str(self._ready)}
        log = folder / f"{self.name}.log"
        super().__init__(f"services.{name}", *arguments, folder=folder, log=log, environment=told, python=python)

    def until_ready(self) -> "Service":
        """Wait until it says that it is ready."""
        until(lambda: self._ready.exists() or not self.runs, f"{self.name} is ready")
        assert self.runs, f"{self.name} ended by itself; it wrote:\n{self.output()[-4000:]}"
        return self


def all_gone(family: Sequence[psutil.Process]) -> bool:
    """Whether none of these processes runs any more."""
    return not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in family)
