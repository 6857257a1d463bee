"""What a worker's attempts came to is counted: how they ended, and the tokens of the answered ones."""

from schemas.attempt import AttemptCompleted, AttemptDispatched, AttemptFailed, Usage
from schemas.examples import examples
from schemas.vocabulary import Reason
from services.model_worker.adapters.outcome_tally import OutcomeTally


def test_answers_count_their_tokens_and_failures_their_reasons() -> None:
    told = examples()
    answered, failed = told[AttemptCompleted], told[AttemptFailed].model_copy(update={"reason": Reason.TIMEOUT})
    usage = Usage(input_tokens=90, cached_input_tokens=60, output_tokens=5)
    tally = OutcomeTally()
    tally.add([answered.model_copy(update={"usage": usage})] * 2)
    tally.add([failed, told[AttemptDispatched]])
    assert tally.outcomes == {"completed": 2, "timeout": 1}
    assert tally.tokens == {"input": 180, "cached": 120, "output": 10}
