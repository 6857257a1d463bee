"""The registry of topics: what is said where, under which key, and how long it is kept.

A topic whose name ends in ``.<something>`` in the design (one per client, one per provider) is ``suffixed`` here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from schemas.attempt import (
    AttemptAccepted,
    AttemptCompleted,
    AttemptDispatched,
    AttemptDoubted,
    AttemptFailed,
    AttemptRejected,
)
from schemas.fact import Event
from schemas.operator import OperatorActed
from schemas.outcome import RequestCancelled, RequestCompleted, RequestDeferred, RequestEscalated, RequestFailed
from schemas.portfolio import Portfolio
from schemas.request import RequestProfiled, RequestSubmitted
from schemas.review import FeedbackRecorded, ReviewAnswered, ReviewClaimed, ReviewRequested
from schemas.settlement import AttemptSettled
from schemas.standing import BreakerChanged, ModelScored, PortfolioRevised, WorkerReady
from schemas.streamed import AnswerStreamed
from schemas.vocabulary import GATEWAY

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Topic:
    """One entry. ``key`` says what its records are keyed by; request-keyed topics all have equal partition counts."""

    name: str
    event: type[Event]
    key: str = "request_id"
    retention: timedelta = 7 * DAY
    compacted: bool = False
    suffixed: bool = False

    @property
    def by_request(self) -> bool:
        """Whether its records are keyed by the request's id: such topics have equal partition counts."""
        return self.key == "request_id"


REGISTRY = (
    Topic("request.submitted", RequestSubmitted, suffixed=True),
    Topic("request.profiled", RequestProfiled),
    Topic("attempt.dispatched", AttemptDispatched, suffixed=True),
    Topic("attempt.completed", AttemptCompleted),
    Topic("attempt.failed", AttemptFailed),
    Topic("attempt.settled", AttemptSettled),
    Topic("attempt.accepted", AttemptAccepted),
    Topic("attempt.rejected", AttemptRejected),
    Topic("attempt.doubted", AttemptDoubted),
    Topic("request.escalated", RequestEscalated),
    Topic("request.completed", RequestCompleted),
    Topic("request.failed", RequestFailed),
    Topic("request.cancelled", RequestCancelled),
    Topic("request.deferred", RequestDeferred),
    Topic("answer.streamed", AnswerStreamed, retention=HOUR),
    Topic("review.requested", ReviewRequested),
    Topic("review.claimed", ReviewClaimed),
    Topic("review.answered", ReviewAnswered),
    Topic("breaker.changed", BreakerChanged, key="model_path", compacted=True),
    Topic("portfolio.revised", PortfolioRevised, key="revision", compacted=True),
    Topic("model.scored", ModelScored, key="score", compacted=True),
    Topic("worker.ready", WorkerReady, key="provider", compacted=True),
    Topic("feedback.recorded", FeedbackRecorded),
    Topic("operator.acted", OperatorActed, key="operator", retention=365 * DAY),
)

INTAKE = "request.submitted"
BY_NAME = MappingProxyType({topic.name: topic for topic in REGISTRY})
BY_EVENT = MappingProxyType({topic.event: topic for topic in REGISTRY})
SERVICES = ("gateway", "profiler", "router", "model_worker", "validator", "escalation", "ledger", "console")
DEAD_LETTER_RETENTION = 30 * DAY


def dead_letters_of(service: str) -> str:
    """The topic of what a service could not process."""
    return f"dead-letters.{service.replace('_', '-')}"


def dispatched_to(provider: str) -> str:
    """The topic of a provider's attempts."""
    return f"attempt.dispatched.{provider}"


def submitted_by(client: str) -> str:
    """The intake topic of one client, which tells who sent what stands on it."""
    return f"{INTAKE}.{client}"


GATEWAY_INTAKE = submitted_by(GATEWAY)
"""Where a ``tenant`` in the body counts, because nobody but the gateway may write there."""


def topic_of(name: str) -> Topic:
    """The entry of a topic's logical name, suffix included. Raises ``KeyError`` for a name of no entry."""
    if found := BY_NAME.get(name):
        return found
    for topic in REGISTRY:
        if topic.suffixed and name.startswith(f"{topic.name}."):
            return topic
    raise KeyError(name)


def topics_of(portfolio: Portfolio | None) -> list[str]:
    """Every topic that must exist for a portfolio: each declared client's own, too; before there is one, the others."""
    if portfolio is None:
        return names_to_create(())
    return names_to_create(portfolio.providers) + [submitted_by(client) for client in portfolio.clients or ()]


def names_to_create(providers: Iterable[str]) -> list[str]:
    """Every topic that must exist for these providers; the gateway's own and each provider's are among them."""
    plain = [topic.name for topic in REGISTRY if topic.name != "attempt.dispatched"]
    letters = [dead_letters_of(service) for service in SERVICES]
    return plain + [GATEWAY_INTAKE] + [dispatched_to(provider) for provider in providers] + letters
