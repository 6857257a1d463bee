"""Why a model path may not serve a request, by what the portfolio says of it: router and escalation agree on it."""

from datetime import date

from schemas.languages import LANGUAGES, UNKNOWN
from schemas.models import SERVING, Endpoint, Model
from schemas.portfolio import Portfolio
from schemas.request import Request
from schemas.vocabulary import DataClass


def why_not(portfolio: Portfolio, name: str, model: Model, endpoint: Endpoint, request: Request) -> str | None:
    """The first reason against this path; ``None`` when there is none. It names what the portfolio says."""
    return (
        why_unable(name, model, request)
        or why_too_short(model.context_tokens, request)
        or why_barred(portfolio, endpoint, request)
    )


def why_unable(name: str, model: Model, request: Request) -> str | None:
    """Why a model does not serve what is asked for, however short it is."""
    if request.pinned_model is not None and request.pinned_model != name:
        return _other_than(request.pinned_model, request)
    return (
        _by_lifecycle(model, request.admitted_at.date()) or _by_ability(model, request) or _by_language(model, request)
    )


def why_too_short(context_tokens: int, request: Request) -> str | None:
    """Why a context has no room for the request."""
    needed = request.profile.context_tokens
    return None if needed <= context_tokens else f"its context of {context_tokens} tokens is too short for {needed}"


def why_barred(portfolio: Portfolio, endpoint: Endpoint, request: Request) -> str | None:
    """Why the request's data may not go where an endpoint is."""
    try:
        allowed = portfolio.residency.get(DataClass(request.data_class))
    except ValueError:
        return f"data class {request.data_class} is unknown here"
    region = portfolio.providers[endpoint.provider].region
    if allowed is None or region in allowed:
        return None
    return f"{request.data_class} data may not go to region {region or 'unknown'}"


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


def _by_language(model: Model, request: Request) -> str | None:
    """Of a chat that names no model; a text that tells no language is taken by all."""
    language = request.profile.features.language
    if model.languages is None or request.pinned_model is not None or request.wants_vectors:
        return None
    if language == UNKNOWN or language in model.languages:
        return None
    return f"it does not speak {LANGUAGES.get(language, language)}, only {', '.join(model.languages)}"
