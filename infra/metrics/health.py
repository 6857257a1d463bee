"""The state of one service: what it waits for, what ails it, and its measures. Its parts report to it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

from infra.metrics.measure import Measure, gauge

T = TypeVar("T")
CHECK_S = 2.0
A_PORTFOLIO = "a portfolio: `portfolio apply portfolio.yaml` puts one in force"
Check = Callable[[], Awaitable[str | None]]
"""Why a part cannot do its work now; ``None`` when it can."""
Refresh = Callable[[], Awaitable[None]]
"""Fetches, before a scrape, what only another system knows."""


class Health:
    """Built by ``app.py``, which names each step of the start; ``labels`` go with each of its measures."""

    def __init__(self, service: str, *parts: "Reporting", labels: Mapping[str, str] | None = None) -> None:
        self.labels = {"service": service, **(labels or {})}
        self.name = ".".join(self.labels.values())
        self.measures: list[Measure] = []
        self._waits_for: str | None = "to be started"
        self._ready = False
        self._checks: dict[str, Check] = {}
        self._hindrances: list[Callable[[], str | None]] = []
        self._refreshes: list[Refresh] = []
        self._asked: dict[object, asyncio.Task[str | None]] = {}
        self.measure(gauge("portfolio_started", "1 once all steps of the start are done.", self._is_started))
        self.measure(gauge("portfolio_ready", "1 while it can do its work, as /ready says.", self._is_ready))
        for part in parts:
            part.report(self)

    def measure(self, *measures: Measure) -> None:
        """Tell these at each scrape."""
        self.measures.extend(measures)

    def check(self, name: str, check: Check) -> None:
        """Ask this for each ``/ready``, for at most two seconds."""
        self._checks[name] = check

    def breaks_with(self, broken: asyncio.Event) -> None:
        """It is not ready once this is set."""

        async def holds() -> str | None:
            return "it broke: its log says why" if broken.is_set() else None

        self.check("the service", holds)

    def hindered_by(self, why: Callable[[], str | None]) -> None:
        """Ask this what a step of the start stumbles over, such as an error's type; ``None`` for nothing."""
        self._hindrances.append(why)

    def before_scrape(self, refresh: Refresh) -> None:
        """Do this before each scrape, for at most two seconds."""
        self._refreshes.append(refresh)

    async def after(self, what: str, step: Awaitable[T]) -> T:
        """A step of the start, and what is waited for while it takes its time."""
        self._waits_for = what
        return await step

    def started(self) -> None:
        """Nothing is waited for any more."""
        self._waits_for = None

    def stopping(self) -> None:
        """It will not be ready again."""
        self._waits_for = "nothing: it is stopping"

    async def unready(self) -> list[str]:
        """Why it cannot do its work now; empty when it can."""
        if self._waits_for is not None:
            found = ", ".join(why for each in self._hindrances if (why := each()) is not None)
            return [f"{self._waits_for} ({found})" if found else self._waits_for]
        found = await asyncio.gather(*(self._checked(name, check) for name, check in self._checks.items()))
        return [why for why in found if why is not None]

    async def _checked(self, name: str, check: Check) -> str | None:
        asked = await self._in_time(name, check)
        if asked is None:
            return f"{name} does not answer within {CHECK_S:g} s"
        if (error := asked.exception()) is not None:
            return f"{name} does not answer ({type(error).__name__})"
        return asked.result()

    async def refresh(self) -> None:
        """Fetch what is to be told; what cannot be had in time stays as it was."""
        await asyncio.gather(self._see_ready(), *(self._in_time(refresh, refresh) for refresh in self._refreshes))

    async def _see_ready(self) -> None:
        self._ready = not await self.unready()

    async def _in_time(
        self, name: object, ask: Callable[[], Awaitable[str | None]]
    ) -> "asyncio.Task[str | None] | None":
        """The answer to a question, or ``None`` where it takes too long; it is not cancelled then.

        To cancel a question to a database that stands still would wait for that database, too. So one is asked at a
        time, and whoever comes meanwhile waits for the same answer. An answer that came while nobody waited is not
        used: it is old.
        """
        asked = self._asked.get(name)
        if asked is None or asked.done():
            asked = self._asked[name] = asyncio.create_task(_answer(ask))
            asked.add_done_callback(_hear)
        await asyncio.wait([asked], timeout=CHECK_S)
        if not asked.done():
            return None
        if self._asked.get(name) is asked:
            del self._asked[name]
        return asked

    def _is_ready(self) -> float:
        return float(self._ready)

    def _is_started(self) -> float:
        return float(self._waits_for is None)


class Reporting(Protocol):
    """A part of a service that has something to tell of itself."""

    def report(self, health: Health) -> None: ...


async def _answer(ask: Callable[[], Awaitable[str | None]]) -> str | None:
    return await ask()


def _hear(asked: "asyncio.Task[str | None]") -> None:
    """Take notice of its error: of a question that nobody waits for any more, asyncio would complain in the log."""
    if not asked.cancelled():
        asked.exception()
