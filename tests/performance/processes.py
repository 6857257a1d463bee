"""The processes of a benchmark, started and ended by their own handles, and the CPU that each used."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

GRACE_S = 20.0


class Fleet:
    """Named child processes of the benchmark, in ``folder`` where one is given."""

    def __init__(self, environment: Mapping[str, str], logs: Path, folder: Path | None = None) -> None:
        self._folder = folder
        self._environment = {**os.environ, **environment}
        self._logs = logs
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, *module_and_arguments: str) -> None:
        """Start ``python -m module arguments`` under a name."""
        self.start_program(name, sys.executable, "-m", *module_and_arguments)

    def start_program(self, name: str, *command: str) -> None:
        """Start a command under a name."""
        log = (self._logs / f"{name}.log").open("wb")
        self._children[name] = subprocess.Popen(
            command,
            cwd=self._folder,
            env=self._environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(self, *module_and_arguments: str) -> None:
        """Run a command to its end. Raises ``CalledProcessError`` when it fails."""
        subprocess.run([sys.executable, "-m", *module_and_arguments], env=self._environment, check=True)

    def pids(self) -> dict[str, int]:
        """The process id of each."""
        return {name: child.pid for name, child in self._children.items()}

    def ended(self) -> list[str]:
        """Those that ended by themselves; their logs say why."""
        return [name for name, child in self._children.items() if child.poll() is not None]

    def stop_one(self, name: str) -> None:
        """Ask one to stop, and wait."""
        child = self._children.pop(name)
        child.terminate()
        child.wait(GRACE_S * 2)

    def stop(self) -> None:
        """Ask all to stop, wait, and end those that do not."""
        for child in self._children.values():
            child.terminate()
        limit = time.monotonic() + GRACE_S
        for child in self._children.values():
            try:
                child.wait(max(0.1, limit - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()


def cpu_of(pids: Mapping[str, int]) -> dict[str, float]:
    """As :func:`cpu_seconds`, of each process by its name."""
    return {name: cpu_seconds(pid) for name, pid in pids.items()}


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and of all its children, living and gone."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    total = 0.0
    for member in family:
        try:
            times = member.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
        except psutil.NoSuchProcess:
            continue
    return total


def rss_mb(pid: int) -> float:
    """Resident memory of a process and its children, in megabytes; shared pages count for each."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        return sum(member.memory_info().rss for member in family) / 1_048_576
    except psutil.NoSuchProcess:
        return 0.0
