"""Dispatched attempts and a portfolio to make them by, from the little that a test of the model worker cares about."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from schemas.attempt import AtHand, Attempt, AttemptDispatched, Candidate, Choice, Plan, Repair, Tried
from schemas.content import Body, Json, body_of, fingerprint
from schemas.ids import attempt_id_of
from schemas.portfolio import Portfolio
from schemas.reaction import Received
from schemas.request import Features, Profile, Request
from schemas.vocabulary import DataClass, Reason, Risk, Role

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
HELLO: tuple[Json, ...] = ({"role": "user", "content": "Is the library open on Mondays?"},)
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def json_body(content: Any) -> Body:
    """An inline body of this JSON."""
    return body_of(json.dumps(content).encode())


def dispatched(
    *,
    messages: tuple[Json, ...] = HELLO,
    request_id: UUID | None = None,
    number: int = 1,
    model: str = "small",
    provider: str = "acme",
    lane: str = "simple",
    revision: str = "r1",
    deadline_at: datetime | None = None,
    repair: Repair | None = None,
    tried: Sequence[Tried] = (),
    doubted: Body | None = None,
    at_hand: AtHand | None = None,
    has_images: bool = False,
    **question: Any,
) -> AttemptDispatched:
    """An attempt as the router dispatches it; ``question`` are further fields of the question."""
    request_id = request_id or uuid4()
    now = datetime.now(UTC)
    deadline_at = deadline_at or now + timedelta(seconds=30)
    features = Features(characters=32, estimated_tokens=8, has_images=has_images)
    profile = Profile(task="faq", confidence=1.0, why="named", context_tokens=8, features=features)
    asked = fingerprint(messages, question.get("tools"), question.get("response_format"))
    request = Request(
        request_id=request_id,
        tenant="t",
        admitted_at=now,
        deadline_at=deadline_at + timedelta(seconds=30),
        lane=lane,
        revision=revision,
        fingerprint=asked,
        data_class=DataClass.INTERNAL,
        risk=Risk.LOW,
        max_attempts=4,
        profile=profile,
    )
    attempt = Attempt(
        attempt_id=attempt_id_of(request_id, number),
        number=number,
        role=Role.REPAIR if repair else Role.PRIMARY,
        tier=0,
        model=model,
        provider=provider,
        deadline_at=deadline_at,
        plan=Plan(tiers=((Candidate(model=model, provider=provider),),)),
    )
    return AttemptDispatched(
        request=request,
        attempt=attempt,
        tried=tuple(tried),
        body=json_body({"messages": list(messages), **question}),
        choice=Choice(why="the only one", expected_micro_usd=10),
        repair=repair,
        doubted=doubted,
        at_hand=at_hand,
    )


def tried(number: int, model: str) -> Tried:
    """An earlier attempt that did not end the request."""
    return Tried(number=number, role=Role.PRIMARY, tier=0, model=model, provider="acme", reason=Reason.CHECK_FAILED)


def received(event: AttemptDispatched, at: datetime | None = None) -> Received:
    """Where this event stood in the log, just now."""
    return Received(
        topic="attempt.dispatched.acme",
        partition=0,
        offset=7,
        at=at or datetime.now(UTC),
        traceparent=TRACEPARENT,
        value=event.to_json(),
    )


def portfolio(*, provider: Json | None = None, price: Json | None = None, lane: Json | None = None) -> Portfolio:
    """One provider ``acme`` with the model ``small``, and the lanes ``simple`` and ``urgent``."""
    entry = {"adapter": "openai_compatible", "base_url": "http://127.0.0.1:9", **(provider or {})}
    endpoint: Json = {"provider": "acme", "model": "acme-small-2026"}
    if price is not None:
        endpoint["price"] = price
    model = {"kind": "api", "owner": "tests", "context_tokens": 4096, "endpoints": [endpoint]}
    return Portfolio.of(
        {
            "defaults": {"data_class": "internal", "lane": "simple"},
            "tasks": {"faq": {"describe": "questions"}},
            "providers": {"acme": entry},
            "models": {"small": model},
            "lanes": {
                "simple": {"tasks": ["faq"], "tiers": [["small"]], **(lane or {})},
                "urgent": {"tiers": [["small"]], "priority": 1},
            },
        }
    )


PER_TOKEN: Json = {"input": "2.5", "cached_input": "1.25", "output": "10", "from": "2026-01-01"}
