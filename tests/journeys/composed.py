"""A container of docker-compose.yml as a process: its command, its environment and no other, its health."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from compose_file import ROOT, Container, health_command
from pipeline.waiting import until

START_S = 150.0
HEALTH_S, LOOK_EVERY_S = 5, 0.5
"""How long the recipe lets an answer take."""


class Running:
    """A container's process. It has its own environment, and nothing of ours but the path to programs."""

    def __init__(self, container: Container, environment: Mapping[str, str], folder: Path) -> None:
        self.name = container.name
        self._port = environment["HEALTH_PORT"]
        self._log = folder / f"{container.name}.log"
        argv = [sys.executable if word == "python" else word for word in container.command]
        with self._log.open("wb") as output:
            self.process = subprocess.Popen(argv, cwd=ROOT, env=dict(environment), stdout=output, stderr=output)

    def until_healthy(self) -> None:
        until(lambda: self.is_healthy() or self._is_over(), f"{self.name} is healthy", START_S, LOOK_EVERY_S)
        assert not self._is_over(), f"{self.name} ended by itself; it wrote:\n{self.output()}"

    def is_healthy(self) -> bool:
        """By the recipe's own command; a slow answer is none."""
        told = {"HEALTH_PORT": self._port, "PATH": "/usr/bin:/bin"}
        try:
            asked = subprocess.run(health_command(), env=told, capture_output=True, timeout=HEALTH_S)
        except subprocess.TimeoutExpired:
            return False
        return asked.returncode == 0

    def _is_over(self) -> bool:
        return self.process.poll() is not None

    def ended(self) -> int:
        """Its exit code; what it wrote stands in the failure when it does not end."""
        try:
            return self.process.wait(START_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} does not end; it wrote:\n{self.output()}") from None

    def output(self) -> str:
        return self._log.read_text(errors="replace")[-4000:]
