"""Who says and who hears each topic: what services may write and read, and nothing else.

An architecture test holds it against the handlers, and what services build and say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

WITH_TOPICS = frozenset({"gateway", "profiler", "router", "model_worker", "validator", "escalation", "ledger"})


@dataclass(frozen=True, slots=True)
class Wiring:
    """Services by name. The console hears none of them in a group: it reads any topic when a command or page asks."""

    said_by: frozenset[str]
    heard_by: frozenset[str]


def _wired(said_by: str, heard_by: str) -> Wiring:
    return Wiring(frozenset(said_by.split()), frozenset(heard_by.split()))


WIRING: Mapping[str, Wiring] = MappingProxyType(
    {
        "request.submitted": _wired("gateway", "profiler"),
        "request.profiled": _wired("profiler", "gateway router escalation ledger"),
        "attempt.dispatched": _wired("router", "model_worker escalation ledger"),
        "attempt.completed": _wired("model_worker", "gateway validator ledger"),
        "attempt.failed": _wired("model_worker router escalation", "gateway escalation ledger"),
        "attempt.settled": _wired("model_worker", "ledger"),
        "attempt.accepted": _wired("validator", "gateway escalation ledger"),
        "attempt.rejected": _wired("validator", "gateway escalation ledger"),
        "attempt.doubted": _wired("validator", "gateway escalation ledger"),
        "request.escalated": _wired("escalation", "gateway router ledger"),
        "request.completed": _wired("escalation", "gateway profiler ledger"),
        "request.failed": _wired("escalation", "gateway profiler ledger"),
        "request.cancelled": _wired("gateway", "model_worker escalation ledger"),
        "request.deferred": _wired("escalation", "gateway ledger"),
        "answer.streamed": _wired("model_worker", "gateway"),
        "review.requested": _wired("escalation", "ledger"),
        "review.claimed": _wired("console", ""),
        "review.answered": _wired("console", "escalation"),
        "breaker.changed": _wired("model_worker console", "router model_worker ledger"),
        "portfolio.revised": Wiring(frozenset({"console"}), WITH_TOPICS),
        "model.scored": _wired("ledger", "router"),
        "worker.ready": _wired("model_worker", "router model_worker"),
        "feedback.recorded": _wired("gateway", "gateway ledger"),
        "operator.acted": _wired("console", "gateway"),
    }
)
