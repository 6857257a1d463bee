"""Where too many move up: what follows an answer for which only a model above would do."""

from typing import Any

import pytest
from setbacks import attempt, critical
from test_escalation_storm import received, said

from schemas.attempt import AttemptRejected, Usage
from schemas.examples import story
from schemas.outcome import RequestEscalated, RequestFailed
from schemas.portfolio import EscalationLimits, Portfolio
from schemas.reaction import DONE, Write
from schemas.review import ReviewRequested
from schemas.vocabulary import Action, Reason, Verdict
from services.escalation.domain.life import ASKED, REFUSED
from services.escalation.domain.storm import Passage, Storm
from services.escalation.handlers import Handlers

STAFFED = {"reviews": {"ask": "clerks", "within_s": 20}}


class Capped:
    """One revision, with an approved model above, where one of ten may move up."""

    def __init__(self, **lane: Any) -> None:
        known = critical(priority=5, **lane)
        large = known.models["large"].model_copy(update={"policy_approved": True})
        cap = known.defaults.model_copy(update={"escalation": EscalationLimits(most_share=0.1, least=10)})
        self.known = known.model_copy(update={"models": {**known.models, "large": large}, "defaults": cap})

    def revision(self, name: str) -> Portfolio:
        return self.known


def broke_the_policy(reason: Reason = Reason.CHECK_FAILED) -> AttemptRejected:
    event = next(each for each in story() if isinstance(each, AttemptRejected))
    failed = event.checks[0].model_copy(update={"name": "policy", "verdict": Verdict.FAIL})
    usage = Usage(input_tokens=36, output_tokens=4_000)
    changes = {"attempt": attempt(), "tried": (), "checks": (failed,), "reason": reason, "usage": usage}
    return event.model_copy(update=changes)


def moved(event: AttemptRejected, **lane: Any) -> tuple[Write, Write]:
    """The first of two requests takes all the room there is."""
    handlers = Handlers(Capped(**lane), Storm())
    first, second = (handlers.on_attempt_rejected(event, received(offset)).writes for offset in (0, 1))
    return first[0], second[0]


def test_without_room_for_the_approved_model_the_answer_is_mended() -> None:
    first, second = moved(broke_the_policy())

    assert (first.row.passage, said(first, DONE).action) == (Passage.GO, Action.APPROVED)
    assert (second.row.passage, said(second, DONE).action) == (Passage.GO, Action.REPAIR)
    assert RequestEscalated.read(second.row.context) == said(second, DONE)
    assert said(second, DONE).repair is not None


def test_without_room_for_the_approved_model_a_person_is_asked() -> None:
    first, second = moved(broke_the_policy(), **STAFFED)

    assert (second.row.passage, said(second, ASKED).answer) == (Passage.ASK, broke_the_policy().answer)
    for write in (first, second):  # whichever was made when this record was read before, is said again
        assert isinstance(said(write, ASKED), ReviewRequested)
        assert said(write, DONE).action is Action.APPROVED


@pytest.mark.parametrize(
    ("reason", "lane"),
    [(Reason.CHECK_FAILED, {"repairs": 0}), (Reason.CUT_OFF, {})],
    ids=["approved", "longer"],
)
def test_where_only_the_usual_way_up_is_left_the_end_is_honest(reason: Reason, lane: dict[str, Any]) -> None:
    _, second = moved(broke_the_policy(reason), **lane)

    assert second.row.passage is Passage.REFUSE
    end = said(second, REFUSED)
    assert isinstance(end, RequestFailed)
    assert end.reason is Reason.ESCALATION_CAPPED


def test_without_room_for_a_longer_answer_the_lanes_next_wish_is_followed() -> None:
    lane = {"on_fail": {"not_cut_off": "longer", "cut_off": "repair"}}
    event = broke_the_policy(Reason.CUT_OFF)
    checks = (event.checks[0].model_copy(update={"name": "not_cut_off"}),)
    first, second = moved(event.model_copy(update={"checks": checks}), **lane)

    assert (first.row.passage, said(first, DONE).action) == (Passage.GO, Action.LONGER)
    assert (second.row.passage, said(second, DONE).action) == (Passage.GO, Action.REPAIR)
