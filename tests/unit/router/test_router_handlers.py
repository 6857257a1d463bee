from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from routing import NOW, alive, asking, portfolio, shut

from schemas.attempt import AtHand, AttemptDispatched, AttemptFailed, Candidate, Tried
from schemas.content import body_of
from schemas.deadlines import attempt_deadline
from schemas.example_request import LARGE, SECOND, SMALL, question
from schemas.examples import ASKED_AGAIN, MEND, REPAIRED, TRIED, escalated, story
from schemas.ids import attempt_id_of
from schemas.outcome import RequestEscalated
from schemas.portfolio import Portfolio
from schemas.reaction import NOTHING, NotYet, Reaction, Received, Said
from schemas.recall import CheckSummary, Recalled
from schemas.request import Refusal, RequestProfiled
from schemas.standing import BreakerChanged, WorkerReady
from schemas.vocabulary import Action, Reason, Role, Verdict
from services.router.domain.standing import StandingView
from services.router.handlers import Handlers

RECEIVED = Received("request.profiled", 0, 7, NOW)
DEADLINE = attempt_deadline(NOW, asking().deadline_at, 2)


@dataclass(frozen=True)
class Revisions:
    known: dict[str, Portfolio]

    def revision(self, name: str) -> Portfolio:
        if name not in self.known:
            raise NotYet(name)
        return self.known[name]


def handlers(view: StandingView | None = None) -> Handlers:
    return Handlers(Revisions({portfolio().digest(): portfolio()}), view or alive())


def profiled(**fields: Any) -> RequestProfiled:
    return RequestProfiled(request=asking(**fields), body=question(), attempt_deadline_at=DEADLINE)


def said(reaction: Reaction) -> Any:
    (one,) = reaction.says
    assert isinstance(one, Said)
    assert not reaction.writes
    return one.event


def test_a_request_goes_to_the_cheapest_eligible_path() -> None:
    event = said(handlers().on_request_profiled(profiled(), RECEIVED))

    assert isinstance(event, AttemptDispatched)
    assert event.suffix == "local"
    assert (event.attempt.number, event.attempt.role, event.attempt.tier) == (1, Role.PRIMARY, 0)
    assert event.attempt.attempt_id == attempt_id_of(event.request.request_id, 1)
    assert event.attempt.deadline_at == DEADLINE
    assert event.tried == ()
    assert event.body == question()


def test_a_request_whose_profile_comes_late_has_its_share_of_the_time_that_is_left_then() -> None:
    """The database was away for more than the first attempt's share, before the profiler could say it."""
    late = profiled(deadline_at=NOW + timedelta(seconds=60)).model_copy(
        update={"attempt_deadline_at": NOW + timedelta(seconds=29)}
    )
    event = said(handlers().on_request_profiled(late, RECEIVED._replace(at=NOW + timedelta(seconds=35))))

    assert isinstance(event, AttemptDispatched)
    assert (event.attempt.tier, event.attempt.deadline_at) == (0, NOW + timedelta(seconds=47))


def test_nobody_is_asked_what_was_answered_before() -> None:
    answer = body_of(b'{"message": {}, "finish_reason": "stop"}')
    found = Recalled(request_id=uuid4(), lane="simple", model="small", provider="local", answer=answer)
    event = profiled().model_copy(update={"recalled": found})

    assert handlers().on_request_profiled(event, RECEIVED) is NOTHING


def test_the_same_event_again_gives_the_same_choice() -> None:
    events = [said(handlers().on_request_profiled(profiled(), RECEIVED)) for _ in range(2)]
    again = [said(handlers().on_request_escalated(escalation_of(4), RECEIVED)) for _ in range(2)]

    assert events[0].to_json() == events[1].to_json()
    assert again[0].to_json() == again[1].to_json()


def test_a_provider_that_refused_the_key_is_passed_over_and_the_plan_says_why() -> None:
    locked = Tried(number=1, role=Role.PRIMARY, tier=1, model="old", provider="azure", reason=Reason.UNAUTHORIZED)
    asked = escalation_of(2).model_copy(update={"action": Action.UP, "tier": 1, "tried": (locked,)})
    event = said(handlers().on_request_escalated(asked, RECEIVED))

    assert isinstance(event, AttemptDispatched)
    assert (event.attempt.model, event.attempt.provider) == ("second", "mistral")
    assert LARGE not in event.attempt.plan.tiers[1]
    assert "azure refused our key in an earlier attempt" in {exclusion.why for exclusion in event.choice.excluded}


def test_a_refused_request_is_left_to_its_honest_end() -> None:
    refusal = Refusal(reason=Reason.UNKNOWN_LANE, detail="unknown lane")
    event = profiled(lane="nowhere").model_copy(update={"refusal": refusal})

    assert handlers().on_request_profiled(event, RECEIVED) is NOTHING


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        ({"local": ("another",), "azure": (), "mistral": ()}, Reason.NO_RECORDED_ANSWER),
        ({"local": ("another",), "azure": ()}, Reason.NO_ELIGIBLE_MODEL),
    ],
    ids=["of all that is left", "beside a breaker that is open"],
)
def test_recorded_answers_to_other_requests_are_told_as_that(held: dict[str, tuple[str, ...]], reason: Reason) -> None:
    view, models = shut(SECOND), {"local": "small", "azure": "large", "mistral": "second"}
    for provider, answers in held.items():
        holds = {models[provider]: answers}
        view.apply_worker(WorkerReady(provider=provider, worker="w", ready=True, holds=holds, at=NOW))
    event = said(handlers(view).on_request_profiled(profiled(), RECEIVED))

    assert isinstance(event, AttemptFailed)
    assert event.reason == reason


def test_no_eligible_path_is_an_honest_failure() -> None:
    event = said(handlers(shut(SMALL, LARGE, SECOND)).on_request_profiled(profiled(), RECEIVED))

    assert isinstance(event, AttemptFailed)
    assert event.reason is Reason.NO_ELIGIBLE_MODEL
    assert "small@local: its circuit breaker is open" in event.detail
    assert "lanes.critical.tiers" in event.detail
    assert (event.attempt.model, event.cost.micro_usd) == ("", 0)


@pytest.mark.parametrize(
    ("shut_paths", "reason"), [((), Reason.CONTEXT_TOO_LONG), ((SMALL, LARGE, SECOND), Reason.NO_ELIGIBLE_MODEL)]
)
def test_what_is_longer_than_any_model_reads_need_not_be_sent_again(
    shut_paths: tuple[Candidate, ...], reason: Reason
) -> None:
    """Where a shorter one would not be served either, just now, that is not what is against it."""
    event = said(handlers(shut(*shut_paths)).on_request_profiled(profiled(context_tokens=10**9), RECEIVED))

    assert isinstance(event, AttemptFailed)
    assert event.reason is reason
    assert "tokens is too short for 1000000000" in event.detail


@pytest.mark.parametrize(
    ("prompt", "bound", "says"),
    [
        (1_000, 200_000, "of 200000 is too large: beside a prompt of about 1000 tokens at most 127000 are possible"),
        (128_000, 100, None),
        (10**9, None, None),
    ],
)
def test_the_bound_of_an_answer_that_is_too_long_is_told_with_the_most_that_is_possible(
    prompt: int, bound: int | None, says: str | None
) -> None:
    asked = profiled(context_tokens=prompt + (bound or 0), most_output_tokens=bound)
    event = said(handlers().on_request_profiled(asked, RECEIVED))

    assert isinstance(event, AttemptFailed)
    assert event.reason is Reason.CONTEXT_TOO_LONG
    assert (f"max_output_tokens) {says}" in event.detail) if says else ("max_tokens" not in event.detail)


def test_a_request_that_a_path_left_alone_would_read_may_come_again() -> None:
    """The short model serves others; the long ones are left alone with no end in sight."""
    event = said(handlers(shut(LARGE, SECOND)).on_request_profiled(profiled(context_tokens=20_000), RECEIVED))

    assert isinstance(event, AttemptFailed)
    assert event.reason is Reason.NO_ELIGIBLE_MODEL


def test_where_every_provider_refuses_our_key_no_time_helps_and_the_reason_says_so() -> None:
    view = shut(SMALL, LARGE, SECOND)
    some = handlers(view).on_request_profiled(profiled(), RECEIVED)
    for path, told in list(view.breakers.items()):
        view.apply_breaker(told.model_copy(update={"reason": Reason.UNAUTHORIZED}))
        assert view.breakers[path].until is None
    every = handlers(view).on_request_profiled(profiled(), RECEIVED)

    assert [said(some).reason, said(every).reason] == [Reason.NO_ELIGIBLE_MODEL, Reason.UNAUTHORIZED]
    assert said(every).attempt.plan.tiers, "escalation asks once more where nobody has planned"


def test_a_request_that_comes_before_the_workers_waits_for_one() -> None:
    event = said(handlers(alive("nobody")).on_request_profiled(profiled(), RECEIVED))

    assert isinstance(event, AttemptDispatched)
    assert (event.suffix, event.attempt.deadline_at) == ("local", DEADLINE)
    assert "no live worker for provider local" in event.choice.why


def test_a_request_keeps_the_revision_that_it_was_admitted_with() -> None:
    older = portfolio(("lanes/critical/tiers", [["second"]]))
    router = Handlers(Revisions({older.digest(): older, portfolio().digest(): portfolio()}), alive())

    assert said(router.on_request_profiled(profiled(), RECEIVED)).attempt.model == "small"
    assert said(router.on_request_profiled(profiled(revision=older.digest()), RECEIVED)).attempt.model == "second"


def test_a_revision_that_is_still_on_its_way_is_waited_for() -> None:
    with pytest.raises(NotYet):
        handlers().on_request_profiled(profiled(revision="on its way"), RECEIVED)


def escalation_of(number: int) -> RequestEscalated:
    """The story's escalation to this attempt."""
    return next(e for e in story() if isinstance(e, RequestEscalated) and e.number == number)


def test_a_repair_goes_back_to_the_same_model_with_what_was_wrong() -> None:
    event = said(handlers().on_request_escalated(escalation_of(2), RECEIVED))

    assert event.attempt.model_copy(update={"plan": REPAIRED.plan}) == REPAIRED
    assert event.repair == MEND
    assert event.tried == TRIED[:1]


def test_an_answer_that_goes_to_another_model_is_not_shown_to_it_for_repair() -> None:
    event = said(handlers(alive("azure")).on_request_escalated(escalation_of(2), RECEIVED))

    assert (event.attempt.model, event.attempt.role, event.repair) == ("large", Role.PRIMARY, None)


def test_a_second_opinion_carries_the_answer_in_doubt() -> None:
    event = said(handlers().on_request_escalated(escalation_of(4), RECEIVED))

    assert event.attempt == ASKED_AGAIN
    assert event.doubted == escalation_of(4).doubted is not None


def test_no_path_for_the_next_attempt_is_an_honest_failure_that_keeps_what_was_tried() -> None:
    event = said(handlers(shut(SMALL, SECOND)).on_request_escalated(escalation_of(4), RECEIVED))

    assert isinstance(event, AttemptFailed)
    assert event.tried == TRIED
    assert event.attempt.number == 4
    assert event.attempt.role is Role.AGREEMENT
    assert event.doubted == escalation_of(4).doubted


def test_up_looks_above_when_its_tier_has_nothing_left() -> None:
    asked = escalated(2, Action.UP, Reason.CUT_OFF, 0, "cut off", 900)

    assert said(handlers(alive("mistral")).on_request_escalated(asked, RECEIVED)).attempt.tier == 1


def test_a_path_that_comes_back_gets_one_attempt_and_the_next_goes_elsewhere() -> None:
    view = alive()
    view.apply_breaker(BreakerChanged(model="small", provider="local", state="half_open", reason="timeout", at=NOW))
    events = [said(handlers(view).on_request_profiled(profiled(), RECEIVED)) for _ in range(2)]

    assert [event.attempt.provider for event in events] == ["local", "azure"]
    assert events[1].choice.excluded[0].why == "its circuit breaker lets one probe pass a second"


def shut_until(*until: tuple[Candidate, float]) -> StandingView:
    """All providers have workers, and these paths are left alone for so many seconds."""
    view = alive()
    for path, seconds in until:
        told = {"model": path.model, "provider": path.provider, "state": "open", "reason": "rate_limited", "at": NOW}
        view.apply_breaker(BreakerChanged.of({**told, "until": NOW + timedelta(seconds=seconds)}))
    return view


ALL_SHUT = ((SMALL, 9), (LARGE, 1.5), (SECOND, 4))


def test_when_every_path_is_left_alone_it_is_said_when_the_first_opens() -> None:
    event = said(handlers(shut_until(*ALL_SHUT)).on_request_profiled(profiled(), RECEIVED))

    assert isinstance(event, AttemptFailed)
    assert (event.reason, event.retry_after_ms) == (Reason.BREAKER_OPEN, 1_500)
    assert (event.attempt.model, event.attempt.tier) == ("", 1)
    assert "large@azure" in event.detail


@pytest.mark.parametrize("view", [alive(), shut(LARGE, SECOND), shut_until(*ALL_SHUT)])
def test_an_answer_at_hand_goes_wherever_the_request_goes(view: StandingView) -> None:
    kept = AtHand(number=1, answer=question(), check=CheckSummary(name="judge", verdict=Verdict.DOUBT))
    up = escalated(2, Action.UP, Reason.UNDECIDED, 1, "no two looks of a judge agreed", 900, at_hand=kept)

    assert said(handlers(view).on_request_escalated(up, RECEIVED)).at_hand == kept


def after_a_wait(*tried: tuple[Candidate, Reason]) -> RequestEscalated:
    asked = escalated(2, Action.AGAIN, Reason.RATE_LIMITED, 0, "no", 900)
    told = tuple(
        Tried(number=n, role=Role.PRIMARY, tier=0, model=path.model, provider=path.provider, reason=reason)
        for n, (path, reason) in enumerate(tried, 1)
    )
    return asked.model_copy(update={"tried": told})


def test_a_path_that_turned_the_request_away_is_taken_again_after_the_wait() -> None:
    asked = after_a_wait((SMALL, Reason.RATE_LIMITED), (SMALL, Reason.BREAKER_OPEN))
    event = said(handlers().on_request_escalated(asked, RECEIVED))
    assert (event.attempt.model, event.attempt.role, event.attempt.number) == ("small", Role.PRIMARY, 2)


def test_a_path_that_is_still_left_alone_is_waited_for_anew_and_the_tier_above_is_not_asked() -> None:
    event = said(
        handlers(shut_until((SMALL, 2))).on_request_escalated(after_a_wait((SMALL, Reason.RATE_LIMITED)), RECEIVED)
    )
    assert (event.reason, event.retry_after_ms, event.attempt.tier) == (Reason.BREAKER_OPEN, 2_000, 0)


def test_a_path_that_was_set_aside_meanwhile_leaves_the_tier_above() -> None:
    asked = after_a_wait((SMALL, Reason.RATE_LIMITED))
    assert said(handlers(shut(SMALL)).on_request_escalated(asked, RECEIVED)).attempt.model == "large"


def test_a_path_that_failed_otherwise_is_not_waited_for() -> None:
    asked = after_a_wait((SMALL, Reason.TIMEOUT))
    assert said(handlers(shut_until(*ALL_SHUT)).on_request_escalated(asked, RECEIVED)).attempt.tier == 1


def test_one_probe_a_second_and_the_next_is_told_when_to_come_back() -> None:
    view = shut_until(*ALL_SHUT)
    view.apply_breaker(BreakerChanged(model="small", provider="local", state="half_open", reason="timeout", at=NOW))
    asked = after_a_wait((SMALL, Reason.RATE_LIMITED))
    first, second = (said(handlers(view).on_request_escalated(asked, RECEIVED)) for _ in range(2))
    assert isinstance(first, AttemptDispatched)
    assert (second.reason, second.retry_after_ms) == (Reason.BREAKER_OPEN, 1_000)
