"""Setbacks, and handlers that answer them under the portfolio of the examples."""

from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from schemas.attempt import Attempt, Candidate, Cost, Plan, tried_of
from schemas.example_request import DOCUMENT, PLAN, SMALL, START, request
from schemas.ids import attempt_id_of
from schemas.portfolio import Portfolio
from schemas.reaction import DONE, Reaction, Said
from schemas.request import Request
from schemas.vocabulary import Reason, Role
from services.escalation.domain.setback import Setback
from services.escalation.handlers import Handlers

NOW = START + timedelta(seconds=1)


def critical(**changes: Any) -> Portfolio:
    """The portfolio of the examples, its critical lane changed; without its ``on_fail``."""
    document: Any = deepcopy(DOCUMENT)
    document["lanes"]["critical"] |= {"on_fail": {}, **changes}
    return Portfolio.of(document)


def asking(**changes: Any) -> Request:
    """The request of the examples, changed."""
    return request().model_copy(update=changes)


def attempt(
    candidate: Candidate = SMALL, number: int = 1, role: str = Role.PRIMARY, tier: int = 0, plan: Plan = PLAN
) -> Attempt:
    """An attempt on a path."""
    return Attempt(
        attempt_id=attempt_id_of(request().request_id, number),
        number=number,
        role=role,
        tier=tier,
        model=candidate.model,
        provider=candidate.provider,
        deadline_at=START + timedelta(seconds=10),
        plan=plan,
    )


def setback(
    *attempts: tuple[Attempt, Reason | str, int],
    failed_checks: tuple[str, ...] = (),
    detail: str = "what went wrong",
    retry_after: timedelta | None = None,
    **fields: Any,
) -> Setback:
    """The last of these attempts did not end the request: each with its reason and its cost in micro-dollars."""
    tried = tuple(tried_of(made, reason, Cost(micro_usd=cost)) for made, reason, cost in attempts)
    last, reason, _ = attempts[-1]
    return Setback(asking(**fields), last, tried, reason, detail, failed_checks, retry_after=retry_after)


def later(seconds: float) -> datetime:
    """A time of the request's life."""
    return START + timedelta(seconds=seconds)


class Revisions:
    """One portfolio, under whatever name."""

    def __init__(self, document: Portfolio) -> None:
        self._document = document

    def revision(self, name: str) -> Portfolio:
        return self._document


def handlers(**lane: Any) -> Handlers:
    """Under the portfolio of the examples, its critical lane changed."""
    return Handlers(Revisions(critical(**lane)))


def said(reaction: Reaction, outcome: str = DONE) -> Any:
    """The first event that is said where the write comes to this."""
    one = reaction.writes[0].then[outcome][0]
    assert isinstance(one, Said)
    return one.event
