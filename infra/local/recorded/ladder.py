"""The models of a lane from the weakest to the strongest, and what their recorded answers would have cost."""

from dataclasses import dataclass

from infra.local.recorded.question import Question
from schemas.models import Price
from schemas.portfolio import Portfolio
from services.model_worker.domain.pricing import cost_of, rate_of
from services.model_worker.domain.usage import estimated


@dataclass(frozen=True, slots=True)
class Rung:
    """A model of a lane. ``tier`` counts from 1; ``recorded``: the name under which its answers are recorded."""

    tier: int
    model: str
    recorded: str
    provider: str
    price: Price | None

    def cost_micro_usd(self, question: Question) -> int:
        """What its answer would have cost by its list price."""
        if self.price is None:
            return 0
        return modelled_micro_usd(self.price, question.prompt, question.answers[self.recorded].text)


def modelled_micro_usd(price: Price, prompt: str, answer: str) -> int:
    """What an answer would have cost, as the model worker reckons: characters / 4 is a token."""
    return cost_of(estimated(len(prompt), len(answer)), rate_of(price, "")).micro_usd


def ladder_of(portfolio: Portfolio, lane: str) -> tuple[Rung, ...]:
    """The lane's models, each at its first endpoint. Never empty: a lane has a tier, and a tier a model."""
    found = (
        (tier, name, portfolio.models[name].endpoints[0])
        for tier, names in enumerate(portfolio.lanes[lane].tiers, 1)
        for name in names
    )
    return tuple(Rung(tier, name, at.model, at.provider, at.price) for tier, name, at in found)
