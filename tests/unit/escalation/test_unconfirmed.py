"""An answer in hand is not thrown away because nobody is left to confirm it, unless the risk is high."""

from datetime import datetime

import pytest

from schemas.attempt import AttemptDoubted
from schemas.example_request import portfolio
from schemas.examples import examples
from schemas.outcome import RequestCompleted, RequestFailed
from schemas.portfolio import Portfolio
from schemas.reaction import DONE, Received, Said
from schemas.vocabulary import Risk, Status
from services.escalation.handlers import Handlers


class Revisions:
    def revision(self, name: str) -> Portfolio:
        return portfolio()


def _doubted(risk: Risk, max_attempts: int) -> AttemptDoubted:
    event = examples()[AttemptDoubted]
    assert isinstance(event, AttemptDoubted)
    limits = {"max_attempts": max_attempts, "risk": risk}
    return event.model_copy(update={"request": event.request.model_copy(update=limits)})


def _received(at: datetime) -> Received:
    return Received("attempt.doubted", 0, 7, at, event_id="an-event")


@pytest.mark.parametrize(("risk", "kind"), [(Risk.LOW, RequestCompleted), (Risk.HIGH, RequestFailed)])
def test_a_doubted_answer_with_no_attempt_left(risk: Risk, kind: type) -> None:
    event = _doubted(risk, max_attempts=2)
    assert event.attempt.number == 2
    reaction = Handlers(Revisions()).on_attempt_doubted(event, _received(event.request.admitted_at))
    (said,) = reaction.writes[0].then[DONE]
    assert isinstance(said, Said)
    assert isinstance(said.event, kind)
    if isinstance(said.event, RequestCompleted):
        assert said.event.status is Status.UNVERIFIED
        assert said.event.answer is not None
        assert said.event.usage == event.usage


def test_a_doubted_answer_with_attempts_left_is_looked_at_again() -> None:
    event = _doubted(Risk.LOW, max_attempts=4)
    reaction = Handlers(Revisions()).on_attempt_doubted(event, _received(event.request.admitted_at))
    assert reaction.writes[0].table == "moves"
