"""A router that knows these scores, asked for its first choice and for the next."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from routing import NOW, alive, asking, portfolio

from schemas.attempt import AttemptDispatched, Tried
from schemas.example_request import PLAN, question
from schemas.outcome import RequestEscalated
from schemas.portfolio import Portfolio
from schemas.reaction import Received
from schemas.request import Request, RequestProfiled
from schemas.standing import ModelScored
from schemas.vocabulary import Action, Reason, Risk
from services.router.domain.scores import ScoresView
from services.router.domain.standing import StandingView
from services.router.handlers import Handlers

RECEIVED = Received("request.profiled", 0, 7, NOW)
LATER = NOW + timedelta(minutes=1)
UNEXPLORED, EXPLORED = UUID(int=9_999), UUID(int=10_000)


class Router:
    """Handlers that know these scores, and one portfolio."""

    def __init__(self, *scores: ModelScored, standing: StandingView | None = None, found: Portfolio | None = None):
        self.portfolio = found or portfolio()
        self.scores = ScoresView()
        for each in scores:
            self.scores.apply_score(each)
        self.handlers = Handlers(self, standing or alive(), self.scores)

    def revision(self, name: str) -> Portfolio:
        return self.portfolio

    def first(self, **changes: Any) -> AttemptDispatched:
        asked = RequestProfiled(request=faq(**changes), body=question(), attempt_deadline_at=LATER)
        return self._only(self.handlers.on_request_profiled(asked, RECEIVED).says)

    def next(self, action: Action, tier: int, *tried: Tried, **changes: Any) -> AttemptDispatched:
        event = RequestEscalated(
            request=faq(**changes),
            body=question(),
            number=len(tried) + 1,
            action=action,
            reason=Reason.CHECK_FAILED,
            detail="schema: a number is wanted",
            tier=tier,
            plan=PLAN,
            tried=tried,
            attempt_deadline_at=LATER,
        )
        return self._only(self.handlers.on_request_escalated(event, RECEIVED).says)

    def _only(self, says: tuple[Any, ...]) -> AttemptDispatched:
        (said,) = says
        assert isinstance(said.event, AttemptDispatched)
        return said.event


def faq(**changes: Any) -> Request:
    request = asking(**{"lane": "simple", "risk": Risk.LOW, "admitted_at": LATER, "request_id": UNEXPLORED, **changes})
    return request.model_copy(update={"profile": request.profile.model_copy(update={"task": "faq"})})


def model(event: AttemptDispatched) -> str:
    return event.attempt.model
