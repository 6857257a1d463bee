"""Reviews as a person sees them: what was asked, what was answered, and the word that answers."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from schemas.content import Body, body_of
from schemas.fact import Event
from schemas.outcome import RequestCompleted, RequestFailed
from schemas.review import ReviewAnswered, ReviewClaimed, ReviewRequested
from schemas.vocabulary import Reason, Status
from services.console.domain.failures import Misused, Refused


class ReviewState(StrEnum):
    """How a review stands: somebody may still answer it, or how it ended."""

    OPEN = "open"
    ANSWERED = "answered"
    REJECTED = "rejected"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class Spoken:
    """What somebody said of a review, when the log took it."""

    event: ReviewAnswered
    at: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """What somebody took upon himself, when the log took it."""

    event: ReviewClaimed
    at: datetime


@dataclass(slots=True)
class Review:
    """One review. ``traceparent`` is the trace that an answer continues; ``claims`` are in the log's order."""

    asked: ReviewRequested
    at: datetime
    traceparent: str | None
    spoken: list[Spoken] = field(default_factory=list[Spoken])
    claims: list[Claimed] = field(default_factory=list[Claimed])

    def holder(self, now: datetime) -> ReviewClaimed | None:
        """Whose it is: the first who claimed it while it was nobody else's, until his time is up."""
        held: ReviewClaimed | None = None
        for claim in self.claims:
            if held is None or held.until <= claim.at or held.reviewer == claim.event.reviewer:
                held = claim.event
        return held if held is not None and now < held.until else None

    @property
    def first(self) -> Spoken | None:
        """The first word in time: what came later changed nothing."""
        in_time = [each for each in self.spoken if each.at <= self.asked.due_at]
        return min(in_time, key=lambda each: each.at, default=None)

    def state(self, now: datetime) -> ReviewState:
        """How it stands at a time."""
        if first := self.first:
            return ReviewState.REJECTED if first.event.answer is None else ReviewState.ANSWERED
        return ReviewState.OPEN if now < self.asked.due_at else ReviewState.UNANSWERED


def reviews_of(asked: Iterable[Review], spoken: Iterable[Spoken], claims: Iterable[Claimed]) -> dict[UUID, Review]:
    """Reviews by request, the most urgent first. The same question said again is one review."""
    found: dict[UUID, Review] = {}
    for each in sorted(asked, key=lambda review: (review.asked.due_at, review.at)):
        found.setdefault(each.asked.subject, each)
    for word in spoken:
        if review := found.get(word.event.request_id):
            review.spoken.append(word)
    for claim in claims:
        if review := found.get(claim.event.request_id):
            review.claims.append(claim)
    return found


def review_of(reviews: dict[UUID, Review], name: str) -> Review:
    """The review of a request. Raises :class:`Misused` or :class:`Refused`."""
    try:
        request_id = UUID(name)
    except ValueError:
        raise Misused(f'"{name}" is no request id: `portfolio reviews list` has them') from None
    if request_id not in reviews:
        raise Refused(
            f"no person was asked about request {request_id}: `portfolio reviews list --all` has every review"
        )
    return reviews[request_id]


def spoken_by(review: Review, reviewer: str, answer: Body | None, note: str | None, now: datetime) -> ReviewAnswered:
    """The word that ends a review; without an answer it turns the request down. Raises :class:`Refused`."""
    _must_be_free(review, reviewer, now)
    return ReviewAnswered(request_id=review.asked.subject, reviewer=reviewer, answer=answer, note=note, answered_at=now)


def claimed_by(review: Review, reviewer: str, for_s: float, now: datetime) -> ReviewClaimed:
    """The word that takes a review, for so long and never longer than it is open. Raises :class:`Refused`."""
    _must_be_free(review, reviewer, now)
    until = min(now + timedelta(seconds=for_s), review.asked.due_at)
    return ReviewClaimed(request_id=review.asked.subject, reviewer=reviewer, until=until, claimed_at=now)


def given_back(review: Review, reviewer: str, now: datetime) -> ReviewClaimed:
    """The word that gives a review back. Raises :class:`Refused` where it is not his."""
    holder = review.holder(now)
    if holder is None or holder.reviewer != reviewer:
        raise Refused(f"{reviewer} does not hold the review: there is nothing to give back")
    return ReviewClaimed(request_id=review.asked.subject, reviewer=reviewer, until=now, claimed_at=now)


def _must_be_free(review: Review, reviewer: str, now: datetime) -> None:
    state, holder = review.state(now), review.holder(now)
    if state is not ReviewState.OPEN:
        who = f" by {review.first.event.reviewer}" if review.first else ""
        raise Refused(f"the review is {state}{who}: nothing changes it any more")
    if holder is not None and holder.reviewer != reviewer:
        raise Refused(f"{holder.reviewer} has claimed the review until {holder.until:%H:%M:%S} UTC: take another")


def written(text: str) -> Body:
    """The body of an answer that a person wrote. Raises :class:`Misused`."""
    if not text.strip():
        raise Misused("the answer is empty: give TEXT, --file or --last, or `portfolio reviews reject`")
    return body_of(to_json({"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}))


def last_answer(review: Review) -> Body:
    """The model's last answer, as the person's own. Raises :class:`Refused`."""
    if review.asked.answer is None:
        raise Refused("no model answered it: write the answer")
    return review.asked.answer


def is_of(event: Event, word: ReviewAnswered) -> bool:
    """Whether this end is what this word asked for; another end came first, otherwise."""
    if isinstance(event, RequestCompleted):
        same = event.answer is None or (word.answer is not None and event.answer == json.loads(word.answer.text()))
        return word.answer is not None and event.status == Status.HUMAN and same
    return isinstance(event, RequestFailed) and word.answer is None and event.reason == Reason.REVIEW_REJECTED


def told(review: Review, now: datetime, *, whole: bool = False) -> dict[str, Any]:
    """Plain data; content only when it is ``whole``."""
    asked, first, holder = review.asked, review.first, review.holder(now)
    facts = {
        "request_id": str(asked.subject),
        "state": review.state(now).value,
        "asked": asked.asked,
        "lane": asked.request.lane,
        "task": asked.request.profile.task,
        "tenant": asked.request.tenant,
        "data_class": str(asked.request.data_class),
        "reason": str(asked.reason),
        "detail": asked.detail,
        "asked_at": review.at.isoformat(),
        "due_at": asked.due_at.isoformat(),
        "deadline_at": asked.request.deadline_at.isoformat(),
        "left_s": _left_s(review, now),
        "deferred": review.state(now) is ReviewState.OPEN and now >= asked.request.deadline_at,
        "claimed_by": holder.reviewer if holder and first is None else None,
        "claimed_until": holder.until.isoformat() if holder and first is None else None,
        "reviewer": first.event.reviewer if first else None,
        "note": first.event.note if first else None,
    }
    if not whole:
        return facts
    return facts | {
        "question": asked.body.inline,
        "last_answer": asked.answer.inline if asked.answer else None,
        "checks": [check.model_dump(mode="json", exclude_none=True) for check in asked.checks],
        "tried": [{"model": t.model, "provider": t.provider, "reason": str(t.reason)} for t in asked.tried],
    }


def _left_s(review: Review, now: datetime) -> int | None:
    """How long a person has still to answer; ``None`` once it is over."""
    is_open = review.state(now) is ReviewState.OPEN
    return int((review.asked.due_at - now).total_seconds()) if is_open else None
