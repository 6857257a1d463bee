"""The shipped samples, their recorded answers and the shipped portfolio tell the stories that they promise.

Every decision is the services' own; only the calls are played: replayed models give their recorded answers, and the
small model what it answered when the samples were written.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from schemas.attempt import (
    AttemptAccepted,
    AttemptCompleted,
    AttemptDispatched,
    AttemptDoubted,
    AttemptFailed,
    AttemptRejected,
    Cost,
    Usage,
)
from schemas.content import Answer, body_of, fingerprint
from schemas.fact import Event
from schemas.outcome import RequestEscalated
from schemas.portfolio import Portfolio
from schemas.reaction import DONE, Handler, Reaction, Received, Refused
from schemas.request import RequestProfiled, RequestSubmitted
from schemas.standing import PortfolioRevised, WorkerReady
from services.console.domain.heard import Heard
from services.console.domain.portfolio_file import read
from services.console.domain.prudence import advice
from services.console.domain.road import Road, fold
from services.console.domain.submission import Submission, submissions
from services.escalation.handlers import Handlers as Escalation
from services.model_worker.adapters.replay import Recordings, read_recordings
from services.profiler.handlers import Handlers as Profiler
from services.router.domain.standing import StandingView
from services.router.handlers import Handlers as Router
from services.validator.domain.json_schema import SchemaChecker
from services.validator.handlers import Handlers as Validator

ROOT = Path(__file__).parents[2]
AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
FILE = ROOT / "portfolio.yaml"
SHIPPED = ("portfolio.yaml", "examples/portfolio.live.yaml")

SMALL_SAYS: dict[str, tuple[str, str]] = {
    "chalk-order": ('{"quantity": 12, "unit_price": 3.40}', "stop"),
    "whole-pallets": ('{"boxes": 250}', "stop"),
    "survey-shares": ('{"train": 42, "bicycle": 35, "car": 23}', "stop"),
    "serial-numbers": ('{"serials": ["1180", "1180", "1180", "1180", "1180"]}', "stop"),
    "loan": ('{"decision": "decline", "share_of_income": 1.25, "broken_rules": ["late_payments"]}', "stop"),
    "currency-codes": ('{"type": "jav"}', "stop"),
}
TALK = ("It is a sunny day.", "stop")

STORIES: dict[str, tuple[str, list[str]]] = {
    "opening-hours": ("unverified", ["small accepted"]),
    "welcome-note": ("unverified", ["small accepted"]),
    "is-even": ("unverified", ["small accepted"]),
    "chalk-order": ("verified", ["small accepted"]),
    "whole-pallets": ("verified", ["small rejected", "small repair rejected", "middle accepted"]),
    "survey-shares": (
        "verified",
        ["small rejected", "small repair rejected", "middle rejected", "middle repair accepted"],
    ),
    "serial-numbers": (
        "verified",
        [
            "small rejected",
            "small repair rejected",
            "middle rejected",
            "middle repair rejected",
            "strong accepted",
        ],
    ),
    "forecast": ("verified", ["middle rejected", "middle repair rejected", "strong accepted"]),
    "translation": ("unverified", ["small accepted"]),
    "leap-year": ("unverified", ["small accepted"]),
    "patient-note": ("unverified", ["small accepted"]),
    "loan": (
        "verified",
        ["small rejected", "small repair rejected", "middle doubted", "strong agreement accepted"],
    ),
    "cancel-order": ("verified", ["middle doubted", "strong agreement accepted"]),
    "currency-codes": ("failed", ["small rejected", "small repair rejected"]),
}


@dataclass(frozen=True)
class Revisions:
    """One revision, in force."""

    portfolio: Portfolio

    @cached_property
    def current(self) -> PortfolioRevised:
        revision = self.portfolio.digest()
        return PortfolioRevised(
            revision=revision, number=1, portfolio=self.portfolio, revised_at=AT, author="me", current=True
        )

    def revision(self, name: str) -> Portfolio:
        assert name == self.portfolio.digest()
        return self.portfolio


@dataclass
class House:
    """The services' decisions, joined by a queue in the place of Kafka."""

    portfolio: Portfolio
    recordings: Recordings
    calls: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])

    def road(self, sample: Submission) -> Road:
        said: list[Event] = []
        waiting: deque[Event] = deque([RequestSubmitted.read(sample.value)])
        while waiting:
            event = waiting.popleft()
            said.append(event)
            waiting += [after for handler in self._handlers(event) for after in _said(handler(event, _received()))]
            if isinstance(event, AttemptDispatched):
                waiting.append(self._answered(event, sample.name or ""))
            assert len(said) < 100
        return fold(str(sample.request_id), [Heard(str(sample.request_id), event, AT) for event in said])

    def _handlers(self, event: Event) -> list[Handler]:
        escalation = Escalation(Revisions(self.portfolio))
        router = Router(Revisions(self.portfolio), self._standing)
        profiler = Profiler(Revisions(self.portfolio), "request.submitted", frozenset(), 600, 900_000)
        hearing: dict[type[Event], list[Handler]] = {
            RequestSubmitted: [profiler.on_request_submitted],
            RequestProfiled: [router.on_request_profiled, escalation.on_request_profiled],
            RequestEscalated: [router.on_request_escalated],
            AttemptCompleted: [Validator(Revisions(self.portfolio), SchemaChecker(8)).on_attempt_completed],
            AttemptAccepted: [escalation.on_attempt_accepted],
            AttemptRejected: [escalation.on_attempt_rejected],
            AttemptFailed: [escalation.on_attempt_failed],
            AttemptDoubted: [escalation.on_attempt_doubted],
        }
        return hearing.get(type(event), [])

    @cached_property
    def _standing(self) -> StandingView:
        view = StandingView()
        held = {model: tuple(answers) for model, answers in self.recordings.items()}
        for provider, entry in self.portfolio.providers.items():
            holds = held if entry.adapter == "replay" else None
            view.apply_worker(WorkerReady(provider=provider, worker="w", ready=True, holds=holds, at=AT))
        return view

    def _answered(self, event: AttemptDispatched, name: str) -> AttemptCompleted:
        message, finish_reason = self._said_by(event, name)
        return AttemptCompleted(
            request=event.request,
            attempt=event.attempt,
            tried=event.tried,
            body=event.body,
            answer=body_of(Answer(message=message, finish_reason=finish_reason).to_json()),
            usage=Usage(input_tokens=10, output_tokens=5),
            cost=Cost(micro_usd=1),
            latency_ms=1,
            answered_by=event.attempt.model,
            doubted=event.doubted,
        )

    def _said_by(self, event: AttemptDispatched, name: str) -> tuple[dict[str, Any], str]:
        model, asked = event.attempt.model, event.request.fingerprint
        if model not in self.recordings:
            text, finish_reason = SMALL_SAYS.get(name, TALK)
            return {"role": "assistant", "content": text}, finish_reason
        nth = self.calls.get((model, asked), 0)
        self.calls[model, asked] = nth + 1
        answer = self.recordings[model][asked][nth]
        return answer.message, answer.finish_reason


def _received() -> Received:
    return Received(topic="request.submitted", partition=0, offset=0, at=AT)


def _said(reaction: Reaction) -> list[Event]:
    sayings = [*reaction.says, *(saying for write in reaction.writes for saying in write.then.get(DONE, ()))]
    assert not [saying for saying in sayings if isinstance(saying, Refused)]
    return [saying.event for saying in sayings if not isinstance(saying, Refused)]


def shipped() -> Portfolio:
    reading = read(FILE.read_text())
    assert reading.portfolio is not None
    return reading.portfolio


SAMPLES = submissions((ROOT / "examples" / "requests.jsonl").read_text(), "requests.jsonl", uuid4)
RECORDINGS = read_recordings(ROOT / "examples" / "answers.jsonl")


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_portfolios_are_whole_and_wise(name: str) -> None:
    reading = read((ROOT / name).read_text())

    assert [finding.line(name) for finding in reading.findings] == []
    assert reading.portfolio is not None
    assert advice(reading.portfolio, AT.date()) == []


def test_the_demo_has_two_providers_and_three_tiers() -> None:
    portfolio = shipped()

    assert len(portfolio.providers) >= 2
    assert all(len(lane.tiers) == 3 for name, lane in portfolio.lanes.items() if name != "embeddings")
    assert (ROOT / (portfolio.providers["replay"].answers or "")).is_file()


def test_each_sample_has_a_name_and_a_promise() -> None:
    assert [sample.name for sample in SAMPLES] == list(STORIES)
    assert not [warning for sample in SAMPLES for warning in sample.warnings]
    assert all(RequestSubmitted.read(sample.value).metadata.get("story") for sample in SAMPLES)


def test_every_recorded_answer_belongs_to_a_sample_and_a_model_of_the_portfolio() -> None:
    asked = {_fingerprint(sample) for sample in SAMPLES}
    models = {name for name, model in shipped().models.items() if model.endpoints[0].provider == "replay"}

    assert set(RECORDINGS) == models
    assert {each for answers in RECORDINGS.values() for each in answers} <= asked


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_sample_takes_the_road_that_it_promises(sample: Submission) -> None:
    road = House(shipped(), RECORDINGS).road(sample)

    assert road.end is not None
    told = [" ".join(_words(step.model, step.role, step.verdict)) for step in road.steps]
    assert (road.end.status, told) == STORIES[sample.name or ""]


def test_each_recorded_answer_is_given_once() -> None:
    house = House(shipped(), RECORDINGS)
    for sample in SAMPLES:
        house.road(sample)

    recorded = {(model, asked): len(all_) for model, each in RECORDINGS.items() for asked, all_ in each.items()}
    assert house.calls == recorded


def test_an_honest_end_names_the_line_that_would_help() -> None:
    sample = next(each for each in SAMPLES if each.name == "currency-codes")
    end = House(shipped(), RECORDINGS).road(sample).end

    assert end is not None
    assert "lanes.simple" in (end.detail or "")


def test_restricted_data_stays_in_the_house() -> None:
    sample = next(each for each in SAMPLES if each.name == "patient-note")
    (step,) = House(shipped(), RECORDINGS).road(sample).steps

    assert {each.why for each in step.excluded} == {"restricted data may not go to region eu"}


def _fingerprint(sample: Submission) -> str:
    asked = RequestSubmitted.read(sample.value)
    return fingerprint(asked.messages, asked.tools, asked.response_format)


def _words(model: str, role: str, verdict: str) -> list[str]:
    return [model, *([] if role == "primary" else [role]), verdict]
