"""What a request asks: its task and lane, and what a model needs for it. A chat and a request for vectors apart."""

from dataclasses import dataclass

from schemas.portfolio import Portfolio
from schemas.request import Features, Profile, RequestSubmitted
from schemas.vocabulary import EMBEDDINGS, Risk
from services.profiler.domain.classify import Classifier, TaskFound, classify, lane_of, pinned_model, risk_of
from services.profiler.domain.embeddings import (
    embedder_of,
    is_for_vectors,
    lane_of_vectors,
    longest_text,
    task_of_vectors,
)
from services.profiler.domain.features import context_needed, own_bound


@dataclass(frozen=True, slots=True)
class Understood:
    """What a request asks. ``needs``: abilities of a model; ``model``: the one that it must have.

    ``why_lane``: why it is not the one that the request or its task names.

    ``context_tokens``: what a model must take; ``most_output_tokens``: the client's own bound on an answer.
    """

    found: TaskFound
    risk: Risk
    lane: str
    needs: tuple[str, ...]
    model: str | None
    context_tokens: int
    most_output_tokens: int | None = None
    why_lane: str | None = None

    def profile(self, features: Features, sensitive: tuple[str, ...]) -> Profile:
        """The profile that events carry. ``sensitive``: the kinds of personal data and secrets in its text."""
        return Profile(
            task=self.found.task,
            confidence=self.found.confidence,
            why=f"{self.found.why}; {self.why_lane}" if self.why_lane else self.found.why,
            needs=self.needs,
            context_tokens=self.context_tokens,
            features=features,
            sensitive=sensitive,
            classifier=self.found.classifier,
            most_output_tokens=self.most_output_tokens,
            unsure=None if self.found.is_sure else True,
        )


def understood(
    asked: RequestSubmitted, features: Features, portfolio: Portfolio, classifier: Classifier | None
) -> Understood:
    """What a request asks, by its own words and form; the classifier, where there is one, is asked of chats alone."""
    return _vectors(asked, portfolio) if is_for_vectors(asked) else _chat(asked, features, portfolio, classifier)


def _chat(
    asked: RequestSubmitted, features: Features, portfolio: Portfolio, classifier: Classifier | None
) -> Understood:
    found = classify(asked, features, portfolio, classifier)
    risk = risk_of(asked, found.task, portfolio)
    lane = lane_of(asked, found.task, risk, portfolio)
    return Understood(
        found=found,
        risk=risk,
        lane=lane.name,
        needs=_needs(features),
        model=pinned_model(asked),
        context_tokens=context_needed(features, asked.params),
        most_output_tokens=own_bound(asked.params),
        why_lane=lane.why,
    )


def _vectors(asked: RequestSubmitted, portfolio: Portfolio) -> Understood:
    found, lane = task_of_vectors(asked, portfolio), lane_of_vectors(asked, portfolio)
    return Understood(
        found=found,
        risk=risk_of(asked, found.task, portfolio),
        lane=lane,
        needs=(EMBEDDINGS,),
        model=embedder_of(asked, lane, portfolio),
        context_tokens=longest_text(asked),
    )


def _needs(features: Features) -> tuple[str, ...]:
    needs = (
        ("tools", features.has_tools),
        ("json", features.has_schema),
        ("vision", features.has_images),
        ("audio", features.has_audio),
    )
    return ("chat", *(name for name, holds in needs if holds))
