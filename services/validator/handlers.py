"""What the validator answers to what it hears."""

from dataclasses import dataclass
from typing import Protocol

from schemas.attempt import AttemptCompleted, AttemptRejected
from schemas.content import INLINE, Contents, Kin, Question, Vectors
from schemas.portfolio import Portfolio
from schemas.reaction import Reaction, Received, Said
from services.validator.domain.json_schema import SchemaChecker
from services.validator.domain.lane import lane_of
from services.validator.domain.sealed import closed, opened
from services.validator.domain.verdict import Judged, judge, judge_vectors
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
        request_id = event.request.request_id
        question = Question.read(self.contents.text(event.body, request_id))
        if event.request.wants_vectors:
            vectors = Vectors.read(self.contents.text(event.answer, request_id))
            return Reaction(says=(Said(self._sealed(event, event, judge_vectors(event, question, vectors))),))
        risk, packs = event.request.risk, portfolio.policies or {}
        left = Left(portfolio.leaves_agreement(lane, risk), portfolio.may_lower_threshold(lane, risk))
        whole = opened(event, self.contents)
        judged = judge(whole, question, lane, self.schemas, packs, left)
        return Reaction(says=(Said(self._sealed(event, whole, judged)),))

    def _sealed(self, event: AttemptCompleted, whole: AttemptCompleted, judged: Judged) -> Judged:
        """What is said of sealed content: the answers as they came, and what quotes them for the model alone."""
        if event.body.key_id is None:
            return judged
        told = None
        if isinstance(judged, AttemptRejected):
            told = self.contents.sealed(judged.detail.encode(), Kin(event.request.request_id, event.body))
        return closed(event, whole, judged, told)
