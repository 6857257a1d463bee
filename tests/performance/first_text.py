"""How soon a stream tells its first words, checked first and live: ``make bench-streams`` (``--help`` for the pace).

The same questions go in turn to two lanes of one running pipeline, one at a time: the same model, once checked before
it is told and once told while it writes. The simulator writes word by word. Writes ``.portfolio/bench-streams.json``.
"""

import argparse
import asyncio
import json
import os
import statistics
import time
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console
from rich.table import Table

from tests.performance.bench import DEPLOYMENTS
from tests.performance.ground import ground
from tests.simulator.marks import Mark

OUT = Path(".portfolio/bench-streams.json")
READY_S = 120.0
PARTITIONS = 4
LANES = ("verified", "live")
WORKER = "synthetic"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make bench-streams", description=__doc__)
    parser.add_argument("--requests", type=int, default=40, help="of each kind")
    parser.add_argument("--latency-s", type=float, default=0.2, help="of the model, before its first word")
    parser.add_argument("--token-s", type=float, default=0.02, help="of the model, for each word")
    parser.add_argument("--words", type=int, default=100, help="of an answer")
    return parser.parse_args()


def document(provider: str) -> dict[str, Any]:
    """One model, and a lane for each kind of stream."""
    endpoint = {"provider": WORKER, "model": "writer", "price": {"input": "1", "output": "2"}}
    model = {"kind": "api", "owner": "bench", "context_tokens": 8_000, "endpoints": [endpoint]}
    lane = {"tiers": [["writer"]], "checks": ["format"], "deadline_s": 60}
    return {
        "defaults": {"data_class": "internal", "lane": "verified"},
        "providers": {WORKER: {"adapter": "openai_compatible", "base_url": provider}},
        "models": {"writer": model},
        "lanes": {kind: {**lane, "stream": kind} for kind in LANES},
    }


async def asked(session: aiohttp.ClientSession, url: str, kind: str, mark: Mark) -> tuple[float, float]:
    """Milliseconds until the first words of an answer, and until its end."""
    told = [{"role": "user", "content": f"{mark} When is it open?"}]
    body = {"model": f"portfolio/{kind}", "messages": told, "stream": True}
    began, first = time.perf_counter(), 0.0
    async with session.post(f"{url}/v1/chat/completions", json=body) as response:
        response.raise_for_status()
        async for line in response.content:
            if not first and line.startswith(b"data: {") and _words_in(line):
                first = time.perf_counter()
    if not first:
        raise RuntimeError(f"a {kind} stream ended without a word")
    return (first - began) * 1000, (time.perf_counter() - began) * 1000


def _words_in(line: bytes) -> bool:
    choices = json.loads(line.removeprefix(b"data: "))["choices"]
    return bool(choices and choices[0]["delta"].get("content"))


async def measured(args: argparse.Namespace, url: str) -> dict[str, list[tuple[float, float]]]:
    """Both kinds in turn, so that whatever else the machine does meets both."""
    mark = Mark(latency_s=args.latency_s, token_s=args.token_s, words=args.words)
    found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in LANES}
    async with aiohttp.ClientSession() as session:
        await _until_answered(session, url)
        for _ in range(args.requests):
            for kind in LANES:
                found[kind].append(await asked(session, url, kind, mark))
    return found


async def _until_answered(session: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(READY_S):
        while True:
            try:
                for kind in LANES:
                    await asked(session, url, kind, Mark())
                return
            except aiohttp.ClientError:
                await asyncio.sleep(0.5)


async def bench(args: argparse.Namespace) -> dict[str, list[tuple[float, float]]]:
    """Start everything, ask, stop everything."""
    with ground("streams", PARTITIONS, traced=False) as stand:
        portfolio = stand.folder / "portfolio.yaml"
        portfolio.write_text(json.dumps(document(f"http://127.0.0.1:{stand.provider_port}/v1")))
        stand.begins(DEPLOYMENTS["two"], portfolio, "tests.simulator")
        return await measured(args, f"http://127.0.0.1:{stand.environment['GATEWAY_PORT']}")


def figures_of(found: dict[str, list[tuple[float, float]]]) -> dict[str, dict[str, float]]:
    """Medians and the 95th percentile, in milliseconds."""
    told: dict[str, dict[str, float]] = {}
    for kind, times in found.items():
        firsts, ends = zip(*times, strict=True)
        late = statistics.quantiles(firsts, n=20)[-1] if len(firsts) > 1 else firsts[0]
        told[kind] = {"first_p50": statistics.median(firsts), "first_p95": late, "end_p50": statistics.median(ends)}
    return told


def main() -> None:
    """Measure, show, and write the figures down."""
    args, console = arguments(), Console()
    load = os.getloadavg()[0]
    figures = figures_of(asyncio.run(bench(args)))
    table = Table("stream", "first words, p50", "p95", "end, p50")
    for kind, told in figures.items():
        table.add_row(kind, *(f"{value:,.0f} ms" for value in told.values()))
    console.print(table)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"asked": vars(args), "load_before": load, "milliseconds": figures}, indent=1))


if __name__ == "__main__":
    main()
