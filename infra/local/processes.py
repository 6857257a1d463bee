"""Child processes that say when they are ready, stop when told, and never outlive the process that started them.

Each runs in a session of its own, so that Ctrl-C in a terminal reaches the services first and they can drain before
Kafka and PostgreSQL go. `guardian.py` is between the two and explains how the child dies with its parent.
"""

import contextlib
import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NoReturn

GUARDIAN = Path(__file__).with_name("guardian.py")
HOST = "127.0.0.1"
POLL_S = 0.02
PASSED_ON = ("PATH", "HOME", "TMPDIR", "LANG", "LD_LIBRARY_PATH")  # the last for Pythons that need it to run at all
TAIL_LINES, TAIL_BYTES = 20, 8192


class PartError(Exception):
    """An embedded part cannot be had; the message says what to do."""


class PartNotReady(PartError):
    """A part ended, or said nothing, before it was ready. Shows the end of its log and where the log is."""

    def __init__(self, name: str, reason: str, log: Path) -> None:
        self.name, self.reason, self.log = name, reason, log
        self.last_lines = last_lines(log)
        shown = "\n".join(f"  | {line}" for line in self.last_lines) or "  | (it wrote nothing)"
        super().__init__(f"{name} {reason}. The end of its log, {log}:\n{shown}")


class DataInUse(PartError):
    """Another process runs a part on the same data."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name, self.directory = name, directory
        super().__init__(f"{name}: another process uses the data in {directory}; stop it, or give another directory")


class PortTaken(PartError):
    """Something else listens on a port that a part was given."""

    def __init__(self, name: str, port: int) -> None:
        self.name, self.port = name, port
        super().__init__(f"{name}: port {port} is taken; stop what listens there, or give another port")


@dataclass(frozen=True, slots=True)
class Account:
    """The system user to run as, by numbers because a container's users need no names. Only root may ask for one.

    `pass_closed_directories` lets it reach files below directories that only root may enter.
    """

    uid: int
    gid: int
    pass_closed_directories: bool


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, and how to stop it.

    `argv[0]` is a path. `lock` is held as long as the program lives, and waited for while a predecessor stops;
    `ports` must be free before it starts. Of the caller's environment it sees `plain_environment` and `env`: a
    variable like PGPORT or SPAN_STORAGE_TYPE that happens to be set must not change it.
    """

    name: str
    argv: tuple[str, ...]
    log: Path
    lock: Path | None = None
    lock_wait_s: float = 15.0
    ports: tuple[int, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_grace_s: float = 15.0


class GuardedProcess:
    """One run of one program, from its construction on. Raises `DataInUse`, `PortTaken` and `PartNotReady`."""

    def __init__(self, program: Program) -> None:
        self.program = program
        program.log.parent.mkdir(parents=True, exist_ok=True)
        if program.log.exists():
            program.log.replace(program.log.with_suffix(".previous.log"))
        with program.log.open("wb") as log:
            self._guardian = subprocess.Popen(
                [sys.executable, "-I", "-S", str(GUARDIAN), program.name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        self._send(_order(program))
        self.pid = self._read_pid()

    @property
    def running(self) -> bool:
        return self._guardian.poll() is None

    def _send(self, order: bytes) -> None:
        """Over the pipe and not as an argument, which anybody on the machine could read with `ps`."""
        if self._guardian.stdin:
            with contextlib.suppress(BrokenPipeError):  # it failed at once; what it answers says how
                self._guardian.stdin.write(order)
                self._guardian.stdin.flush()

    def _read_pid(self) -> int:
        answer, _, number = self._read_answer().partition(" ")
        if answer == "pid":
            return int(number)
        self.stop()
        if answer == "taken":
            raise PortTaken(self.program.name, int(number))
        if answer == "busy" and self.program.lock:
            raise DataInUse(self.program.name, self.program.lock.parent)
        raise PartNotReady(self.program.name, "could not be started", self.program.log)

    def _read_answer(self) -> str:
        """The guardian's one line, which is empty when it failed; its patience ends well before ours."""
        answers = self._guardian.stdout
        if answers is None or not select.select([answers], [], [], self.program.lock_wait_s + 30)[0]:
            return ""
        with answers:
            return answers.readline().decode().strip()

    def wait_ready(self, probe: Callable[[], bool], deadline_s: float) -> None:
        """Return once `probe` says so; else stop the program and raise `PartNotReady`."""
        deadline = time.monotonic() + deadline_s
        while not probe():
            if not self.running:
                self._fail(f"ended with status {self._guardian.returncode} before it was ready")
            if time.monotonic() > deadline:
                self._fail(f"was not ready within {deadline_s:g} s")
            time.sleep(POLL_S)

    def wait_done(self, deadline_s: float) -> None:
        """Return once the program has ended well; else stop it and raise `PartNotReady`."""
        try:
            status = self._guardian.wait(deadline_s)
        except subprocess.TimeoutExpired:
            self._fail(f"was not done within {deadline_s:g} s")
        if status != 0:
            self._fail(f"failed with status {status}")
        self.stop()

    def stop(self) -> None:
        """Ask the program to end, wait, and kill it after its grace. Harmless when it has ended."""
        if self._guardian.stdin:
            self._guardian.stdin.close()  # this is what asks: the guardian takes it as it takes our own death
        try:
            self._guardian.wait(self.program.stop_grace_s + 10)
        except subprocess.TimeoutExpired:
            os.killpg(self._guardian.pid, signal.SIGKILL)
            self._guardian.wait()

    def _fail(self, reason: str) -> NoReturn:
        self.stop()
        raise PartNotReady(self.program.name, reason, self.program.log)


def _order(program: Program) -> bytes:
    """What the guardian is told: one line of JSON."""
    order = {
        "argv": program.argv,
        "env": plain_environment() | dict(program.env),
        "account": asdict(program.account) if program.account else None,
        "lock": str(program.lock) if program.lock else None,
        "lock_wait_s": program.lock_wait_s,
        "ports": program.ports,
        "stop_signal": program.stop_signal,
        "stop_grace_s": program.stop_grace_s,
    }
    return json.dumps(order).encode() + b"\n"


def run_to_end(program: Program, deadline_s: float) -> None:
    """Run a program that ends by itself, such as a formatter. Raises `PartNotReady` when it fails."""
    GuardedProcess(program).wait_done(deadline_s)


def free_port(preferred: int | None = None) -> int:
    """The preferred TCP port of the loopback address, or any other free one when that is taken."""
    for port in (preferred, 0):
        if port is not None and (bound := _bound(port)) is not None:
            return bound
    raise OSError("no TCP port of the loopback address is free")


def _bound(port: int) -> int | None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free to listen on
        try:
            listener.bind((HOST, port))
        except OSError:
            return None
        return listener.getsockname()[1]


def http_ok(port: int, path: str) -> bool:
    """Whether a server on the loopback address answers a GET with 200. No proxy of the environment is asked."""
    connection = http.client.HTTPConnection(HOST, port, timeout=1)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def plain_environment() -> dict[str, str]:
    """What any program may see of this process's environment."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}


def last_lines(log: Path) -> list[str]:
    """The last lines of a log, at most 20 lines and 8 KiB; none when there is no log."""
    if not log.exists():
        return []
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - TAIL_BYTES))
        return file.read().decode(errors="replace").splitlines()[-TAIL_LINES:]
