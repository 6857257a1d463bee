"""How PostgreSQL answers each question of the ledger's read API over a large ledger: ``make bench-plans``.

Every statement that a question comes to is asked again as ``EXPLAIN (ANALYZE, BUFFERS)``, with the values it was asked
with. Prints a line for each: where its rows come from, how many were read and told, pages, and milliseconds. With
``--show WORDS`` also the plans of the questions whose name begins so. ``.portfolio/bench-plans.json`` has all, whole.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from hashlib import md5
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.local.postgres import EmbeddedPostgres
from infra.local.processes import free_port
from infra.store.engine import engine_of
from services.ledger.adapters.ledger_reader import LedgerReader
from services.ledger.domain.reading import Wanted
from services.ledger.domain.story import RequestState
from tests.performance.ledger_fill import fill

OUT = Path(".portfolio/bench-plans.json")
MOST_MS = 100.0
BIG = 100_000
"""Rows of a table that no question should read whole."""
PIPED_WIDTH = 150
EXPLAIN = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "

Node = dict[str, Any]
Said = tuple[str, Any]
Question = Callable[[LedgerReader], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Explained:
    """One statement of a question; ``read``: rows that its scans looked at, of which it told ``told``."""

    question: str
    statement: str
    sources: str
    read: int
    told: int
    buffers: int
    ms: float
    whole: tuple[str, ...]
    plan: Node

    @property
    def is_over(self) -> bool:
        return self.ms > MOST_MS or bool(self.whole)


def questions(requests: int) -> dict[str, Question]:
    """Every question of the read API, as the console and the commands ask it."""
    now = datetime.now(UTC)
    week, before = now - timedelta(days=7), now - timedelta(days=14)
    story = UUID(md5(f"request {requests}".encode()).hexdigest())  # noqa: S324 as the ledger was filled
    return {
        "ready": lambda ledger: ledger.answers(),
        "how far back": lambda ledger: ledger.kept(),
        "a request's story": lambda ledger: ledger.story(story),
        "the newest 50": lambda ledger: ledger.newest(Wanted(limit=50)),
        "the newest 50 of a model": lambda ledger: ledger.newest(Wanted(limit=50, model="large")),
        "the newest 50 that failed of a tenant": lambda ledger: ledger.newest(
            Wanted(limit=50, state=RequestState.FAILED, tenant="tenant-7")
        ),
        "the newest 50 of a reason, a week back": lambda ledger: ledger.newest(
            Wanted(limit=50, reason="timeout", until=week)
        ),
        "a search that finds nothing": lambda ledger: ledger.newest(Wanted(limit=50, lane="nowhere")),
        "summary, a day": lambda ledger: ledger.summary(None),
        "summary, seven days": lambda ledger: ledger.summary(week),
        "overview, seven days": lambda ledger: ledger.overview(week, now),
        "overview, the seven days before": lambda ledger: ledger.overview(before, week),
        "overview of a tenant, seven days": lambda ledger: ledger.overview(week, now, "tenant-7"),
        "tenants, seven days": lambda ledger: ledger.tenants(week, now),
        "spending": lambda ledger: ledger.spending(),
        "scores, and the checks' errors of 30 days": lambda ledger: ledger.learned(None),
        "judges, 30 days": lambda ledger: ledger.judges(None, 0.1),
        "plans, seven days": lambda ledger: ledger.planned(None),
    }


@asynccontextmanager
async def heard(engine: AsyncEngine) -> AsyncGenerator[list[Said]]:
    """What is said to the database meanwhile: statements with their values."""
    said: list[Said] = []

    def hear(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:
        said.append((statement, values))

    event.listen(engine.sync_engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", hear)


async def explain(engine: AsyncEngine, question: str, said: Said, repeats: int) -> Explained:
    """How the database answers a statement: the run of the median time, after one that is not counted."""
    runs: list[Node] = []
    async with engine.connect() as connection:
        for _ in range(repeats + 1):
            told = (await connection.exec_driver_sql(EXPLAIN + said[0], said[1])).scalar_one()
            runs.append((json.loads(told) if isinstance(told, str) else told)[0])
    middle = statistics.median_low(run["Execution Time"] for run in runs[1:])
    return explained(question, said[0], next(run for run in runs[1:] if run["Execution Time"] == middle))


def explained(question: str, statement: str, run: Node) -> Explained:
    """The plan in a few figures."""
    plan = run["Plan"]
    scans = [node for node in nodes(plan) if "Relation Name" in node]
    again = [node for node in nodes(plan) if "CTE Name" in node]
    return Explained(
        question=question,
        statement=" ".join(statement.split()),
        sources=", ".join(dict.fromkeys(source(scan) for scan in scans if scan["Actual Loops"])),
        read=sum(rows_read(scan) for scan in (*scans, *again)),
        told=round(plan["Actual Rows"]),
        buffers=plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
        ms=round(run["Execution Time"], 1),
        whole=tuple(
            scan["Relation Name"] for scan in scans if scan["Node Type"] == "Seq Scan" and rows_read(scan) >= BIG
        ),
        plan=plan,
    )


def nodes(plan: Node) -> Iterator[Node]:
    """A plan's nodes, the uppermost first."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def source(scan: Node) -> str:
    """Where a scan's rows come from, in a few words."""
    if scan["Node Type"] == "Seq Scan":
        return f"all of {scan['Relation Name']}"
    index = next(node["Index Name"] for node in nodes(scan) if "Index Name" in node)
    return index if index.startswith(scan["Relation Name"]) else f"{scan['Relation Name']} by {index}"


def rows_read(scan: Node) -> int:
    """Rows that a scan looked at, over all its loops."""
    removed = scan.get("Rows Removed by Filter", 0) + scan.get("Rows Removed by Index Recheck", 0)
    return round((scan["Actual Rows"] + removed) * scan["Actual Loops"])


def lines(node: Node, depth: int = 0) -> Iterator[str]:
    """A plan, shortened: what each node does, on what, how often, for how many rows, in which time."""
    names = " ".join(str(node[key]) for key in ("Index Name", "Relation Name") if key in node)
    times = f"{node['Actual Startup Time']:.1f}..{node['Actual Total Time']:.1f}"
    done = f"(ms={times} rows={node['Actual Rows']:g} loops={node['Actual Loops']})"
    pages = f" buffers={node['Shared Hit Blocks'] + node['Shared Read Blocks']}" if names or not depth else ""
    yield f"{'  ' * depth}{node['Node Type']} {names}".rstrip() + f"  {done}{pages}"
    for key in ("Index Cond", "Filter", "Sort Key", "Group Key"):
        if key in node:
            removed = f"  removed: {node['Rows Removed by Filter']}" if key == "Filter" else ""
            yield f"{'  ' * depth}    {key}: {node[key]}{removed}"
    for below in node.get("Plans", ()):
        yield from lines(below, depth + 1)


async def measure(dsn: str, requests: int, repeats: int, console: Console) -> list[Explained]:
    """Ask every question, and explain each of its statements that reads a table."""
    engine = engine_of(dsn)
    found: list[Explained] = []
    try:
        with Progress(console=console) as progress:
            for name, ask in progress.track(questions(requests).items(), description="explaining"):
                async with heard(engine) as said:
                    await ask(LedgerReader(engine))
                told = [await explain(engine, name, each, repeats) for each in said]
                found += [each for each in told if each.sources]
    finally:
        await engine.dispose()
    return found


def table_of(found: list[Explained]) -> Table:
    """A line for each statement; red where it takes too long, or reads the whole of a big table."""
    table = Table(title="the ledger's questions", title_justify="left", show_edge=False)
    for column in ("question", "from", "read", "told", "pages", "ms"):
        table.add_column(column, justify="left" if column in ("question", "from") else "right")
    for each in found:
        figures = (f"{each.read:,}", f"{each.told:,}", f"{each.buffers:,}", f"{each.ms:.1f}")
        table.add_row(each.question, each.sources, *figures, style="red" if each.is_over else "")
    return table


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make bench-plans", description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5, help="of each statement, after one that is not counted")
    parser.add_argument("--keep", type=Path, help="folder of the filled database, to be kept; as of make bench-pages")
    parser.add_argument("--show", metavar="WORDS", help="also the plans of questions whose name begins so")
    return parser.parse_args()


def main() -> None:
    """Fill, explain, print and write."""
    args, console = arguments(), Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)
    with (
        tempfile.TemporaryDirectory(prefix="portfolio-bench-plans-") as scratch,
        EmbeddedPostgres((args.keep or Path(scratch)) / "postgres", free_port()) as postgres,
    ):
        with Progress(console=console) as progress:
            task = progress.add_task("filling the ledger", total=args.requests)
            asyncio.run(fill(postgres.address, args.requests, lambda done: progress.update(task, completed=done)))
        found = asyncio.run(measure(postgres.address, args.requests, args.repeats, console))
    console.print(table_of(found), f"{args.requests:,} requests")
    for each in found if args.show else ():
        if each.question.startswith(args.show):
            console.print(f"\n{each.question}:", each.statement, *lines(each.plan), sep="\n", markup=False)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"requests": args.requests, "statements": [asdict(each) for each in found]}, indent=2))
    console.print(f"written to {OUT}")


if __name__ == "__main__":
    main()
