"""The simulator as a child process of the tests."""

import sys
from pathlib import Path

from infra.local.part import EmbeddedPart
from infra.local.processes import HOST, Program, http_ok

from .call_log import LoggedCall, read_calls

ROOT = Path(__file__).parents[2]


class SimulatorProcess(EmbeddedPart):
    """Providers at ``address``/<provider>/v1, and their book. A context manager, as all embedded parts."""

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__()
        self.port = port
        self.log = folder.absolute() / "simulator.log"
        self.book = folder.absolute() / "calls.jsonl"

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    def calls(self) -> list[LoggedCall]:
        """What the providers have in their book."""
        return read_calls(self.book)

    def _prepare(self) -> Program:
        return Program(
            name="the simulator",
            argv=(sys.executable, "-m", "tests.simulator", str(self.port), "--log", str(self.book)),
            log=self.log,
            ports=(self.port,),
            env={"PYTHONPATH": str(ROOT)},
            stop_grace_s=5,
        )

    def _answers(self) -> bool:
        return http_ok(self.port, "/health")
