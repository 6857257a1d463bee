"""How quick the console's pages are over a large ledger: ``make bench-pages`` (``--help`` for sizes).

Its own PostgreSQL and Kafka, the ledger and the console as processes of their own, and Chromium. Prints each page's and
each filter's first paint, and how PostgreSQL answers those that are too slow; ``.portfolio/bench-pages.json`` has all.
``--keep FOLDER`` keeps the filled database, so that a second run measures at once.
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import md5, sha256
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

import asyncpg
import httpx
from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlalchemy.dialects import postgresql

from infra.local.kafka import EmbeddedKafka
from infra.local.postgres import EmbeddedPostgres
from infra.local.processes import free_port
from services.ledger.adapters.found_queries import page_of
from services.ledger.domain.reading import Wanted
from services.ledger.domain.story import RequestState
from tests.browsers import CHROMIUM, FLAGS
from tests.performance.ground import PORTFOLIO
from tests.performance.ledger_fill import fill
from tests.performance.processes import Fleet

OUT = Path(".portfolio/bench-pages.json")
KEY = "the key of a benchmark"
READY_S = 90.0
PAGE_MS, FILTER_MS = 300, 500
FIRST_PAINT = """() => new Promise(told => new PerformanceObserver(seen => {
    const first = seen.getEntriesByName('first-contentful-paint')[0]
    if (first) told(first.startTime)
}).observe({type: 'paint', buffered: true}))"""
"""A page may have loaded a moment before it is painted."""
FILTERS: dict[str, dict[str, str]] = {
    "lane, many": {"lane": "simple"},
    "task, many": {"task": "faq"},
    "tenant, some": {"tenant": "tenant-7"},
    "model, many": {"model": "large"},
    "tier, many": {"tier": "2"},
    "reason, many": {"reason": "check_failed"},
    "state, some": {"state": "failed"},
    "four words, some": {"lane": "critical", "state": "failed", "tenant": "tenant-1", "model": "large"},
    "lane, none": {"lane": "nowhere"},
    "tenant, none": {"tenant": "nobody"},
    "state, none": {"state": "deferred"},
    "model, none": {"model": "none"},
    "tier, none": {"tier": "9"},
    "reason, none": {"reason": "none"},
    "four words, none": {"lane": "critical", "state": "deferred", "tenant": "tenant-1", "model": "none"},
    "lane and tenant, never together": {"lane": "simple", "tenant": "tenant-1"},
    "lane and model, never together": {"lane": "simple", "model": "large"},
}
PAGES = (
    "/",
    "/?tenant=tenant-7",
    "/tenants",
    "/requests",
    "/portfolio",
    "/reviews",
    "/dead-letters",
    "/keys",
    "/budgets",
    "/record",
    "/health",
)


@dataclass(frozen=True, slots=True)
class Figure:
    """First paints of one address, in milliseconds; ``ledger_ms`` is the same question asked of the ledger alone."""

    name: str
    path: str
    limit_ms: int
    median_ms: float
    worst_ms: float
    ledger_ms: float | None = None
    found: int | None = None

    @property
    def is_over(self) -> bool:
        return self.median_ms > self.limit_ms


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make bench-pages", description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=6, help="of each page, after one that is not counted")
    parser.add_argument("--keep", type=Path, help="folder of the filled database, to be kept")
    return parser.parse_args()


@contextmanager
def served(args: argparse.Namespace, folder: Path, console: Console) -> Iterator[tuple[Fleet, dict[str, str]]]:
    """A filled ledger, and the console over it; what its processes were told."""
    with (
        EmbeddedKafka(folder / "kafka", free_port()) as kafka,
        EmbeddedPostgres((args.keep or folder) / "postgres", free_port()) as postgres,
    ):
        with Progress(console=console) as progress:
            task = progress.add_task("filling the ledger", total=args.requests)
            asyncio.run(fill(postgres.address, args.requests, lambda done: progress.update(task, completed=done)))
        told = environment_of(kafka.address, postgres.address)
        fleet = Fleet(told, folder / "logs")
        try:
            fleet.run("services.console", "apply", str(PORTFOLIO))
            fleet.start("ledger", "services.ledger")
            fleet.start("console", "services.console", "serve")
            yield fleet, told
        finally:
            fleet.stop()


def environment_of(kafka: str, postgres: str) -> dict[str, str]:
    """What the ledger and the console are told."""
    ledger, pages = free_port(), free_port()
    return {
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "TOPIC_PARTITIONS": "4",
        "DATABASE_URL": postgres,
        "LEDGER_PORT": str(ledger),
        "CONSOLE_LEDGER_URL": f"http://127.0.0.1:{ledger}",
        "CONSOLE_PORT": str(pages),
        "CONSOLE_KEYS": f"bench:admin:{sha256(KEY.encode()).hexdigest()}",
    }


def until_ready(fleet: Fleet, *urls: str) -> None:
    """Wait until each answers that it is ready."""
    limit = time.monotonic() + READY_S
    for url in urls:
        while not _is_ready(url):
            if (ended := fleet.ended()) or time.monotonic() > limit:
                raise RuntimeError(f"{url} is not ready; ended by themselves: {', '.join(ended) or 'none'}")
            time.sleep(0.2)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ready", trust_env=False).is_success
    except httpx.HTTPError:
        return False


def sign_in(browser: Browser, url: str) -> Page:
    """A page of somebody who may see all."""
    page = browser.new_context(base_url=url).new_page()
    page.goto("/sign-in")
    page.get_by_label("Your key").fill(KEY)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", level=1).wait_for()
    return page


def paints(page: Page, path: str, repeats: int) -> list[float]:
    """First paints of an address, without the first visit."""
    found: list[float] = []
    for _ in range(repeats + 1):
        page.goto(path)
        found.append(page.evaluate(FIRST_PAINT))
    return found[1:]


def asked_alone(ledger: str, words: dict[str, str], repeats: int) -> tuple[float, int]:
    """The median of the same question, asked of the ledger alone, and how many requests it finds for a page."""
    params = {**words, "limit": "50"} | ({"tier": str(int(words["tier"]) - 1)} if "tier" in words else {})
    times: list[float] = []
    with httpx.Client(trust_env=False, timeout=30) as client:
        for _ in range(repeats):
            began = time.perf_counter()
            answer = client.get(f"{ledger}/requests", params=params).raise_for_status()
            times.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(times), 1), len(answer.json()["requests"])


def measure(args: argparse.Namespace, told: dict[str, str], console: Console) -> list[Figure]:
    """Every page, and every filter."""
    ledger, url = told["CONSOLE_LEDGER_URL"], f"http://127.0.0.1:{told['CONSOLE_PORT']}"
    story = f"/requests/{UUID(md5(f'request {args.requests}'.encode()).hexdigest())}"  # noqa: S324 as the ledger was filled
    wanted: list[tuple[str, str, int, dict[str, str] | None]] = [(path, path, PAGE_MS, None) for path in PAGES]
    wanted.append(("a request's story", story, PAGE_MS, None))
    wanted += [(name, f"/requests?{urlencode(words)}", FILTER_MS, words) for name, words in FILTERS.items()]
    figures: list[Figure] = []
    with sync_playwright() as playwright, Progress(console=console) as progress:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        page = sign_in(browser, url)
        for name, path, limit, words in progress.track(wanted, description="measuring"):
            found = paints(page, path, args.repeats)
            alone = (None, None) if words is None else asked_alone(ledger, words, args.repeats)
            figures.append(Figure(name, path, limit, round(statistics.median(found), 1), round(max(found), 1), *alone))
        browser.close()
    return figures


def wanted_of(words: dict[str, str]) -> Wanted:
    """A filter as the ledger reads it."""
    state, tier = words.get("state"), words.get("tier")
    others = {name: words.get(name) for name in ("lane", "task", "tenant", "model", "reason")}
    return Wanted(
        limit=50, state=RequestState(state) if state else None, tier=int(tier) - 1 if tier else None, **others
    )


async def explain(dsn: str, words: dict[str, str]) -> list[str]:
    """What PostgreSQL does for a filter."""
    query = page_of(wanted_of(words)).compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS) {query}")
    finally:
        await connection.close()
    return [row[0] for row in rows]


def table_of(figures: list[Figure]) -> Table:
    """The figures, drawn."""
    table = Table(title="first paint, ms", title_justify="left", show_edge=False)
    for column in ("page or filter", "median", "worst", "at most", "ledger alone", "found"):
        table.add_column(column, justify="left" if column == "page or filter" else "right")
    for each in figures:
        mood = "red" if each.is_over else ""
        alone = "" if each.ledger_ms is None else f"{each.ledger_ms:.0f}"
        count = "" if each.found is None else str(each.found)
        row = (f"{each.median_ms:.0f}", f"{each.worst_ms:.0f}", str(each.limit_ms), alone, count)
        table.add_row(each.name, *row, style=mood)
    return table


def main() -> None:
    """Fill, measure, explain, and write the figures."""
    args, console = arguments(), Console()
    with (
        tempfile.TemporaryDirectory(prefix="portfolio-bench-pages-") as scratch,
        served(args, Path(scratch), console) as (fleet, told),
    ):
        until_ready(fleet, told["CONSOLE_LEDGER_URL"], f"http://127.0.0.1:{told['CONSOLE_PORT']}")
        load = [round(os.getloadavg()[0], 1)]
        figures = measure(args, told, console)
        load.append(round(os.getloadavg()[0], 1))
        plans = {name: asyncio.run(explain(told["DATABASE_URL"], words)) for name, words in FILTERS.items()}
    console.print(table_of(figures), f"{args.requests:,} requests; load average {load[0]} before, {load[1]} after")
    for slow in (each.name for each in figures if each.is_over and each.name in plans):
        console.print(f"\n{slow}:", *plans[slow], sep="\n", markup=False)
    told_all = {"requests": args.requests, "cores": os.cpu_count(), "load": load, "plans": plans}
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({**told_all, "figures": [asdict(each) for each in figures]}, indent=2) + "\n")
    console.print(f"written to {OUT}")


if __name__ == "__main__":
    main()
