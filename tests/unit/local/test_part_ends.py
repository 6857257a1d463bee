"""A part of the stack that ends by itself is told, once, with its log."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from infra.local import watching
from infra.local.part import EmbeddedPart
from infra.local.processes import Program, plain_environment
from infra.local.watching import tell_of_ends


async def test_each_end_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_EVERY_S", 0)
    looks, said = (
        [dict[str, Path](), {"Kafka": Path("kafka.log")}, {"Kafka": Path("kafka.log"), "Postgres": Path("p")}],
        [],
    )
    seen_twice = asyncio.Event()

    def ended() -> dict[str, Path]:
        if len(looks) == 1:
            if said[1:]:
                seen_twice.set()
            return looks[0]
        return looks.pop(0)

    task = asyncio.create_task(tell_of_ends(ended, said.append))
    await asyncio.wait_for(seen_twice.wait(), 5)
    task.cancel()
    assert ["Kafka" in said[0], "kafka.log" in said[0], "Postgres" in said[1], len(said)] == [True, True, True, 2]


class Sleeper(EmbeddedPart):
    """Lives until it is killed."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.log = folder / "sleeper.log"

    @property
    def address(self) -> str:
        return "nowhere"

    def _prepare(self) -> Program:
        return Program("sleeper", ("/bin/sleep", "60"), self.log, env=plain_environment())

    def _answers(self) -> bool:
        return True


def test_a_part_knows_that_it_was_not_stopped_and_is_gone(tmp_path: Path) -> None:
    part = Sleeper(tmp_path)
    assert not part.has_ended
    with part:
        assert not part.has_ended
        assert part.pid is not None
        os.kill(part.pid, signal.SIGKILL)
        assert part._process is not None
        part._process._guardian.wait(20)
        assert part.has_ended
    assert not part.has_ended
