"""A process may open as many files as its system lets it, and says so where these are few."""

import subprocess
import sys
from resource import RLIM_INFINITY

import pytest

from infra.open_files import ENOUGH, allowed

PROGRAM = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (256, int(sys.argv[1])))
from infra.entry import run
async def build(): sys.exit(resource.getrlimit(resource.RLIMIT_NOFILE)[0] != int(sys.argv[1]))
run(build)
"""


@pytest.mark.parametrize(("hard", "warned"), [(512, True), (12_000, False)])
def test_a_service_takes_what_its_system_lets_it_have(hard: int, warned: bool) -> None:
    argv = [sys.executable, "-c", PROGRAM, str(hard)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (f"at most {hard} open files" in done.stderr) == warned


@pytest.mark.parametrize(
    ("soft", "hard", "most"),
    [
        (1_024, 524_288, ENOUGH),
        (1_024, RLIM_INFINITY, ENOUGH),
        (256, 512, 512),
        (200_000, 524_288, 200_000),
        (RLIM_INFINITY, RLIM_INFINITY, RLIM_INFINITY),
    ],
)
def test_no_more_is_taken_than_is_enough_and_nothing_is_given_back(soft: int, hard: int, most: int) -> None:
    assert allowed(soft, hard) == most
