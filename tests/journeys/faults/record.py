"""The runs of a campaign on disk, a line each, so that one that was broken off can be gone on with."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter

from journeys.faults.campaign import Run

RUNS = TypeAdapter(Run)


def append(path: Path, run: Run) -> None:
    """One line more."""
    with path.open("ab") as file:
        file.write(RUNS.dump_json(run) + b"\n")


def read(path: Path, seed: str) -> Iterator[Run]:
    """The runs of this seed; none where there is no file."""
    lines = path.read_bytes().splitlines() if path.exists() else []
    for run in map(RUNS.validate_json, lines):
        if run.seed.rpartition(":")[0] == seed:
            yield run
