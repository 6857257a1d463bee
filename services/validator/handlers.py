"""What the validator answers to what it hears."""

from dataclasses import dataclass
from typing import Protocol

from schemas.attempt import AttemptCompleted
from schemas.content import INLINE, Contents, Question, Vectors
from schemas.portfolio import Portfolio
from schemas.reaction import Reaction, Received, Said
from services.validator.domain.json_schema import SchemaChecker
from services.validator.domain.lane import lane_of
from services.validator.domain.verdict import judge, judge_vectors
from services.validator.domain.wanted import Left


class Revisions(Protocol):
    """The portfolio's revisions by name."""

    def revision(self, name: str) -> Portfolio:
        """Raises ``LookupError`` for one that has not been heard."""
        ...


@dataclass(frozen=True, slots=True)
class Handlers:
    """``schemas`` keeps the clients' schemas ready between events; it changes no verdict."""

    revisions: Revisions
    schemas: SchemaChecker
    contents: Contents = INLINE

    def on_attempt_completed(self, event: AttemptCompleted, received: Received) -> Reaction:
        """Check the answer, and say what it is worth."""
        portfolio = self.revisions.revision(event.request.revision)
        lane = lane_of(event.request, portfolio)
        question = Question.read(self.contents.text(event.body))
        if event.request.wants_vectors:
            vectors = Vectors.read(self.contents.text(event.answer))
            return Reaction(says=(Said(judge_vectors(event, question, vectors)),))
        risk, packs = event.request.risk, portfolio.policies or {}
        left = Left(portfolio.leaves_agreement(lane, risk), portfolio.may_lower_threshold(lane, risk))
        return Reaction(says=(Said(judge(event, question, lane, self.schemas, packs, left)),))
