"""Each service with only its own extra installed: it imports, it starts and stops, and it passes its unit tests.

Not collected by pytest, since it installs packages: ``.ci/run`` calls it, and a person may, with the names of a few
extras. Versions and hashes are those of ``requirements.lock``; Kafka and PostgreSQL are real.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from infra.local.kafka import EmbeddedKafka
from infra.local.postgres import EmbeddedPostgres
from infra.local.processes import free_port

ROOT = Path(__file__).parents[2]
TEST_TOOLS = ("pytest", "pytest-asyncio", "pytest-timeout", "hypothesis")
READY_S, STOP_S, POLL_S, SHOWN_BYTES = 60.0, 30.0, 0.05, 4_000


class ExtraFails(Exception):
    """A service needs more than its extra says, or does not do what it should; the message says what was run."""


@dataclass(frozen=True, slots=True)
class Extra:
    """An extra of ``pyproject.toml``. ``tools`` are what its service's unit tests need beside the usual ones."""

    name: str
    service: str
    arguments: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()


CLIENTS = ("openai", "openai-agents", "anthropic", "langchain-openai", "langchain-anthropic", "schemathesis")
CONSOLE = Extra("console", "console", ("apply", "portfolio.yaml"))
SERVERS = (
    Extra("profiler", "profiler"),
    Extra("router", "router"),
    Extra("model-worker", "model_worker", ("--provider", "replay")),
    Extra("model-worker-litellm", "model_worker", ("--provider", "replay")),
    Extra("validator", "validator", tools=("ruamel-yaml",)),
    Extra("escalation", "escalation"),
    Extra("ledger", "ledger"),
    Extra("gateway", "gateway", tools=(*CLIENTS, "playwright")),
)


def main(names: Sequence[str]) -> int:
    """The exit code: 1 when any extra is not enough. The console's comes first: it applies the portfolio."""
    failed: list[str] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="model-portfolio-extras-")))
        kafka = stack.enter_context(EmbeddedKafka(folder / "kafka", free_port()))
        postgres = stack.enter_context(EmbeddedPostgres(folder / "postgres", free_port()))
        environment = settings(kafka, postgres)
        for extra in (CONSOLE, *(extra for extra in SERVERS if not names or extra.name in names)):
            began = time.monotonic()
            try:
                prove(extra, folder / extra.name, environment)
                say(f"{extra.name}: enough for {extra.service} ({time.monotonic() - began:.0f} s)")
            except ExtraFails as error:
                failed.append(extra.name)
                say(f"{extra.name}: {error}")
            shutil.rmtree(folder / extra.name, ignore_errors=True)
    return 1 if failed else 0


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def settings(kafka: EmbeddedKafka, postgres: EmbeddedPostgres) -> dict[str, str]:
    """What a service is told, and what any program needs."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    told = {"KAFKA_BOOTSTRAP_SERVERS": kafka.address, "DATABASE_URL": postgres.address, "TOPIC_PARTITIONS": "2"}
    return kept | told | {"GATEWAY_PORT": "0", "LEDGER_PORT": "0"}


def prove(extra: Extra, folder: Path, environment: Mapping[str, str]) -> None:
    """All there is to prove of one extra. Raises :class:`ExtraFails`."""
    python = folder / "bin" / "python"
    run([uv(), "venv", "--quiet", "--python", sys.executable, str(folder)], os.environ)
    install(python, "-r", "pyproject.toml", "--extra", extra.name)
    run([str(python), "-c", f"import services.{extra.service}.app, services.{extra.service}.__main__"], environment)
    service = [str(python), "-m", f"services.{extra.service}", *extra.arguments]
    if extra is CONSOLE:
        run(service, environment)
    else:
        start_and_stop(service, folder, environment)
    install(python, *TEST_TOOLS, *extra.tools)
    tests = f"tests/unit/{extra.service}"
    run([str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", tests], environment)


def install(python: Path, *what: str) -> None:
    """Install from the lock: its versions, with their hashes; from where this machine's own settings say."""
    run([uv(), "pip", "install", "--quiet", "--python", str(python), "-c", "requirements.lock", *what], os.environ)


def uv() -> str:
    """The ``uv`` of this environment, or of the machine."""
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else "uv"


def run(argv: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run to the end. Raises :class:`ExtraFails` with the end of what it wrote."""
    done = subprocess.run(argv, cwd=ROOT, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise ExtraFails(f"`{' '.join(argv[1:])}` failed with {done.returncode}:\n{shown(done.stdout)}")


def start_and_stop(argv: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Start a service, wait until it says that it is ready, and tell it to stop. Raises :class:`ExtraFails`."""
    ready, log = folder / "ready", folder / "service.log"
    with log.open("wb") as written:
        told = {**environment, "READY_FILE": str(ready)}
        process = subprocess.Popen(argv, cwd=ROOT, env=told, stdout=written, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + READY_S
        while not ready.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(POLL_S)
        if not ready.exists():
            raise ExtraFails(f"`{' '.join(argv[1:])}` was not ready:\n{shown(log.read_bytes())}")
        process.send_signal(signal.SIGTERM)
        status = process.wait(STOP_S)
    finally:
        process.kill()
        process.wait()
    if status:
        raise ExtraFails(f"`{' '.join(argv[1:])}` stopped with {status}:\n{shown(log.read_bytes())}")


def shown(output: bytes) -> str:
    return output[-SHOWN_BYTES:].decode(errors="replace").rstrip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
