"""The paths of a lane as all requests of a kind meet them: found once for each kind, and looked up after that."""

from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from schemas.attempt import Candidate
from schemas.eligibility import why_barred, why_too_short, why_unable
from schemas.models import Endpoint, Price
from schemas.portfolio import Portfolio
from schemas.request import Request

MOST_KEPT = 4_096
Kind = tuple[str, str, str | None, tuple[str, ...], str, str, date]
"""Revision, lane, pinned model, needs, language, data class, and the day, for models retire."""


@dataclass(frozen=True, slots=True)
class Way:
    """A path, and what the portfolio says against it: ``unable`` is told before a context that is too short, ``barred``
    after it.
    """

    candidate: Candidate
    price: Price | None
    context_tokens: int
    unable: str | None
    barred: str | None

    def why_not(self, request: Request) -> str | None:
        """The first reason against this path; ``None`` when there is none."""
        return self.unable or why_too_short(self.context_tokens, request) or self.barred


Ways = tuple[tuple[Way, ...], ...]
"""By tier."""


@dataclass(slots=True)
class WaysKept:
    """Keeps the ways of each kind of request; they follow from the portfolio alone, and change no choice by it."""

    _kept: dict[Kind, Ways] = field(default_factory=dict[Kind, Ways])

    def of(self, portfolio: Portfolio, request: Request) -> Ways:
        """All paths of the request's lane."""
        kind = (
            request.revision,
            request.lane,
            request.pinned_model,
            request.profile.needs,
            request.profile.features.language,
            request.data_class,
            request.admitted_at.date(),
        )
        found = self._kept.get(kind)
        if found is None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            found = self._kept[kind] = ways_of(portfolio, request)
        return found


def ways_of(portfolio: Portfolio, request: Request) -> Ways:
    """All paths of the lane of a request, tier by tier in the document's order."""
    return tuple(
        tuple(
            _way(portfolio, name, endpoint, request) for name in tier for endpoint in portfolio.models[name].endpoints
        )
        for tier in portfolio.lanes[request.lane].tiers
    )


def _way(portfolio: Portfolio, name: str, endpoint: Endpoint, request: Request) -> Way:
    model = portfolio.models[name]
    return Way(
        candidate=candidate_of(name, endpoint.provider),
        price=endpoint.price,
        context_tokens=model.context_tokens,
        unable=why_unable(name, model, request),
        barred=why_barred(portfolio, endpoint, request),
    )


@lru_cache(maxsize=4_096)
def candidate_of(model: str, provider: str) -> Candidate:
    """One object a path: candidates are keys, and an equal one that is another object is compared field by field."""
    return Candidate(model=model, provider=provider)
