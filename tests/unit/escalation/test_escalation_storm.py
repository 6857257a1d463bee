"""When a tier fails for everyone, only a share of all traffic may move up: by lane, and the same at each redelivery."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from schemas.attempt import AttemptFailed
from schemas.deadlines import attempt_deadline
from schemas.example_request import TRACE_ID, portfolio, request
from schemas.examples import escalated, story
from schemas.outcome import RequestEscalated, RequestFailed
from schemas.portfolio import EscalationLimits, Portfolio
from schemas.reaction import DONE, NotYet, Received, Said, Write
from schemas.vocabulary import Action, Reason, Role
from services.escalation.domain.held import Sorted, sorted_out
from services.escalation.domain.life import REFUSED
from services.escalation.domain.storm import Passage, Storm, Traffic, heard, passage
from services.escalation.domain.timers import HELD, UNMOVED, Due, event_of
from services.escalation.handlers import Handlers

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LIMITS = EscalationLimits(most_share=0.5, window_s=10, least=10)
USUAL, URGENT = 5, 1


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def traffic(came: int, ups: int) -> Traffic:
    return heard((), T0, came=came, ups=ups)


def test_a_share_of_the_requests_of_a_tier_may_move_up() -> None:
    assert passage(traffic(100, 49), LIMITS, USUAL, T0) is Passage.GO
    assert passage(traffic(100, 50), LIMITS, USUAL, T0) is Passage.REFUSE


def test_an_urgent_lane_has_room_beyond_and_waits_where_that_is_taken() -> None:
    assert passage(traffic(100, 50), LIMITS, URGENT, T0) is Passage.GO
    assert passage(traffic(100, 74), LIMITS, URGENT, T0) is Passage.GO
    assert passage(traffic(100, 75), LIMITS, URGENT, T0) is Passage.WAIT


def test_little_traffic_is_capped_as_the_least_is() -> None:
    assert passage(traffic(1, 4), LIMITS, USUAL, T0) is Passage.GO
    assert passage(traffic(1, 5), LIMITS, USUAL, T0) is Passage.REFUSE


def test_what_is_older_than_the_window_leaves_room_again() -> None:
    storm = traffic(0, 50)
    assert passage(storm, LIMITS, USUAL, at(9)) is Passage.REFUSE
    assert passage(storm, LIMITS, USUAL, at(10)) is Passage.GO


@given(
    st.lists(st.tuples(st.floats(0, 120), st.integers(0, 9)), min_size=1, max_size=300),
    st.floats(0.1, 1),
    st.integers(1, 40),
)
def test_in_no_window_more_move_up_than_the_cap_of_the_most_urgent(
    asking: list[tuple[float, int]], most_share: float, least: int
) -> None:
    limits = EscalationLimits(most_share=most_share, window_s=10, least=least)
    seen: Traffic = ()
    came: list[int] = []
    ups: list[int] = []
    for seconds, priority in asking:  # in any order, as partitions bring them
        second = max(int(seconds), *came, *ups, 0)
        seen = heard(seen, at(seconds), came=1)
        came.append(second)
        if passage(seen, limits, priority, at(seconds)) is Passage.GO:
            seen = heard(seen, at(seconds), ups=1)
            ups.append(second)
            came_lately, ups_lately = (sum(one > second - 10 for one in told) for told in (came, ups))
            assert ups_lately <= (1 + most_share) / 2 * max(came_lately, least)


def test_without_a_cap_all_move_up() -> None:
    storm = traffic(10, 10)
    assert passage(heard(storm, T0, came=1), EscalationLimits(most_share=1.0, least=1), USUAL, T0) is Passage.GO


class Revisions:
    """One revision: that of the examples, with a cap and a priority of its lane."""

    def __init__(self, priority: int = USUAL, **limits: Any) -> None:
        document = portfolio()
        lanes = {name: lane.model_copy(update={"priority": priority}) for name, lane in document.lanes.items()}
        cap = EscalationLimits(**{"most_share": 0.1, "least": 10, **limits})
        defaults = document.defaults.model_copy(update={"escalation": cap})
        self.known = document.model_copy(update={"lanes": lanes, "defaults": defaults})

    def revision(self, name: str) -> Portfolio:
        return self.known


def failed_first() -> AttemptFailed:
    """The first attempt of the examples, unreachable: up is the only way."""
    event = next(e for e in story() if isinstance(e, AttemptFailed))
    return event.model_copy(
        update={
            "reason": Reason.UNREACHABLE,
            "tried": (),
            "doubted": None,
            "attempt": event.attempt.model_copy(
                update={"role": Role.PRIMARY, "tier": 0, "number": 1, "model": "small", "provider": "local"}
            ),
        }
    )


def received(offset: int = 0) -> Received:
    return Received("attempt.failed", 0, offset, request().admitted_at, trace_id=TRACE_ID)


def moved(handlers: Handlers, offset: int = 0) -> Write:
    (write,) = handlers.on_attempt_failed(failed_first(), received(offset)).writes
    return write


def said(write: Write, outcome: str) -> Any:
    (one,) = write.then[outcome]
    assert isinstance(one, Said)
    return one.event


def test_a_move_without_room_is_refused_honestly_and_carries_what_its_first_time_would_say() -> None:
    handlers = Handlers(Revisions(), Storm())
    first, second = moved(handlers), moved(handlers, 1)
    assert (first.row.passage, second.row.passage) == (Passage.GO, Passage.REFUSE)
    assert isinstance(said(second, DONE), RequestEscalated), "if this record moved it before, it says so again"
    end = said(second, REFUSED)
    assert isinstance(end, RequestFailed)
    assert end.reason is Reason.ESCALATION_CAPPED
    assert "defaults.escalation.most_share" in end.detail


def test_an_urgent_lanes_move_waits() -> None:
    handlers = Handlers(Revisions(priority=URGENT), Storm())
    passages = [moved(handlers, offset).row.passage for offset in range(6)]
    assert passages == [Passage.GO] * 5 + [Passage.WAIT]


def test_a_request_counts_once_at_a_tier_and_each_tier_for_itself() -> None:
    storm, document = Storm(), Revisions(most_share=0.5, least=1).known
    event = failed_first()
    for number in range(4):  # one request, tried again and again at the tier
        earlier = tuple(t.model_copy(update={"tier": 0}) for t in escalated(2, Action.UP, "x", 1, "", 0).tried)
        storm.ended(event.attempt, earlier[: min(number, 1)], T0)
    assert storm.up(document, "critical", 0, T0) is Passage.REFUSE
    for _ in range(3):
        storm.ended(event.attempt, (), T0)
    assert storm.up(document, "critical", 0, T0) is Passage.GO
    assert storm.up(document, "critical", 1, T0) is Passage.REFUSE


def test_other_steps_than_up_are_never_capped() -> None:
    handlers = Handlers(Revisions(most_share=0.01, least=1), Storm())
    event = failed_first()
    elsewhere = event.attempt.model_copy(update={"model": "another"})
    writes = [
        handlers.on_attempt_failed(event.model_copy(update={"attempt": elsewhere}), received(n)) for n in range(3)
    ]
    for write in (reaction.writes[0] for reaction in writes):
        assert said(write, DONE).action is Action.SIDEWAYS
        assert (write.row.passage, set(write.then)) == (Passage.GO, {DONE})


def due(event: RequestEscalated, state: str = HELD) -> Due:
    return Due(event.request.request_id, state, event.number, event.to_json(), None, None, TRACE_ID, event_time())


def event_time() -> datetime:
    return request().admitted_at + timedelta(seconds=1)


def waiting(lane: str = "critical", deadline_s: float = 9) -> RequestEscalated:
    event = escalated(2, Action.UP, Reason.TIMEOUT, 1, "no", 100)
    deadline_at = event_time() + timedelta(seconds=deadline_s)
    changed = {"request_id": uuid4(), "lane": lane, "deadline_at": deadline_at}
    return event.model_copy(update={"request": event.request.model_copy(update=changed)})


def test_those_that_wait_are_let_go_by_lane_and_deadline_as_far_as_there_is_room() -> None:
    revisions = Revisions(most_share=0.2, least=10)
    lanes = dict(revisions.known.lanes)
    lanes["urgent"] = lanes["critical"].model_copy(update={"priority": 0})
    revisions.known = revisions.known.model_copy(update={"lanes": lanes})
    late, soon, urgent = waiting(deadline_s=30), waiting(deadline_s=5), waiting("urgent", deadline_s=60)
    free = sorted_out([due(late), due(soon), due(urgent)], Storm(), revisions).go
    assert [one.event.request.request_id for one in free] == [e.request.request_id for e in (urgent, soon)]
    first = free[0].event
    left = first.request.max_attempts - 1
    assert first.attempt_deadline_at == attempt_deadline(event_time(), first.request.deadline_at, left)


def test_what_names_a_revision_that_is_not_known_goes_on_waiting() -> None:
    class Unknown:
        def revision(self, name: str) -> Portfolio:
            raise NotYet(name)

    assert sorted_out([due(waiting())], Storm(), Unknown()) == Sorted([], [])


def test_one_that_waited_until_its_deadline_ends_with_the_reason_and_counts_no_attempt_that_was_not_made() -> None:
    event = waiting()
    _, end = event_of(due(event, UNMOVED))
    assert isinstance(end, RequestFailed)
    assert (end.reason, end.attempts) == (Reason.ESCALATION_CAPPED, len(event.tried))
    assert "defaults.escalation.most_share" in end.detail


def test_what_came_and_what_was_told_is_counted_by_tier() -> None:
    storm, document = Storm(), Revisions(most_share=0.1, least=10).known
    for _ in range(3):
        storm.ended(failed_first().attempt, (), T0)
        storm.up(document, "critical", 0, T0)
    assert storm.came == {"0": 3}
    assert storm.asked == {("0", Passage.GO): 1, ("0", Passage.REFUSE): 2}
