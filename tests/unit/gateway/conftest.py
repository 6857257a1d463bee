"""A gateway on a loopback port of its own, in front of a pipeline that a test writes in a few lines."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from embedding_trials import vectors
from http_waits import until
from memory import Memory
from openai import AsyncOpenAI
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from written_answers import chunk

from infra.http_server import HttpServer
from infra.objects.config import ObjectsConfig, SealingConfig
from infra.objects.store import ObjectStore
from infra.objects.vault import Vault
from schemas.outcome import RequestCancelled, RequestCompleted, RequestDeferred, RequestFailed
from schemas.portfolio import Portfolio
from schemas.reaction import Received, Said
from schemas.request import RequestSubmitted
from schemas.review import FeedbackRecorded
from schemas.standing import PortfolioRevised
from schemas.vocabulary import Operation
from services.gateway.adapters.answer_tally import AnswerTally
from services.gateway.adapters.claims import Claims
from services.gateway.adapters.large_bodies import LargeBodies
from services.gateway.adapters.large_requests import LargeRequests
from services.gateway.adapters.live_streams import LiveStreams
from services.gateway.adapters.load import Load
from services.gateway.adapters.submissions import Submissions
from services.gateway.adapters.tabs import Tabs
from services.gateway.adapters.waiting import Waiting
from services.gateway.config import GatewayConfig
from services.gateway.handlers import Handlers
from services.gateway.loops import run_publishing
from services.gateway.routes.desk import Desk
from services.gateway.routes.http_app import http_app
from services.gateway.routes.origins import open_to

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SEEN = Received(topic="request.completed", partition=0, offset=0, at=NOON)
PORTFOLIO = {
    "defaults": {"data_class": "internal", "lane": "simple"},
    "providers": {"acme": {"adapter": "openai_compatible", "base_url": "http://127.0.0.1:1"}},
    "models": {
        name: {
            "kind": "api",
            "owner": "platform",
            "lifecycle": lifecycle,
            "context_tokens": 1_000,
            "endpoints": [{"provider": "acme", "model": name}],
        }
        for name, lifecycle in (("small", "active"), ("large", "deprecated"), ("gone", "retired"))
    },
    "lanes": {
        "simple": {"tiers": [["small"], ["large"]], "deadline_s": 20},
        "critical": {"tiers": [["large"]], "deadline_s": 45},
    },
}

End = RequestCompleted | RequestFailed | RequestDeferred
Written = tuple[str | list[Any], ...]
Pipeline = Callable[[RequestSubmitted], End | tuple[Written, End] | None]
"""The end of a request; or what is written of its answer, and its end once that was shown; or nothing yet."""


def completed(request_id: UUID, **told: Any) -> RequestCompleted:
    """An answer with everything that the contract wants; ``told`` changes it."""
    answer = {"message": {"role": "assistant", "content": "Paris."}, "finish_reason": "stop"}
    facts = {
        "request_id": request_id,
        "status": "verified",
        "answer": answer,
        "task": "faq",
        "lane": "simple",
        "tenant": "default",
        "model": "small",
        "provider": "acme",
        "attempts": 2,
        "usage": {"input_tokens": 12, "cached_input_tokens": 4, "output_tokens": 3, "reasoning_tokens": 2},
        "cost_usd": "0.00015",
        "latency_ms": 87,
        "revision": "0123456789ab",
        "admitted_at": NOON,
        "completed_at": NOON,
        "deadline_at": NOON,
    }
    return RequestCompleted.of(facts | told)


def failed(request_id: UUID, **told: Any) -> RequestFailed:
    """An honest end with everything that the contract wants; ``told`` changes it."""
    facts = {
        "request_id": request_id,
        "reason": "tiers_spent",
        "detail": "small and large were tried",
        "task": "faq",
        "lane": "simple",
        "tenant": "default",
        "attempts": 2,
        "cost_usd": "0.00015",
        "revision": "0123456789ab",
        "admitted_at": NOON,
        "failed_at": NOON,
        "deadline_at": NOON,
    }
    return RequestFailed.of(facts | told)


def answered(asked: RequestSubmitted) -> RequestCompleted:
    """The end of a request that goes well: vectors where they are asked for."""
    assert asked.request_id is not None
    if asked.operation is not Operation.EMBEDDINGS:
        return completed(asked.request_id)
    return completed(asked.request_id, answer=vectors(len(asked.messages)).model_dump())


@dataclass
class FakeKafka:
    """Takes what the gateway publishes, and has the pipeline's ends heard by the gateway's own handlers."""

    handlers: Handlers
    pipeline: Pipeline
    memory: Memory
    live: LiveStreams
    writing: set["asyncio.Task[None]"] = field(default_factory=set["asyncio.Task[None]"])
    published: list[tuple[RequestSubmitted, str]] = field(default_factory=list)
    feedback: list[FeedbackRecorded] = field(default_factory=list)
    cancelled: list[RequestCancelled] = field(default_factory=list)
    away: bool = False
    refuses_with: str | None = None

    async def say_each(self, says: Sequence[tuple[Said, str | None]]) -> dict[int, str]:
        if self.away:
            await asyncio.Event().wait()
        if self.refuses_with:
            return dict.fromkeys(range(len(says)), self.refuses_with)
        for said, traceparent in says:
            if isinstance(said.event, FeedbackRecorded):
                self.feedback.append(FeedbackRecorded.read(said.event.to_json()))
                continue
            if isinstance(said.event, RequestCancelled):
                self.cancelled.append(said.event)
                continue
            event = RequestSubmitted.read(said.event.to_json())
            self.published.append((event, traceparent or ""))
            told = self.pipeline(event)
            if isinstance(told, tuple):
                self.writing.add(asyncio.create_task(self._write(event, *told)))
            else:
                self._end(told)
        return {}

    async def _write(self, asked: RequestSubmitted, written: Written, end: End) -> None:
        began = self.live.first_texts["live"]
        self.handlers.on_answer_streamed(chunk(asked.request_id, 0, written[0]), SEEN)
        await until(lambda: self.live.first_texts["live"] > began)
        for sequence, piece in enumerate(written[1:], 1):
            self.handlers.on_answer_streamed(chunk(asked.request_id, sequence, piece), SEEN)
        self._end(end)

    def _end(self, end: End | None) -> None:
        if end is not None:
            self.memory.note(end)
        if isinstance(end, RequestCompleted):
            self.handlers.on_request_completed(end, SEEN)
        elif isinstance(end, RequestFailed):
            self.handlers.on_request_failed(end, SEEN)
        elif isinstance(end, RequestDeferred):
            self.handlers.on_request_deferred(end, SEEN)


@dataclass
class Running:
    """A gateway that runs, with all that a test looks at."""

    url: str
    kafka: FakeKafka
    waiting: Waiting
    submissions: Submissions
    objects: ObjectStore
    spans: InMemorySpanExporter
    stop: Callable[[], Any]
    memory: Memory
    live: LiveStreams
    load: Load
    tally: AnswerTally
    large_bodies: LargeBodies

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def asked(self) -> RequestSubmitted:
        """The one request that was published."""
        [(event, _)] = self.kafka.published
        return event

    def client(self, **settings: Any) -> AsyncOpenAI:
        """The official client, with nothing changed but the address."""
        return AsyncOpenAI(base_url=f"{self.url}/v1", api_key="any", **settings)


@pytest.fixture
def make_completed() -> Callable[..., RequestCompleted]:
    return completed


@pytest.fixture
def make_failed() -> Callable[..., RequestFailed]:
    return failed


@pytest.fixture
def revised() -> PortfolioRevised:
    portfolio = Portfolio.of(PORTFOLIO)
    return PortfolioRevised(
        revision="0123456789ab", number=1, portfolio=portfolio, revised_at=NOON, author="test", current=True
    )


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    yield exporter
    exporter.shutdown()


@pytest.fixture
def gateway(revised: PortfolioRevised, spans: InMemorySpanExporter):
    """``async with gateway(pipeline, **settings) as running``: a gateway before that pipeline."""

    @asynccontextmanager
    async def run(
        pipeline: Pipeline = answered,
        *,
        applied: PortfolioRevised | None = revised,
        mint: Callable[[], UUID] = uuid4,
        remembering: bool = False,
        sealing: SealingConfig | None = None,
        **settings: Any,
    ) -> AsyncIterator[Running]:
        config = GatewayConfig(**settings)
        objects = ObjectStore(ObjectsConfig(url=f"memory://{uuid4().hex}"))
        vault = Vault(objects, sealing or SealingConfig())
        waiting, submissions = Waiting(settings.get("max_waiting", 100)), Submissions()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(spans))
        memory = Memory()
        live, load, tally = LiveStreams(), Load(), AnswerTally()
        kafka = FakeKafka(Handlers(waiting, live, Tabs()), pipeline, memory, live)
        desk = Desk(
            config=config,
            waiting=waiting,
            submissions=submissions,
            large=LargeRequests(vault, config.max_large_at_once, config.max_inline_bytes),
            mint=mint,
            revised=lambda: applied,
            unready=lambda: None if applied else "no portfolio has been applied yet",
            tracer=provider.get_tracer("test"),
            live=live,
            load=load,
            tally=tally,
            claims=Claims(memory, memory.past, memory.road) if remembering else None,  # type: ignore[arg-type]
        )
        server = HttpServer(open_to(http_app(desk), config.cors_origins), "127.0.0.1", 0, prefix="GATEWAY", grace_s=1)
        publishing = asyncio.create_task(run_publishing(submissions, kafka.say_each))
        await server.start()
        stop, apart = server.stop, desk.large_bodies
        yield Running(server.url, kafka, waiting, submissions, objects, spans, stop, memory, live, load, tally, apart)
        publishing.cancel()
        await server.stop()
        await apart.stop()

    return run
