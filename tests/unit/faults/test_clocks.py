"""A clock that is set tells another time, and what it told is read again as when it was."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journeys.faults import registry
from journeys.faults.clocks import Clock, library
from tools_absent import need

A_DAY = 86_400.0
STEPPED = [(1000.0, 0.0), (2000.0, 60.0), (2005.0, 0.0)]
"""Right from 1000 on, a minute ahead for five seconds, and right again."""


def stepped(steps: list[tuple[float, float]]) -> Clock:
    with tempfile.TemporaryDirectory() as folder:
        clock = Clock(Path(folder) / "clock", None)
    clock.steps = steps
    return clock


@pytest.mark.parametrize(
    ("told", "true"),
    [
        (1500.0, 1500.0),  # before the jump
        (2063.0, 2063.0),  # told at 2003, or, as likely, a minute after the jump back: the later of both
        (900.0, 900.0),  # before anything is known of the clock
    ],
)
def test_what_a_clock_that_jumped_ahead_told_is_taken_for_the_latest_it_can_be(told: float, true: float) -> None:
    assert stepped(STEPPED).true(told) == true


def test_what_it_told_ahead_of_all_that_has_been_since_was_told_while_it_was_ahead() -> None:
    clock = stepped([*STEPPED[:2], (2005.0, -60.0)])
    assert clock.true(2063.0) == 2123.0
    assert stepped(STEPPED[:2]).true(2063.0) == 2003.0


def test_what_a_clock_that_jumped_back_told_was_later() -> None:
    clock = stepped([(1000.0, 0.0), (2000.0, -60.0), (2005.0, 0.0)])
    assert clock.true(1943.0) == 2003.0
    assert clock.true(1930.0) == 1930.0


@given(off_s=st.sampled_from([-60.0, -7.0, 7.0, 60.0]), after_s=st.floats(0, 5), told_for_s=st.floats(0, A_DAY))
def test_no_moment_is_taken_for_an_earlier_one(off_s: float, after_s: float, told_for_s: float) -> None:
    """An earlier one would find a call to be later than its outcome, which it was not."""
    clock = stepped([(0.0, 0.0), (A_DAY, off_s), (A_DAY + 5, 0.0)])
    assert clock.true(A_DAY + after_s + off_s) >= A_DAY + after_s
    assert clock.true(told_for_s) >= told_for_s


def test_a_process_goes_by_the_clock_that_it_is_started_with(tmp_path: Path) -> None:
    need("faketime")
    clock = Clock(tmp_path / "clock", library())
    clock.set(A_DAY)
    told = subprocess.run(
        [sys.executable, "-c", "import time; print(time.time(), time.monotonic())"],
        env=clock.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    today, monotonic = map(float, told.stdout.split())
    assert today - A_DAY == pytest.approx(time.time(), abs=A_DAY / 2)
    assert monotonic == pytest.approx(time.monotonic(), abs=A_DAY / 2)


def test_where_no_clock_can_be_set_those_faults_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "library", lambda: None)
    left = registry.left_out(registry.FAULTS)
    assert left == [f"step the clock of {whose}" for whose in ("kafka", "postgres", "services")]
    monkeypatch.setattr(registry, "library", lambda: Path("/there"))
    assert registry.left_out(registry.FAULTS) == []
