"""A second story of the bank's invoice, in a lane where a third model may settle what two differ on.

The small model's answer is doubted; the large one comes to another total (doubted, with a rival); a third model comes
to the large one's (doubted, a judge is asked about that answer); a judge finds it good twice (accepted, given by the
second attempt).
"""

from copy import deepcopy
from datetime import datetime
from typing import Any
from uuid import UUID

from schemas.attempt import (
    Attempt,
    AttemptAccepted,
    AttemptCompleted,
    AttemptDispatched,
    AttemptDoubted,
    Candidate,
    CheckResult,
    Choice,
    Cost,
    Plan,
    Tried,
    Usage,
    tried_of,
)
from schemas.content import Answer, Body, body_of
from schemas.deadlines import attempt_deadline
from schemas.example_request import DOCUMENT, LARGE, SECOND, SMALL, after, answer, question, request
from schemas.fact import Event
from schemas.ids import attempt_id_of
from schemas.outcome import RequestEscalated
from schemas.portfolio import Portfolio
from schemas.request import Request
from schemas.vocabulary import Action, Reason, Role, Verdict

REQUEST_ID = UUID("0197a1f0-6c1e-7000-8000-000000000003")
STRONG = Candidate(model="strong", provider="azure")
PLAN = Plan(tiers=((SMALL,), (LARGE, SECOND), (STRONG,)))
FIRST, RIVAL = answer(84.4), answer(94.4)
USED = Usage(input_tokens=41, output_tokens=9)
COST = Cost(micro_usd=25, price_list="portfolio")
PASSED = CheckResult(name="schema", verdict=Verdict.PASS)
GRADE = body_of(
    Answer(
        message={"role": "assistant", "content": '{"reason": "the sum is right", "grade": 9}'}, finish_reason="stop"
    ).to_json()
)
SAID_MS = 800
"""How long each attempt of the story takes."""


def portfolio() -> Portfolio:
    """The portfolio of the examples, with a stronger model above, a third opinion and a judge."""
    document: Any = deepcopy(DOCUMENT)
    document["models"]["strong"] = document["models"]["large"] | {"rollback_to": "large"}
    lane = document["lanes"]["critical"]
    lane["tiers"] = [["small"], ["large", "second"], ["strong"]]
    lane["checks"] = ["format", {"agreement": {"opinions": 3}}, {"judge": {"ask": ["strong"]}}]
    return Portfolio.of(document)


def asking() -> Request:
    """The same request, under this portfolio."""
    return request().model_copy(update={"request_id": REQUEST_ID, "revision": portfolio().digest()})


def _attempt(number: int, role: Role, path: Candidate, tier: int) -> Attempt:
    return Attempt(
        attempt_id=attempt_id_of(REQUEST_ID, number),
        number=number,
        role=role,
        tier=tier,
        model=path.model,
        provider=path.provider,
        deadline_at=_until(number),
        plan=PLAN,
    )


def _until(number: int) -> datetime:
    left = max(1, request().max_attempts - number + 1)
    return attempt_deadline(after((number - 1) * SAID_MS), request().deadline_at, left)


ATTEMPTS = (
    _attempt(1, Role.PRIMARY, SMALL, 0),
    _attempt(2, Role.AGREEMENT, LARGE, 1),
    _attempt(3, Role.AGREEMENT, SECOND, 1),
    _attempt(4, Role.JUDGE, STRONG, 2),
    _attempt(5, Role.JUDGE, STRONG, 2),
)
REASONS = (Reason.DOUBTED, Reason.DISAGREED, Reason.UNJUDGED, Reason.JUDGED_GOOD)
LOOKS = (Role.AGREEMENT, Role.AGREEMENT, Role.JUDGE, Role.JUDGE)
GIVEN = (FIRST, RIVAL, RIVAL, GRADE, GRADE)
IN_DOUBT = (None, FIRST, FIRST, RIVAL, RIVAL)
TRIED = tuple(
    tried_of(made, reason, COST, USED, given_by=2 if made.number == 3 else None)
    for made, reason in zip(ATTEMPTS, REASONS, strict=False)
)


def settled() -> tuple[Event, ...]:
    """What is said of the five attempts, in order."""
    judged = CheckResult(name="judge", verdict=Verdict.PASS)
    accepted = AttemptAccepted(
        request=asking(),
        attempt=ATTEMPTS[4],
        tried=TRIED,
        answer=RIVAL,
        checks=(PASSED, judged),
        verified=True,
        usage=USED,
        cost=COST,
        latency_ms=600,
        given_by=2,
    )
    looks = (event for made in ATTEMPTS[:4] for event in (*_answered(made), *_looked_at(made)))
    return (*looks, *_answered(ATTEMPTS[4]), accepted)


def _answered(made: Attempt) -> tuple[Event, Event]:
    held: dict[str, Body | None] = {"doubted": IN_DOUBT[made.number - 1], "rival": RIVAL if made.number == 3 else None}
    told: dict[str, Any] = {"request": asking(), "attempt": made, "tried": _before(made), "body": question(), **held}
    choice = Choice(why="the cheapest eligible path", expected_micro_usd=21)
    completed = AttemptCompleted(
        **told,
        answer=GIVEN[made.number - 1],
        usage=USED,
        cost=COST,
        latency_ms=600,
        answered_by=made.model,
    )
    return AttemptDispatched(**told, choice=choice), completed


def _looked_at(made: Attempt) -> tuple[Event, Event]:
    """It leaves an answer in doubt, and another look is asked for."""
    at, shown = made.number - 1, FIRST if made.number < 3 else RIVAL
    rival = RIVAL if made.number == 2 else None
    told: dict[str, Any] = {"request": asking(), "body": question(), "reason": REASONS[at], "rival": rival}
    doubted = AttemptDoubted(
        **told,
        attempt=made,
        tried=_before(made),
        answer=shown,
        checks=(PASSED, CheckResult(name=LOOKS[at].value, verdict=Verdict.DOUBT)),
        look=LOOKS[at],
        usage=USED,
        cost=COST,
        latency_ms=600,
        given_by=2 if made.number == 3 else None,
    )
    escalated = RequestEscalated(
        **told,
        number=made.number + 1,
        action=Action(LOOKS[at].value),
        detail="another look is asked for",
        tier=made.tier,
        plan=PLAN,
        tried=TRIED[: made.number],
        attempt_deadline_at=_until(made.number + 1),
        doubted=shown,
    )
    return doubted, escalated


def _before(made: Attempt) -> tuple[Tried, ...]:
    return TRIED[: made.number - 1]
