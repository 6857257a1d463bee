"""What one request costs the deciding services as its prompt, or the portfolio, grows: CPU in this process alone.

Each part does what its service does with an event: read its bytes, decide, and write the bytes of what it says.
"""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from infra.bus.portfolio_view import PortfolioView
from schemas.attempt import AttemptCompleted, AttemptDispatched, Cost, Usage
from schemas.content import body_of
from schemas.fact import Event
from schemas.portfolio import Portfolio
from schemas.reaction import DONE, Reaction, Received, Said
from schemas.request import RequestProfiled, RequestSubmitted
from schemas.standing import PortfolioRevised, WorkerReady
from services.ledger.handlers import Handlers as Ledger
from services.profiler.domain.known_texts import KnownTexts
from services.profiler.handlers import Handlers as Profiler
from services.router.domain.standing import StandingView
from services.router.handlers import Handlers as Router
from services.validator.domain.json_schema import SchemaChecker
from services.validator.handlers import Handlers as Validator
from tests.performance.growth_table import Point

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
PROMPTS_KB = (1, 3, 10, 30, 100)
PORTFOLIOS = (5, 15, 50, 150, 500)
PROVIDERS = 5
IN_A_SMALL_LANE = 5
LARGEST_EVENT = 8_388_608
ROUND_S, ROUNDS = 0.1, 7
SENTENCE = "The ledger holds what each attempt cost and whether its answer was good enough. "
INVOICE = "invoice 4711 of 2024-11-01: EUR 1,234.50, customer 88123, tel. 030 1234567\n"
ANSWER = {"message": {"role": "assistant", "content": "It holds every attempt."}, "finish_reason": "stop"}


def with_prompts() -> list[Point]:
    """The same question, longer and longer, in words and full of numbers."""
    bench = Bench(portfolio_of(PORTFOLIOS[0], PORTFOLIOS[0]))
    told = (("prompt", SENTENCE), ("numbers", INVOICE))
    return [
        Point(f"{what}: {part}", "KB", kb, us)
        for what, line in told
        for kb in PROMPTS_KB
        for part, us in bench.costs(kb * 1_000, line)
    ]


def with_portfolios() -> list[Point]:
    """More and more models: all of them in the request's lane, or ever five there and the rest in others."""
    points: list[Point] = []
    for models in PORTFOLIOS:
        for lane, in_lane in (("in the lane", models), ("in other lanes", IN_A_SMALL_LANE)):
            costs = dict(Bench(portfolio_of(models, in_lane)).costs(1_000))
            points.append(Point(f"portfolio: router, {lane}", "models", models, costs["router"]))
            points.append(Point(f"portfolio: profiler, {lane}", "models", models, costs["profiler"]))
    return points


def portfolio_of(models: int, in_lane: int) -> Portfolio:
    """So many models over five providers, the first of them in the lane of every request, in two tiers."""
    names = [f"m{number}" for number in range(models)]
    mine, others = names[:in_lane], names[in_lane:]
    half = max(1, len(mine) // 2)
    lanes: dict[str, Any] = {"mine": {"tiers": [mine[:half], mine[half:] or mine[:1]], "checks": ["format"]}}
    lanes |= {f"other{number}": {"tiers": [[name]]} for number, name in enumerate(others)}
    return Portfolio.of(
        {
            "defaults": {"data_class": "internal", "lane": "mine"},
            "providers": {f"p{n}": {"adapter": "litellm"} for n in range(PROVIDERS)},
            "models": {name: _model(number) for number, name in enumerate(names)},
            "lanes": lanes,
        }
    )


def _model(number: int) -> dict[str, Any]:
    price = {"input": f"{1 + number % 7}", "output": f"{4 + number % 11}"}
    endpoint = {"provider": f"p{number % PROVIDERS}", "model": f"model-{number}", "price": price}
    return {"kind": "api", "owner": "bench", "context_tokens": 200_000, "endpoints": [endpoint]}


class Bench:
    """The deciding services under one portfolio, with a live worker for each provider."""

    def __init__(self, portfolio: Portfolio) -> None:
        view, standing = PortfolioView(), StandingView()
        revision = portfolio.digest()
        view.apply(
            PortfolioRevised(
                revision=revision, number=1, portfolio=portfolio, revised_at=NOW, author="bench", current=True
            )
        )
        for name in portfolio.providers:
            standing.apply_worker(WorkerReady(provider=name, worker="w", ready=True, at=NOW))
        anew = KnownTexts(most_kept=0, longest_at_once=LARGEST_EVENT)
        self._profiler = Profiler(view, "request.submitted", frozenset(), 3_600, LARGEST_EVENT, texts=anew)
        self._router = Router(view, standing)
        self._validator = Validator(view, SchemaChecker(16))
        self._ledger = Ledger()

    def costs(self, characters: int, line: str = SENTENCE) -> list[tuple[str, float]]:
        """Microseconds of CPU that each service takes for a request of this length."""
        prompt = (line * (characters // len(line) + 1))[:characters]
        submitted = json.dumps({"messages": [{"role": "user", "content": prompt}]}).encode()
        profiled = self._profile(submitted)
        dispatched = self._route(profiled)
        completed = _completed(AttemptDispatched.read(dispatched))
        return [
            ("profiler", cpu_us(lambda: self._profile(submitted))),
            ("router", cpu_us(lambda: self._route(profiled))),
            ("validator", cpu_us(lambda: self._judge(completed))),
            ("ledger", cpu_us(lambda: self._keep(dispatched))),
        ]

    def _profile(self, value: bytes) -> bytes:
        event = RequestSubmitted.read(value)
        return _first_said(self._profiler.on_request_submitted(event, _received("request.submitted", value)))

    def _route(self, value: bytes) -> bytes:
        event = RequestProfiled.read(value)
        return _first_said(self._router.on_request_profiled(event, _received("request.profiled", value)))

    def _judge(self, value: bytes) -> bytes:
        event = AttemptCompleted.read(value)
        return _first_said(self._validator.on_attempt_completed(event, _received("attempt.completed", value)))

    def _keep(self, value: bytes) -> Reaction:
        event = AttemptDispatched.read(value)
        return self._ledger.on_attempt_dispatched(event, _received("attempt.dispatched.p0", value))


def cpu_us(work: Callable[[], object]) -> float:
    """Microseconds of CPU a call: the least of several rounds, since a busy machine only ever adds."""
    work()
    began = time.process_time()
    work()
    calls = max(3, int(ROUND_S / max(1e-6, time.process_time() - began)))
    best = min(_round(work, calls) for _ in range(ROUNDS))
    return best / calls * 1e6


def _round(work: Callable[[], object], calls: int) -> float:
    began = time.process_time()
    for _ in range(calls):
        work()
    return time.process_time() - began


def _received(topic: str, value: bytes) -> Received:
    return Received(topic, 0, 1, NOW, key=UUID(int=1).bytes, value=value)


def _first_said(reaction: Reaction) -> bytes:
    told = [*reaction.says, *(one for write in reaction.writes for one in write.then.get(DONE, ()))]
    events: list[Event] = [one.event for one in told if isinstance(one, Said)]
    return events[0].to_json()


def _completed(event: AttemptDispatched) -> bytes:
    return AttemptCompleted(
        request=event.request,
        attempt=event.attempt,
        body=event.body,
        answer=body_of(json.dumps(ANSWER).encode()),
        usage=Usage(input_tokens=100, output_tokens=10),
        cost=Cost(micro_usd=50, price_list="2026-01-01"),
        latency_ms=300,
        answered_by="model",
    ).to_json()
