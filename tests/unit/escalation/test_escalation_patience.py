"""A lane's patience: no attempt begins so long after the request was admitted."""

from setbacks import attempt, critical, later, setback

from schemas.vocabulary import Reason
from services.escalation.domain.decide import GiveUp, Step, decide


def test_no_further_attempt_begins_when_the_patience_of_the_lane_is_over() -> None:
    patient, failed = critical(patience_s=3), setback((attempt(), Reason.CHECK_FAILED, 0))
    assert isinstance(decide(failed, patient, later(3)), Step)
    assert decide(failed, patient, later(3.1)) == GiveUp(
        Reason.DEADLINE,
        "what went wrong; lanes.critical.patience_s begins no attempt more than 3 s after its admission",
    )
