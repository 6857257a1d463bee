"""Learning and planning in a closed loop, without a clock: traffic leaves a model that gets worse, and comes back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from uuid import UUID

from routing import NOW, alive, asking, portfolio, scored

from schemas.attempt import Attempt, AttemptDispatched
from schemas.example_request import question
from schemas.portfolio import Portfolio
from schemas.reaction import Received
from schemas.request import RequestProfiled
from schemas.vocabulary import Risk
from services.router.domain.scores import SETTLED, ScoresView
from services.router.handlers import Handlers

KEEP, ROUND = 0.99, 20
COSTS = {"small": 200, "large": 600}
RECEIVED = Received("request.profiled", 0, 7, NOW)
Answers = Callable[[str], bool]


@dataclass
class Loop:
    """A router, and what the ledger would say to it after each round of requests."""

    explore: float
    draw: Random = field(default_factory=lambda: Random(7))  # noqa: S311 an order, no secret
    rounds: int = 0
    fresh: dict[str, list[float]] = field(default_factory=lambda: {name: [0.0, 0.0] for name in COSTS})

    def __post_init__(self) -> None:
        self.portfolio = portfolio(("lanes/simple/explore", self.explore))
        self.scores = ScoresView()
        self.handlers = Handlers(self, alive(), self.scores)

    def revision(self, name: str) -> Portfolio:
        return self.portfolio

    def serve(self, requests: int, is_right: Answers) -> list[str]:
        """Which model each request began with; a wrong answer is caught, and the large model asked."""
        return [name for _ in range(requests // ROUND) for name in self._round(is_right)]

    def _round(self, is_right: Answers) -> list[str]:
        self.rounds += 1
        began = [self._first() for _ in range(ROUND)]
        for first in began:
            if not self._learn(first, is_right(first)) and first != "large":
                self._learn("large", is_right("large"))
        for name, (good, bad) in self.fresh.items():
            at = NOW + timedelta(seconds=10 * self.rounds)
            self.scores.apply_score(scored(name, self.rounds, good, bad, micro_usd=COSTS[name], at=at))
        return began

    def _first(self) -> str:
        request = asking(lane="simple", risk=Risk.LOW, request_id=UUID(int=self.draw.getrandbits(128)))
        profile = request.profile.model_copy(update={"task": "faq"})
        admitted = NOW + timedelta(seconds=10 * self.rounds) + SETTLED
        request = request.model_copy(update={"profile": profile, "admitted_at": admitted})
        asked = RequestProfiled(request=request, body=question(), attempt_deadline_at=admitted)
        (said,) = self.handlers.on_request_profiled(asked, RECEIVED).says
        assert isinstance(said.event, AttemptDispatched)  # type: ignore[union-attr]
        attempt: Attempt = said.event.attempt  # type: ignore[union-attr]
        return attempt.model

    def _learn(self, name: str, right: bool) -> bool:
        good, bad = self.fresh[name]
        self.fresh[name] = [good * KEEP + right, bad * KEEP + (not right)]
        return right


def share(began: list[str]) -> float:
    return began.count("small") / len(began)


def sound(_: str) -> bool:
    return True


def sick(name: str) -> bool:
    return name != "small"


def test_traffic_leaves_a_model_that_gets_worse_and_comes_back_when_it_recovers() -> None:
    loop = Loop(explore=0.1)

    assert share(loop.serve(400, sound)) > 0.8
    assert share(loop.serve(400, sick)[-100:]) < 0.3
    assert share(loop.serve(2_000, sound)[-200:]) > 0.8


def test_without_exploration_nobody_notices_that_it_recovered() -> None:
    loop = Loop(explore=0.0)
    loop.serve(400, sound)

    assert share(loop.serve(400, sick)[-100:]) == 0
    assert share(loop.serve(2_000, sound)) == 0
