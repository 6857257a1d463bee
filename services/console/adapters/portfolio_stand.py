"""What stands on Kafka of the portfolio and its breakers, followed while the pages are served."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from infra.bus.config import BusConfig
from infra.bus.standing import Standing
from schemas.standing import BreakerChanged, PortfolioRevised
from services.console.domain.revisions import History, history


class PortfolioStand:
    """Read whole at the start, and followed from there; ``changed`` is called with each event.

    ``broken`` is set when it can be followed no more.
    """

    def __init__(self, bus: BusConfig, changed: Callable[[], None], broken: asyncio.Event) -> None:
        self._changed = changed
        self._revised: dict[str, PortfolioRevised] = {}
        self._breakers: dict[str, BreakerChanged] = {}
        applies = {PortfolioRevised: self._on_revision, BreakerChanged: self._on_breaker}
        self._standing = Standing(bus, applies, broken)

    async def start(self) -> None:
        await self._standing.start()

    async def stop(self) -> None:
        await self._standing.stop()

    async def shows(self, holds: Callable[[], bool], within_s: float) -> None:
        """Wait for what was just said to be heard here, too. In vain it waits no longer than that."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._standing.until(holds)

    def history(self) -> History:
        """Every revision, and the one in force."""
        return history(self._revised.values())

    def breakers(self) -> Sequence[BreakerChanged]:
        """The last word on each path, by path."""
        return [self._breakers[path] for path in sorted(self._breakers)]

    def _on_revision(self, event: PortfolioRevised) -> None:
        self._revised[event.subject] = event
        self._changed()

    def _on_breaker(self, event: BreakerChanged) -> None:
        self._breakers[event.subject] = event
        self._changed()
