"""Stories to tell the ledger: events of requests, and the places where they stand in a log."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from schemas.attempt import (
    Attempt,
    AttemptAccepted,
    AttemptCompleted,
    AttemptDispatched,
    AttemptDoubted,
    AttemptFailed,
    AttemptRejected,
    Candidate,
    CheckResult,
    Choice,
    Cost,
    Exclusion,
    Plan,
    Usage,
    tried_of,
)
from schemas.content import body_of
from schemas.fact import Event
from schemas.ids import NAMESPACE, attempt_id_of
from schemas.outcome import RequestCancelled, RequestCompleted, RequestDeferred, RequestEscalated, RequestFailed
from schemas.portfolio import Portfolio
from schemas.reaction import Received
from schemas.recall import CheckSummary
from schemas.request import Features, Profile, Request, RequestProfiled
from schemas.review import FeedbackRecorded, ReviewRequested
from schemas.standing import BreakerChanged, PortfolioRevised
from schemas.topics import BY_EVENT
from schemas.vocabulary import Action, BreakerState, CostKind, DataClass, Reason, Risk, Role, Status, Verdict

DAWN = datetime(2026, 3, 1, 8, tzinfo=UTC)
PROMPT = "the prompt that nobody may keep"
ANSWER = "the answer that nobody may keep"
NOTE = "a note that quotes the answer that nobody may keep"
PATHS = (Candidate(model="small", provider="local"), Candidate(model="large", provider="acme"))
TRACE = "0af7651916cd43dd8448eb211c80319c"


@dataclass(frozen=True)
class Heard:
    """An event, and where it stands in the log."""

    event: Event
    received: Received


@dataclass
class Log:
    """Appends events as Kafka does: an offset for each topic, and a clock that never runs back."""

    heard: list[Heard] = field(default_factory=list)
    now: datetime = DAWN
    offsets: dict[str, int] = field(default_factory=dict)

    def say(self, event: Event, source: str = "test", step_ms: int = 1) -> Heard:
        entry = BY_EVENT[type(event)]
        topic = f"{entry.name}.{event.suffix}" if event.suffix else entry.name
        offset = self.offsets[topic] = self.offsets.get(topic, -1) + 1
        self.now += timedelta(milliseconds=step_ms)
        trace_id = TRACE if isinstance(event, RequestProfiled) else None
        heard = Heard(event, Received(topic, 0, offset, self.now, source=source, trace_id=trace_id))
        self.heard.append(heard)
        return heard


@dataclass
class Story:
    """One request, and the events that can be said of it."""

    name: str = "a request"
    lane: str = "simple"
    admitted_at: datetime = DAWN

    @property
    def request_id(self) -> UUID:
        return uuid5(NAMESPACE, self.name)

    @property
    def request(self) -> Request:
        features = Features(characters=31, estimated_tokens=8, has_schema=True, language="en")
        return Request(
            request_id=self.request_id,
            tenant="default",
            admitted_at=self.admitted_at,
            deadline_at=self.admitted_at + timedelta(seconds=30),
            lane=self.lane,
            revision="0123456789ab",
            fingerprint="00112233445566aa",
            data_class=DataClass.CONFIDENTIAL,
            risk=Risk.LOW,
            budget_micro_usd=10_000,
            max_attempts=3,
            metadata={"customer": NOTE},
            profile=Profile(
                task="extraction",
                confidence=0.8,
                why="it has a schema",
                needs=("chat", "json"),
                context_tokens=64,
                features=features,
            ),
        )

    def attempt(self, number: int, path: Candidate = PATHS[0], role: Role = Role.PRIMARY) -> Attempt:
        return Attempt(
            attempt_id=attempt_id_of(self.request_id, number),
            number=number,
            role=role,
            tier=PATHS.index(path) if path in PATHS else 0,
            model=path.model,
            provider=path.provider,
            deadline_at=self.admitted_at + timedelta(seconds=10 * number),
            plan=Plan(tiers=tuple((candidate,) for candidate in PATHS)),
        )

    def profiled(self) -> RequestProfiled:
        return RequestProfiled(request=self.request, body=_body(PROMPT), attempt_deadline_at=self.admitted_at)

    def dispatched(self, number: int = 1, path: Candidate = PATHS[0], **more: Any) -> AttemptDispatched:
        choice = Choice(
            why="the cheapest of tier 0",
            expected_micro_usd=40 * number,
            excluded=(Exclusion(model="huge", provider="acme", why="not in this lane"),),
        )
        attempt = self.attempt(number, path, **more)
        return AttemptDispatched(request=self.request, attempt=attempt, body=_body(PROMPT), choice=choice)

    def completed(
        self, number: int = 1, path: Candidate = PATHS[0], cost: int = 50, latency_ms: int = 300, **more: Any
    ) -> AttemptCompleted:
        return AttemptCompleted(
            request=self.request,
            attempt=self.attempt(number, path, **more),
            body=_body(PROMPT),
            answer=_body(ANSWER),
            latency_ms=latency_ms,
            answered_by=f"{path.model}-2026",
            **_spent(cost),
        )

    def failed(
        self,
        number: int = 1,
        reason: Reason = Reason.TIMEOUT,
        path: Candidate = PATHS[0],
        cost: int = 0,
        kind: CostKind = CostKind.KNOWN,
    ) -> AttemptFailed:
        return AttemptFailed(
            request=self.request,
            attempt=self.attempt(number, path),
            body=_body(PROMPT),
            reason=reason,
            detail=f"the call ended: {reason}",
            cost=Cost(micro_usd=cost, kind=kind),
            latency_ms=1_000,
        )

    def accepted(
        self, number: int = 1, path: Candidate = PATHS[0], policy: Verdict = Verdict.PASS, **more: Any
    ) -> AttemptAccepted:
        verdicts = {"not_empty": Verdict.PASS, "schema": Verdict.PASS, "policy": policy}
        return AttemptAccepted(
            request=self.request,
            attempt=self.attempt(number, path, **more),
            answer=_body(ANSWER),
            checks=tuple(CheckResult(name=name, verdict=verdict) for name, verdict in verdicts.items()),
            verified=True,
            latency_ms=300,
            **_spent(50),
        )

    def rejected(self, number: int = 1, path: Candidate = PATHS[0], **more: Any) -> AttemptRejected:
        wrong = CheckResult(
            name="schema",
            verdict=Verdict.FAIL,
            reason=Reason.CHECK_FAILED,
            at="/properties/total",
            detail="a number is wanted here",
        )
        return AttemptRejected(
            request=self.request,
            attempt=self.attempt(number, path, **more),
            body=_body(PROMPT),
            answer=_body(ANSWER),
            checks=(CheckResult(name="not_empty", verdict=Verdict.PASS), wrong),
            reason=Reason.CHECK_FAILED,
            detail="schema: a number is wanted here",
            latency_ms=300,
            **_spent(50),
        )

    def doubted(self, number: int = 1, path: Candidate = PATHS[0], **more: Any) -> AttemptDoubted:
        return AttemptDoubted(
            request=self.request,
            attempt=self.attempt(number, path, **more),
            body=_body(PROMPT),
            answer=_body(ANSWER),
            checks=(CheckResult(name="agreement", verdict=Verdict.DOUBT),),
            look=Role.AGREEMENT,
            latency_ms=300,
            **_spent(50),
        )

    def escalated(
        self, number: int = 2, action: Action = Action.UP, reason: Reason = Reason.CHECK_FAILED
    ) -> RequestEscalated:
        return RequestEscalated(
            request=self.request,
            body=_body(PROMPT),
            number=number,
            action=action,
            reason=reason,
            detail=f"attempt {number - 1}: {reason}",
            tier=1,
            plan=Plan(tiers=tuple((candidate,) for candidate in PATHS)),
            tried=(),
            attempt_deadline_at=self.admitted_at + timedelta(seconds=10 * number),
        )

    def asked(self, number: int = 2, reason: Reason = Reason.CHECK_FAILED) -> ReviewRequested:
        """A person is asked, after attempt ``number - 1``."""
        tried = tuple(tried_of(self.attempt(each), reason) for each in range(1, number))
        return ReviewRequested(
            request=self.request,
            body=_body(PROMPT),
            answer=_body(ANSWER),
            reason=reason,
            tried=tried,
            due_at=self.admitted_at + timedelta(minutes=5),
            asked="desk",
            detail="no path is left",
        )

    def ended_well(
        self,
        cost_usd: str = "0.00005",
        path: Candidate = PATHS[0],
        latency_ms: int = 400,
        status: Status = Status.VERIFIED,
    ) -> Event:
        return RequestCompleted(
            request_id=self.request_id,
            status=status,
            answer={"message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"},
            checks=(CheckSummary(name="schema", verdict=Verdict.PASS),),
            task="extraction",
            lane=self.lane,
            tenant="default",
            model=path.model,
            provider=path.provider,
            attempts=1,
            usage=Usage(),
            cost_usd=cost_usd,
            latency_ms=latency_ms,
            revision="0123456789ab",
            metadata={"customer": NOTE},
            admitted_at=self.admitted_at,
            completed_at=self.admitted_at + timedelta(milliseconds=latency_ms),
            deadline_at=self.admitted_at + timedelta(seconds=30),
        )

    def ended_badly(self, reason: Reason = Reason.TIERS_SPENT, cost_usd: str = "0.0001") -> Event:
        return RequestFailed(
            request_id=self.request_id,
            reason=reason,
            detail="every tier was tried",
            task="extraction",
            lane=self.lane,
            tenant="default",
            attempts=2,
            cost_usd=cost_usd,
            revision="0123456789ab",
            metadata={"customer": NOTE},
            admitted_at=self.admitted_at,
            failed_at=self.admitted_at + timedelta(seconds=2),
            deadline_at=self.admitted_at + timedelta(seconds=30),
        )

    def cancelled(self) -> RequestCancelled:
        return RequestCancelled(request_id=self.request_id, tenant="default", by="client", cancelled_at=DAWN)

    def deferred(self) -> RequestDeferred:
        until = self.admitted_at + timedelta(hours=4)
        return RequestDeferred(request_id=self.request_id, tenant="default", until=until, detail="a person will answer")

    def feedback(
        self, nth: int = 1, score: float = 1.0, tenant: str | None = None, attempt: int | None = None
    ) -> FeedbackRecorded:
        return FeedbackRecorded(
            request_id=self.request_id,
            feedback_id=uuid5(self.request_id, f"feedback:{nth}"),
            source="support-desk",
            score=score,
            label="right",
            note=NOTE,
            tenant=tenant,
            attempt=attempt,
            recorded_at=self.admitted_at + timedelta(hours=nth),
        )


def revised(number: int = 1, current: bool = False, author: str = "ada") -> PortfolioRevised:
    """A revision of the smallest portfolio."""
    portfolio = Portfolio.of(
        {
            "defaults": {"data_class": "confidential", "lane": "simple"},
            "providers": {"local": {"adapter": "openai_compatible", "base_url": "http://127.0.0.1:1/v1"}},
            "models": {
                "small": {
                    "kind": "open_source",
                    "owner": "platform",
                    "context_tokens": 4096,
                    "endpoints": [{"provider": "local", "model": "small-2026", "price": {"usd_per_hour": "0.05"}}],
                }
            },
            "lanes": {"simple": {"tiers": [["small"]]}},
        }
    )
    return PortfolioRevised(
        revision=portfolio.digest(),
        number=number,
        portfolio=portfolio,
        revised_at=DAWN + timedelta(hours=number),
        author=author,
        current=current,
    )


def tripped(nth: int = 1, state: BreakerState = BreakerState.OPEN) -> BreakerChanged:
    """A model path's breaker that changed."""
    at = DAWN + timedelta(minutes=nth)
    return BreakerChanged(model="small", provider="local", state=state, reason="five timeouts in a row", at=at)


def _body(text: str) -> Any:
    return body_of(f'"{text}"'.encode())


def _spent(micro_usd: int) -> dict[str, Any]:
    usage = Usage(input_tokens=120, cached_input_tokens=20, output_tokens=30, reasoning_tokens=8)
    return {"usage": usage, "cost": Cost(micro_usd=micro_usd, price_list="portfolio 2026-01-01")}
