"""A lane's patience: no attempt begins so long after the request was admitted. And what went by in our own queues."""

from datetime import timedelta
from typing import Any

import pytest
from setbacks import asking, attempt, critical, later, setback

from schemas.attempt import AtHand, Plan
from schemas.example_request import LARGE, SECOND, SMALL, TRACE_ID
from schemas.examples import escalated
from schemas.outcome import RequestCompleted, RequestEscalated, RequestFailed
from schemas.portfolio import Portfolio
from schemas.recall import CheckSummary
from schemas.vocabulary import Action, Reason, Risk, Status, Verdict
from services.escalation.domain.decide import decide
from services.escalation.domain.held import Sorted, sorted_out
from services.escalation.domain.setback import GiveUp, Step
from services.escalation.domain.storm import Storm
from services.escalation.domain.timers import HELD, UNMOVED, Due, event_of


def test_no_further_attempt_begins_when_the_patience_of_the_lane_is_over() -> None:
    patient, failed = critical(patience_s=3), setback((attempt(), Reason.CHECK_FAILED, 0))
    assert isinstance(decide(failed, patient, later(3)), Step)
    assert decide(failed, patient, later(3.1)) == GiveUp(
        Reason.DEADLINE,
        "what went wrong; lanes.critical.patience_s begins no attempt more than 3 s after its admission",
    )


@pytest.mark.parametrize(
    ("lane", "at_s"),
    [({"max_attempts": 1}, 1), ({}, 30), ({}, 1)],
    ids=["no attempt is left", "no time is left", "no path is left"],
)
def test_what_ends_after_a_starved_call_is_told_as_too_much_load(lane: dict[str, Any], at_s: float) -> None:
    alone = attempt(plan=Plan(tiers=((SMALL,),)))

    end = decide(setback((alone, Reason.STARVED, 0), **lane), critical(), later(at_s))

    assert isinstance(end, GiveUp)
    assert end.reason == Reason.STARVED


def test_nobody_waits_for_a_path_until_the_patience_is_over() -> None:
    both = [(attempt(path, number, tier=1), Reason.RATE_LIMITED, 0) for number, path in ((1, LARGE), (2, SECOND))]
    refused = setback(*both, retry_after=timedelta(seconds=2))
    patient, hasty = (decide(refused, critical(patience_s=limit), later(2)) for limit in (30, 3))
    assert isinstance(patient, Step)
    assert patient.not_before is not None
    assert patient.not_before >= later(4)
    assert not isinstance(hasty, Step)


class Patient:
    """Revisions of a lane that is patient for three seconds."""

    def revision(self, name: str) -> Portfolio:
        return critical(patience_s=3)


def held(seconds: float, event: RequestEscalated, state: str = HELD) -> Due:
    """A row that waits, so long after its request was admitted."""
    request_id = event.request.request_id
    return Due(request_id, state, event.number, event.to_json(), None, None, TRACE_ID, later(seconds))


def waiting(action: Action = Action.UP) -> RequestEscalated:
    event = escalated(2, action, Reason.UNDECIDED, 1, "no two looks agreed", 900)
    return event.model_copy(update={"request": asking(risk=Risk.LOW)})


def test_one_that_waited_for_room_moves_up_no_more_when_the_patience_is_over() -> None:
    storm = Storm()
    early, late = held(3, waiting()), held(3.1, waiting())
    assert [one.due for one in sorted_out([early], storm, Patient()).go] == [early]
    assert sorted_out([late], storm, Patient()) == Sorted([], [late])
    assert sum(storm.asked.values()) == 1, "it asks for no room"


def test_one_that_waits_for_its_path_has_waited_no_longer_than_it_may_already() -> None:
    again = held(3.1, waiting(Action.AGAIN))
    assert [one.due for one in sorted_out([again], Storm(), Patient()).go] == [again]


@pytest.mark.parametrize("is_kept", [False, True])
def test_its_end_says_what_it_waited_for_or_is_the_answer_at_hand(is_kept: bool) -> None:
    check = CheckSummary(name="judge", verdict=Verdict.DOUBT)
    event = waiting()
    if is_kept:
        answer = event.body.model_copy(update={"inline": '{"message": {"content": "94.40"}}'})
        event = event.model_copy(update={"at_hand": AtHand(number=1, answer=answer, check=check)})
    _, end = event_of(held(3.1, event, UNMOVED))
    if is_kept:
        assert isinstance(end, RequestCompleted)
        assert (end.status, end.model) == (Status.UNVERIFIED, "small")
    else:
        assert isinstance(end, RequestFailed)
        assert end.reason is Reason.ESCALATION_CAPPED
        assert "until the patience of lanes.critical.patience_s was over" in end.detail
        assert "defaults.escalation.most_share" in end.detail
