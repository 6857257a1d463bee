"""A portfolio in outline: what each lane does with a request, and what each model is, costs and serves."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from schemas.portfolio import Lane, Model, Portfolio
from services.console.domain.prudence import usd_per_million_tokens


@dataclass(frozen=True, slots=True)
class LaneOutline:
    """A lane as an operator reads it. ``default``: tasks that no lane names come here. ``budget_usd``: dollars."""

    lane: str
    default: bool
    tasks: tuple[str, ...]
    tiers: tuple[tuple[str, ...], ...]
    checks: tuple[str, ...]
    priority: int
    max_attempts: int
    deadline_s: float
    budget_usd: str | None


@dataclass(frozen=True, slots=True)
class ModelOutline:
    """A model as an operator reads it. ``lanes``: those that have it in a tier."""

    model: str
    kind: str
    lifecycle: str
    context_tokens: int
    abilities: tuple[str, ...]
    endpoints: tuple["EndpointOutline", ...]
    lanes: tuple[str, ...]
    retires: date | None


@dataclass(frozen=True, slots=True)
class EndpointOutline:
    """Where a model is called. ``usd_per_million``: dollars a million tokens, a quarter of them written; if known."""

    path: str
    region: str | None
    usd_per_million: Decimal | None


def lanes_of(portfolio: Portfolio) -> list[LaneOutline]:
    """Every lane, the most urgent first, then in the document's order."""
    found = [_lane(name, lane, name == portfolio.defaults.lane) for name, lane in portfolio.lanes.items()]
    return sorted(found, key=lambda each: each.priority)


def models_of(portfolio: Portfolio) -> list[ModelOutline]:
    """Every model, in the document's order."""
    return [_model(portfolio, name, model) for name, model in portfolio.models.items()]


def _lane(name: str, lane: Lane, default: bool) -> LaneOutline:
    return LaneOutline(
        lane=name,
        default=default,
        tasks=lane.tasks,
        tiers=lane.tiers,
        checks=tuple(check if isinstance(check, str) else next(iter(check), "") for check in lane.checks),
        priority=lane.priority,
        max_attempts=lane.max_attempts,
        deadline_s=lane.deadline_s,
        budget_usd=None if lane.budget_usd is None else str(lane.budget_usd),
    )


def _model(portfolio: Portfolio, name: str, model: Model) -> ModelOutline:
    return ModelOutline(
        model=name,
        kind=str(model.kind),
        lifecycle=str(model.lifecycle),
        context_tokens=model.context_tokens,
        abilities=model.abilities,
        endpoints=_endpoints(portfolio, name, model),
        lanes=tuple(lane for lane, entry in portfolio.lanes.items() if any(name in tier for tier in entry.tiers)),
        retires=model.retires,
    )


def _endpoints(portfolio: Portfolio, name: str, model: Model) -> tuple[EndpointOutline, ...]:
    return tuple(
        EndpointOutline(
            path=f"{name}@{endpoint.provider}",
            region=portfolio.providers[endpoint.provider].region,
            usd_per_million=usd_per_million_tokens(endpoint.price) if endpoint.price else None,
        )
        for endpoint in model.endpoints
    )
