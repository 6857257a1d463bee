"""How many requests of a kind may be under way, by what became of the last ones. Pure.

What the pipeline cannot finish, it should not be given: when more requests end at their deadlines than before them,
only as many are let in at once as were answered lately. By Little's law (J. D. C. Little, 1961) these then wait for
about :data:`WINDOW_S`, and no queue grows; what still comes is told at once to come back later.
"""

from dataclasses import dataclass

from schemas.asking import own_name
from schemas.outcome import RequestCompleted, RequestDeferred, RequestFailed
from schemas.portfolio import Portfolio
from schemas.request import RequestSubmitted
from schemas.vocabulary import WANT_OF_TIME
from services.gateway.domain.patience import lane_named

WINDOW_S = 10
LEAST_IN_FLIGHT = 8
"""So many are always let in, so that it is noticed when the load is over."""

ANY = "auto"


@dataclass(frozen=True, slots=True)
class Second:
    """What ended in one second: in time, and at its deadline or not at all."""

    at: int
    in_time: int = 0
    overdue: int = 0


Ended = tuple[Second, ...]


def noted(ended: Ended, now: float, *, is_overdue: bool) -> Ended:
    """The last seconds, with one more end."""
    second = int(now)
    kept = tuple(each for each in ended if second - WINDOW_S < each.at < second)
    last = ended[-1] if ended and ended[-1].at == second else Second(second)
    return (*kept, Second(second, last.in_time + (not is_overdue), last.overdue + is_overdue))


def most_in_flight(ended: Ended, now: float) -> int | None:
    """How many may be under way at once; ``None`` while the pipeline keeps up."""
    recent = [each for each in ended if each.at > int(now) - WINDOW_S]
    in_time = sum(each.in_time for each in recent)
    if sum(each.overdue for each in recent) <= in_time:
        return None
    return max(LEAST_IN_FLIGHT, in_time)


def is_overdue(end: RequestCompleted | RequestFailed | RequestDeferred) -> bool:
    """Whether the pipeline had no time for it before its deadline, and it came to no person."""
    return isinstance(end, RequestFailed) and end.reason in WANT_OF_TIME


def kind_of(asked: RequestSubmitted, portfolio: Portfolio) -> str:
    """What a request is counted with: the lane or the model that it names, else all that name none."""
    lane = lane_named(asked, portfolio)
    if lane in portfolio.lanes:
        return f"lane {lane}"
    model = own_name(asked.model, portfolio)
    return f"model {model}" if model in portfolio.models else ANY
