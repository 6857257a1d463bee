"""Answered attempts, as a worker says them, built from the little that a test cares about."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from schemas.attempt import AtHand, Attempt, AttemptCompleted, Candidate, Cost, Plan, Tried, Usage
from schemas.content import Answer, Body, Question, body_of
from schemas.fact import Event
from schemas.ids import attempt_id_of
from schemas.portfolio import Portfolio
from schemas.reaction import Received
from schemas.request import Features, Profile, Request
from schemas.vocabulary import CostKind, DataClass, Reason, Risk, Role

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
REQUEST_ID = UUID("6f1c0c34-70a2-5f0e-9d0a-4f3c5f7f2a11")
RECEIVED = Received(topic="attempt.completed", partition=3, offset=7, at=AT)
ASKED = "When does the shop open on Sundays?"


def portfolio_with(checks: list[Any]) -> Portfolio:
    """A small portfolio whose lane ``simple`` asks for these checks."""
    return Portfolio.of(
        {
            "defaults": {"data_class": "internal", "lane": "simple"},
            "providers": {"local": {"adapter": "openai_compatible", "base_url": "http://127.0.0.1:1"}},
            "models": {
                "small": {
                    "kind": "open_source",
                    "owner": "platform",
                    "context_tokens": 4096,
                    "endpoints": [{"provider": "local", "model": "m", "price": {"input": "1", "output": "1"}}],
                }
            },
            "lanes": {"simple": {"tiers": [["small"]], "checks": checks}},
        }
    )


class OneRevision:
    """A view that has heard of revision ``r1`` alone."""

    def __init__(self, portfolio: Portfolio) -> None:
        self._portfolio = portfolio

    def revision(self, name: str) -> Portfolio:
        if name != "r1":
            raise LookupError(name)
        return self._portfolio


def said_of(text: str | None, **message: Any) -> dict[str, Any]:
    """An assistant's message."""
    return {"role": "assistant", "content": text, **message}


def a_call(name: str, arguments: Any, number: int = 0) -> dict[str, Any]:
    """A tool call; arguments that are not text are written as JSON."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": text}}


def a_tool(name: str, parameters: Any = None) -> dict[str, Any]:
    function = {"name": name} if parameters is None else {"name": name, "parameters": parameters}
    return {"type": "function", "function": function}


def in_form_of(schema: Any) -> dict[str, Any]:
    """A ``response_format`` that asks for this schema."""
    return {"type": "json_schema", "json_schema": {"name": "wanted", "schema": schema}}


def answer_body(message: dict[str, Any], finish_reason: str = "stop") -> Body:
    return body_of(Answer(message=message, finish_reason=finish_reason).to_json())


def tried_as(number: int, role: Role, reason: Reason) -> Tried:
    return Tried(number=number, role=role, tier=0, model="small", provider="local", reason=reason)


@dataclass(frozen=True)
class Asked:
    """What was asked, by whom it was answered, and how."""

    message: dict[str, Any]
    finish_reason: str = "stop"
    question: dict[str, Any] = field(default_factory=dict)
    role: Role | str = Role.PRIMARY
    number: int = 1
    tried: tuple[Tried, ...] = ()
    doubted: dict[str, Any] | None = None
    rival: dict[str, Any] | None = None
    at_hand: AtHand | None = None
    revision: str = "r1"
    lane: str = "simple"
    text: str = ASKED
    max_attempts: int = 3
    waives: tuple[str, ...] = ()
    thresholds: dict[str, float] = field(default_factory=dict)
    opinions: int | None = None
    risk: Risk = Risk.LOW
    confidence: float | None = None

    def completed(self) -> AttemptCompleted:
        question = Question.of({"messages": [{"role": "user", "content": self.text}], **self.question})
        return AttemptCompleted(
            request=self._request(),
            attempt=self._attempt(),
            tried=self.tried,
            body=body_of(question.to_json()),
            answer=answer_body(self.message, self.finish_reason),
            usage=Usage(input_tokens=120, output_tokens=16),
            cost=Cost(micro_usd=42, kind=CostKind.KNOWN, price_list="2026-01-01"),
            latency_ms=350,
            answered_by="m",
            doubted=answer_body(self.doubted) if self.doubted is not None else None,
            rival=answer_body(self.rival) if self.rival is not None else None,
            at_hand=self.at_hand,
            confidence=self.confidence,
        )

    def _attempt(self) -> Attempt:
        return Attempt(
            attempt_id=attempt_id_of(REQUEST_ID, self.number),
            number=self.number,
            role=self.role,
            tier=0,
            model="small",
            provider="local",
            deadline_at=AT + timedelta(seconds=20),
            plan=Plan(
                tiers=((Candidate(model="small", provider="local"),),),
                waives=self.waives,
                thresholds=self.thresholds,
                opinions=self.opinions,
            ),
        )

    def _request(self) -> Request:
        features = Features(characters=len(self.text), estimated_tokens=10)
        return Request(
            request_id=REQUEST_ID,
            tenant="acme",
            admitted_at=AT,
            deadline_at=AT + timedelta(seconds=30),
            lane=self.lane,
            revision=self.revision,
            fingerprint="0" * 16,
            data_class=DataClass.INTERNAL,
            risk=self.risk,
            max_attempts=self.max_attempts,
            profile=Profile(task="faq", confidence=1, why="given", context_tokens=10, features=features),
        )


Judge = Callable[..., Event]
