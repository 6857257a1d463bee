"""``make demo``: the samples through the intake topic, shown live, and a closing table; nothing is left running."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from rich.console import Console
from rich.live import Live
from rich.table import Table

from infra.local.bus import bus_config, console_config
from infra.local.documents import read_portfolio
from infra.local.following import follow
from infra.local.stack import running
from schemas.money import usd_from_micro
from services.console.adapters.terminal.roads import closing_table, live_table
from services.console.app import ConsoleApp, build_app
from services.console.domain.failures import Refused
from services.console.domain.news import news
from services.console.domain.portfolio_file import read
from services.console.domain.remedy import lines_named
from services.console.domain.road import Road
from services.console.domain.submission import Submission, submissions

EXAMPLES = Path("examples")
REQUESTS = EXAMPLES / "requests.jsonl"
PORTFOLIO = Path("portfolio.yaml")
LIVE_PORTFOLIO = EXAMPLES / "portfolio.live.yaml"
LONGEST_S = 300.0


@dataclass(frozen=True, slots=True)
class Show:
    """What is shown: a portfolio, requests, and where it is drawn."""

    portfolio: Path
    requests: Sequence[Submission]
    console: Console


async def demo(console: Console, *, live: bool) -> int:
    """Run the samples. 0 when every request came to an end."""
    portfolio = _live_portfolio(console) if live else PORTFOLIO
    requests = submissions(REQUESTS.read_text(), str(REQUESTS), uuid4)
    folder = Path(tempfile.mkdtemp(prefix="model-portfolio-demo-"))
    try:
        return await _show(Show(portfolio, requests, console), folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _show(show: Show, folder: Path) -> int:
    console = show.console
    console.print("Starting Kafka, PostgreSQL, the small model and all services ...")
    async with running(read_portfolio(show.portfolio), folder, console.print) as stack:
        console.print(f"\nSubmitting {len(show.requests)} requests to the intake topic, as any Kafka client would:\n")
        app = build_app(console_config(stack.addresses), bus_config(stack.addresses))
        roads = await _follow(app, show)
        console.print()
        console.print(closing_table(roads))
        _sum_up(roads, show)
        return 0 if all(road.end for road in roads) else 1


async def _follow(app: ConsoleApp, show: Show) -> list[Road]:
    roads = {str(r.request_id): Road(str(r.request_id), metadata={"name": r.name or ""}) for r in show.requests}
    requests = [(request.request_id, request.value) for request in show.requests]
    with _Board(show.console, roads) as board:
        if not await follow(app, requests, roads, board.tell, LONGEST_S):
            show.console.print(f"[red]not all requests ended within {LONGEST_S:.0f} s")
    return list(roads.values())


class _Board:
    """A live table on a terminal; one line for each piece of news where output is piped."""

    def __init__(self, console: Console, roads: dict[str, Road]) -> None:
        self._console = console
        self._roads = roads
        self._live = Live(console=console, refresh_per_second=8, transient=True, get_renderable=self._table)

    def _table(self) -> Table:
        return live_table(self._roads.values())

    def __enter__(self) -> "_Board":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def tell(self, before: Road, after: Road) -> None:
        """Show what is new."""
        if not self._console.is_terminal:
            for line in news(before, after):
                self._console.print(f"{after.metadata.get('name')}: {line.text}", markup=False, highlight=False)


def _sum_up(roads: Sequence[Road], show: Show) -> None:
    console = show.console
    by_status: dict[str, int] = {}
    for road in roads:
        status = road.end.status if road.end else "open"
        by_status[status] = by_status.get(status, 0) + 1
    told = ", ".join(f"{count} {status}" for status, count in sorted(by_status.items()))
    cost = usd_from_micro(sum(road.cost_micro_usd for road in roads))
    attempts = sum(len(road.steps) for road in roads)
    console.print(f"{len(roads)} requests: {told}; {attempts} attempts, ${cost} in all.")
    reading = read(show.portfolio.read_text())
    for road in roads:
        if road.end and road.end.detail and not road.end.succeeded:
            console.print(f"{road.metadata.get('name')} failed: {road.end.detail}", markup=False, style="red")
            for line in lines_named(road.end.detail, str(show.portfolio), reading, road.revision):
                console.print(f"  would help: {line}", markup=False)
    console.print("Next: `make up` keeps it running; `make jaeger` builds Jaeger, for the traces.")


def _live_portfolio(console: Console) -> Path:
    """The portfolio with a hosted model, once its key is there and the cap was told."""
    hosted = [each for each in read_portfolio(LIVE_PORTFOLIO).providers.values() if each.api_key_env]
    names = " and ".join(sorted({each.api_key_env for each in hosted if each.api_key_env}))
    if not all(os.environ.get(each.api_key_env or "") for each in hosted):
        raise Refused(f"LIVE=1 calls a hosted model: set {names} to a key, or run `make demo` without LIVE")
    most = sum(each.spend_cap_usd or 0 for each in hosted)
    console.print(f"[bold]LIVE: hosted models are called with {names}, for at most ${most} in all.")
    return LIVE_PORTFOLIO
