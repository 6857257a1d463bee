"""Why a model path may not serve a request, by what the portfolio says of it."""

from datetime import date

from schemas.models import Endpoint, Lifecycle, Model
from schemas.portfolio import Portfolio
from schemas.request import Request
from schemas.vocabulary import DataClass

SERVING = (Lifecycle.ACTIVE, Lifecycle.DEPRECATED)


def why_not(portfolio: Portfolio, name: str, model: Model, endpoint: Endpoint, request: Request) -> str | None:
    """The first reason against this path; ``None`` when there is none. It names what the portfolio says."""
    if request.pinned_model is not None and request.pinned_model != name:
        return _other_than(request.pinned_model, request)
    return (
        _by_lifecycle(model, request.admitted_at.date())
        or _by_ability(model, request)
        or _by_context(model, request)
        or _by_residency(portfolio, endpoint, request)
    )


def _other_than(pinned: str, request: Request) -> str:
    if request.wants_vectors:
        return f"its vectors cannot stand in for those of {pinned}"
    return f"the client asks for {pinned}"


def _by_lifecycle(model: Model, today: date) -> str | None:
    if model.lifecycle not in SERVING:
        return f"its lifecycle is {model.lifecycle}"
    return f"it retired on {model.retires}" if model.retires is not None and model.retires <= today else None


def _by_ability(model: Model, request: Request) -> str | None:
    missing = [need for need in request.profile.needs if need not in model.abilities]
    return f"it lacks the ability: {', '.join(missing)}" if missing else None


def _by_context(model: Model, request: Request) -> str | None:
    needed = request.profile.context_tokens
    if needed <= model.context_tokens:
        return None
    return f"its context of {model.context_tokens} tokens is too short for {needed}"


def _by_residency(portfolio: Portfolio, endpoint: Endpoint, request: Request) -> str | None:
    try:
        allowed = portfolio.residency.get(DataClass(request.data_class))
    except ValueError:
        return f"data class {request.data_class} is unknown here"
    region = portfolio.providers[endpoint.provider].region
    if allowed is None or region in allowed:
        return None
    return f"{request.data_class} data may not go to region {region or 'unknown'}"
