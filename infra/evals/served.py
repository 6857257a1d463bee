"""The live router on recorded answers: its own handlers, and scores as the ledger works them out.

Models have short names in the portfolio of such a run, for those of weights hold what a name may not. All are asked at
one provider, and every judgement is at hand at once; scores are told after every few requests.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

from infra.evals.prices import price_of
from infra.evals.road import Answered
from schemas.attempt import AttemptDispatched, Plan, Tried
from schemas.content import body_of
from schemas.models import Prior
from schemas.outcome import RequestEscalated
from schemas.portfolio import Portfolio
from schemas.reaction import Reaction, Received, Said
from schemas.request import Request, RequestProfiled
from schemas.standing import ModelScored, WorkerReady
from schemas.vocabulary import Action, Reason, Role
from services.router.domain.scores import SETTLED, ScoresView
from services.router.domain.standing import StandingView
from services.router.handlers import Handlers

ROUND, KEEP = 20, 0.99
TASK = "recorded"
START = datetime(2026, 1, 1, tzinfo=UTC)
HEARD = Received("request.profiled", 0, 0, START)
BODY = body_of(b"{}")
Tiers = Sequence[Sequence[str]]
Asked = TypeVar("Asked", bound=Answered)


@dataclass(frozen=True, slots=True)
class Served:
    """A request that was served: the model asked first, whether the last answer is right, and what all cost."""

    first: str
    right: bool
    cost_micro_usd: int


@dataclass(slots=True)
class Known:
    """What is known of a model's answers, older ones counting less. ``false``: those that passed and were wrong."""

    right: float = 0.0
    wrong: float = 0.0
    false: float = 0.0
    micro_usd: float = 0.0

    def take(self, micro_usd: int, *, right: bool, passed: bool) -> None:
        """One answer more."""
        self.right = self.right * KEEP + right
        self.wrong = self.wrong * KEEP + (not right)
        self.false = self.false * KEEP + (passed and not right)
        self.micro_usd = self.micro_usd * KEEP + micro_usd

    def beside(self, other: "Known") -> "Known":
        """Both together."""
        micro_usd = self.micro_usd + other.micro_usd
        return Known(self.right + other.right, self.wrong + other.wrong, self.false + other.false, micro_usd)


@dataclass(slots=True)
class Router(Generic[Asked]):
    """``passed``: whether the lane's checks let a model's answer to a question pass.

    ``labelled``: somebody says of each answer that passed whether it is right; else what passed counts as right.
    ``for_good``: what counts beside a model's live answers, whatever comes.
    """

    portfolio: Portfolio
    names: Mapping[str, str]
    passed: Callable[[Asked, str], bool]
    labelled: bool = False
    for_good: Mapping[str, Known] = field(default_factory=dict[str, Known])
    scores: ScoresView = field(default_factory=ScoresView)
    known: dict[str, Known] = field(default_factory=dict[str, Known])
    number: int = 0
    handlers: Handlers = field(init=False)

    def __post_init__(self) -> None:
        standing = StandingView()
        standing.apply_worker(WorkerReady(provider="any", worker="one", ready=True, at=START))
        self.handlers = Handlers(self, standing, self.scores)
        self._score()

    def revision(self, name: str) -> Portfolio:
        """The one portfolio of this run."""
        return self.portfolio

    def serve(self, case: Asked, request_id: UUID) -> Served:
        """Ask along the plan until an answer passes, and learn from each."""
        self.number += 1
        request = _request(request_id, self._now() + SETTLED)
        profiled = RequestProfiled(request=request, body=BODY, attempt_deadline_at=request.deadline_at)
        said, asked = _dispatched(self.handlers.on_request_profiled(profiled, HEARD)), list[str]()
        models = {name: model for model, name in self.names.items()}
        while said is not None:
            asked.append(models[said.attempt.model])
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

    def _learn(self, case: Asked, model: str) -> bool:
        passed, answer = self.passed(case, model), case.answers[model]
        right = passed and (answer.right or not self.labelled)
        self.known.setdefault(model, Known()).take(answer.cost_micro_usd, right=right, passed=passed)
        return passed

    def _score(self) -> None:
        for model in sorted(self.known.keys() | self.for_good.keys()):
            known = self.known.get(model, Known()).beside(self.for_good.get(model, Known()))
            scored = ModelScored(
                task=TASK,
                model=self.names[model],
                version="any",
                sequence=self.number + 1,
                successes=round(known.right),
                failures=round(known.wrong),
                fresh_successes=known.right,
                fresh_failures=known.wrong,
                fresh_false_accepts=known.false,
                mean_micro_usd=round(known.micro_usd / (known.right + known.wrong)),
                mean_latency_ms=0,
                scored_at=self._now() + timedelta(seconds=1),
            )
            self.scores.apply_score(scored)

    def _now(self) -> datetime:
        return START + timedelta(seconds=10 * self.number)


def named(tiers: Tiers) -> dict[str, str]:
    """A short name for each model."""
    return {model: f"m{number}" for number, model in enumerate(model for tier in tiers for model in tier)}


def portfolio_of(tiers: Tiers, priors: Mapping[str, Prior] | None = None, **lane: Any) -> Portfolio:
    """One lane of these tiers; ``priors``: what was recorded of a model, ``lane``: what else it says."""
    names = named(tiers)
    models = {name: _model(model, name, (priors or {}).get(model)) for model, name in names.items()}
    tiers_named = [[names[model] for model in tier] for tier in tiers]
    return Portfolio.of(
        {
            "defaults": {"data_class": "public", "lane": "all"},
            "tasks": {TASK: {"describe": "recorded questions"}},
            "providers": {"any": {"adapter": "replay", "answers": "recorded"}},
            "models": models,
            "lanes": {"all": {"tasks": [TASK], "tiers": tiers_named, "repairs": 0, **lane}},
        }
    )


def _model(model: str, name: str, prior: Prior | None) -> dict[str, Any]:
    return {
        "kind": "recorded",
        "owner": "evals",
        "context_tokens": 100_000,
        "endpoints": [{"provider": "any", "model": name, "price": price_of(model).model_dump(mode="json")}],
        "priors": {TASK: prior.model_dump(mode="json")} if prior else None,
    }


def _request(request_id: UUID, at: datetime) -> Request:
    features = {"characters": 400, "estimated_tokens": 100}
    profile = {"task": TASK, "confidence": 1, "why": "told", "context_tokens": 500, "features": features}
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
