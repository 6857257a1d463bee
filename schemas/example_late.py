"""A request of which a call was given up at its time, and came to its end later: for the committed examples."""

from schemas.attempt import Cost, Usage
from schemas.example_request import SMALL, attempt, request
from schemas.ids import attempt_id_of, request_id_from_origin
from schemas.settlement import AttemptSettled
from schemas.vocabulary import Reason, Role

REQUEST_ID = request_id_from_origin("request.submitted", 3, 43)


def settled_late() -> AttemptSettled:
    """The small model answered 1.2 s after its time was over."""
    made = attempt(1, Role.PRIMARY, SMALL, 0, 0)
    return AttemptSettled(
        request=request().model_copy(update={"request_id": REQUEST_ID}),
        attempt=made.model_copy(update={"attempt_id": attempt_id_of(REQUEST_ID, 1)}),
        told=Reason.TIMEOUT,
        usage=Usage(input_tokens=41, output_tokens=9),
        cost=Cost(micro_usd=25, price_list="portfolio"),
        latency_ms=8_700,
        late_ms=1_200,
        answered_by="small",
    )
