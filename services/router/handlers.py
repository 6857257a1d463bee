"""What the router answers to what it hears."""

from dataclasses import dataclass, field
from datetime import datetime
from math import ceil

from schemas.attempt import Attempt, AttemptDispatched, AttemptFailed, Candidate, Plan, Tried
from schemas.budget import spare_micro_usd, why_path_unpaid
from schemas.check_settings import MOST_OPINIONS, judging_of, plans_a_third
from schemas.content import Body
from schemas.deadlines import renewed
from schemas.ids import attempt_id_of
from schemas.outcome import RequestEscalated, carried_by
from schemas.paths import why_hopeless
from schemas.portfolio import CheckName
from schemas.reaction import NOTHING, Reaction, Received, Said
from schemas.request import Request, RequestProfiled
from schemas.standing import Revisions
from schemas.vocabulary import Action, Reason, Role
from services.router.domain.choose import (
    NO_MODEL,
    Chosen,
    Options,
    Reopening,
    choose_first,
    choose_next,
    choose_third,
    first_to_reopen,
    options_for,
    reason_none,
    why_left_alone,
    why_none,
)
from services.router.domain.choose_shared import shared
from services.router.domain.choose_wished import choose_approved, choose_longer
from services.router.domain.conversations import Conversations
from services.router.domain.judges import as_judged, choose_judge, why_no_judge
from services.router.domain.planner import Planner
from services.router.domain.scores import ScoresView
from services.router.domain.sharing import GroupsKept
from services.router.domain.standing import StandingView
from services.router.domain.too_long import why_answer_too_long
from services.router.domain.unsure import when_unsure
from services.router.domain.ways import WaysKept

Asking = RequestProfiled | RequestEscalated
"""What asks for an attempt: the first one, or the next."""
NO_THIRD = "no third model that is to be had now would settle the difference for less than a stronger one answers"


@dataclass(frozen=True, slots=True)
class Handlers:
    """Pinned to the revision that each event names, and to the scores that were known when its request was admitted.

    What stands (workers, breakers) counts at once. ``planner``, ``ways`` and ``groups`` keep ready between events what
    follows from revisions and scores; they change no choice. ``conversations``: which ask too often to be kept at one.
    """

    revisions: Revisions
    standing: StandingView
    scores: ScoresView = field(default_factory=ScoresView)
    planner: Planner = field(default_factory=Planner)
    ways: WaysKept = field(default_factory=WaysKept)
    groups: GroupsKept = field(default_factory=GroupsKept)
    conversations: Conversations = field(default_factory=Conversations)

    def on_request_profiled(self, event: RequestProfiled, received: Received) -> Reaction:
        """Plan the request and dispatch its first attempt; none, where the answer is there or will not come."""
        if event.refusal is not None or event.recalled is not None:
            return NOTHING
        options = self._options(event.request, received)
        chosen = choose_first(options)
        if chosen is None:
            if soonest := self._first_to_reopen(event.request, received, 0, ()):
                return _left_alone(event, options.plan, Role.PRIMARY, soonest, received)
            attempt = _no_attempt(event, options.plan, 0, Role.PRIMARY)
            reason = self._why_nobody(event.request, options, received)
            return _failed(event, attempt, reason, self._told_of(reason, event.request, options))
        self.standing.took(chosen.candidate, received.at)
        dispatched = AttemptDispatched(
            request=event.request,
            attempt=_attempt(event, options.plan, chosen, received.at),
            body=event.body,
            choice=chosen.choice,
        )
        return Reaction(says=(Said(dispatched),))

    def on_request_escalated(self, event: RequestEscalated, received: Received) -> Reaction:
        """Dispatch the attempt that escalation asks for."""
        if event.action == Action.JUDGE and event.doubted is not None:
            return self._to_a_judge(event, event.doubted, received)
        options = self._options(event.request, received, event.tried)
        chosen = self._next(event, options)
        role = Role.AGREEMENT if event.doubted is not None else Role.PRIMARY
        if chosen is None and event.doubted is None and not self._leaves_to_people(event):
            if soonest := self._first_to_reopen(event.request, received, event.tier, event.tried):
                return _left_alone(event, options.plan, role, soonest, received)
            if event.action == Action.AGAIN:
                chosen = choose_next(options, Action.UP, event.tier, event.tried)
        if chosen is None:
            attempt = _no_attempt(event, options.plan, event.tier, role)
            detail = NO_THIRD if event.rival else why_none(event.request, options)
            reason = reason_none(options) if event.doubted is None else Reason.NO_ELIGIBLE_MODEL
            return _failed(event, attempt, reason, detail)
        return self._again(event, options.plan, chosen, received)

    def _next(self, event: RequestEscalated, options: Options) -> Chosen | None:
        """Its path; where what was wished for is not to be had any more, whatever is left."""
        portfolio, wished = self.revisions.revision(event.request.revision), None
        if event.rival is not None:
            return self._third(event, options)
        most = event.most_output_tokens
        if event.action == Action.LONGER or (event.action == Action.AGAIN and most is not None):
            wished = choose_longer(options, event.request, portfolio, event.tier, event.tried, most)
        elif event.action == Action.APPROVED:
            wished = choose_approved(options, portfolio, event.tier, event.tried)
        if wished is not None or self._leaves_to_people(event):
            return wished
        return choose_next(options, event.action, event.tier, event.tried)

    def _third(self, event: RequestEscalated, options: Options) -> Chosen | None:
        """Who settles what two differ on; where that is left to the plan, only whom it weighed."""
        lane = self.revisions.revision(event.request.revision).lanes[event.request.lane]
        weighed = options.of_pair.third if options.of_pair else None
        if weighed is None and plans_a_third(lane.checks):
            return None
        spare = spare_micro_usd(event.request, event.tried)
        return choose_third(options, event.action, event.tier, event.tried, spare, weighed)

    def _leaves_to_people(self, event: RequestEscalated) -> bool:
        """After an approved model comes a person, where the lane names one, and no other model."""
        lane = self.revisions.revision(event.request.revision).lanes[event.request.lane]
        return event.action == Action.APPROVED and lane.reviews is not None

    def _why_nobody(self, request: Request, options: Options, received: Received) -> Reason:
        """Too long, where no path reads so much, and one is left for less: it need not be sent again as it is. Nor
        need it where every path that is left gives recorded answers, and none to this, or refuses our key.
        """
        if (reason := reason_none(options)) != Reason.NO_ELIGIBLE_MODEL:
            return reason
        ways = self.ways.of(self.revisions.revision(request.revision), request)
        left = [way.candidate for tier in ways for way in tier if not way.why_not(request)]
        if left:
            are_recorded = all(self.standing.lacks_answer(path, request.fingerprint) for path in left)
            if all(self.standing.refuses_our_key(path) for path in left):
                return Reason.UNAUTHORIZED
            return Reason.NO_RECORDED_ANSWER if are_recorded else Reason.NO_ELIGIBLE_MODEL
        profile = request.profile.model_copy(update={"context_tokens": 0})
        shorter = self._ways(request.model_copy(update={"profile": profile}), received)
        return Reason.CONTEXT_TOO_LONG if shorter.costs else Reason.NO_ELIGIBLE_MODEL

    def _told_of(self, reason: Reason, request: Request, options: Options) -> str:
        """Why nobody takes it; where the answer that it asks for is too long, which length would do."""
        none = why_none(request, options)
        if reason != Reason.CONTEXT_TOO_LONG:
            return none
        longest = why_answer_too_long(request, self.ways.of(self.revisions.revision(request.revision), request))
        return f"{longest}; {none}" if longest else none

    def _to_a_judge(self, event: RequestEscalated, answer: Body, received: Received) -> Reaction:
        """A look of a judge keeps the plan: what follows goes on from the tier of the answer."""
        request, portfolio = as_judged(event.request, answer), self.revisions.revision(event.request.revision)

        def why_not_now(path: Candidate) -> str | None:
            never = why_hopeless(path, event.tried, portfolio) or why_path_unpaid(path, request, event.tried, portfolio)
            return never or self.standing.why_not(path, None, received.at)

        judging = judging_of(portfolio.lanes[request.lane].checks)
        chosen, excluded = None, ()
        if judging is not None:
            why_wait = self.standing.why_wait
            chosen, excluded = choose_judge(portfolio, request, judging, event.tried, why_not_now, why_wait)
        if chosen is None:
            attempt = _no_attempt(event, event.plan, event.tier, Role.JUDGE)
            return _failed(event, attempt, Reason.NO_ELIGIBLE_MODEL, why_no_judge(event.request.lane, excluded))
        return self._again(event, event.plan, chosen, received)

    def _again(self, event: RequestEscalated, plan: Plan, chosen: Chosen, received: Received) -> Reaction:
        """The next attempt, at the path that was chosen for it."""
        self.standing.took(chosen.candidate, received.at)
        dispatched = AttemptDispatched(
            request=event.request,
            attempt=_attempt(event, plan, chosen, received.at),
            tried=event.tried,
            body=event.body,
            choice=chosen.choice,
            repair=event.repair if chosen.role is Role.REPAIR else None,
            **carried_by(event)._asdict(),
        )
        return Reaction(says=(Said(dispatched),))

    def _first_to_reopen(
        self, request: Request, received: Received, tier: int, tried: tuple[Tried, ...]
    ) -> Reopening | None:
        portfolio = self.revisions.revision(request.revision)

        def reopens_at(candidate: Candidate) -> datetime | None:
            if why_hopeless(candidate, tried, portfolio) or why_path_unpaid(candidate, request, tried, portfolio):
                return None
            return self.standing.reopens_at(candidate, request.fingerprint, received.at)

        return first_to_reopen(self.ways.of(portfolio, request), request, tier, tried, reopens_at)

    def _options(self, request: Request, received: Received, tried: tuple[Tried, ...] = ()) -> Options:
        portfolio, known = self.revisions.revision(request.revision), self.scores.known_to(request.admitted_at)
        ways = self._ways(request, received, tried)
        options = self.planner.planned(ways, portfolio, request, known, self.scores.changes)
        if groups := self.groups.of(portfolio, request):
            drawn = self.conversations.drawn(request, received.at, is_first=not tried)
            options = shared(options, groups, drawn, lambda path: self.standing.is_full(path.provider, received.at))
        return when_unsure(options, portfolio, request)

    def _ways(self, request: Request, received: Received, tried: tuple[Tried, ...] = ()) -> Options:
        portfolio = self.revisions.revision(request.revision)

        def why_not_now(candidate: Candidate) -> str | None:
            hopeless = why_hopeless(candidate, tried, portfolio) if tried else None
            return hopeless or self.standing.why_not(candidate, request.fingerprint, received.at)

        spare = spare_micro_usd(request, tried)
        return options_for(self.ways.of(portfolio, request), request, why_not_now, self.standing.why_wait, spare)


def _number(event: Asking) -> int:
    """Of the attempt that the event asks for."""
    return event.number if isinstance(event, RequestEscalated) else 1


def _attempt(event: Asking, plan: Plan, chosen: Chosen, asked_at: datetime) -> Attempt:
    """The attempt at this path, with its share of the time that was left when it was asked for."""
    return Attempt(
        attempt_id=attempt_id_of(event.request.request_id, _number(event)),
        number=_number(event),
        role=chosen.role,
        tier=chosen.tier,
        model=chosen.candidate.model,
        provider=chosen.candidate.provider,
        deadline_at=renewed(event.attempt_deadline_at, asked_at, event.request.deadline_at),
        plan=_plan(plan, chosen),
        most_output_tokens=_bound(event, chosen),
    )


def _bound(event: Asking, chosen: Chosen) -> int | None:
    """The bound that escalation found for the last path holds for that one alone."""
    if not isinstance(event, RequestEscalated) or event.most_output_tokens is None:
        return None
    last = event.tried[-1]
    is_last = (last.model, last.provider) == (chosen.candidate.model, chosen.candidate.provider)
    return event.most_output_tokens if is_last else None


def _plan(plan: Plan, chosen: Chosen) -> Plan:
    """The plan, with what it says of this path alone."""
    if plan.waives:
        plan = plan.model_copy(update={"waives": chosen.waives})
    if chosen.of_pair is None:
        return plan
    alike, third = chosen.of_pair.at_least, chosen.of_pair.third
    thresholds = {} if alike is None else {CheckName.AGREEMENT.value: alike}
    return plan.model_copy(update={"thresholds": thresholds, "opinions": None if third is None else MOST_OPINIONS})


def _no_attempt(event: Asking, plan: Plan, tier: int, role: Role) -> Attempt:
    """The attempt that no model makes."""
    return Attempt(
        attempt_id=attempt_id_of(event.request.request_id, _number(event)),
        number=_number(event),
        role=role,
        tier=tier,
        model=NO_MODEL,
        provider=NO_MODEL,
        deadline_at=event.attempt_deadline_at,
        plan=plan,
    )


def _failed(
    event: Asking, attempt: Attempt, reason: Reason, detail: str, retry_after_ms: int | None = None
) -> Reaction:
    """That nobody is called, with all that the event carries for what follows."""
    failed = AttemptFailed(
        request=event.request,
        attempt=attempt,
        tried=event.tried if isinstance(event, RequestEscalated) else (),
        body=event.body,
        reason=reason,
        detail=detail,
        retry_after_ms=retry_after_ms,
        **carried_by(event)._asdict(),
    )
    return Reaction(says=(Said(failed),))


def _left_alone(event: Asking, plan: Plan, role: Role, soonest: Reopening, received: Received) -> Reaction:
    """Every path that is left is shut for a while; escalation sends it again when the first of them opens."""
    attempt, detail = _no_attempt(event, plan, soonest.tier, role), why_left_alone(event.request, soonest)
    wait_ms = max(0, ceil((soonest.at - received.at).total_seconds() * 1000))
    return _failed(event, attempt, Reason.BREAKER_OPEN, detail, wait_ms)
