"""A portfolio in outline: what each lane does with a request, and what each model is, costs and serves."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from schemas.equals import parts_of
from schemas.models import Model
from schemas.next_actions import ACTIONS, FAMILY, OF_CHECKS, actions_for
from schemas.portfolio import Lane, Portfolio
from schemas.vocabulary import Action, Reason
from services.console.domain.prudence import usd_per_million_tokens


@dataclass(frozen=True, slots=True)
class LaneOutline:
    """A lane as an operator reads it. ``default``: tasks that no lane names come here. ``budget_usd``: dollars.

    ``also_called``: what clients ask it by beside its name.
    """

    lane: str
    also_called: tuple[str, ...]
    default: bool
    tasks: tuple[str, ...]
    tiers: tuple[tuple[str, ...], ...]
    checks: tuple[str, ...]
    on_fail: dict[str, str]
    priority: int
    max_attempts: int
    deadline_s: float
    budget_usd: str | None


@dataclass(frozen=True, slots=True)
class ModelOutline:
    """A model as an operator reads it. ``lanes``: those that have it in a tier.

    ``also_called``: what clients ask it by beside its name.
    """

    model: str
    also_called: tuple[str, ...]
    kind: str
    lifecycle: str
    context_tokens: int
    abilities: tuple[str, ...]
    endpoints: tuple["EndpointOutline", ...]
    lanes: tuple[str, ...]
    retires: date | None


@dataclass(frozen=True, slots=True)
class EndpointOutline:
    """Where a model is called. ``usd_per_million``: dollars a million tokens, a quarter of them written; if known.

    ``name``: what its provider calls the model. ``weight``: as the document says it; ``part``: of the requests that it
    shares with equal endpoints, where there are any.
    """

    path: str
    name: str
    region: str | None
    usd_per_million: Decimal | None
    weight: float | None
    part: float | None


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """What is done about an attempt that ended so: the first of ``actions`` that is possible. ``own``: the lane's wish.

    ``check``: the failed check for which something else is done than for others.
    """

    reason: str
    check: str | None
    actions: tuple[str, ...]
    own: bool


def reasons_of(lane: Lane | None) -> list[ReasonRow]:
    """The table of reasons as it holds in a lane; as it usually holds without one."""
    on_fail = lane.on_fail if lane else {}
    checks = dict.fromkeys((*(name for name in on_fail if name not in ACTIONS), *OF_CHECKS))
    rows = [_row(reason, None, lane) for reason in ACTIONS]
    return [_row(Reason.CHECK_FAILED, check, lane) for check in checks] + rows


def _row(reason: Reason, check: str | None, lane: Lane | None) -> ReasonRow:
    on_fail = lane.on_fail if lane else {}
    # A family's name stands for each of its checks.
    member = next((name for name, family in FAMILY.items() if family == check), check)
    actions = actions_for(reason, (member,) if member else (), on_fail)
    is_staffed = lane is not None and lane.reviews is not None
    possible = tuple(str(action) for action in actions if is_staffed or action is not Action.HUMAN)
    return ReasonRow(str(reason), check, possible, check in on_fail or reason in on_fail)


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
        also_called=lane.also_called or (),
        default=default,
        tasks=lane.tasks,
        tiers=lane.tiers,
        checks=tuple(check if isinstance(check, str) else next(iter(check), "") for check in lane.checks),
        on_fail={name: str(action) for name, action in lane.on_fail.items()},
        priority=lane.priority,
        max_attempts=lane.max_attempts,
        deadline_s=lane.deadline_s,
        budget_usd=None if lane.budget_usd is None else str(lane.budget_usd),
    )


def _model(portfolio: Portfolio, name: str, model: Model) -> ModelOutline:
    return ModelOutline(
        model=name,
        also_called=model.also_called or (),
        kind=str(model.kind),
        lifecycle=str(model.lifecycle),
        context_tokens=model.context_tokens,
        abilities=model.abilities,
        endpoints=_endpoints(portfolio, name, model),
        lanes=tuple(lane for lane, entry in portfolio.lanes.items() if any(name in tier for tier in entry.tiers)),
        retires=model.retires,
    )


def _endpoints(portfolio: Portfolio, name: str, model: Model) -> tuple[EndpointOutline, ...]:
    parts = parts_of(model)
    return tuple(
        EndpointOutline(
            path=f"{name}@{endpoint.provider}",
            name=endpoint.model,
            region=portfolio.providers[endpoint.provider].region,
            usd_per_million=usd_per_million_tokens(endpoint.price) if endpoint.price else None,
            weight=endpoint.weight,
            part=parts.get(endpoint.provider),
        )
        for endpoint in model.endpoints
    )
