"""The decision after an attempt that did not end its request. Pure: (what failed, what was tried, limits) to a step."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from schemas.attempt import ANSWERING, Candidate, attempts_made, looks_at
from schemas.deadlines import attempt_deadline
from schemas.next_actions import actions_for, wished_actions
from schemas.paths import turned_away
from schemas.portfolio import MOST_DISPATCHES, Lane, Portfolio
from schemas.room import has_more_room
from schemas.vocabulary import WANT_OF_TIME, Action, Reason, Risk, Role
from services.escalation.domain.alike import met_alike
from services.escalation.domain.doubts import OF_JUDGES, base_tier, of_difference, tier_to_settle, where_two_differ
from services.escalation.domain.giving_up import no_step_left, too_late_to_wait
from services.escalation.domain.left import is_mendable, is_paid_again, is_spent, paid_for
from services.escalation.domain.longer import is_no_longer_elsewhere, is_own_bound, longer_bound, reason_of_its_own
from services.escalation.domain.setback import Ask, GiveUp, Setback, Step, last_of
from services.escalation.domain.waiting import PATIENCE, again_at, uncalled_until, was_uncalled_before

LEAST_TIME = timedelta(milliseconds=250)
"""An attempt with less time than this would only spend money."""

MOST_LOOKS = 3
"""An answer needs two looks of a judge, and one of them may fail."""
FOR_VECTORS = frozenset({Action.SIDEWAYS, Action.AGAIN})
"""All that helps a request for vectors: the same model elsewhere, or later. Those of two models cannot be compared."""


def decide(setback: Setback, portfolio: Portfolio, now: datetime, without: Action | None = None) -> Step | Ask | GiveUp:
    """The next step that limits and plan allow, ``without`` one; a person where none is left, or the honest end."""
    steps = tuple(step for step in _steps(setback, portfolio.lanes[setback.request.lane]) if step is not without)
    found = _next(steps, setback, portfolio, now)
    if not isinstance(found, GiveUp) or Action.HUMAN not in steps:
        return found
    return _human(setback, portfolio, now, found.detail) or found


def _next(steps: Sequence[Action], setback: Setback, portfolio: Portfolio, now: datetime) -> Step | Ask | GiveUp:
    if not steps and reason_of(setback) == Reason.INVALID_REQUEST:
        return no_step_left(setback, steps, portfolio)
    if (limit := _attempts_out(setback, steps) or _means_out(setback, portfolio, now)) is not None:
        return limit
    for action in steps:
        step = _possible(action, setback, portfolio, now)
        if step is not None:
            return step
    if _may_come_back(setback):
        return too_late_to_wait(setback, now)
    return no_step_left(setback, steps, portfolio)


def _attempts_out(setback: Setback, steps: Sequence[Action]) -> GiveUp | None:
    most = setback.request.max_attempts
    to_judge = steps[:1] == (Action.JUDGE,) and len(looks_at(setback.tried)) < MOST_LOOKS
    if attempts_made(setback.tried) >= most and not to_judge:
        why = setback.reason if setback.reason in WANT_OF_TIME else Reason.ATTEMPTS_SPENT
        return GiveUp(met_alike(setback.tried) or why, f"{last_of(setback)}; {_made(most)}")
    if setback.attempt.number >= MOST_DISPATCHES:
        why = setback.reason if setback.reason in WANT_OF_TIME else Reason.BREAKER_OPEN
        return GiveUp(why, f"{last_of(setback)}; it was dispatched {MOST_DISPATCHES} times")
    return None


def _made(most: int) -> str:
    return "its one attempt was made" if most == 1 else f"{most} attempts were made"


def _means_out(setback: Setback, portfolio: Portfolio, now: datetime) -> GiveUp | None:
    request = setback.request
    if is_spent(setback.attempt.plan.tiers, request, setback.tried, portfolio):
        return GiveUp(Reason.BUDGET_SPENT, f"{last_of(setback)}; the budget of the request is spent")
    late = setback.reason if setback.reason in (Reason.STARVED, Reason.UNCALLED) else Reason.DEADLINE
    if request.deadline_at - now < LEAST_TIME:
        return GiveUp(late, f"{last_of(setback)}; no time is left for another attempt")
    patience_s = portfolio.lanes[request.lane].patience_s
    if patience_s is not None and now - request.admitted_at > timedelta(seconds=patience_s):
        after = f"lanes.{request.lane}.patience_s begins no attempt more than {patience_s:g} s after its admission"
        return GiveUp(late, f"{last_of(setback)}; {after}")
    return None


def reason_of(setback: Setback) -> str:
    """Why the answer goes on. A judge that gave no look is asked again, or has left the answer undecided."""
    if setback.attempt.role != Role.JUDGE or setback.failed_checks or setback.reason in OF_JUDGES:
        return reason_of_its_own(setback.attempt, setback.reason)
    is_last = setback.reason == Reason.NO_ELIGIBLE_MODEL or len(looks_at(setback.tried)) >= MOST_LOOKS
    return Reason.UNDECIDED if is_last else Reason.UNJUDGED


def _steps(setback: Setback, lane: Lane) -> tuple[Action, ...]:
    wished = wished_actions(reason_of(setback), setback.failed_checks, lane.on_fail)
    if not wished and is_no_longer_elsewhere(setback.at_hand, setback.tried[-1], setback.request):
        return ()
    actions = actions_for(reason_of(setback), setback.failed_checks, lane.on_fail)
    if setback.attempt.role == Role.AGREEMENT and setback.reason == Reason.NO_ELIGIBLE_MODEL:
        actions = (Action.UP, Action.HUMAN)
    if setback.differs:
        actions = where_two_differ(actions, setback.reason, lane)
    if setback.request.wants_vectors:
        return tuple(action for action in actions if action in FOR_VECTORS)
    if setback.at_hand is None or _wishes_for_a_person(setback, lane):
        return actions
    return tuple(action for action in actions if action is not Action.HUMAN)


def _wishes_for_a_person(setback: Setback, lane: Lane) -> bool:
    """Beside an answer at hand people are asked only where the lane says so of what went wrong."""
    wished = wished_actions(reason_of(setback), setback.failed_checks, lane.on_fail)
    return Action.HUMAN in wished or (setback.differs and Action.HUMAN in of_difference(lane))


def _possible(action: Action, setback: Setback, portfolio: Portfolio, now: datetime) -> Step | Ask | None:
    if action is Action.AGREEMENT:
        return _agreement(setback, portfolio)
    if action is Action.JUDGE:
        may_look = len(looks_at(setback.tried)) < MOST_LOOKS
        return Step(action, base_tier(setback.attempt, setback.tried)) if may_look else None
    if action is Action.REPAIR:
        return _repair(setback, portfolio)
    if action is Action.SIDEWAYS:
        return _sideways(setback, portfolio)
    if action is Action.AGAIN:
        return _again(setback, portfolio, now)
    if action is Action.LONGER:
        return _longer(setback, portfolio, now)
    if action is Action.APPROVED:
        return _approved(setback, portfolio)
    if action is Action.UP:
        return _up(setback, portfolio) or _back(setback, portfolio)
    if action is Action.HUMAN:
        return _human(setback, portfolio, now, last_of(setback))
    return None


def _human(setback: Setback, portfolio: Portfolio, now: datetime, why: str) -> Ask | None:
    """People cost neither attempts nor the request's budget: only time limits them."""
    reviews = portfolio.lanes[setback.request.lane].reviews
    if reviews is None:
        return None
    latest = setback.request.deadline_at + timedelta(seconds=reviews.after_deadline_s or 0)
    if latest - now < LEAST_TIME:
        return None
    return Ask(reviews.ask, min(now + timedelta(seconds=reviews.within_s), latest), why)


def _repair(setback: Setback, portfolio: Portfolio) -> Step | None:
    attempt, request, tried = setback.attempt, setback.request, setback.tried
    may_mend = is_mendable(attempt, tried, portfolio.lanes[request.lane])
    return Step(Action.REPAIR, attempt.tier) if may_mend and is_paid_again(attempt, request, tried, portfolio) else None


def _longer(setback: Setback, portfolio: Portfolio, now: datetime) -> Step | None:
    """The same model with a greater bound, once; else the next one with room for a longer answer."""
    request, attempt, tried = setback.request, setback.attempt, setback.tried
    if reason_of(setback) != Reason.CUT_OFF or attempt.role not in ANSWERING or is_own_bound(request, tried):
        return None
    time = attempt_deadline(now, request.deadline_at, request.max_attempts - attempts_made(tried)) - now
    bound = longer_bound(request, tried, portfolio, time, setback.took)
    if bound is not None:
        return Step(Action.LONGER, attempt.tier, most_output_tokens=bound)
    for tier in range(attempt.tier, len(attempt.plan.tiers)):
        if any(has_more_room(path, request, tried, portfolio) for path in _others(setback, tier, portfolio)):
            return Step(Action.LONGER, tier)
    return None


def _approved(setback: Setback, portfolio: Portfolio) -> Step | None:
    """The next model that was approved for what policies doubt: here or above, else below."""
    number, base = len(setback.attempt.plan.tiers), base_tier(setback.attempt, setback.tried)
    for tier in (*range(base, number), *range(min(base, number))):
        if any(portfolio.is_approved(path.model) for path in _others(setback, tier, portfolio)):
            return Step(Action.APPROVED, tier)
    return None


def _agreement(setback: Setback, portfolio: Portfolio) -> Step | None:
    """A second model, of the answer's tier; where two differ, a third. None where none was found."""
    if setback.reason == Reason.NO_ELIGIBLE_MODEL:
        return None
    if not setback.differs:
        return Step(Action.AGREEMENT, setback.attempt.tier) if setback.reason != Reason.DISAGREED else None
    tier = tier_to_settle(setback.attempt, setback.tried, setback.request.max_attempts, portfolio)
    return None if tier is None else Step(Action.AGREEMENT, tier)


def _sideways(setback: Setback, portfolio: Portfolio) -> Step | None:
    attempt = setback.attempt
    if sum(t.reason == Reason.REFUSED for t in setback.tried) > 1 and setback.reason == Reason.REFUSED:
        return None  # two models refused it: a third of the tier would, too
    if not attempt.plan.tiers:
        # Nobody planned yet (the router was away): ask it again.
        return Step(Action.SIDEWAYS, attempt.tier)
    if setback.differs:
        return _agreement(setback, portfolio)
    if not _has_another(setback, attempt.tier, portfolio):
        return None
    return Step(Action.AGREEMENT if attempt.role == Role.AGREEMENT else Action.SIDEWAYS, attempt.tier)


def _again(setback: Setback, portfolio: Portfolio, now: datetime) -> Step | None:
    """The same path after a wait. Where a tier above is left: only a short one, and only if the path asked for it."""
    if setback.reason == Reason.UNCALLED:
        return Step(Action.AGAIN, setback.attempt.tier) if _is_owed_a_call(setback, portfolio, now) else None
    if not _may_come_back(setback):
        return None
    request, most = setback.request, setback.request.deadline_at - now - LEAST_TIME
    if (patience_s := portfolio.lanes[request.lane].patience_s) is not None:
        most = min(most, request.admitted_at + timedelta(seconds=patience_s) - now)
    if _up(setback, portfolio) is not None:
        if setback.retry_after is None or attempts_made(setback.tried) + 1 >= request.max_attempts:
            return None
        most = most / PATIENCE
    not_before = again_at(request.request_id, setback.tried, setback.retry_after, now, most)
    return Step(Action.AGAIN, setback.attempt.tier, not_before) if not_before else None


def _may_come_back(setback: Setback) -> bool:
    """Whether its path refused it for the moment only. Without a model the router said so: all paths are left alone."""
    is_told = setback.reason == Reason.BREAKER_OPEN and setback.retry_after is not None
    return (is_told or setback.reason == Reason.RATE_LIMITED) and _was_turned_away(setback)


def _was_turned_away(setback: Setback) -> bool:
    """Whether the path gave nothing, and may be asked for the same again. A judge is asked by a look of its own."""
    attempt = setback.attempt
    if attempt.role == Role.JUDGE:
        return False
    is_longer = attempt.role == Role.PRIMARY and attempt.most_output_tokens is not None
    return not attempt.model or is_longer or (attempt.model, attempt.provider) in turned_away(setback.tried)


def _is_owed_a_call(setback: Setback, portfolio: Portfolio, now: datetime) -> bool:
    """Once at each path; then only where none beside it is left, since too much may wait.

    Never without a later deadline than the one for which its worker found too little time.
    """
    if not _was_turned_away(setback) or uncalled_until(setback, now) <= setback.attempt.deadline_at:
        return False
    return not was_uncalled_before(setback.tried) or _sideways(setback, portfolio) is None


def _up(setback: Setback, portfolio: Portfolio) -> Step | None:
    for tier in range(base_tier(setback.attempt, setback.tried) + 1, len(setback.attempt.plan.tiers)):
        if _has_another(setback, tier, portfolio):
            return Step(Action.UP, tier)
    return None


def _back(setback: Setback, portfolio: Portfolio) -> Step | None:
    """Down to the plan's own tier, where a path above it was explored first: what is learned costs nobody an answer."""
    request, asked = setback.request, {t.tier for t in setback.tried}
    if request.risk == Risk.HIGH or portfolio.is_critical(portfolio.lanes[request.lane]):
        return None
    below = (tier for tier in range(base_tier(setback.attempt, setback.tried)) if tier not in asked)
    return next((Step(Action.SIDEWAYS, tier) for tier in below if _has_another(setback, tier, portfolio)), None)


def _has_another(setback: Setback, tier: int, portfolio: Portfolio) -> bool:
    return any(True for _ in _others(setback, tier, portfolio))


def _others(setback: Setback, tier: int, portfolio: Portfolio) -> Iterator[Candidate]:
    return paid_for(setback.attempt.plan.tiers[tier], setback.request, setback.tried, portfolio)
