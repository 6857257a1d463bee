"""The breakers of one provider's paths, with the clock and the chance that their decisions are given.

Each worker counts its own calls; what it decides goes on ``breaker.changed``, and the others follow. A call is judged
by what this process knows, so that asking costs no message.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from math import ceil

from schemas.portfolio import Portfolio
from schemas.providers import BreakerLimits
from schemas.standing import BreakerChanged, PortfolioRevised
from schemas.vocabulary import BreakerState, Reason
from services.model_worker.domain.breaker import (
    Breaker,
    Health,
    Sign,
    barred,
    closed,
    entered,
    half_opened,
    left,
    sign_of,
)
from services.model_worker.domain.calls import CallFailed, Outcome

log = logging.getLogger(__name__)
NEW = Breaker()
USUAL = BreakerLimits()
PROBING_MS = 1_000
"""When to ask again while probes are on their way."""


class Breakers:
    """One breaker a model. ``news`` holds the changes that are still to be said; ``by`` is this worker's name there."""

    def __init__(
        self,
        provider: str,
        by: str,
        clock: Callable[[], float] = time.time,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._provider = provider
        self._by = by
        self._clock = clock
        self._draw = draw
        self._limits = USUAL
        self._models: tuple[str, ...] = ()
        self._revised_at = 0.0
        self._breakers: dict[str, Breaker] = {}
        self.news: asyncio.Queue[BreakerChanged] = asyncio.Queue()

    def of(self, model: str) -> Breaker:
        """The breaker of a model here."""
        return self._breakers.get(model, NEW)

    @property
    def probing(self) -> dict[str, int]:
        """Probes on their way, by the model of each path that comes back."""
        half_open = {m: b for m, b in self._breakers.items() if b.state is BreakerState.HALF_OPEN}
        return {model: breaker.probing for model, breaker in half_open.items()}

    def enter(self, model: str) -> int | CallFailed:
        """The turn in which the call begins, to be given back to :meth:`leave`; or why it may not be made."""
        before = self.of(model)
        after, may_pass = entered(before, self._limits, self._clock())
        self._turn(model, before, after)
        return after.turn if may_pass else self._refusal(model, after)

    def leave(self, model: str, turn: int, outcome: Outcome | None) -> None:
        """What came of the call; ``None`` when it was cut here, which says nothing of the path."""
        sign = sign_of(outcome)
        if sign.health is Health.BARRED:
            self._bar(model, sign, outcome.detail if isinstance(outcome, CallFailed) else "")
            return
        before = self.of(model)
        self._turn(model, before, left(before, self._limits, turn, sign, self._clock(), self._draw()))

    def on_changed(self, event: BreakerChanged) -> None:
        """Follow what another worker or an operator says; the last word on the topic stands."""
        if event.provider != self._provider or event.by == self._by:
            return
        self._breakers[event.model] = _as_told(self.of(event.model), event)
        self._unbar()

    def on_revised(self, event: PortfolioRevised) -> None:
        """Take the limits of the portfolio in force; what was set aside until one came is set free."""
        if not event.current:
            return
        self._revised_at = event.revised_at.timestamp()
        self._models = _models_at(self._provider, event.portfolio)
        entry = event.portfolio.providers.get(self._provider)
        self._limits = entry.breaker if entry else USUAL
        self._unbar()

    def _bar(self, model: str, sign: Sign, detail: str) -> None:
        now = self._clock()
        free = [name for name in dict.fromkeys((model, *self._models)) if not self.of(name).is_barred]
        for name in free:
            before = self.of(name)
            self._turn(name, before, barred(before, sign.reason, now))
        if free:
            log.error(
                "provider %s is set aside: %s; once that is mended (another key: set the variable that its api_key_env "
                "names, and restart its workers), `portfolio breakers reset @%s`, or apply a revised portfolio",
                self._provider,
                detail,
                self._provider,
            )

    def _unbar(self) -> None:
        for model, breaker in list(self._breakers.items()):
            if breaker.is_barred and breaker.since < self._revised_at:
                self._turn(model, breaker, closed(breaker, "the portfolio was revised", self._clock()))

    def _turn(self, model: str, before: Breaker, after: Breaker) -> None:
        if after is before:
            return
        self._breakers[model] = after
        if after.turn != before.turn:
            self.news.put_nowait(self._event(model, after))
            log.warning("the breaker of %s@%s is %s: %s", model, self._provider, after.state, after.reason)

    def _event(self, model: str, breaker: Breaker) -> BreakerChanged:
        return BreakerChanged(
            model=model,
            provider=self._provider,
            state=breaker.state,
            reason=breaker.reason,
            until=_moment(breaker.until) if breaker.until is not None else None,
            at=_moment(breaker.since),
            by=self._by,
        )

    def _refusal(self, model: str, breaker: Breaker) -> CallFailed:
        path = f"{model}@{self._provider}"
        if breaker.state is BreakerState.HALF_OPEN:
            detail = f"the circuit breaker of {path} lets no more probes pass"
            return CallFailed(Reason.BREAKER_OPEN, detail, retry_after_ms=PROBING_MS)
        until = f"until {_moment(breaker.until):%H:%M:%S} UTC" if breaker.until is not None else "until it is reset"
        detail = f"the circuit breaker of {path} is open ({breaker.reason}) {until}"
        wait_ms = None if breaker.until is None else max(0, ceil((breaker.until - self._clock()) * 1000))
        return CallFailed(Reason.BREAKER_OPEN, detail, retry_after_ms=wait_ms)


def _as_told(here: Breaker, event: BreakerChanged) -> Breaker:
    at = event.at.timestamp()
    if event.state == BreakerState.CLOSED:
        return here if here.state is BreakerState.CLOSED else closed(here, event.reason, at)
    if event.state == BreakerState.OPEN:
        until = event.until.timestamp() if event.until else None
        trips = here.trips + (here.state is not BreakerState.OPEN)
        return Breaker(BreakerState.OPEN, here.turn + 1, at, until, event.reason, trips)
    return here if here.state is BreakerState.HALF_OPEN else half_opened(here, at)


def _models_at(provider: str, portfolio: Portfolio) -> tuple[str, ...]:
    models = portfolio.models.items()
    return tuple(name for name, model in models if any(e.provider == provider for e in model.endpoints))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
