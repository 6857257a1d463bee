"""What a request leaves on disk: ``python -m tests.performance.disk``, in a minute or two.

Bytes that each topic of Kafka and each schema of PostgreSQL hold more after a phase than before it, for each request of
the benchmark's mix; once as fast as answers come, and once at a slow pace, where batches are small and compress less.
Kafka's are of one copy. Writes ``.portfolio/disk.json``.
"""

import argparse
import asyncio
import json
import os
import re
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import asyncpg
import uvloop
from rich.console import Console
from rich.table import Table

from tests.performance.bench import DEPLOYMENTS, until_served
from tests.performance.ground import ground
from tests.performance.load import LoadClient, Tally
from tests.performance.mix import sample
from tests.performance.processes import Fleet

OUT = Path(".portfolio/disk.json")
IN_FLIGHT = 300
SETTLED_S = 3.0
LONGEST_S = 60.0
IDLE_BYTES = 65_536
"""What workers that say they live, and a row rewritten, may add meanwhile."""
OF_KAFKA = re.compile(r"(.+)-\d+$")
BY_SCHEMA = """
    SELECT schemaname || kind AS part, sum(bytes)::bigint AS bytes FROM (
        SELECT schemaname, ' rows' AS kind, pg_table_size(relid) AS bytes FROM pg_stat_user_tables
        UNION ALL SELECT schemaname, ' indexes', pg_indexes_size(relid) FROM pg_stat_user_tables
    ) AS held GROUP BY 1"""
WRITTEN_AHEAD = "SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint"
Held = dict[str, int]


@dataclass(frozen=True, slots=True)
class Phase:
    """Bytes a request, by topic and by part of PostgreSQL, of one copy each."""

    name: str
    requests: int
    requests_per_s: float
    kafka: dict[str, float]
    postgres: dict[str, float]
    written_ahead: float


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.performance.disk", description=__doc__)
    parser.add_argument("--requests", type=int, default=4_000, help="of the fast phase")
    parser.add_argument("--rate", type=float, default=20.0, help="requests a second of the slow phase")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of the slow phase")
    parser.add_argument("--partitions", type=int, default=16)
    parser.add_argument("--warm", type=int, default=500, help="requests before anything is measured")
    return parser.parse_args()


class Disk:
    """What Kafka's log and PostgreSQL's tables hold."""

    def __init__(self, logs: Path, database: str) -> None:
        self._logs = logs
        self._database = database

    def topics(self) -> Held:
        """Bytes of records by topic. Indexes are left out: Kafka makes their files long before it fills them."""
        held: Counter[str] = Counter()
        for segment in self._logs.rglob("*.log"):
            if named := OF_KAFKA.match(segment.parent.name):
                held[named[1]] += segment.stat().st_size
        return dict(held)

    async def settled(self) -> tuple[Held, Held, int]:
        """Topics, parts of PostgreSQL and the log that it writes ahead, once no topic and no table grows."""
        limit = asyncio.get_running_loop().time() + LONGEST_S
        held = await self._held()
        while asyncio.get_running_loop().time() < limit:
            await asyncio.sleep(SETTLED_S)
            before, held = held, await self._held()
            if _bytes(held) - _bytes(before) < IDLE_BYTES:
                return held
        raise RuntimeError(f"something still grows {LONGEST_S:g} s after the last answer")

    async def _held(self) -> tuple[Held, Held, int]:
        connection = await asyncpg.connect(self._database)
        try:
            tables = {row["part"]: row["bytes"] for row in await connection.fetch(BY_SCHEMA)}
            return self.topics(), tables, await connection.fetchval(WRITTEN_AHEAD)
        finally:
            await connection.close()


def _bytes(held: tuple[Held, Held, int]) -> int:
    return sum(held[0].values()) + sum(held[1].values())


async def measured(args: argparse.Namespace, console: Console) -> list[Phase]:
    """Start the pipeline, in one process, since that changes nothing here, and look at its disk between two phases."""
    with ground("disk", args.partitions) as stand:
        stand.begins(DEPLOYMENTS["single"])
        disk = Disk(stand.folder / "kafka", stand.postgres.address)
        return await _phases(args, console, stand.fleet, stand.kafka.address, disk)


async def _phases(args: argparse.Namespace, console: Console, fleet: Fleet, kafka: str, disk: Disk) -> list[Phase]:
    client = LoadClient(kafka)
    try:
        await until_served(client, fleet, console)
        await client.saturated(args.warm, IN_FLIGHT)
        first = await disk.settled()
        fast = await client.saturated(args.requests, IN_FLIGHT)
        second = await disk.settled()
        slow = await client.paced(args.rate, args.seconds)
        third = await disk.settled()
    finally:
        await client.stop()
    return [_phase("fast", fast, first, second), _phase("slow", slow, second, third)]


def _phase(name: str, tally: Tally, before: tuple[Held, Held, int], after: tuple[Held, Held, int]) -> Phase:
    if tally.completed + tally.failed < tally.sent:
        raise RuntimeError(f"requests were lost: {tally.reasons}")
    return Phase(
        name=name,
        requests=tally.sent,
        requests_per_s=tally.sent / tally.seconds,
        kafka=_more(before[0], after[0], tally.sent),
        postgres=_more(before[1], after[1], tally.sent),
        written_ahead=(after[2] - before[2]) / tally.sent,
    )


def _more(before: Held, after: Held, requests: int) -> dict[str, float]:
    grown = {name: (held - before.get(name, 0)) / requests for name, held in after.items()}
    return {name: round(each, 1) for name, each in sorted(grown.items(), key=lambda pair: -pair[1]) if each >= 1}


def table(phases: list[Phase]) -> Table:
    """One row a topic and a part, one column a phase."""
    shown = Table("bytes a request", *(f"{phase.name}, {phase.requests_per_s:.0f}/s" for phase in phases))
    for title, parts in (
        ("Kafka", [each.kafka for each in phases]),
        ("PostgreSQL", [each.postgres for each in phases]),
    ):
        shown.add_row(f"{title}, in all", *(f"{sum(held.values()):,.0f}" for held in parts), style="bold")
        for name in parts[0]:
            shown.add_row(f"  {name}", *(f"{held.get(name, 0):,.0f}" for held in parts))
    shown.add_row("PostgreSQL, written ahead", *(f"{phase.written_ahead:,.0f}" for phase in phases))
    return shown


def main() -> int:
    """Measure, print, and write."""
    args, console = arguments(), Console(width=120)
    phases = uvloop.run(measured(args, console))
    prompt = sum(len(sample(number).prompt) for number in range(args.requests)) / args.requests
    console.print(table(phases), f"the mean prompt has {prompt:,.0f} bytes")
    load = os.getloadavg()[0]
    told = {"load_average": load, "prompt_bytes": prompt, "phases": [asdict(phase) for phase in phases]}
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(told, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
