"""The live router's planning, on recorded answers: a model silently gets worse halfway, and the router learns of it.

The prompts of the section on IFEval, several times over in an order from a fixed seed, through the router's handlers.
From the middle on, the cheapest model gives the recorded answers of a weaker one under its own name and price. A right
verdict is the product's own check of the demands; scores are worked out as the ledger does, after every few requests.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from infra.evals.ladders import Case
from infra.evals.prices import price_of
from infra.evals.sections.ifeval import STRONGEST, cases_of, given
from infra.evals.study import SEED, Folders, Tell, figure
from infra.local.recorded.ifeval import read_rows
from schemas.attempt import AttemptDispatched, Plan, Tried
from schemas.content import body_of
from schemas.outcome import RequestEscalated
from schemas.portfolio import Portfolio
from schemas.reaction import Reaction, Received, Said
from schemas.request import Request, RequestProfiled
from schemas.standing import ModelScored, WorkerReady
from schemas.vocabulary import Action, Reason, Role
from services.router.domain.scores import SETTLED, ScoresView
from services.router.domain.standing import StandingView
from services.router.handlers import Handlers

SICK, WEAKER = "hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4", "mistralai/Mistral-7B-Instruct-v0.3"
TIERS = (
    (SICK, "Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4"),
    ("gpt-4o-mini-2024-07-18", "claude-3-haiku-20240307"),
    (STRONGEST,),
)
NAMES = {model: f"m{number}" for number, model in enumerate(model for tier in TIERS for model in tier)}
MODELS = {name: model for model, name in NAMES.items()}
PASSES, RUNS, ROUND, KEEP = 4, 20, 20, 0.99
START = datetime(2026, 1, 1, tzinfo=UTC)
HEARD = Received("request.profiled", 0, 0, START)
BODY = body_of(b"{}")


@dataclass(frozen=True, slots=True)
class Served:
    """A request that was served: the model asked first, whether the last answer is right, and what all cost."""

    first: str
    right: bool
    cost_micro_usd: int


@dataclass(frozen=True, slots=True)
class Run:
    """One order: what the learning router did, what tiers in order do, and the strongest alone."""

    learned: Sequence[Served]
    in_order: Sequence[Served]
    strongest: Sequence[Served]


@dataclass(slots=True)
class Router:
    """The router's own handlers, and scores as the ledger works them out."""

    portfolio: Portfolio
    scores: ScoresView = field(default_factory=ScoresView)
    fresh: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    number: int = 0
    handlers: Handlers = field(init=False)

    def __post_init__(self) -> None:
        standing = StandingView()
        standing.apply_worker(WorkerReady(provider="any", worker="one", ready=True, at=START))
        self.handlers = Handlers(self, standing, self.scores)

    def revision(self, name: str) -> Portfolio:
        return self.portfolio

    def serve(self, case: Case, request_id: UUID) -> Served:
        """Ask along the plan until an answer passes, and learn from each."""
        self.number += 1
        request = _request(request_id, self._now() + SETTLED)
        profiled = RequestProfiled(request=request, body=BODY, attempt_deadline_at=request.deadline_at)
        said, asked = _dispatched(self.handlers.on_request_profiled(profiled, HEARD)), list[str]()
        while said is not None:
            asked.append(MODELS[said.attempt.model])
            if self._learn(case, asked[-1]):
                break
            said = self._escalated(request, said, len(asked) + 1)
        if self.number % ROUND == 0:
            self._score()
        spent = sum(case.answers[model].cost_micro_usd for model in asked)
        return Served(asked[0], case.answers[asked[-1]].right, spent)

    def _escalated(self, request: Request, last: AttemptDispatched, number: int) -> AttemptDispatched | None:
        above = range(last.attempt.tier + 1, len(last.attempt.plan.tiers))
        tier = next((each for each in above if last.attempt.plan.tiers[each]), None)
        if tier is None:
            return None
        failed = Tried(
            number=number - 1,
            role=Role.PRIMARY,
            tier=last.attempt.tier,
            model=last.attempt.model,
            provider=last.attempt.provider,
            reason=Reason.CHECK_FAILED,
        )
        event = RequestEscalated(
            request=request,
            body=BODY,
            number=number,
            action=Action.UP,
            reason=Reason.CHECK_FAILED,
            detail="a demand is not met",
            tier=tier,
            plan=Plan(tiers=last.attempt.plan.tiers),
            tried=(*last.tried, failed),
            attempt_deadline_at=request.deadline_at,
        )
        return _dispatched(self.handlers.on_request_escalated(event, HEARD))

    def _learn(self, case: Case, model: str) -> bool:
        good, bad, spent = self.fresh.get(model, [0.0, 0.0, 0.0])
        passed = model in case.passed
        spent = spent * KEEP + case.answers[model].cost_micro_usd
        self.fresh[model] = [good * KEEP + passed, bad * KEEP + (not passed), spent]
        return passed

    def _score(self) -> None:
        for model, (good, bad, spent) in self.fresh.items():
            scored = ModelScored(
                task="ifeval",
                model=NAMES[model],
                version="any",
                sequence=self.number,
                successes=round(good),
                failures=round(bad),
                fresh_successes=good,
                fresh_failures=bad,
                mean_micro_usd=round(spent / (good + bad)),
                mean_latency_ms=0,
                scored_at=self._now() + timedelta(seconds=1),
            )
            self.scores.apply_score(scored)

    def _now(self) -> datetime:
        return START + timedelta(seconds=10 * self.number)


def measure(folders: Folders, tell: Tell) -> Mapping[str, object]:
    """``live``: success and cost of the learning router, beside tiers in order; 95 % over orders.

    Learning while serving needs no part to learn from: the folder to report on is used alone.
    """
    tell("checking every demand of every answer")
    cases = cases_of(read_rows(folders.test or folders.train), given)
    runs: list[Run] = []
    for number in range(RUNS):
        tell(f"routing in order {number + 1} of {RUNS}")
        runs.append(_run(cases, SEED + number))
    figures = {
        "success": figure(runs, lambda part: _mean([one.right for run in part for one in run.learned])),
        "success_in_order": figure(runs, lambda part: _mean([one.right for run in part for one in run.in_order])),
        "success_of_strongest": figure(runs, lambda part: _mean([one.right for run in part for one in run.strongest])),
        "cost_share": figure(runs, lambda part: _cost(part, "learned") / _cost(part, "strongest")),
        "cost_share_in_order": figure(runs, lambda part: _cost(part, "in_order") / _cost(part, "strongest")),
        "sick_share_before": figure(runs, lambda part: _sick(part, 0.25, 0.5)),
        "sick_share_after": figure(runs, lambda part: _sick(part, 0.75, 1.0)),
    }
    return {"live": {**{name: each.told() for name, each in figures.items()}, "n": len(cases) * PASSES}}


def _run(cases: Sequence[Case], seed: int) -> Run:
    draw = random.Random(seed)  # noqa: S311 an order, no secret
    served = [case for _ in range(PASSES) for case in draw.sample(cases, len(cases))]
    middle = len(served) // 2
    asked = [*served[:middle], *(worse(case) for case in served[middle:])]
    ids = [UUID(int=draw.getrandbits(128)) for _ in asked]
    learning, in_order = Router(_portfolio(learns=True)), Router(_portfolio(learns=False))
    alone = [Served(STRONGEST, case.answers[STRONGEST].right, case.answers[STRONGEST].cost_micro_usd) for case in asked]
    return Run(
        learned=[learning.serve(case, one) for case, one in zip(asked, ids, strict=True)],
        in_order=[in_order.serve(case, one) for case, one in zip(asked, ids, strict=True)],
        strongest=alone,
    )


def worse(case: Case) -> Case:
    """The same prompt once the cheapest model gives the weaker one's answer, at its own price."""
    sick = replace(case.answers[WEAKER], cost_micro_usd=case.answers[SICK].cost_micro_usd)
    passed = (case.passed - {SICK}) | ({SICK} if WEAKER in case.passed else frozenset())
    return replace(case, answers={**case.answers, SICK: sick}, passed=passed)


def _portfolio(*, learns: bool) -> Portfolio:
    models: dict[str, Any] = {
        name: {
            "kind": "recorded",
            "owner": "evals",
            "context_tokens": 100_000,
            "endpoints": [{"provider": "any", "model": name, "price": price_of(model).model_dump(mode="json")}],
        }
        for model, name in NAMES.items()
    }
    tiers = [[NAMES[model] for model in tier] for tier in TIERS]
    lane = {"tasks": ["ifeval"], "tiers": tiers, "checks": ["demands"], "repairs": 0, "learns": learns}
    return Portfolio.of(
        {
            "defaults": {"data_class": "public", "lane": "all"},
            "tasks": {"ifeval": {"describe": "instructions with demands"}},
            "providers": {"any": {"adapter": "replay", "answers": "recorded"}},
            "models": models,
            "lanes": {"all": lane},
        }
    )


def _request(request_id: UUID, at: datetime) -> Request:
    features = {"characters": 400, "estimated_tokens": 100}
    profile = {"task": "ifeval", "confidence": 1, "why": "told", "context_tokens": 500, "features": features}
    return Request.of(
        {
            "request_id": str(request_id),
            "tenant": "evals",
            "admitted_at": at.isoformat(),
            "deadline_at": (at + timedelta(minutes=1)).isoformat(),
            "lane": "all",
            "revision": "evals",
            "fingerprint": "recorded",
            "data_class": "public",
            "risk": "low",
            "max_attempts": 3,
            "profile": profile,
        }
    )


def _dispatched(reaction: Reaction) -> AttemptDispatched | None:
    events = (said.event for said in reaction.says if isinstance(said, Said))
    return next((event for event in events if isinstance(event, AttemptDispatched)), None)


def _mean(rights: Sequence[bool]) -> float:
    return sum(rights) / len(rights)


def _cost(runs: Sequence[Run], which: str) -> int:
    return sum(one.cost_micro_usd for run in runs for one in getattr(run, which))


def _sick(runs: Sequence[Run], since: float, until: float) -> float:
    """How many requests of this part of the order began with the model that gets worse."""
    parts = [run.learned[int(since * len(run.learned)) : int(until * len(run.learned))] for run in runs]
    return _mean([one.first == SICK for part in parts for one in part])
