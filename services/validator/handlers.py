"""What the validator answers to what it hears."""

from dataclasses import dataclass, field

from schemas.attempt import AttemptCompleted, AttemptRejected
from schemas.content import INLINE, Contents, Kin, Question, Vectors
from schemas.reaction import Reaction, Received, Said
from schemas.standing import Revisions
from services.validator.domain.json_schema import SchemaChecker
from services.validator.domain.lane import LanesAsk
from services.validator.domain.sealed import closed, opened
from services.validator.domain.verdict import Judged, judge, judge_vectors


@dataclass(frozen=True, slots=True)
class Handlers:
    """``schemas`` and ``lanes`` keep ready between events what clients and lanes ask for; they change no verdict."""

    revisions: Revisions
    schemas: SchemaChecker
    contents: Contents = INLINE
    lanes: LanesAsk = field(default_factory=LanesAsk)

    def on_attempt_completed(self, event: AttemptCompleted, received: Received) -> Reaction:
        """Check the answer, and say what it is worth."""
        asks = self.lanes.by(event.request, self.revisions.revision(event.request.revision))
        request_id = event.request.request_id
        question = Question.read(self.contents.text(event.body, request_id))
        if event.request.wants_vectors:
            vectors = Vectors.read(self.contents.text(event.answer, request_id))
            return Reaction(says=(Said(self._sealed(event, event, judge_vectors(event, question, vectors))),))
        whole = opened(event, self.contents)
        judged = judge(whole, question, asks.of(question.checks, event.attempt.plan), self.schemas)
        return Reaction(says=(Said(self._sealed(event, whole, judged)),))

    def _sealed(self, event: AttemptCompleted, whole: AttemptCompleted, judged: Judged) -> Judged:
        """What is said of sealed content: the answers as they came, and what quotes them for the model alone."""
        if not event.body.is_sealed:
            return judged
        told = None
        if isinstance(judged, AttemptRejected):
            told = self.contents.sealed(judged.detail.encode(), Kin(event.request.request_id, event.body))
        return closed(event, whole, judged, told)
