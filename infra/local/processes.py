"""Child processes that say when they are ready, stop when told, and never outlive the process that started them.

Each runs in a session of its own, so that Ctrl-C in a terminal reaches the services first and they can drain before
Kafka and PostgreSQL go. `guardian.py` is between the two and explains how the child dies with its parent.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

GUARDIAN = Path(__file__).with_name("guardian.py")
HOST = "127.0.0.1"
POLL_S = 0.02
TAIL_LINES = 20


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

    def __init__(self, name: str, lock: Path) -> None:
        self.name, self.lock = name, lock
        super().__init__(f"{name}: another process uses the data in {lock.parent}; stop it, or give another directory")


class PortTaken(PartError):
    """Something else listens on the port that a part was given."""

    def __init__(self, name: str, port: int) -> None:
        self.name, self.port = name, port
        super().__init__(f"{name}: port {port} is taken; stop what listens there, or give another port")


@dataclass(frozen=True, slots=True)
class Account:
    """The system user to run as (only root may ask for another). Its numbers, not its name, because a container's
    users need no names; `pass_closed_directories` lets it reach files below directories that only root may enter."""

    uid: int
    gid: int
    pass_closed_directories: bool


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, and how to stop it. `argv[0]` is a path; `lock` is held as long as the program lives."""

    name: str
    argv: tuple[str, ...]
    log: Path
    lock: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_grace_s: float = 15.0


class GuardedProcess:
    """One run of one program.

    `start` raises `DataInUse` and `PartNotReady`. The program sees none of the caller's environment but what
    `plain_environment` passes and `Program.env` names: variables like PGPORT or SPAN_STORAGE_TYPE would change it.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.pid: int | None = None
        self._guardian: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._guardian is not None and self._guardian.poll() is None

    def start(self) -> None:
        if self.running:
            return
        program = self.program
        program.log.parent.mkdir(parents=True, exist_ok=True)
        if program.log.exists():
            program.log.replace(program.log.with_suffix(".previous.log"))
        with open(program.log, "wb") as log:
            self._guardian = subprocess.Popen(
                [sys.executable, "-I", "-S", str(GUARDIAN), self._order()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        self.pid = self._read_pid(self._guardian)

    def _order(self) -> str:
        program = self.program
        return json.dumps(
            {
                "argv": program.argv,
                "env": plain_environment() | dict(program.env),
                "account": asdict(program.account) if program.account else None,
                "lock": str(program.lock) if program.lock else None,
                "lock_wait_s": program.stop_grace_s,
                "stop_signal": program.stop_signal,
                "stop_grace_s": program.stop_grace_s,
            }
        )

    def _read_pid(self, guardian: subprocess.Popen[bytes]) -> int:
        assert guardian.stdout is not None
        with guardian.stdout as answers:
            if not select.select([answers], [], [], self.program.stop_grace_s + 10)[0]:
                self._fail("has no process yet: this machine is too busy")
            answer = answers.readline().decode().strip()
        if answer == "busy" and self.program.lock:
            self.stop()
            raise DataInUse(self.program.name, self.program.lock)
        if not answer.startswith("pid "):
            self._fail("could not be started")
        return int(answer.removeprefix("pid "))

    def wait_ready(self, probe: Callable[[], bool], deadline_s: float) -> None:
        """Return once `probe` says so; else stop the program and raise `PartNotReady`."""
        deadline = time.monotonic() + deadline_s
        while not probe():
            if not self.running:
                self._fail(f"ended with status {self.exit_status} before it was ready")
            if time.monotonic() > deadline:
                self._fail(f"was not ready within {deadline_s:g} s")
            time.sleep(POLL_S)

    def wait_done(self, deadline_s: float) -> None:
        """Return once the program has ended well; else stop it and raise `PartNotReady`."""
        assert self._guardian is not None, "started first"
        try:
            status = self._guardian.wait(deadline_s)
        except subprocess.TimeoutExpired:
            self._fail(f"was not done within {deadline_s:g} s")
        if status != 0:
            self._fail(f"failed with status {status}")

    @property
    def exit_status(self) -> int | None:
        """As a shell gives it: 128 + n when signal n ended the program. None while it runs, or before."""
        return self._guardian.poll() if self._guardian else None

    def stop(self) -> None:
        """Ask the program to end, wait, and kill it after its grace. Harmless when it has ended or never began."""
        guardian = self._guardian
        if guardian is None or guardian.stdin is None:
            return
        guardian.stdin.close()  # this is what asks: the guardian takes it as it takes our own death
        try:
            guardian.wait(self.program.stop_grace_s + 10)
        except subprocess.TimeoutExpired:
            os.killpg(guardian.pid, signal.SIGKILL)
            guardian.wait()

    def _fail(self, reason: str) -> NoReturn:
        self.stop()
        raise PartNotReady(self.program.name, reason, self.program.log)


class EmbeddedPart(ABC):
    """A part that can be started and stopped on its own, and again on the same data.

    `start` blocks until the part answers and raises a `PartError`; `stop` blocks until it is gone. From asyncio, call
    them with `asyncio.to_thread`. A part stops as well when the process that started it dies, in whatever way.
    """

    @property
    @abstractmethod
    def address(self) -> str:
        """What the part's environment variable would hold if somebody else ran it."""

    @property
    @abstractmethod
    def pid(self) -> int | None:
        """The process id of the part itself, None before its first start."""

    @abstractmethod
    def start(self) -> None: ...

    @abstractmethod
    def stop(self) -> None: ...

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def run_to_end(program: Program, deadline_s: float) -> None:
    """Run a program that ends by itself, such as a formatter. Raises `PartNotReady` when it fails."""
    process = GuardedProcess(program)
    process.start()
    process.wait_done(deadline_s)
    process.stop()


def free_port(preferred: int | None = None) -> int:
    """The preferred TCP port of the loopback address, or any other free one when that is taken."""
    if preferred is not None and port_is_free(preferred):
        return preferred
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return listener.getsockname()[1]


def port_is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free to listen on
        try:
            listener.bind((HOST, port))
        except OSError:
            return False
        return True


def require_free(name: str, port: int) -> None:
    if not port_is_free(port):
        raise PortTaken(name, port)


def plain_environment() -> dict[str, str]:
    """What any program may see of this process's environment."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}


def last_lines(log: Path) -> list[str]:
    """The last lines of a log, at most 20 lines and 8 KiB; none when there is no log."""
    if not log.exists():
        return []
    with open(log, "rb") as file:
        file.seek(max(0, log.stat().st_size - 8192))
        return file.read().decode(errors="replace").splitlines()[-TAIL_LINES:]
