"""`make up` in a folder that looks like a clone, and a user's other terminal beside it."""

import json
import subprocess
import sys
from pathlib import Path

from pipeline.waiting import until

from journeys.processes import Process
from journeys.ran_away import unless_it_ran_away

REPOSITORY = Path(__file__).parents[2]
START_S = 150.0
TRY, LAST = "Try, from another terminal:", "Ctrl-C stops it."


def clone_in(folder: Path) -> Path:
    """The folder, as if it were a clone in which `make setup` has run."""
    for name in ("portfolio.yaml", "examples"):
        (folder / name).symlink_to(REPOSITORY / name)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


class Up(Process):
    """`make up`, as the Makefile runs it."""

    def __init__(self, clone: Path, log: Path) -> None:
        self.clone = clone
        super().__init__("infra.local", "up", folder=clone, log=log)

    def until_it_greets(self) -> "Up":
        until(lambda: LAST in self.output() or not self.runs, "the stack is up", START_S)
        assert self.runs, self.output()
        return self

    def addresses(self) -> dict[str, str | None]:
        return json.loads((self.clone / ".portfolio" / "addresses.json").read_text())

    def lines_to_paste(self) -> list[str]:
        shown = self.output().partition(TRY)[2].partition(LAST)[0]
        return [line.strip() for line in shown.splitlines() if line.strip()]

    def paste(self, line: str) -> "subprocess.CompletedProcess[str]":
        """What a user's shell says to a line, in another terminal."""
        return subprocess.run(
            ["/bin/sh", "-c", line], cwd=self.clone, capture_output=True, text=True, timeout=START_S, check=False
        )

    def paste_question(self, line: str) -> "subprocess.CompletedProcess[str]":
        """The same of a line that asks the small model."""
        return unless_it_ran_away(lambda: self.paste(line), lambda done: done.stdout + done.stderr)
