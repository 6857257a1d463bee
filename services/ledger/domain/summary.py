"""What a time's requests cost and achieved, by lane and by model. Counts come from the database; the rest is here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from schemas.money import MICRO
from schemas.vocabulary import CostKind
from services.ledger.domain.risk import at_risk, compliance_risk
from services.ledger.domain.story import Priced, Told

NANO_USD = Decimal("0.000000001")
FOUR_PLACES = 4


@dataclass(frozen=True, slots=True)
class LaneCount:
    """Requests of a lane by state; of all lanes when ``lane`` is ``None``. Latencies are of completed ones.

    ``recalled``: those of the completed that were answered from the cache. ``undecided``: those that were given, and
    not as unverified, though a policy check could not tell.
    """

    lane: str | None
    requests: int
    completed: int
    verified: int
    failed: int
    cancelled: int
    deferred: int
    open: int
    p50_ms: int | None
    p95_ms: int | None
    recalled: int
    unverified: int
    undecided: int


@dataclass(frozen=True, slots=True)
class ModelCount:
    """Attempts of one model path in one lane and tier, counted by outcome. Latencies are of the calls."""

    lane: str
    tier: int | None
    model: str | None
    provider: str | None
    requests: int
    attempts: int
    accepted: int
    rejected: int
    doubted: int
    failed: int
    pending: int
    input_tokens: int
    output_tokens: int
    cost_micro_usd: int
    bounded: bool
    p50_ms: int | None
    p95_ms: int | None


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How often something happened in a lane for one reason."""

    lane: str
    reason: str
    count: int


C = TypeVar("C", ModelCount, ReasonCount)


class Latency(Told):
    """Percentiles in milliseconds; absent where nothing was measured."""

    p50: int | None
    p95: int | None


class ModelSummary(Priced):
    """A model path in a lane. Shares run from 0 to 1 and are of the lane's attempts, and of its accepted ones."""

    tier: int | None
    model: str | None
    provider: str | None
    requests: int
    attempts: int
    accepted: int
    rejected: int
    doubted: int
    failed: int
    pending: int
    input_tokens: int
    output_tokens: int
    share_of_attempts: float
    share_of_accepted: float
    cost_per_accepted_usd: str | None
    latency_ms: Latency


class Part(Priced):
    """Requests of a lane, or of all. A success is a completed request; its cost includes what failures cost.

    ``at_risk``: answers given that nothing vouches for, by why; ``compliance_risk``: of a hundred answers given.
    """

    requests: int
    completed: int
    verified: int
    recalled: int
    failed: int
    cancelled: int
    deferred: int
    open: int
    attempts: int
    escalated: dict[str, int]
    failed_because: dict[str, int]
    cost_per_success_usd: str | None
    latency_ms: Latency
    at_risk: dict[str, int]
    compliance_risk: float | None


class LaneSummary(Part):
    """A lane, and the model paths that served it, cheapest tier first."""

    lane: str
    models: list[ModelSummary]


class Summary(Told):
    """All requests admitted since a time, together and lane by lane."""

    since: datetime
    total: Part
    lanes: list[LaneSummary]


def summarize(
    since: datetime,
    lanes: Sequence[LaneCount],
    models: Sequence[ModelCount],
    escalated: Sequence[ReasonCount],
    failed: Sequence[ReasonCount],
) -> Summary:
    """Put the counts together. ``lanes`` holds one count of all lanes, too."""
    told = [
        LaneSummary(
            lane=count.lane,
            **_part(count, _of(count.lane, models), _of(count.lane, escalated), _of(count.lane, failed)).model_dump(
                exclude={"cost_usd"}
            ),
            models=_models(_of(count.lane, models)),
        )
        for count in sorted(lanes, key=lambda count: count.lane or "")
        if count.lane is not None
    ]
    whole = next(count for count in lanes if count.lane is None)
    return Summary(since=since, total=_part(whole, models, escalated, failed), lanes=told)


def _part(
    count: LaneCount, models: Sequence[ModelCount], escalated: Sequence[ReasonCount], failed: Sequence[ReasonCount]
) -> Part:
    cost = sum(model.cost_micro_usd for model in models)
    risks = at_risk(count.unverified, count.undecided)
    return Part(
        requests=count.requests,
        completed=count.completed,
        verified=count.verified,
        recalled=count.recalled,
        failed=count.failed,
        cancelled=count.cancelled,
        deferred=count.deferred,
        open=count.open,
        attempts=sum(model.attempts for model in models),
        escalated=_by_reason(escalated),
        failed_because=_by_reason(failed),
        cost_micro_usd=cost,
        cost_kind=CostKind.of(any(model.bounded for model in models)),
        cost_per_success_usd=usd_each(cost, count.completed),
        latency_ms=Latency(p50=count.p50_ms, p95=count.p95_ms),
        at_risk=risks,
        compliance_risk=compliance_risk(risks, count.completed),
    )


def _models(models: Sequence[ModelCount]) -> list[ModelSummary]:
    attempts = sum(model.attempts for model in models)
    accepted = sum(model.accepted for model in models)
    ordered = sorted(models, key=lambda model: (model.tier or 0, -model.attempts, model.model or ""))
    return [_model(model, attempts, accepted) for model in ordered]


def _model(model: ModelCount, attempts: int, accepted: int) -> ModelSummary:
    return ModelSummary(
        tier=model.tier,
        model=model.model,
        provider=model.provider,
        requests=model.requests,
        attempts=model.attempts,
        accepted=model.accepted,
        rejected=model.rejected,
        doubted=model.doubted,
        failed=model.failed,
        pending=model.pending,
        input_tokens=model.input_tokens,
        output_tokens=model.output_tokens,
        cost_micro_usd=model.cost_micro_usd,
        cost_kind=CostKind.of(model.bounded),
        share_of_attempts=_share(model.attempts, attempts),
        share_of_accepted=_share(model.accepted, accepted),
        cost_per_accepted_usd=usd_each(model.cost_micro_usd, model.accepted),
        latency_ms=Latency(p50=model.p50_ms, p95=model.p95_ms),
    )


def usd_each(cost_micro_usd: int, count: int) -> str | None:
    """Dollars for each of ``count``, to a billionth; ``None`` when there is none to share the cost."""
    if not count:
        return None
    text = f"{(Decimal(cost_micro_usd) / MICRO / count).quantize(NANO_USD):f}"
    return text.rstrip("0").rstrip(".")


def _of(lane: str | None, counts: Iterable[C]) -> list[C]:
    return [count for count in counts if count.lane == lane]


def _by_reason(counts: Iterable[ReasonCount]) -> dict[str, int]:
    together: dict[str, int] = {}
    for count in counts:
        together[count.reason] = together.get(count.reason, 0) + count.count
    return dict(sorted(together.items(), key=lambda item: (-item[1], item[0])))


def _share(part: int, whole: int) -> float:
    return round(part / whole, FOUR_PLACES) if whole else 0.0
