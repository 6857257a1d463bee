"""Counters of other processes: context switches, calls into the kernel by kind, and batches by their own metrics."""

import asyncio
import re
import shutil
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.request import urlopen

import psutil

KINDS: dict[str, tuple[str, ...]] = {
    "polls": ("epoll_wait", "epoll_pwait"),
    "writes": ("write", "writev", "sendto", "sendmsg"),
    "reads": ("read", "readv", "recvfrom", "recvmsg"),
    "futexes": ("futex",),
    "syncs": ("fsync", "fdatasync"),
}
"""System calls that are counted, by kind."""
COUNTED = re.compile(r"^(\d+),,syscalls:sys_enter_(\w+),", re.MULTILINE)
BATCHES = re.compile(r"^portfolio_batch_events_(count|sum)(?:\{[^}]*\})? (\S+)$", re.MULTILINE)


def family_of(pid: int) -> list[int]:
    """A process and all that it started."""
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


def switches_of(pid: int) -> tuple[int, int]:
    """How often the threads of a process and its children gave up their core, and how often they were put off it."""
    waited = put_off = 0
    for member in family_of(pid):
        for status in Path(f"/proc/{member}/task").glob("*/status"):
            told = dict(line.split(":", 1) for line in status.read_text().splitlines())
            waited += int(told["voluntary_ctxt_switches"])
            put_off += int(told["nonvoluntary_ctxt_switches"])
    return waited, put_off


def batches_and_events(port: int) -> tuple[float, float]:
    """How many batches a service has read until now, and events in them, by its metrics."""
    with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        told = dict(BATCHES.findall(answer.read().decode()))
    return float(told.get("count", 0)), float(told.get("sum", 0))


@asynccontextmanager
async def system_calls(pids: Sequence[int]) -> AsyncIterator[dict[str, float]]:
    """Calls into the kernel by these processes and their threads meanwhile, by kind; filled in at the end.

    Empty where Linux's ``perf`` is not there, or may not look.
    """
    found: dict[str, float] = {}
    if shutil.which("perf") is None:
        yield found
        return
    events = ",".join(f"syscalls:sys_enter_{call}" for calls in KINDS.values() for call in calls)
    command = ("perf", "stat", "-x,", "-e", events, "-p", ",".join(map(str, pids)))
    perf = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    yield found
    if perf.returncode is None:
        perf.send_signal(signal.SIGINT)
    _, told = await perf.communicate()
    counts = {call: int(count) for count, call in COUNTED.findall(told.decode())}
    found.update({kind: sum(counts.get(call, 0) for call in calls) for kind, calls in KINDS.items() if counts})
