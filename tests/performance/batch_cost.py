"""What the bus itself does for a batch: ``python -m tests.performance.batch_cost``, in a minute.

A service that says one event for each that it hears, alone beside Kafka, is told events ``--at-once`` and no more
until it has answered them all. Counted, as counts are the same on a busy machine: its function calls in Python; its
calls into the kernel, where Linux's ``perf`` is; its instructions, where ``valgrind`` is.
"""

import argparse
import asyncio
import cProfile
import pstats
import re
import shutil
import signal
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop
from aiokafka import AIOKafkaConsumer
from rich.console import Console
from rich.table import Table

from infra.bus.config import BusConfig
from infra.bus.topics import create
from infra.entry import spare_the_collector
from infra.local.kafka import EmbeddedKafka
from infra.local.processes import free_port
from tests.integration.bus_at_work import HEARD, LETTERS, TOLD, Client, bus_of
from tests.performance.counts import KINDS, system_calls

WARM, FEW_WARM = 300, 30
TOTALS = re.compile(r"^totals: (\d+)", re.MULTILINE)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.performance.batch_cost", description=__doc__)
    parser.add_argument("--at-once", type=int, nargs="+", default=[1, 7], help="events of a batch")
    parser.add_argument("--batches", type=int, default=1_000, help="a tenth of them where instructions are counted")
    parser.add_argument("--serve", metavar="KAFKA", help=argparse.SUPPRESS)
    return parser.parse_args()


def say(line: str) -> None:
    """To the process that measures this one."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def serve(bootstrap: str) -> None:
    """Be the service. SIGUSR1 begins to count function calls, SIGUSR2 says how many, SIGTERM ends."""
    bus, profile, ended = bus_of(BusConfig(kafka_bootstrap_servers=bootstrap)), cProfile.Profile(), asyncio.Event()

    def tell() -> None:
        profile.disable()
        say(str(pstats.Stats(profile).total_calls))  # type: ignore[attr-defined] not in the stubs

    loop = asyncio.get_running_loop()
    for number, act in ((signal.SIGUSR1, profile.enable), (signal.SIGUSR2, tell), (signal.SIGTERM, ended.set)):
        loop.add_signal_handler(number, act)
    await bus.start()
    spare_the_collector()
    say("ready")
    await ended.wait()
    await bus.stop()


@asynccontextmanager
async def service(bootstrap: str, *before: str) -> AsyncIterator[Process]:
    """The service in a process of its own, under the command ``before``."""
    own = (sys.executable, "-m", "tests.performance.batch_cost", "--serve", bootstrap)
    child = await asyncio.create_subprocess_exec(*before, *own, stdout=PIPE)
    try:
        assert await _line_of(child) == "ready"
        yield child
    finally:
        child.terminate()
        await child.wait()


async def _line_of(child: Process) -> str:
    assert child.stdout is not None
    return (await child.stdout.readline()).decode().strip()


class Asker:
    """Tells events, and waits until each is answered."""

    def __init__(self, client: Client, answers: AIOKafkaConsumer, at_once: int) -> None:
        self._client, self._answers, self._at_once = client, answers, at_once

    async def ask(self, batches: int) -> None:
        for batch in range(batches):
            await self._client.tell(*range(batch * self._at_once, (batch + 1) * self._at_once))
            answered = 0
            while answered < self._at_once:
                answered += sum(map(len, (await self._answers.getmany(timeout_ms=1_000)).values()))


async def counted(config: BusConfig, asker: Asker, batches: int) -> dict[str, float]:
    """Function calls and system calls of the service, for a batch."""
    async with service(config.kafka_bootstrap_servers) as child:
        await asker.ask(WARM)
        async with system_calls([child.pid]) as calls:
            await asker.ask(batches)
        child.send_signal(signal.SIGUSR1)
        await asker.ask(batches)
        child.send_signal(signal.SIGUSR2)
        functions = int(await _line_of(child))
    return {"functions": functions / batches, **{kind: count / batches for kind, count in calls.items()}}


async def instructions(config: BusConfig, asker: Asker, batches: int) -> float:
    """Instructions of the service for a batch, as callgrind counts them, its timers' included."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "calls"
        tool = ("valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}", "--instr-atstart=no")
        async with service(config.kafka_bootstrap_servers, *tool) as child:
            await asker.ask(FEW_WARM)
            await _control(child, "--instr=on")
            await asker.ask(FEW_WARM)
            await _control(child, "--zero")
            await asker.ask(batches)
            await _control(child, "--dump")
        return _total(Path(f"{out}.1")) / batches


def _total(dumped: Path) -> int:
    return int(TOTALS.findall(dumped.read_text())[0])


async def _control(child: Process, what: str) -> None:
    control = await asyncio.create_subprocess_exec("callgrind_control", what, str(child.pid), stdout=PIPE, stderr=PIPE)
    await control.communicate()


async def measure(bootstrap: str, args: argparse.Namespace) -> Table:
    """One row for each number of events at once."""
    config = BusConfig(kafka_bootstrap_servers=bootstrap)
    await create(config, [HEARD, TOLD, LETTERS])
    answers = AIOKafkaConsumer(TOLD, **config.connection())
    await answers.start()
    for place in answers.assignment():
        await answers.position(place)
    shown = Table("events at once", "instructions", "Python's calls", *KINDS, title="for each batch")
    async with Client(config) as client:
        for at_once in args.at_once:
            asker = Asker(client, answers, at_once)
            found = await counted(config, asker, args.batches)
            told = await instructions(config, asker, args.batches // 10) if shutil.which("valgrind") else 0.0
            cells = (f"{found.get(kind, 0.0):.1f}" for kind in KINDS)
            shown.add_row(str(at_once), f"{told:,.0f}", f"{found['functions']:,.0f}", *cells)
    await answers.stop()
    return shown


def main() -> int:
    """Measure and print, or be the service that is measured."""
    args = arguments()
    if args.serve:
        uvloop.run(serve(args.serve))
        return 0
    with tempfile.TemporaryDirectory() as scratch, EmbeddedKafka(Path(scratch) / "kafka", free_port()) as kafka:
        table = uvloop.run(measure(kafka.address, args))
    Console(width=120).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
