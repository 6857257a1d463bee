"""Programs that only some machines have: a test of them is skipped where they are not, and nowhere else."""

import re
import shutil

import pytest

ABSENT = "{} is not on this machine"
_SAID = re.compile(re.escape(ABSENT).replace(r"\{\}", r"(\S+)"))


def need(*programs: str) -> None:
    """Skip the test where one of these is not on the path."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(ABSENT.format(program))


def is_absent(reason: str) -> bool:
    """Whether a test was skipped for a program that is really not there."""
    said = _SAID.fullmatch(reason)
    return said is not None and shutil.which(said[1]) is None
