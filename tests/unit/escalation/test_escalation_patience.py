"""A lane's patience: no attempt begins so long after the request was admitted."""

from datetime import timedelta

from setbacks import attempt, critical, later, setback

from schemas.example_request import LARGE, SECOND
from schemas.vocabulary import Reason
from services.escalation.domain.decide import GiveUp, Step, decide


def test_no_further_attempt_begins_when_the_patience_of_the_lane_is_over() -> None:
    patient, failed = critical(patience_s=3), setback((attempt(), Reason.CHECK_FAILED, 0))
    assert isinstance(decide(failed, patient, later(3)), Step)
    assert decide(failed, patient, later(3.1)) == GiveUp(
        Reason.DEADLINE,
        "what went wrong; lanes.critical.patience_s begins no attempt more than 3 s after its admission",
    )


def test_nobody_waits_for_a_path_until_the_patience_is_over() -> None:
    both = [(attempt(path, number, tier=1), Reason.RATE_LIMITED, 0) for number, path in ((1, LARGE), (2, SECOND))]
    refused = setback(*both, retry_after=timedelta(seconds=2))
    patient, hasty = (decide(refused, critical(patience_s=limit), later(2)) for limit in (30, 3))
    assert isinstance(patient, Step)
    assert patient.not_before is not None
    assert patient.not_before >= later(4)
    assert not isinstance(hasty, Step)
