"""``python -m tests.simulator PORT [--log calls.jsonl] [--latency-ms 300 --sigma 0.4]``."""

import argparse
import asyncio
import signal
from pathlib import Path

from aiohttp import web

from .call_log import CallLog
from .server import Latency, Simulator

HOST = "127.0.0.1"
BACKLOG = 4096


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description="a provider that misbehaves as told")
    parser.add_argument("port", type=int)
    parser.add_argument("--log", type=Path, help="where the calls are written down")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="the median of what a model takes")
    parser.add_argument("--sigma", type=float, default=0.0, help="of the lognormal distribution around it")
    return parser.parse_args()


async def serve(told: argparse.Namespace) -> None:
    """Serve until the process is asked to end."""
    calls = CallLog(told.log)
    simulator = Simulator(calls, Latency(told.latency_ms / 1000, told.sigma))
    runner = web.AppRunner(simulator.application(), access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, HOST, told.port, backlog=BACKLOG).start()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await ended.wait()
    await runner.cleanup()
    calls.close()


if __name__ == "__main__":
    asyncio.run(serve(arguments()))
