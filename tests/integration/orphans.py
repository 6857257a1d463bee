"""A process that starts something and is killed, and what becomes of what it started."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil


def until(what: Callable[[], bool], within_s: float = 30) -> None:
    """Wait for something to be so."""
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline, f"not so within {within_s} s"
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    """Whether no such process runs; one that nobody has reaped yet runs no longer."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@contextmanager
def killed_parent(code: str, *arguments: str) -> Iterator[list[int]]:
    """Run Python code that prints process ids on one line and waits; kill it with SIGKILL; yield those ids."""
    waiting = f"{code}\nimport time\ntime.sleep(600)\n"
    parent = subprocess.Popen([sys.executable, "-c", waiting, *arguments], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert pids, "the code printed no process id"
    assert not any(is_gone(pid) for pid in pids)
    children = psutil.Process(parent.pid).children(recursive=True)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    yield [*pids, *(child.pid for child in children)]
