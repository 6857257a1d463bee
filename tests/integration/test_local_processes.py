"""A guarded process is ready, stops and dies when it should, and says why when it does not start."""

import os
import signal
import socket
import sys
import threading
from pathlib import Path

import psutil
import pytest
from orphans import is_gone, killed_parent, until

from infra.local.processes import (
    DataInUse,
    GuardedProcess,
    PartNotReady,
    PortTaken,
    Program,
    free_port,
    last_lines,
    run_to_end,
)

LISTENS = "import http.server,sys; http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), None).serve_forever()"
SLEEPS = "import time; print('awake', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
)


def program(tmp_path: Path, code: str, *arguments: str, **settings: object) -> Program:
    argv = (sys.executable, "-c", code, *arguments)
    return Program("the program", argv, tmp_path / "program.log", **settings)  # type: ignore[arg-type]


def wrote(running: GuardedProcess, word: str) -> None:
    running.wait_ready(lambda: word in running.program.log.read_text(), 20)


def test_ready_when_the_probe_says_so_and_gone_when_stopped(tmp_path: Path) -> None:
    port = free_port()
    running = GuardedProcess(program(tmp_path, LISTENS, str(port), ports=(port,)))
    running.wait_ready(lambda: free_port(port) != port, 20)
    assert not is_gone(running.pid)
    running.stop()
    assert is_gone(running.pid)
    assert not running.running
    running.stop()  # once more is harmless
    assert free_port(port) == port


def test_one_that_ends_early_is_reported_with_its_last_lines(tmp_path: Path) -> None:
    dying = GuardedProcess(program(tmp_path, "import sys; print('no disk left'); sys.exit(3)"))
    with pytest.raises(PartNotReady, match=r"status 3(.|\n)*no disk left") as failed:
        dying.wait_ready(lambda: False, 20)
    assert failed.value.last_lines == ["no disk left"]
    assert str(tmp_path / "program.log") in str(failed.value)


def test_one_that_is_never_ready_is_stopped_and_reported(tmp_path: Path) -> None:
    silent = GuardedProcess(program(tmp_path, SLEEPS))
    with pytest.raises(PartNotReady, match=r"not ready within 0\.2 s"):
        silent.wait_ready(lambda: False, 0.2)
    assert is_gone(silent.pid)


def test_a_program_that_cannot_be_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(PartNotReady, match="cannot run /nowhere/at/all"):
        run_to_end(Program("the program", ("/nowhere/at/all",), tmp_path / "program.log"), 20)


def test_one_that_ignores_the_request_is_killed_after_its_grace(tmp_path: Path) -> None:
    deaf = GuardedProcess(program(tmp_path, STUBBORN, stop_grace_s=0.2))
    wrote(deaf, "deaf")
    deaf.stop()
    assert is_gone(deaf.pid)


def test_it_does_not_hear_the_ctrl_c_of_the_terminal(tmp_path: Path) -> None:
    running = GuardedProcess(program(tmp_path, SLEEPS))
    try:
        assert os.getsid(running.pid) != os.getsid(0)
    finally:
        running.stop()


def test_it_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    started: list[GuardedProcess] = []
    thread = threading.Thread(target=lambda: started.append(GuardedProcess(program(tmp_path, SLEEPS))))
    thread.start()
    thread.join()
    wrote(started[0], "awake")
    assert not is_gone(started[0].pid)
    started[0].stop()


def test_only_the_named_environment_reaches_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_API_KEY", "k-123")
    prints = "import os; print(sorted(os.environ))"
    run_to_end(program(tmp_path, prints, env={"WANTED": "1"}), 20)
    assert "'WANTED'" in (tmp_path / "program.log").read_text()
    assert "ACME_API_KEY" not in (tmp_path / "program.log").read_text()


def test_its_environment_is_not_on_any_command_line(tmp_path: Path) -> None:
    running = GuardedProcess(program(tmp_path, SLEEPS, env={"PASSWORD": "s3cret"}))
    guardian = psutil.Process(running.pid).parent()
    assert guardian is not None
    assert "s3cret" not in " ".join(guardian.cmdline())
    running.stop()


@pytest.mark.parametrize("code", [SLEEPS, STUBBORN])
def test_it_dies_with_a_parent_that_is_killed(tmp_path: Path, code: str) -> None:
    starts = (
        "import sys; from pathlib import Path; from infra.local.processes import GuardedProcess, Program\n"
        "argv = (sys.executable, '-c', sys.argv[1])\n"
        "guarded = GuardedProcess(Program('it', argv, Path(sys.argv[2]), stop_grace_s=0.5))\n"
        "print(guarded.pid, flush=True)"
    )
    with killed_parent(starts, code, str(tmp_path / "it.log")) as family:
        assert len(family) >= 3  # it, and its guardian among the children
        until(lambda: all(is_gone(pid) for pid in family))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills the child of a killed guardian")
def test_it_dies_with_a_guardian_that_is_killed(tmp_path: Path) -> None:
    running = GuardedProcess(program(tmp_path, SLEEPS))
    guardian = psutil.Process(running.pid).parent()
    assert guardian is not None
    guardian.send_signal(signal.SIGKILL)
    until(lambda: is_gone(running.pid))
    running.stop()


def test_two_do_not_use_one_directory_at_once(tmp_path: Path) -> None:
    first = GuardedProcess(program(tmp_path, SLEEPS, lock=tmp_path / ".lock"))
    second = Program("the second", first.program.argv, tmp_path / "second.log", tmp_path / ".lock", lock_wait_s=0.1)
    with pytest.raises(DataInUse, match=str(tmp_path)):
        GuardedProcess(second)
    first.stop()
    GuardedProcess(second).stop()


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert free_port(port) != port
        with pytest.raises(PortTaken, match=f"port {port} is taken"):
            GuardedProcess(program(tmp_path, SLEEPS, ports=(port,)))


def test_the_log_of_the_run_before_is_kept(tmp_path: Path) -> None:
    run_to_end(program(tmp_path, "print('first')"), 20)
    run_to_end(program(tmp_path, "print('second')"), 20)
    assert last_lines(tmp_path / "program.log") == ["second"]
    assert last_lines(tmp_path / "program.previous.log") == ["first"]
    assert last_lines(tmp_path / "absent.log") == []
