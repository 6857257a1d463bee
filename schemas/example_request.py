"""The request of the examples, and the portfolio that serves it: fixed ids, fixed times."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

from schemas.attempt import Attempt, Candidate, Plan
from schemas.content import Answer, Body, Question, Source, body_of, fingerprint
from schemas.deadlines import attempt_deadline
from schemas.ids import attempt_id_of
from schemas.portfolio import Portfolio
from schemas.request import Features, Profile, Request, RequestSubmitted
from schemas.vocabulary import DataClass, Risk, Role

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
REQUEST_ID = UUID("0197a1f0-6c1e-7000-8000-000000000001")
FEEDBACK_ID = UUID("0197a1f0-6c1e-7000-8000-0000000000fb")
TENANT = "savings-bank"
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SMALL = Candidate(model="small", provider="local")
LARGE = Candidate(model="large", provider="azure")
SECOND = Candidate(model="second", provider="mistral")
PLAN = Plan(tiers=((SMALL,), (LARGE, SECOND)))
DOCUMENT = {
    "defaults": {"data_class": "confidential", "lane": "simple"},
    "residency": {"confidential": ["eu", "on-premises"], "restricted": ["on-premises"]},
    "tasks": {
        "faq": {"describe": "short questions of fact", "examples": ["When do you open?"]},
        "invoice": {"describe": "amounts out of invoices", "risk": "high"},
    },
    "providers": {
        "local": {"adapter": "openai_compatible", "base_url": "${LOCAL_MODEL_URL}", "region": "on-premises"},
        "azure": {"adapter": "litellm", "vendor": "openai", "region": "eu", "api_key_env": "AZURE_API_KEY"},
        "mistral": {"adapter": "openai_compatible", "base_url": "https://models.example/v1", "region": "eu"},
    },
    "models": {
        "small": {
            "kind": "open_source", "owner": "platform", "context_tokens": 4096, "abilities": ["chat", "json"],
            "endpoints": [{"provider": "local", "model": "small-q4", "price": {"usd_per_hour": "0.05"}}],
        },
        "large": {
            "kind": "api", "owner": "platform", "context_tokens": 128000, "abilities": ["chat", "json", "tools"],
            "retires": "2027-03-01", "rollback_to": "second",
            "endpoints": [{"provider": "azure", "model": "large-2026-01",
                           "price": {"input": "2.5", "cached_input": "1.25", "output": "10", "from": "2026-01-01"}}],
        },
        "second": {
            "kind": "api", "owner": "platform", "context_tokens": 64000, "abilities": ["chat", "json", "tools"],
            "endpoints": [{"provider": "mistral", "model": "second-9", "price": {"input": "3", "output": "12"}}],
        },
    },
    "lanes": {
        "simple": {"tasks": ["faq"], "tiers": [["small"], ["large"]], "checks": ["format"], "budget_usd": "0.01"},
        "critical": {
            "tasks": ["invoice"], "tiers": [["small"], ["large", "second"]], "checks": ["format", "agreement"],
            "on_fail": {"schema": "repair"}, "priority": 1, "max_attempts": 5, "budget_usd": "0.05",
            "bar": {"success": 0.97, "p95_ms": 2300, "usd_per_1k_tokens": "0.0085", "compliance_risk": 15},
        },
    },
}  # fmt: skip
SCHEMA = {"type": "object", "properties": {"total": {"type": "number"}}, "required": ["total"]}
FORMAT = {"type": "json_schema", "json_schema": {"name": "invoice", "schema": SCHEMA, "strict": True}}
MESSAGES = ({"role": "user", "content": "Invoice 7, two chairs at 47.20 each. What is the total?"},)


def after(milliseconds: int) -> datetime:
    """A time of the story."""
    return START + timedelta(milliseconds=milliseconds)


def portfolio() -> Portfolio:
    """The portfolio of the story."""
    return Portfolio.of(DOCUMENT)


def submitted() -> RequestSubmitted:
    """What the client published."""
    return RequestSubmitted(
        messages=MESSAGES,
        response_format=FORMAT,
        params={"temperature": 0, "max_tokens": 200},
        request_id=REQUEST_ID,
        task="invoice",
        risk=Risk.HIGH,
        checks=({"name": "format"},),
        sources=(Source(id="invoice-7", text="Two chairs at 47.20 each."),),
        data_class=DataClass.CONFIDENTIAL,
        session="clerk-12",
        budget_usd="0.05",
        deadline_s=30.0,
        metadata={"form": "A-7"},
    )


def request() -> Request:
    """What is known of it once it is admitted."""
    features = Features(characters=140, estimated_tokens=36, has_schema=True, language="en")
    return Request(
        request_id=REQUEST_ID,
        tenant=TENANT,
        session="clerk-12",
        admitted_at=START,
        deadline_at=START + timedelta(seconds=30),
        lane="critical",
        revision=portfolio().digest(),
        fingerprint=fingerprint(MESSAGES, None, FORMAT),
        data_class=DataClass.CONFIDENTIAL,
        risk=Risk.HIGH,
        budget_micro_usd=50_000,
        max_attempts=5,
        metadata={"form": "A-7"},
        profile=Profile(
            task="invoice",
            confidence=1.0,
            why="the request names it",
            needs=("chat", "json"),
            context_tokens=236,
            features=features,
        ),
    )


def question() -> Body:
    """The content of the request."""
    asked = submitted()
    told = Question(
        messages=asked.messages,
        response_format=asked.response_format,
        params=asked.params,
        checks=asked.checks,
        sources=asked.sources,
    )
    return body_of(told.to_json())


def answer(total: str | float) -> Body:
    """A model's answer."""
    message = {"role": "assistant", "content": json.dumps({"total": total})}
    return body_of(Answer(message=message, finish_reason="stop").to_json())


def attempt(number: int, role: Role, candidate: Candidate, tier: int, began_ms: int) -> Attempt:
    """Attempt ``number``, whose time is shared out when the one before it ended."""
    deadline_at = attempt_deadline(after(began_ms), request().deadline_at, request().max_attempts - number + 1)
    return Attempt(
        attempt_id=attempt_id_of(REQUEST_ID, number),
        number=number,
        role=role,
        tier=tier,
        model=candidate.model,
        provider=candidate.provider,
        deadline_at=deadline_at,
        plan=PLAN,
    )
