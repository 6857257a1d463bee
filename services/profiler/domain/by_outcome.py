"""What is said of an admission, by its outcome: as the revision in force decides, or as the one that let it in did."""

from collections.abc import Callable, Iterator, Mapping

from schemas.portfolio import Portfolio
from schemas.reaction import DONE, NotYet, Refused, Said, Saying
from schemas.request import RequestProfiled
from services.profiler.domain.admit import REUSED
from services.profiler.domain.budget import hold_of, refused

REUSED_DETAIL = "this request_id was admitted before with another body: use a new request_id for a new request"
REFUSED_AS_REUSED = (Refused("request_id_reused", REUSED_DETAIL),)
UNDER = "@"
Says = Mapping[str, tuple[Saying, ...]]


def under(outcome: str, revision: str | None, asked_under: str) -> str:
    """The outcome of a record that comes again; where another revision let it in, with that one's name."""
    return outcome if revision in (None, asked_under) else f"{outcome}{UNDER}{revision}"


class ByOutcome(Mapping[str, tuple[Saying, ...]]):
    """``now`` by the revision in force; ``before`` decides by one that is named, when there is need, and is not asked
    else. Where that cannot be had any more (it raises ``NotYet``), what is decided now is said."""

    def __init__(self, now: Says, before: Callable[[str], Says]) -> None:
        self._now = now
        self._before = before

    def __getitem__(self, outcome: str) -> tuple[Saying, ...]:
        word, _, revision = outcome.partition(UNDER)
        return (self._by(revision) if revision else self._now)[word]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now)

    def __len__(self) -> int:
        return len(self._now)

    def _by(self, revision: str) -> Says:
        try:
            return self._before(revision)
        except NotYet:
            return self._now


def says_of(event: RequestProfiled, portfolio: Portfolio) -> Says:
    """What is said of a request that this revision profiled so."""
    then: dict[str, tuple[Saying, ...]] = {DONE: (Said(event),), REUSED: REFUSED_AS_REUSED}
    hold = hold_of(event, portfolio.tenant(event.request.tenant))
    if hold is not None:
        then |= {outcome: (Said(without_room),) for outcome, without_room in refused(event, hold).items()}
    return then


def says_of_mirror(event: RequestProfiled | None) -> Says:
    """What is said of a request's mirror, if it has one."""
    return {} if event is None else {DONE: (Said(event),)}
