"""Waiting for a condition instead of for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE_S = 60.0
POLL_S = 0.02


def until(find: Callable[[], T], what: str, within_s: float = PATIENCE_S, poll_s: float = POLL_S) -> T:
    """The first answer of ``find`` that counts as true. Fails, and says what was waited for, when none comes."""
    deadline = time.monotonic() + within_s
    while not (found := find()):
        assert time.monotonic() < deadline, f"{what}: not so within {within_s:g} s"
        time.sleep(poll_s)
    return found
