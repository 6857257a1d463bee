"""Workers that share a run of the tests: what stays together, whose turn is when, and ports that never meet."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest
from side_by_side import TOGETHER, TURNS, at_work, turn_of, unit_of
from source_tree import ROOT

PORTS = "from own_ports import free_port; print(*(free_port() for _ in range(50)))"


def test_a_file_stays_together_and_so_do_those_that_start_stacks() -> None:
    assert unit_of("tests/pipeline/test_live.py::test_a[x::y]") == "tests/pipeline/test_live.py"
    assert unit_of("tests/journeys/test_up.py::test_a") == unit_of("tests/integration/test_backtest.py::test_b")
    assert unit_of("tests/journeys/test_up.py::test_a") != unit_of("tests/contract/test_site.py::test_b")


def test_what_is_named_is_there_and_the_long_ones_come_first() -> None:
    assert all((ROOT / path).exists() for paths in (*TOGETHER.values(), TURNS) for path in paths)
    tests = ["tests/unit/bus/test_a.py", "tests/pipeline/test_a.py", "tests/journeys/test_a.py"]
    assert sorted(tests, key=turn_of) == tests[::-1]


def ports_of(worker: str) -> set[int]:
    told = {**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}:{ROOT}", "PYTEST_XDIST_WORKER": worker}
    done = subprocess.run([sys.executable, "-c", PORTS], env=told, capture_output=True, text=True, check=True)
    return set(map(int, done.stdout.split()))


def test_workers_take_different_ports_and_none_that_the_system_gives() -> None:
    first, second = ports_of("gw0"), ports_of("gw1")
    assert len(first) == len(second) == 50
    assert not first & second
    assert max(first | second) < 32_768


def enter_now(file: Path, how: int) -> None:
    """Raises ``BlockingIOError`` where one would have to wait."""
    with file.open() as opened:
        fcntl.flock(opened, how | fcntl.LOCK_NB)


def test_one_that_is_alone_waits_for_those_at_work_and_nobody_joins_it(tmp_path: Path) -> None:
    gate, room = tmp_path / "gate", tmp_path / "room"
    gate.touch()
    room.touch()
    seen: list[str] = []

    def work_alone() -> None:
        with at_work(True, gate, room):
            seen.append("alone")
            with pytest.raises(BlockingIOError):
                enter_now(room, fcntl.LOCK_SH)

    with at_work(False, gate, room), at_work(False, gate, room):
        with pytest.raises(BlockingIOError):
            enter_now(room, fcntl.LOCK_EX)
        thread = Thread(target=work_alone)
        thread.start()
        seen.append("two")
    thread.join()
    assert seen == ["two", "alone"]
    enter_now(room, fcntl.LOCK_EX)
