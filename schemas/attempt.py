"""An attempt: one model, called once, for one request; and everything that is said of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from schemas.content import Body
from schemas.fact import Event, Fact
from schemas.money import MicroUsd
from schemas.recall import CheckSummary
from schemas.request import Request
from schemas.vocabulary import CostKind, OpenCostKind, OpenReason, OpenRole, OpenVerdict, Reason, Role

ANSWERING = (Role.PRIMARY, Role.REPAIR)
"""The roles whose answers can become the request's own."""
NOBODY_CALLED = frozenset({Reason.BREAKER_OPEN, Reason.UNCALLED})
"""Why an attempt ended before a model was asked: no provider's doing, and none of the request's attempts."""


class Candidate(Fact):
    """One way to call a model: the model's name in the portfolio, and the provider that serves it."""

    model: str
    provider: str


class Plan(Fact):
    """The eligible ways to answer, tier by tier, each tier ordered by expected cost. Made by the router, once.

    ``waives``: checks of the lane that the plan does without, of those that the lane leaves to it. ``thresholds``: by
    check, the score that is good enough, where the lane leaves that to the plan. ``opinions``: so many models are asked
    until two agree, where the lane leaves that to it, too.
    """

    tiers: tuple[tuple[Candidate, ...], ...]
    waives: tuple[str, ...] = ()
    thresholds: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict)
    opinions: int | None = Field(default=None, ge=2)


class Attempt(Fact):
    """Attempt ``number`` (from 1) of a request. ``tier`` counts from 0.

    ``most_output_tokens``: so long may its answer get, where an earlier one was cut off and nobody had set a bound.
    """

    attempt_id: UUID
    number: int = Field(ge=1)
    role: OpenRole
    tier: int = Field(ge=0)
    model: str
    provider: str
    deadline_at: AwareDatetime
    plan: Plan
    most_output_tokens: int | None = Field(default=None, ge=1)


class Usage(Fact):
    """Tokens, as the provider counts them; ``estimated`` when it did not say and characters were counted.

    ``cached_input_tokens`` and ``cache_write_tokens`` are among the input's, and those of reasoning among the output's.
    """

    input_tokens: int = Field(default=0, ge=0)
    cached_input_tokens: int = Field(default=0, ge=0)
    cache_write_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)
    reasoning_tokens: int = Field(default=0, ge=0)
    estimated: bool = False


class Cost(Fact):
    """What a call cost, and by which price list. ``bounded``: the most that it can have cost."""

    micro_usd: MicroUsd = 0
    kind: OpenCostKind = CostKind.KNOWN
    price_list: str | None = None


class CheckResult(Fact):
    """One check's verdict, with the place that failed (``at``: a JSON pointer) and what a model needs to mend it.

    ``grade``: what a judge gave, of ten. ``score``: how far a graded check was met, 0 to 1, and ``threshold``: how far
    it had to be.
    """

    name: str
    verdict: OpenVerdict
    reason: OpenReason | None = None
    at: str | None = None
    detail: str | None = None
    grade: int | None = Field(default=None, ge=1, le=10)
    score: float | None = Field(default=None, ge=0, le=1)
    threshold: float | None = Field(default=None, ge=0, le=1)


class Tried(Fact):
    """What became of an earlier attempt; events carry these, so that no service has to remember.

    ``bounded``: its cost is the most that it can have been, and nobody knows what was billed. ``usage``: absent where
    nobody told it, as services of an older release do not. ``most_output_tokens``: as the attempt had it. ``given_by``:
    the earlier attempt whose answer its opinion chose, where that is not the one in doubt.
    """

    number: int = Field(ge=1)
    role: OpenRole
    tier: int = Field(ge=0)
    model: str | None = None
    provider: str | None = None
    reason: OpenReason
    cost_micro_usd: MicroUsd = 0
    bounded: bool = False
    usage: Usage | None = None
    most_output_tokens: int | None = Field(default=None, ge=1)
    given_by: int | None = Field(default=None, ge=1)


class Exclusion(Fact):
    """A model path that was not taken, and why."""

    model: str
    provider: str
    why: str


EXPECTED_SUCCESS = ": success ([0-9.]+)%"
"""How the words of a choice tell what its plan expects, in percent: the first that fits, and none without a plan."""


class Choice(Fact):
    """Why the router took this path: its expected cost, and why not the others. ``scores``: the version it went by."""

    why: str
    expected_micro_usd: MicroUsd
    excluded: tuple[Exclusion, ...] = ()
    scores: str | None = None


class Repair(Fact):
    """What a model is shown to mend its own answer. ``told``: the message, where content is sealed."""

    answer: Body
    message: str
    told: Body | None = None


class AtHand(Fact):
    """An answer in doubt: the best so far, and what the request ends with where nothing better comes.

    ``number``: the attempt that gave it. ``check``: the one that did not confirm it; all others passed.
    """

    number: int = Field(ge=1)
    answer: Body
    check: CheckSummary


class OfAttempt(Event):
    """Whatever is told of an attempt: whose it is."""

    request: Request
    attempt: Attempt

    @property
    def subject(self) -> UUID:
        return self.request.request_id

    @property
    def counter(self) -> str:
        return str(self.attempt.number)


class AttemptEvent(OfAttempt):
    """What every event on an attempt's way carries. ``at_hand``: an earlier answer, while a better one is asked for."""

    tried: tuple[Tried, ...] = ()
    at_hand: AtHand | None = None


class AttemptDispatched(AttemptEvent):
    """This model answers attempt *n*. ``doubted`` is the answer that another model is asked to confirm.

    ``rival``: a second model's answer, which is another one: this model is the third, and settles it.
    """

    body: Body
    choice: Choice
    repair: Repair | None = None
    doubted: Body | None = None
    rival: Body | None = None

    @property
    def expires_at(self) -> datetime:
        return self.attempt.deadline_at

    @property
    def suffix(self) -> str:
        return self.attempt.provider


class AttemptCompleted(AttemptEvent):
    """A model answered. The verdict is still to come.

    ``confidence``: the geometric mean of its tokens' probabilities, 0 to 1, where the provider was asked and told them.
    """

    body: Body
    answer: Body
    usage: Usage
    cost: Cost
    latency_ms: int = Field(ge=0)
    answered_by: str
    doubted: Body | None = None
    rival: Body | None = None
    confidence: float | None = Field(default=None, ge=0, le=1)


class AttemptFailed(AttemptEvent):
    """No answer, with a typed reason. ``detail`` is for people, and never holds content."""

    body: Body
    reason: OpenReason
    detail: str
    usage: Usage = Usage()
    cost: Cost = Cost()
    latency_ms: int = Field(default=0, ge=0)
    retry_after_ms: int | None = Field(default=None, ge=0)
    doubted: Body | None = None
    rival: Body | None = None

    @property
    def counter(self) -> str:
        return f"{self.attempt.number}/{self.reason}"


class AttemptAccepted(AttemptEvent):
    """Good enough, with the verdict of every check.

    ``given_by``: the attempt whose ``answer`` it is, where that was an opinion: a third says the same as the second.
    """

    answer: Body
    checks: tuple[CheckResult, ...]
    verified: bool
    usage: Usage
    cost: Cost
    latency_ms: int = Field(ge=0)
    given_by: int | None = Field(default=None, ge=1)


class AttemptRejected(AttemptEvent):
    """Not good enough, with the verdict of every check.

    ``told``: what is wrong, in the words that a model needs to mend it, where content is sealed; ``detail`` and the
    checks then say no more than names and verdicts.
    """

    body: Body
    answer: Body
    checks: tuple[CheckResult, ...]
    reason: OpenReason
    detail: str
    usage: Usage
    cost: Cost
    latency_ms: int = Field(ge=0)
    told: Body | None = None


class AttemptDoubted(AttemptEvent):
    """Another look at ``answer`` is needed, and whose: ``look`` is agreement, or judge.

    Where judges were asked and did not decide, it is primary: another answer is needed. ``reason`` says what is known.
    ``rival``: this attempt's own answer, which differs from the one in doubt. ``given_by``: as of an accepted one.
    """

    body: Body
    answer: Body
    checks: tuple[CheckResult, ...]
    look: OpenRole
    reason: OpenReason = Reason.DOUBTED
    usage: Usage
    cost: Cost
    latency_ms: int = Field(ge=0)
    rival: Body | None = None
    given_by: int | None = Field(default=None, ge=1)


def attempts_made(tried: Iterable[Tried]) -> int:
    """How many answers and opinions a request has had: what ``max_attempts`` limits.

    An attempt for which nobody was called does not count: an open breaker refused it, its time was over before a worker
    could call, or no model was found for another opinion. Nor does a judge's look: it gives no answer, and the looks at
    each answer have a limit of their own.
    """
    found_nobody = (Role.AGREEMENT, Reason.NO_ELIGIBLE_MODEL)
    called = (each for each in tried if each.reason not in NOBODY_CALLED and (each.role, each.reason) != found_nobody)
    return sum(each.role != Role.JUDGE for each in called)


def looks_at(tried: Sequence[Tried]) -> tuple[Tried, ...]:
    """What became of the judges that were asked about the last answer, in order."""
    answers = [at for at, attempt in enumerate(tried) if attempt.role in ANSWERING]
    return tuple(attempt for attempt in tried[answers[-1] if answers else 0 :] if attempt.role == Role.JUDGE)


def answered_last(tried: Sequence[Tried]) -> Tried | None:
    """Whose answer is looked at: the last that a model gave by itself, or the one that an opinion chose."""
    for attempt in reversed(tried):
        if attempt.given_by is not None:
            return next((each for each in tried if each.number == attempt.given_by), None)
        if attempt.role in ANSWERING and attempt.model:
            return attempt
    return None


def contradicted_by(tried: Sequence[Tried]) -> Tried | None:
    """The second opinion that differed from the answer in doubt, and that a third was to settle."""
    opinions = (attempt for attempt in reversed(tried) if attempt.role == Role.AGREEMENT)
    return next((attempt for attempt in opinions if attempt.reason == Reason.DISAGREED), None)


def tried_of(
    attempt: Attempt, reason: str, cost: Cost | None = None, usage: Usage | None = None, given_by: int | None = None
) -> Tried:
    """The record of an attempt that did not end the request."""
    return Tried(
        number=attempt.number,
        role=attempt.role,
        tier=attempt.tier,
        model=attempt.model,
        provider=attempt.provider,
        reason=reason,
        cost_micro_usd=cost.micro_usd if cost else 0,
        bounded=cost is not None and cost.kind == CostKind.BOUNDED,
        usage=usage,
        most_output_tokens=attempt.most_output_tokens,
        given_by=given_by,
    )
