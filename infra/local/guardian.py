"""Runs one program and sees to it that the program never outlives the process that asked for it.

Started by `infra.local.processes` as a script of its own, with the standard library only. Its standard input is a
pipe whose other end its parent holds. One line of JSON, the order, comes by it. When that end closes, because the
parent asked to stop or because it died, even by SIGKILL, the program is asked to stop, and killed when it does not.
Should the guardian itself be killed, Linux kills the program (PR_SET_PDEATHSIG). The program's direct parent is the
guardian's only thread, never a thread of the caller: PR_SET_PDEATHSIG fires when the *thread* that forked ends, which
would end a part together with the thread pool that started it.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2  # linux/prctl.h
CAP_DAC_OVERRIDE, CAPABILITY_VERSION_3 = 1, 0x20080522  # linux/capability.h
PARENT_POLL_S, PORT_PATIENCE_S = 1.0, 3.0
IS_LINUX = sys.platform.startswith("linux")


def main() -> NoReturn:
    parent = os.getppid()
    order: dict[str, Any] = json.loads(os.fdopen(0, "rb", buffering=0, closefd=False).readline())
    wake = watch_signals()
    if not within(order["lock_wait_s"], take_lock(order["lock"])):
        refuse("busy")
    for port in order["ports"]:
        if not within(PORT_PATIENCE_S, lambda port=port: is_free(port)):
            refuse(f"taken {port}")
    child = start(order)
    report(f"pid {child}")
    sys.exit(supervise(child, parent, wake, signal.Signals(order["stop_signal"]), order["stop_grace_s"]))


def watch_signals() -> int:
    """Turn SIGCHLD and SIGTERM into bytes on a pipe, whose reading end is returned."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    return reading


def within(seconds: float, succeeds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not succeeds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def take_lock(path: str | None) -> Callable[[], bool]:
    """A try to lock a file for the guardian's life."""
    if path is None:
        return lambda: True
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)  # not inherited by the program, never closed here

    def locked() -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    return locked


def is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def start(order: dict[str, Any]) -> int:
    guardian = os.getpid()
    # A request to stop that comes between fork and exec is kept, rather than lost to our own handlers.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    child = os.fork()
    if child == 0:
        execute(order, guardian, mask)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return child


def execute(order: dict[str, Any], guardian: int, mask: set[int]) -> NoReturn:
    """Become the program, in the forked child."""
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        if order["account"]:
            become(**order["account"])
        die_with(guardian)  # after the change of user, which clears it
        forget_signals(mask)
        os.execve(order["argv"][0], order["argv"], order["env"])  # noqa: S606 - no shell is wanted
    except OSError as error:
        os.write(2, f"cannot run {order['argv'][0]}: {error}\n".encode())
    os._exit(127)


def forget_signals(mask: set[int]) -> None:
    """Give the program the dispositions of a new process: exec keeps what is ignored, as Python does with SIGPIPE."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def become(uid: int, gid: int, pass_closed_directories: bool) -> None:
    """Give up root; `pass_closed_directories` keeps the one capability that lets it below a directory like /root."""
    keep = pass_closed_directories and IS_LINUX
    if keep:
        prctl(PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if keep:
        keep_only(CAP_DAC_OVERRIDE)


def keep_only(capability: int) -> None:
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    bit = 1 << capability
    sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)  # effective, permitted, inheritable; then their high words
    if ctypes.CDLL(None, use_errno=True).capset(header, sets) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0)


def die_with(guardian: int) -> None:
    if IS_LINUX:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guardian:  # it died before the line above could take effect
            os._exit(127)


def prctl(option: int, *arguments: int) -> None:
    values = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4]]
    if ctypes.CDLL(None, use_errno=True).prctl(option, *values) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def report(line: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # the parent died meanwhile; the supervision sees that next
        os.write(1, f"{line}\n".encode())
    os.close(1)


def refuse(reason: str) -> NoReturn:
    report(reason)
    sys.exit(1)


def supervise(child: int, parent: int, wake: int, stop_signal: signal.Signals, grace_s: float) -> int:
    """Wait for the program's end, or bring it about when the parent is gone; return its exit status, shell style."""
    kill_at: float | None = None
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        if kill_at is None and should_stop(parent, wake):
            kill_at = time.monotonic() + grace_s
            os.kill(child, stop_signal)
        elif kill_at is not None:
            select.select([wake], [], [], max(0.0, kill_at - time.monotonic()))
            drain(wake)
            if time.monotonic() >= kill_at:
                os.kill(child, signal.SIGKILL)
                kill_at = time.monotonic() + grace_s


def should_stop(parent: int, wake: int) -> bool:
    """Sleep until something happens; True when the parent asked to stop or is gone, or SIGTERM came.

    The poll is for a parent that was killed while a process it forked still holds the pipe.
    """
    readable, _, _ = select.select([0, wake], [], [], PARENT_POLL_S)
    if wake in readable and signal.SIGTERM in drain(wake):
        return True
    return (0 in readable and os.read(0, 1) == b"") or os.getppid() != parent


def drain(wake: int) -> bytes:
    readable, _, _ = select.select([wake], [], [], 0)
    return os.read(wake, 4096) if readable else b""


if __name__ == "__main__":
    main()
